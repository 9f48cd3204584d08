// Keeps what is typed into a form of the desk until it is saved: a push changes only the rest. The
// form is sent with the version that the typing began with, so that the shop refuses it if the
// article has changed since then, and says so.
(() => {
  const FORMS = "form.edit";
  // What was typed, by the id of the form: the version that it is about, whether the form shows
  // that this one is outdated, and the values of the fields.
  const edits = new Map();

  const fieldsOf = (form) => [...form.elements].filter((field) => "current" in field.dataset);
  const isTyped = (field) => field.value !== field.dataset.current;

  const note = (form) => {
    const edit = edits.get(form.id) ?? { version: form.elements.version.value };
    edit.values = new Map(fieldsOf(form).filter(isTyped).map(({ id, value }) => [id, value]));
    if (edit.values.size) edits.set(form.id, edit);
    else edits.delete(form.id);
  };

  const follow = () => {
    for (const form of document.querySelectorAll(FORMS)) {
      const edit = edits.get(form.id);
      if (edit && edit.version !== form.elements.version.value) edit.isOutdated = true;
      if (edit && edit.isRefused) {
        // The visitor knows the current value now, and may save what was typed over it.
        edit.version = form.elements.version.value;
        edit.isRefused = false;
      }
      for (const field of fieldsOf(form)) {
        const value = edit?.values.get(field.id) ?? field.dataset.current;
        if (field.value !== value) field.value = value;
      }
      form.classList.toggle("edited", Boolean(edit));
      form.classList.toggle("outdated", Boolean(edit?.isOutdated));
    }
  };

  const formOf = ({ target }) => target.form?.matches(FORMS) ? target.form : undefined;
  document.addEventListener("input", (event) => {
    const form = formOf(event);
    if (!form) return;
    note(form);
    follow();
  });
  document.addEventListener("keydown", (event) => {
    const form = event.key === "Escape" ? formOf(event) : undefined;
    if (!form || !edits.delete(form.id)) return;
    event.preventDefault();
    follow();
  });

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const edit = edits.get(ctx.sourceElement.id);
    if (edit) ctx.request.body.set("version", edit.version);
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { id } = ctx.sourceElement;
    const edit = edits.get(id);
    if (!edit) return;
    if (ctx.response.status < 400) edits.delete(id);
    else if (ctx.response.status === 412) Object.assign(edit, { isRefused: true, isOutdated: true });
  });
  document.addEventListener("htmx:after:swap", follow);
  // After the script that restores a draft, and with what a refused form has kept.
  document.addEventListener("DOMContentLoaded", () => {
    const forms = [...document.querySelectorAll(FORMS)];
    forms.forEach(note);
    for (const form of forms) {
      const edit = edits.get(form.id);
      if (edit) edit.isOutdated = form.classList.contains("outdated");
    }
    follow();
  });
})();
