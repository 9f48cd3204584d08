// Announces new orders for some seconds: one with its amount, several as their number.
(() => {
  // How long, in milliseconds, an announcement stays after the last new order.
  const STAY = 8000;
  const region = document.getElementById("arrivals");
  // The orders that were announced: a socket that opens again sends them again.
  const known = new Set();
  let count = 0;
  let timer;

  const leave = () => {
    // A reader who is about to follow the link has it for longer.
    if (region.matches(":hover, :focus-within")) return stay();
    count = 0;
    region.replaceChildren();
  };
  const stay = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, STAY);
  };

  document.addEventListener("htmx:after:swap", () => {
    for (const note of region.querySelectorAll("p:not(.shown)")) {
      const isNew = !known.has(note.id);
      const shown = region.querySelector(".shown a");
      known.add(note.id);
      if (shown || !isNew) note.remove();
      if (!isNew) continue;
      note.classList.add("shown");
      count += 1;
      stay();
      if (!shown) continue;
      shown.pathname = "/admin/orders";
      shown.textContent = region.dataset.many.replace("#", count);
    }
  });
})();
