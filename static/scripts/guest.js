// Makes all pages of a browser propose the same secret for the cart of its next guest.
(() => {
  // The first commands of a visitor who is not a guest yet change one cart, whichever page sends
  // them, also if the second is sent before the cookie of the first has arrived.
  const KEY = "guest";
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, "0")).join("");
  // How long, in milliseconds, a secret is proposed: the next person is another guest.
  const HOUR = 3_600_000;
  // Where sites may store nothing, every page proposes its own secret.
  let own;
  const secret = () => {
    try {
      const [since, stored] = localStorage.getItem(KEY)?.split(" ") ?? [];
      if (Date.now() - since < HOUR) return stored;
      localStorage.setItem(KEY, `${Date.now()} ${random()}`);
      return localStorage.getItem(KEY).split(" ")[1];
    } catch {
      return own ??= random();
    }
  };
  const forget = () => {
    own = undefined;
    try { localStorage.removeItem(KEY); } catch { /* Nothing is stored. */ }
  };
  // Pages that open at the same time agree on one long before the first command.
  document.addEventListener("DOMContentLoaded", () => {
    if (document.getElementById("live")?.dataset.visitor === "new") secret();
    else forget();
  });
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    ctx.request.headers["X-Guest"] = secret();
  });
  // The guest has a cookie now; the next guest is another one.
  addEventListener("microshop:new-guest", forget);
})();
