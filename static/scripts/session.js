// Draws the page again when it belongs to another visitor than the browser.
(() => {
  // The close code for a policy violation (RFC 6455): the session of this page has ended, or the
  // page was made for another visitor.
  const POLICY = 1008;
  // How long, in milliseconds, the cookie of a new session may take to arrive. A new password
  // replaces the session of every page of the browser.
  const NEW_SESSION = 2000;
  // Where sites may store nothing, the pages of a browser send each other nothing either.
  const channel = () => {
    try {
      return new BroadcastChannel("microshop");
    } catch {
      return Object.assign(new EventTarget(), { postMessage() {} });
    }
  };
  const isUser = (visitor) => visitor !== "new" && visitor !== "guest";

  // Whom the page was made for; undefined while it loads and on pages that are not live.
  let visitor;
  // Whether the socket has been closed for another visitor.
  let isClosed = false;
  // Signing out on this page closes the socket too, but the browser already loads another page.
  let leaving = false;
  // The visitor may stop the browser from loading the other page.
  const STOPPED = 10_000;
  let closedInBetween = false;
  addEventListener("beforeunload", () => {
    leaving = true;
    setTimeout(() => {
      leaving = false;
      if (closedInBetween) drawAgain();
    }, STOPPED);
  });

  const reopen = () => document.dispatchEvent(new Event("microshop:reopen"));
  const open = (address) => {
    leaving = true;
    document.dispatchEvent(new Event("microshop:leave"));
    location.replace(address);
  };
  const path = () => location.pathname + location.search;
  // The commands without a response, for which the page waits before it is loaded again.
  const commands = new Set();
  let isWaiting = false;
  const drawAgain = () => {
    isWaiting = commands.size > 0;
    if (!isWaiting) open(path());
  };
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => { commands.add(ctx); });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    commands.delete(ctx);
    if (isWaiting && !ctx.hx?.redirect) drawAgain();
  });

  // Loads the page again if the browser has a new session, else opens the login page.
  const leave = async () => {
    if (leaving) return;
    const account = await fetch("/account", { method: "HEAD", redirect: "manual" })
      .catch(() => undefined);
    if (leaving) return;
    if (account?.ok) drawAgain();
    else open(`/login?then=${encodeURIComponent(path())}`);
  };

  const pages = channel();
  document.addEventListener("DOMContentLoaded", () => {
    visitor = document.getElementById("live")?.dataset.visitor;
    if (visitor) pages.postMessage(visitor);
  });
  pages.addEventListener("message", ({ data }) => {
    if (!visitor || data === visitor || leaving) return;
    // The other page may be the older one: a page that is loaded again knows who the visitor is.
    if (isClosed || isUser(data) || isUser(visitor)) return drawAgain();
    visitor = data;
    reopen();
  });
  addEventListener("microshop:new-guest", () => {
    if (isUser(visitor)) return;
    visitor = "guest";
    reopen();
    pages.postMessage(visitor);
  });

  // A sign-in empties the cart of the guest, also if the page after it is never shown.
  document.addEventListener("htmx:ws:before:message:incoming", ({ detail: { message } }) => {
    const isEmpty = document.getElementById("cart-count-0");
    if (visitor === "guest" && !isEmpty && message.data.includes('"cart-count-0"')) reopen();
  });

  document.addEventListener("htmx:ws:close", ({ detail: { code } }) => {
    if (code !== POLICY) return;
    isClosed = true;
    closedInBetween = leaving;
    if (leaving) return;
    if (!isUser(visitor)) drawAgain();
    else setTimeout(leave, NEW_SESSION);
  });

  // The socket of a page that the browser restores was closed when the visitor left the page.
  addEventListener("pageshow", ({ persisted }) => {
    leaving = false;
    if (persisted) drawAgain();
  });
})();
