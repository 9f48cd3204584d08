// Returns a line for everything that makes the page scroll sideways or is not shown whole.
const faults = [];
const page = document.documentElement;
if (page.scrollWidth > page.clientWidth) {
  faults.push(`the page is ${page.scrollWidth} pixels wide`);
}

const name = (element) => {
  const id = element.id ? `#${element.id}` : "";
  const classes = [...element.classList].map((each) => `.${each}`).join("");
  return element.localName + id + classes;
};
const path = (element) => {
  const names = [];
  for (let each = element; each && each !== document.body; each = each.parentElement) {
    names.unshift(name(each));
    if (each.id) break;
  }
  return names.join(" ");
};

// What is meant only for screen readers, or shown only with the focus, is not on the page.
const HIDDEN = ".unseen, .skip, script, style, noscript, template";
// A text that ends in an ellipsis is whole elsewhere; a region with scroll bars shows everything.
const isWhole = (style) => style.textOverflow === "ellipsis" || /auto|scroll/.test(style.overflowX);
const clips = (style) => /hidden|clip/.test(style.overflowX) || /hidden|clip/.test(style.overflowY);
const ancestors = function* (element) {
  for (let each = element; each && each !== page; each = each.parentElement) yield each;
};
// The pixels that the box of a text may differ by rounding.
const ROUNDING = 1.5;
const isOutside = (box, frame) =>
  box.left < frame.left - ROUNDING || box.right > frame.right + ROUNDING;
const isBelow = (box, frame) =>
  box.top < frame.top - ROUNDING || box.bottom > frame.bottom + ROUNDING;

const check = (element, box, what) => {
  let block = false;
  for (const each of ancestors(element)) {
    const style = getComputedStyle(each);
    if (isWhole(style)) return;
    const frame = each.getBoundingClientRect();
    const isInline = style.display === "inline" || style.display === "contents";
    if (!block && !isInline) {
      block = true;
      if (isOutside(box, frame)) faults.push(`${what} sticks out of ${path(each)}`);
    }
    if (clips(style) && (isOutside(box, frame) || isBelow(box, frame))) {
      faults.push(`${what} is cut off by ${path(each)}`);
    }
  }
  if (isOutside(box, { left: 0, right: innerWidth })) faults.push(`${what} is beside the window`);
};

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const text = texts.currentNode;
  const element = text.parentElement;
  if (!text.data.trim() || element.closest(HIDDEN)) continue;
  if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  const range = document.createRange();
  range.selectNodeContents(text);
  const boxes = [...range.getClientRects()].filter(({ width, height }) => width && height);
  const wide = boxes.find((box) => box.right === Math.max(...boxes.map(({ right }) => right)));
  if (wide) check(element, wide, `“${text.data.trim().slice(0, 30)}” in ${path(element)}`);
}
for (const element of document.querySelectorAll("img, svg, input, select, textarea, button")) {
  if (element.closest(HIDDEN) || !element.checkVisibility()) continue;
  const box = element.getBoundingClientRect();
  if (box.width && box.height) check(element.parentElement, box, path(element));
}

// What lies over the middle of a control takes its clicks. A notice leaves by itself; a modal dialog
// covers everything else until it is closed.
const open = document.querySelector(":modal") ?? document;
for (const control of open.querySelectorAll("a[href], button, summary, input, select, textarea")) {
  if (control.closest(HIDDEN) || !control.checkVisibility({ visibilityProperty: true })) continue;
  const [{ left, right, top, bottom } = { left: -1, right: -1 }] = control.getClientRects();
  const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const isFree = !over || control.contains(over) || over.contains(control) || over.closest(".notice");
  if (!isFree && !control.labels?.[0]?.contains(over)) {
    faults.push(`${path(control)} is covered by ${path(over)}`);
  }
}
return faults;
