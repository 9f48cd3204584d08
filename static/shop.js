// Shows whether the page receives live updates, and opens the login page when its session ends.
(() => {
  const classes = document.documentElement.classList;
  const show = (live) => {
    classes.toggle("live", live);
    classes.toggle("reconnecting", !live);
  };
  // The close code for a policy violation (RFC 6455): the visitor has to sign in again.
  const POLICY = 1008;

  // Signing out on this page closes the socket too, but the browser already loads another page.
  let leaving = false;
  addEventListener("beforeunload", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });

  // The last event that each fragment reflects. A response may arrive after the push of a later
  // event, and shows an older state then.
  const shown = new Map();
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    const current = tasks.filter(({ target, swapSpec: { event = Infinity } }) =>
      event >= (shown.get(target?.id) ?? 0));
    for (const { target, swapSpec: { event } } of current) {
      if (target && event) shown.set(target.id, event);
    }
    tasks.splice(0, tasks.length, ...current);
  });

  document.addEventListener("htmx:ws:after:connection", () => {
    // A new socket sends every fragment that has changed; another node may know fewer events.
    shown.clear();
    show(true);
  });
  document.addEventListener("htmx:ws:close", (event) => {
    show(false);
    if (event.detail.code === POLICY && !leaving) {
      location.assign(`/login?then=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
})();
