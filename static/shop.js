// Shows whether the page receives live updates, and leaves the page when its session ends.
(() => {
  const classes = document.documentElement.classList;
  const show = (live) => {
    classes.toggle("live", live);
    classes.toggle("reconnecting", !live);
  };
  // The close code for a policy violation (RFC 6455): the session of this page has ended.
  const POLICY = 1008;
  // How long, in milliseconds, the cookie of a new session may take to arrive. A new password
  // replaces the session of every page of the browser.
  const NEW_SESSION = 1000;

  // Signing out on this page closes the socket too, but the browser already loads another page.
  let leaving = false;
  addEventListener("beforeunload", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });

  // Loads the page again if the browser has a new session, else opens the login page.
  const leave = async () => {
    const account = await fetch("/account", { method: "HEAD", redirect: "manual" })
      .catch(() => undefined);
    if (leaving) return;
    const path = location.pathname + location.search;
    location.assign(account?.ok ? path : `/login?then=${encodeURIComponent(path)}`);
  };

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
    if (event.detail.code === POLICY && !leaving) setTimeout(leave, NEW_SESSION);
  });
})();
