//! The schema of problems (RFC 9457).

use domain::money::Cents;
use domain::order::OrderStatus;
use domain::payment::PaymentStatus;
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::Serialize;
use serde_json::{Value, json};
use views::failure;
use views::locale::Locale;

use crate::api::cart::CartJson;
use crate::error::code::Code;
use crate::objects::article::ArticleJson;
use crate::objects::example;
use crate::objects::order::OrderJson;

/// A refused request.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemJson {
    /// Where the code is explained.
    r#type: String,
    /// The name of the status.
    title: String,
    status: u16,
    /// What went wrong. No code is ever renamed.
    #[schemars(schema_with = "code_schema")]
    code: String,
    #[schemars(extend("const" = false))]
    success: bool,
    /// A sentence for the user, in the language of the request.
    message: String,
    /// The id of the request in the log of the server.
    request_id: String,
    /// What went wrong this time, for the developer of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The places that are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<PlaceJson>>,
    /// The current article, if the command was for another version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    article: Option<ArticleJson>,
    /// The current cart, if the command was for another version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cart: Option<CartJson>,
    /// The order that was not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderJson>,
    /// The total of the cart, if it is not the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_cents: Option<Cents>,
    /// The status of an order that does not allow the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_status: Option<OrderStatus>,
    /// The status of its payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_status: Option<PaymentStatus>,
}

/// A place in a request that is wrong.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Place")]
struct PlaceJson {
    /// A JSON pointer into the body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// A parameter of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    #[schemars(schema_with = "code_schema")]
    code: String,
}

fn code_schema(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
    json_schema!({ "type": "string", "enum": words })
}

/// Returns an example of a problem.
pub(super) fn example(code: Code) -> Value {
    json!({
        "type": code.uri(),
        "title": code.status().canonical_reason(),
        "status": code.status().as_u16(),
        "code": code.word(),
        "success": false,
        "message": failure::message(Locale::En, code.word()),
        "request_id": example::ID,
    })
}
