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

  // The first commands of a visitor who is not a guest yet change one cart, also if the second is
  // sent before the cookie of the first has arrived: all of them propose this secret for it.
  const secret = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, "0")).join("");
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    ctx.request.headers["X-Guest"] = secret;
  });

  // Pages of a visitor who becomes a guest subscribe again, now to the cart. A socket that is
  // closed without a code connects again.
  let connection;
  let reopening = false;
  const reopen = () => {
    reopening = connection?.socket?.readyState === WebSocket.OPEN;
    connection?.socket?.close();
  };
  const pages = new BroadcastChannel("microshop");
  pages.addEventListener("message", reopen);
  addEventListener("microshop:new-guest", () => {
    reopen();
    pages.postMessage("new-guest");
  });
  document.addEventListener("htmx:ws:before:connection", (event) => {
    connection = event.detail.connection;
  });

  document.addEventListener("htmx:ws:after:connection", () => {
    reopening = false;
    // A new socket sends every fragment that has changed; another node may know fewer events.
    shown.clear();
    show(true);
  });
  document.addEventListener("htmx:ws:close", (event) => {
    if (!reopening) show(false);
    if (event.detail.code === POLICY && !leaving) setTimeout(leave, NEW_SESSION);
  });
})();
