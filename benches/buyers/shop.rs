//! The shop under load: its articles, its bank and its buyers.

use std::net::SocketAddr;

use crate::buyer::{Buyer, text};
use crate::connection::{Connection, Response};

/// An article with as many units as an article can have.
const ARTICLE: &str = r#"{"name":"Lamp","price_cents":1250,"on_hand":1000000}"#;

/// A shop and its administrator.
pub(crate) struct Shop {
    nodes: Vec<SocketAddr>,
    connection: Connection,
    authorization: String,
    registered: usize,
}

impl Shop {
    /// Signs the administrator in, and lets the bank approve every charge at once.
    pub(crate) async fn prepare(nodes: Vec<SocketAddr>) -> Self {
        let mut connection = Connection::open(nodes[0]).await;
        let login = r#"{"username":"admin","password":"admin"}"#;
        let response = connection.send("POST", "/auth/login", "", login).await;
        let authorization = authorization(&response);
        let behaviour = r#"{"latency_ms":0,"mode":"approve"}"#;
        let response = connection.send("PUT", "/api/bank", &authorization, behaviour).await;
        assert_eq!(response.status, 200, "{}", response.body);
        Self { nodes, connection, authorization, registered: 0 }
    }

    /// Registers buyers. Each one buys one of that many new articles, on one of the nodes.
    pub(crate) async fn buyers(&mut self, count: usize, articles: usize) -> Vec<Buyer> {
        let mut ids = Vec::new();
        for _ in 0..articles {
            ids.push(self.add_article().await);
        }
        let mut buyers = Vec::new();
        for number in 0..count {
            let authorization = self.register().await;
            let article = ids[number % articles].clone();
            let node = self.nodes[number % self.nodes.len()];
            buyers.push(Buyer::new(node, authorization, &article));
        }
        buyers
    }

    async fn add_article(&mut self) -> String {
        let request =
            self.connection.send("POST", "/api/articles", &self.authorization, ARTICLE).await;
        assert_eq!(request.status, 201, "{}", request.body);
        crate::buyer::number(&request.body, "id").to_owned()
    }

    async fn register(&mut self) -> String {
        self.registered += 1;
        let user =
            format!(r#"{{"username":"buyer{0}","password":"a long walk {0}"}}"#, self.registered);
        authorization(&self.connection.send("POST", "/auth/register", "", &user).await)
    }
}

/// Returns the header line with the access token of a response.
fn authorization(response: &Response) -> String {
    assert!([200, 201].contains(&response.status), "{}", response.body);
    format!("Authorization: Bearer {}\r\n", text(&response.body, "access_token"))
}
