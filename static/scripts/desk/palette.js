// Opens the search of the desk from the keyboard, and moves through its results: a combobox with
// a list, of which the field keeps the focus.
(() => {
  const dialog = document.getElementById("palette");
  const field = document.getElementById("palette-field");
  const list = () => document.getElementById("palette-found");
  const options = () => [...list().children];
  const chosen = () => list().querySelector("[aria-selected=true]");

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    field.ariaExpanded = String(!list().hidden);
    if (!option) return field.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const move = (way) => {
    const all = options();
    choose(all.at((all.indexOf(chosen()) + way) % all.length));
  };
  // The results of another text are not those that the reader looks for.
  const isCurrent = () => list().dataset.search === field.value.trim();

  const open = () => {
    dialog.showModal();
    field.select();
    choose(options()[0]);
  };

  document.addEventListener("keydown", (event) => {
    const isShortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    const isTyped = event.target.matches("input, select, textarea, [contenteditable]");
    const isSlash = event.key === "/" && !isTyped && !event.ctrlKey && !event.metaKey;
    if (event.altKey || !(isShortcut || isSlash)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener("click", (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!isPlain || !event.target.closest("#palette-open")) return;
    event.preventDefault();
    open();
  });

  field.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (way && !list().hidden) {
      event.preventDefault();
      move(way);
    }
    // Before the results are there, Enter opens the page with them.
    if (event.key !== "Enter" || event.isComposing || !chosen() || !isCurrent()) return;
    event.preventDefault();
    chosen().click();
  });
  document.addEventListener("htmx:after:swap", () => {
    if (dialog.open) choose(chosen() ?? options()[0]);
  });
})();
