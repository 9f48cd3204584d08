// Shows whether the page hears what happens, and goes to the login when its session is over.
(() => {
  const classes = document.documentElement.classList;
  const show = (live) => {
    classes.toggle("live", live);
    classes.toggle("reconnecting", !live);
  };
  const POLICY = 1008;

  // Whoever signs out here is on the way to another page already.
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
