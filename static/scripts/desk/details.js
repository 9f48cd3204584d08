// What a reader has opened stays open when the page is drawn again: the server does not know that
// it is open.
htmx.registerExtension("details", {
  htmx_before_morph_attr: (element, { attrName }) =>
    !(element.matches("details.table, .pop, .pop > dialog") && attrName === "open"),
});

// A question is closed once it is answered. If it stays on the page, its button gets the focus.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const question = ctx.sourceElement.closest("details.confirm");
  if (!question || ctx.response.status >= 400) return;
  const hasFocus = question.contains(document.activeElement);
  question.open = false;
  if (hasFocus) question.querySelector("summary").focus();
});
