//! HTTP for clients that are not the shop's own: `HEAD`, conditions, caches, compression, and
//! problems that name a field.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};

use crate::contract;
use crate::harness::TestShop;

mod cache;
mod change;
mod compression;
mod condition;
mod problem;
mod read;

/// A response with its body as it was sent.
struct Response {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Response {
    /// Sends a request and reads the response.
    async fn to(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.unwrap();
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap().to_vec();
        if !headers.contains_key("content-encoding") {
            contract::check(&method, &path, status, &headers, &String::from_utf8_lossy(&body));
        }
        Self { status: status.as_u16(), headers, body }
    }

    /// Returns a header, or an empty text without it.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl TestShop {
    /// Sends a request with headers.
    async fn answers(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let method: Method = method.parse().unwrap();
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Response::to(request).await
    }
}
