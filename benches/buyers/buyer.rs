//! A buyer: a user with a connection, who adds one article to the cart and checks out.

use std::net::SocketAddr;

use crate::connection::Connection;

/// How many units of an article a cart may hold.
const MAX_UNITS: u32 = 99;

/// A registered user.
pub(crate) struct Buyer {
    address: SocketAddr,
    connection: Option<Connection>,
    authorization: String,
    addition: String,
    units: u32,
    orders: u64,
}

impl Buyer {
    pub(crate) fn new(address: SocketAddr, authorization: String, article: &str) -> Self {
        let addition = format!(r#"{{"article_id":{article},"quantity":1}}"#);
        Self { address, connection: None, authorization, addition, units: 0, orders: 0 }
    }

    /// Connects, right before the first request: the shop closes connections that are not used.
    pub(crate) async fn connect(&mut self) {
        self.connection = Some(Connection::open(self.address).await);
    }

    /// Adds a unit to the cart, and returns the cart. A full cart is cleared before.
    pub(crate) async fn add(&mut self) -> String {
        if self.units == MAX_UNITS {
            self.send("DELETE", "/api/cart", &[200], "", "").await;
            self.units = 0;
        }
        self.units += 1;
        let addition = self.addition.clone();
        self.send("POST", "/api/cart/items", &[200], "", &addition).await.1
    }

    /// Orders what is in the cart, and returns the status.
    pub(crate) async fn check_out(&mut self, cart: &str) -> u16 {
        self.units = 0;
        self.orders += 1;
        let key = format!("Idempotency-Key: {}\r\n", self.orders);
        let order = format!(
            concat!(
                r#"{{"cart_version":{},"expected_total_cents":{},"name":"Ana Buyer","#,
                r#""email":"ana@example.org","address":"1 Quay Street"}}"#
            ),
            number(cart, "version"),
            number(cart, "total_cents")
        );
        self.send("POST", "/api/orders", &[201, 202], &key, &order).await.0
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        expected: &[u16],
        header: &str,
        body: &str,
    ) -> (u16, String) {
        let headers = format_args!("{}{header}", self.authorization);
        let connection = self.connection.as_mut().unwrap();
        let response = connection.send(method, path, headers, body).await;
        let status = response.status;
        assert!(expected.contains(&status), "{method} {path}: {status} {}", response.body);
        (status, response.body)
    }
}

/// Returns the number of the first field with a name. Scanning costs less than parsing the JSON.
pub(crate) fn number<'a>(json: &'a str, name: &str) -> &'a str {
    let value = value(json, name);
    &value[..value.find(|c: char| !c.is_ascii_digit()).unwrap()]
}

/// Returns the text of the first field with a name.
pub(crate) fn text<'a>(json: &'a str, name: &str) -> &'a str {
    value(json, name).trim_start_matches('"').split('"').next().unwrap()
}

fn value<'a>(json: &'a str, name: &str) -> &'a str {
    json.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name} in {json}")).1
}
