// Shows the quantities of the cart as the shop has them, except in a field that is being edited and
// while the shop has not answered a quantity that the field asks for.
(() => {
  const FORMS = "form.quantity";
  const fieldOf = (form) => form?.matches?.(FORMS) ? form.elements.quantity : undefined;

  // The field that was changed and has the focus since.
  let edited;
  // The last request of each field that is not answered, by the id of the field.
  const asked = new Map();

  const follow = () => {
    for (const form of document.querySelectorAll(FORMS)) {
      const field = fieldOf(form);
      if (field === edited || asked.has(field.id)) continue;
      // A field with letters has an empty value.
      if (field.value !== field.defaultValue) field.value = field.defaultValue;
    }
  };

  document.addEventListener("input", ({ target }) => {
    if (target === fieldOf(target.form)) edited = target;
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target !== edited) return;
    edited = undefined;
    follow();
  });

  // Enter changes and submits, but asks for the quantity once.
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const field = fieldOf(ctx.sourceElement);
    if (!field) return;
    const quantity = ctx.request.body.get("quantity");
    // An empty field is about to be filled, or left.
    if (quantity === "" && !field.validity.badInput) return event.preventDefault();
    if (field === edited) edited = undefined;
    const last = asked.get(field.id)?.quantity ?? field.defaultValue;
    if (quantity === last) event.preventDefault();
    if (!event.defaultPrevented) asked.set(field.id, { ctx, quantity });
    follow();
  });

  // Of the requests that wait for another one, only the last is sent.
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    for (const [id, last] of asked) if (last.ctx === ctx) asked.delete(id);
    follow();
  });

  document.addEventListener("htmx:after:swap", follow);
  // A browser restores what was typed when it returns to a page.
  addEventListener("pageshow", follow);
})();
