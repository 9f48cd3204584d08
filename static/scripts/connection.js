// Shows whether the page receives live updates, and says so when that changes.
(() => {
  const { classList } = document.documentElement;
  const say = (state) => {
    const status = document.getElementById("connection");
    if (status) status.textContent = status.dataset[state];
  };
  const lose = () => {
    if (!classList.contains("reconnecting") && !document.hidden) say("lost");
    classList.remove("live");
    classList.add("reconnecting");
  };

  document.addEventListener("htmx:ws:after:connection", () => {
    if (classList.contains("reconnecting")) say("found");
    classList.remove("reconnecting", "reopening");
    classList.add("live");
  });
  document.addEventListener("htmx:ws:close", () => {
    // A socket that the page opens again by itself is not lost, unless that fails.
    if (classList.contains("reopening")) classList.remove("reopening");
    else lose();
  });

  // The browser notices a lost network before the socket does, or in place of it.
  addEventListener("offline", lose);
  addEventListener("online", () => document.dispatchEvent(new Event("microshop:reopen")));
})();
