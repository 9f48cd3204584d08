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

  document.addEventListener("htmx:ws:after:connection", () => show(true));
  document.addEventListener("htmx:ws:close", (event) => {
    show(false);
    if (event.detail.code === POLICY && !leaving) {
      location.assign(`/login?then=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
})();
