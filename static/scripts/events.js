// Keeps an older fragment from replacing a newer one.
(() => {
  // The last event that each fragment reflects. A response may arrive after the push of a later
  // event, and shows an older state then.
  const shown = new Map();
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    const current = tasks.filter(({ target, swapSpec: { event = Infinity } }) =>
      event >= (shown.get(target?.id) ?? 0));
    for (const { target, swapSpec: { event } } of current) {
      if (target && event) shown.set(target.id, event);
    }
    tasks.splice(0, tasks.length, ...current);
  });

  // A new socket sends every fragment that has changed; another node may know fewer events.
  document.addEventListener("htmx:ws:after:connection", () => shown.clear());
})();
