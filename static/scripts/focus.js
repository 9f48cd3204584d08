// Keeps the focus near its place when a swap removes or disables the element that has it.
{
  const ROW = "li, tr, article";
  const HEADING = "h1, h2, h3, th[scope=row]";

  // Where the focus is before the swap in progress.
  let place;

  const controls = (part) =>
    [...part.querySelectorAll("a[href], button, input, select, summary, textarea")];
  const isField = (element) => element.matches("input, select, textarea");
  const isUsable = (element) =>
    element.isConnected && !element.matches(":disabled") && element.checkVisibility();
  const isLike = (one, other) =>
    one.tagName === other.tagName && one.className === other.className && one.name === other.name;

  document.addEventListener("htmx:before:swap", () => {
    const element = document.activeElement;
    place = undefined;
    if (!element || element === document.body) return;
    const row = element.closest(ROW);
    const rows = row ? [...row.parentElement.children] : [];
    const at = rows.indexOf(row);
    const parents = [];
    for (let parent = element.parentElement; parent; parent = parent.parentElement) {
      parents.push(parent);
    }
    // The rows below come first, then the ones above, the nearest first.
    const others = [...rows.slice(at + 1), ...rows.slice(0, at).reverse()];
    const { top, bottom } = element.getBoundingClientRect();
    const isVisible = bottom > 0 && top < innerHeight;
    place = { element, row, others, parents, isVisible };
  });

  // Returns the control of a row that does the same as the lost one, or that opens it.
  const sameControl = (row, lost) => {
    const usable = controls(row).filter(isUsable);
    return usable.find((control) => isLike(control, lost))
      ?? usable.find((control) => lost.closest("details") && control.matches("summary"));
  };

  // Returns what names a part of the page: its heading, else a link, neither of them in a row.
  const nameOf = (part) => {
    const isOwn = (element) => element.closest(ROW) === part.closest(ROW) && isUsable(element);
    return [...part.querySelectorAll(HEADING)].find(isOwn)
      ?? [...part.querySelectorAll("a[href]")].find(isOwn);
  };

  const substitute = ({ element, row, others, parents }) => {
    const same = element.id && document.getElementById(element.id);
    if (same && isUsable(same)) return same;
    const rest = row?.id ? document.getElementById(row.id) : row;
    if (rest?.isConnected) return sameControl(rest, element) ?? nameOf(rest);
    const left = others.filter((other) => other.isConnected);
    // What is being typed must not end in the field of another row.
    const next = isField(element)
      ? left.map(nameOf)
      : left.map((other) => sameControl(other, element));
    return next.find(Boolean) ?? parents.filter((parent) => parent.isConnected && parent !== row)
      .map(nameOf).find(Boolean);
  };

  const restore = () => {
    const lost = place;
    place = undefined;
    if (!lost) return;
    const active = document.activeElement;
    const isLost = !active || active === document.body
      || (active === lost.element && !isUsable(active));
    if (!isLost) return;
    const found = substitute(lost) ?? document.querySelector("h1");
    if (found?.matches(HEADING)) found.tabIndex = -1;
    // A reader who has scrolled away from the element stays where they are.
    found?.focus({ preventScroll: !lost.isVisible });
  };
  new MutationObserver(restore).observe(document, {
    attributeFilter: ["disabled"],
    childList: true,
    subtree: true,
  });

  // The server does not know that a heading has the focus.
  htmx.registerExtension("focus", {
    htmx_before_morph_attr: (element, { attrName }) =>
      element !== document.activeElement || attrName !== "tabindex",
  });
}
