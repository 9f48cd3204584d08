// Orders only an amount that the visitor has seen: a click that was aimed at another amount, which
// has changed just before it, does not count.
(() => {
  // How long, in milliseconds, a new amount is shown before it can be ordered.
  const MOMENT = 1000;
  const FIELDS = "#checkout-summary input[type=hidden]";
  const summary = () =>
    Array.from(document.querySelectorAll(FIELDS), ({ value }) => value).join(" ");

  let shown = summary();
  let changedAt = -MOMENT;
  document.addEventListener("htmx:after:swap", () => {
    const current = summary();
    if (current === shown) return;
    shown = current;
    changedAt = performance.now();
  });
  addEventListener("submit", (event) => {
    const isNew = performance.now() - changedAt < MOMENT;
    if (!isNew || !event.target.matches("#checkout form")) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("microshop:failure", { detail: "changed" }));
  }, true);
})();
