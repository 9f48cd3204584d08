// Opens the form of a `<details>` in a modal dialog. Without scripts it opens in its place.
(() => {
  document.addEventListener("click", (event) => {
    const summary = event.target.closest(".pop > summary");
    if (!summary) return;
    event.preventDefault();
    const details = summary.parentElement;
    details.open = true;
    const dialog = details.querySelector("dialog");
    if (!dialog.open) dialog.showModal();
  });
  // The event does not bubble.
  document.addEventListener("close", ({ target }) => {
    const details = target.closest(".pop");
    if (details) details.open = false;
  }, true);
})();
