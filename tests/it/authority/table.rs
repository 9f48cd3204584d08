//! Every route of the shop, and who may call it.

use super::refusal::Authority::{self, Administrator, Anyone, Credentials, Guest, Owner, SignedIn};

/// A route, and who may call it.
pub(super) type Row = (&'static str, Authority);

/// An order is visible to its buyer only.
const ORDER: Authority = Owner("order_not_found");

/// A session is visible to its user only.
const SESSION: Authority = Owner("session_not_found");

/// The routes for programs.
pub(super) const PROGRAMS: &[Row] = &[
    ("GET /health/live", Anyone),
    ("GET /health/ready", Anyone),
    ("GET /metrics", Administrator),
    ("GET /favicon.ico", Anyone),
    ("GET /static/{file:.*}", Anyone),
    ("POST /auth/login", Credentials),
    ("POST /auth/register", Anyone),
    ("POST /auth/refresh", Credentials),
    ("POST /auth/logout", SignedIn),
    ("POST /auth/logout-all", SignedIn),
    ("POST /auth/verify", SignedIn),
    ("POST /auth/password", SignedIn),
    ("GET /auth/profile", SignedIn),
    ("GET /auth/sessions", SignedIn),
    ("DELETE /auth/sessions/{id}", SESSION),
    ("GET /api/articles", Anyone),
    ("POST /api/articles", Administrator),
    ("GET /api/articles/{id}", Anyone),
    ("PATCH /api/articles/{id}", Administrator),
    ("DELETE /api/articles/{id}", Administrator),
    ("GET /api/cart", SignedIn),
    ("DELETE /api/cart", SignedIn),
    ("POST /api/cart/items", SignedIn),
    ("PUT /api/cart/items/{article_id}", SignedIn),
    ("DELETE /api/cart/items/{article_id}", SignedIn),
    ("GET /api/orders", SignedIn),
    ("POST /api/orders", SignedIn),
    ("GET /api/orders/{id}", ORDER),
    ("POST /api/orders/{id}/pay", ORDER),
    ("POST /api/orders/{id}/cancel", ORDER),
    ("POST /api/orders/{id}/ship", Administrator),
    ("POST /api/orders/{id}/deliver", Administrator),
    ("POST /api/orders/{id}/refund", Administrator),
    ("GET /api/bank", Administrator),
    ("PUT /api/bank", Administrator),
    ("GET /api/breaker", Administrator),
    ("POST /api/breaker/isolate", Administrator),
    ("POST /api/breaker/reset", Administrator),
    ("GET /api/users", Administrator),
    ("POST /api/users", Administrator),
    ("GET /api/users/{id}", Administrator),
    ("PATCH /api/users/{id}", Administrator),
    ("DELETE /api/users/{id}", Administrator),
    ("GET /api/live", Guest),
];

/// The routes for browsers.
pub(super) const BROWSERS: &[Row] = &[
    ("GET /live", Anyone),
    ("GET /", Anyone),
    ("GET /articles", Anyone),
    ("GET /cart", Anyone),
    ("POST /cart/add/{id}", Anyone),
    ("POST /cart/update/{id}", Anyone),
    ("POST /cart/remove/{id}", Anyone),
    ("POST /cart/clear", Anyone),
    ("GET /cart/checkout", Anyone),
    ("GET /checkout", SignedIn),
    ("POST /checkout", SignedIn),
    ("GET /orders", SignedIn),
    ("GET /orders/{id}", ORDER),
    ("POST /orders/{id}/pay", ORDER),
    ("POST /orders/{id}/cancel", ORDER),
    ("GET /bank", SignedIn),
    ("GET /success", SignedIn),
    ("GET /login", Anyone),
    ("POST /login", Credentials),
    ("GET /register", Anyone),
    ("POST /register", Anyone),
    ("GET /logout", Anyone),
    ("POST /logout", Anyone),
    ("POST /language", Anyone),
    ("GET /account", SignedIn),
    ("POST /account/password", SignedIn),
    ("POST /account/sessions/{id}/end", SESSION),
    ("POST /account/sessions/end-others", SignedIn),
    ("GET /admin", Administrator),
    ("GET /admin/users", Administrator),
    ("POST /admin/users/add", Administrator),
    ("POST /admin/users/delete/{id}", Administrator),
];
