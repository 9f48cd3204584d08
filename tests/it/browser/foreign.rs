//! A program in a page of another origin: it uses the API if its origin is allowed.

use actix_web::rt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::chromium::Chromium;
use crate::harness::TestShop;

/// Signs in, fills a cart, listens on two sockets, checks out, and shows the result. One socket has
/// the token as a protocol, the other one in its first frame.
const PROGRAM: &str = r#"
const show = (text) => { document.querySelector("p").textContent = text; };
const call = async (method, path, body, headers) => {
  const response = await fetch(SHOP + path, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
};
const listen = (protocols, first) => new Promise((resolve, reject) => {
  const socket = new WebSocket(SHOP.replace("http", "ws") + "/api/live", protocols);
  const opened = {};
  opened.placed = new Promise((placed) => {
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.reply && frame.reply.topics) resolve(opened);
      if (frame.type === "order.placed") placed(socket.protocol);
    };
  });
  socket.onopen = () => socket.send(JSON.stringify({ ...first, subscribe: ["orders"] }));
  socket.onclose = ({ code }) => reject(new Error(`socket: ${code}`));
});
const run = async () => {
  const login = { username: "ana", password: "correct horse" };
  const token = (await (await call("POST", "/auth/login", login)).json()).access_token;
  const bearer = { Authorization: `Bearer ${token}` };
  await call("POST", "/api/cart/items", { article_id: 2, quantity: 1 }, bearer);
  await call("PUT", "/api/cart/items/2", { quantity: 2 }, bearer);
  const response = await call("GET", "/api/cart", undefined, bearer);
  if (!response.headers.get("ETag")) throw new Error("no entity tag");
  const { cart } = await response.json();
  const sockets = [
    await listen(["microshop.v1", `bearer.${token}`], {}),
    await listen(["microshop.v1"], { token }),
  ];
  const order = {
    cart_version: cart.version, expected_total_cents: cart.total_cents,
    name: "Ana", email: "ana@example.org", address: "Brest",
  };
  await call("POST", "/api/orders", order, { ...bearer, "Idempotency-Key": "from-another-origin" });
  const placed = await Promise.all(sockets.map((socket) => socket.placed));
  return `placed ${placed.join(" ")}`;
};
run().then(show, (error) => show(`refused: ${error.message}`));
"#;

/// Tries to read with the shop's cookies and to open a socket without a token.
const INTRUDER: &str = r#"
const show = (text) => { document.querySelector("p").textContent = text; };
const read = fetch(SHOP + "/api/cart", { credentials: "include" });
const opened = new Promise((resolve, reject) => {
  const socket = new WebSocket(SHOP.replace("http", "ws") + "/api/live", ["microshop.v1"]);
  socket.onopen = resolve;
  socket.onclose = reject;
});
Promise.allSettled([read, opened]).then((results) =>
  show(results.map(({ status }) => status).join(" ")));
"#;

#[actix_web::test]
async fn a_page_of_an_allowed_origin_signs_in_checks_out_and_listens() {
    let site = Site::bind().await;
    let shop = TestShop::open_with(&[("SERVER__CORS_ORIGINS", &site.url)]).await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    let window = browser.window_at(&site.url).await;
    site.serves(&shop, PROGRAM);
    window.opens("/").await;
    window.sees("#result", "placed microshop.v1 microshop.v1").await;
    let orders = ana.get("/api/orders").await.expect(200).json["orders"].clone();
    assert_eq!(orders.as_array().unwrap().len(), 1);
    browser.closes().await;
}

#[actix_web::test]
async fn a_page_of_another_origin_is_refused_without_the_setting() {
    let other = Site::bind().await;
    let site = Site::bind().await;
    let shop = TestShop::open_with(&[("SERVER__CORS_ORIGINS", &other.url)]).await;
    let ana = shop.customer("ana").await;
    let browser = Chromium::open().await;
    // The cookie of the shop's own page is on the same site, so the browser would send it.
    browser.window(&shop).await.logs_in("ana", "correct horse").await;
    let url = site.url.clone();
    site.serves(&shop, PROGRAM);
    let window = browser.window_at(&url).await;
    window.opens("/").await;
    window.sees("#result", "refused").await;
    let intruder = Site::bind().await;
    let window = browser.window_at(&intruder.url).await;
    intruder.serves(&shop, INTRUDER);
    window.opens("/").await;
    window.sees("#result", "rejected rejected").await;
    assert_eq!(ana.cart().await["item_count"], 0);
    browser.closes_after_errors(&["CORS policy", "ERR_FAILED", "WebSocket connection"]).await;
}

/// A web site on a port of its own.
struct Site {
    listener: TcpListener,
    url: String,
}

impl Site {
    async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// Answers every request with a page that runs a script, whose constant `SHOP` is the URL of a
    /// shop.
    fn serves(self, shop: &TestShop, script: &str) {
        let page = format!(
            "<!doctype html><title>Another site</title><link rel=icon href='data:,'>\
             <p id=result>waiting</p><script>const SHOP = '{}';{script}</script>",
            shop.url
        );
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{page}",
            page.len()
        );
        rt::spawn(async move {
            while let Ok((mut stream, _)) = self.listener.accept().await {
                let response = response.clone();
                rt::spawn(async move {
                    let mut request = [0; 8 * 1024];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(response.as_bytes()).await;
                });
            }
        });
    }
}
