// Enables the buttons that wait for a time. Without scripts, a reload of the page does.
{
  // In milliseconds; a timer must not be much longer, because clocks are set.
  const MINUTE = 60_000;
  let timer;
  const enable = () => {
    clearTimeout(timer);
    const waiting = [...document.querySelectorAll("button[data-from]:disabled")];
    const left = waiting.map((button) => new Date(button.dataset.from) - Date.now());
    // Disabling a button again would be a change that this script observes, without end.
    waiting.forEach((button, place) => { if (left[place] <= 0) button.disabled = false; });
    const rest = left.filter((wait) => wait > 0);
    if (rest.length) timer = setTimeout(enable, Math.min(...rest, MINUTE));
  };
  enable();
  new MutationObserver(enable).observe(document, {
    attributeFilter: ["disabled", "data-from"],
    childList: true,
    subtree: true,
  });
}
