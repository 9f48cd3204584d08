// Opens the socket of the page again, with the cookies that the browser has by then.
(() => {
  let connection;
  // Whether a socket that is being opened must be opened again, since it may have older cookies.
  let again = false;
  const close = () => {
    document.documentElement.classList.add("reopening");
    // A socket that is closed without a code connects again.
    connection.socket.close();
  };
  document.addEventListener("htmx:ws:before:connection", (event) => {
    connection = event.detail.connection;
  });
  document.addEventListener("htmx:ws:after:connection", () => {
    // After the other listeners, which take the socket for one that stays open.
    if (again) queueMicrotask(close);
    again = false;
  });
  document.addEventListener("htmx:ws:close", () => { again = false; });
  document.addEventListener("microshop:reopen", () => {
    const state = connection?.socket?.readyState;
    again = state === WebSocket.CONNECTING;
    if (state === WebSocket.OPEN) close();
  });
})();
