// A table that a reader has opened stays open when the page is drawn again: the server does not
// know that it is open.
htmx.registerExtension("details", {
  htmx_before_morph_attr: (element, { attrName }) =>
    !(element.matches("details.table") && attrName === "open"),
});
