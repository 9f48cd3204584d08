// Keeps what was typed into a form while the page is loaded again.
(() => {
  const visitor = () => document.getElementById("live")?.dataset.visitor;
  // Undefined where sites may store nothing.
  const store = () => { try { return sessionStorage; } catch { return undefined; } };
  const key = () => `draft ${location.pathname}`;
  // A form with a trigger, such as a quantity, sends each change at once.
  const forms = () => [...document.querySelectorAll("form:not([hx-trigger])")];
  // Hidden fields are of the server; passwords are stored nowhere.
  const isTyped = ({ name, type, value, defaultValue }) =>
    name && value !== defaultValue && !["hidden", "password", "submit"].includes(type);

  const keep = () => {
    const typed = forms().flatMap((form) => [...form.elements].filter(isTyped)
      .map(({ name, value }) => [form.getAttribute("action"), name, value]));
    if (typed.length) store()?.setItem(key(), JSON.stringify([visitor(), typed]));
  };
  document.addEventListener("microshop:leave", keep);
  // The choice of a language loads the page again.
  document.addEventListener("submit", ({ target }) => {
    if (target.matches(".languages")) keep();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const draft = store()?.getItem(key()) ?? null;
    store()?.removeItem(key());
    const [owner, typed] = JSON.parse(draft) ?? ["new", []];
    // What one user has typed is not shown to another one.
    if (!["new", "guest", visitor()].includes(owner)) return;
    for (const [action, name, value] of typed) {
      const form = forms().find((found) => found.getAttribute("action") === action);
      const field = form?.elements.namedItem(name);
      if (field) field.value = value;
    }
  });
})();
