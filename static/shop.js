// Shows whether the page hears what happens, and looks again when its session is over.
(() => {
  const classes = document.documentElement.classList;
  const show = (live) => {
    classes.toggle("live", live);
    classes.toggle("reconnecting", !live);
  };
  const POLICY = 1008;
  const last = "reloaded-at";

  document.addEventListener("htmx:ws:after:connection", () => show(true));
  document.addEventListener("htmx:ws:close", (event) => {
    show(false);
    // Once in a while only: a server that goes on refusing must not be asked for ever.
    const before = Number(sessionStorage.getItem(last));
    if (event.detail.code === POLICY && Date.now() - before > 30_000) {
      sessionStorage.setItem(last, String(Date.now()));
      location.reload();
    }
  });
})();
