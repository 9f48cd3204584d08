//! An operation of the REST API: its route, and what describes it.

use std::any::type_name;

use actix_web::http::Method;
use actix_web::web::{PayloadConfig, ServiceConfig, method, resource, scope};
use actix_web::{FromRequest, Handler, Resource, Responder, Route, Scope};

use crate::error::code::Code;
use description::{Description, Input, Output};

pub mod description;

/// An operation of the REST API.
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The name of the handler with its modules below `api`: `admin::order::get_order`.
    pub handler: &'static str,
    /// Describes what the types of the handler state.
    pub describe: fn(&mut Description),
    /// The statuses of success.
    pub statuses: &'static [u16],
    /// Why the handler refuses a request that its extractors take.
    pub codes: Vec<Code>,
    /// Whether answers have an entity tag.
    pub is_tagged: bool,
    /// The media type of the body if it is not JSON.
    pub takes: Option<&'static str>,
    /// The media type of the answer if it is not JSON.
    pub gives: Option<&'static str>,
    /// The largest body in bytes if it is not that of the other operations.
    largest: Option<usize>,
    route: Route,
}

/// Defines the function that describes and routes a method of a path.
macro_rules! methods {
    ($($name:ident $method:ident,)+) => {$(
        /// Describes and routes the requests of a path with the method of this name.
        pub fn $name<F, Args>(path: &'static str, handler: F, summary: &'static str) -> Operation
        where
            F: Handler<Args>,
            Args: FromRequest + Input + 'static,
            F::Output: Responder + Output + 'static,
        {
            operation(Method::$method, path, handler, summary)
        }
    )+};
}

methods! {
    get GET,
    post POST,
    put PUT,
    patch PATCH,
    delete DELETE,
}

fn operation<F, Args>(
    verb: Method,
    path: &'static str,
    handler: F,
    summary: &'static str,
) -> Operation
where
    F: Handler<Args>,
    Args: FromRequest + Input + 'static,
    F::Output: Responder + Output + 'static,
{
    let (_, name) = type_name::<F>().split_once("::api::").unwrap_or_default();
    Operation {
        method: verb.clone(),
        path,
        summary,
        handler: name,
        describe: |description| {
            Args::describe(description);
            F::Output::describe(description);
        },
        statuses: &[200],
        codes: Vec::new(),
        is_tagged: false,
        takes: None,
        gives: None,
        largest: None,
        route: method(verb).to(handler),
    }
}

impl Operation {
    /// Sets the statuses of success, if not only 200.
    pub fn answers(self, statuses: &'static [u16]) -> Self {
        Self { statuses, ..self }
    }

    /// Adds why the handler refuses a request that its extractors take.
    pub fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Describes the entity tag of answers, and the conditions on it.
    pub fn tagged(self) -> Self {
        Self { is_tagged: true, ..self }
    }

    /// Sets the media type of a body that is not JSON, and its largest size in bytes.
    pub fn takes(self, media_type: &'static str, largest: usize) -> Self {
        Self { takes: Some(media_type), largest: Some(largest), ..self }
    }

    /// Sets the media type of an answer that is not JSON.
    pub fn gives(self, media_type: &'static str) -> Self {
        Self { gives: Some(media_type), ..self }
    }
}

/// The beginnings of paths that many operations share. The router compares a path with the
/// operations below its own beginning only.
const SCOPES: [&str; 3] = ["/auth", "/api/admin", "/api"];

/// Registers operations; those of one path follow each other.
pub fn register(operations: Vec<Operation>, config: &mut ServiceConfig) {
    let mut rest = operations;
    for beginning in SCOPES {
        let is_inside = |operation: &Operation| below(operation.path, beginning).is_some();
        let (inside, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_inside);
        rest = others;
        let resources = resources(inside, beginning);
        config.service(resources.into_iter().fold(scope(beginning), Scope::service));
    }
    for resource in resources(rest, "") {
        config.service(resource);
    }
}

/// Returns what follows the beginning of a path.
fn below<'a>(path: &'a str, beginning: &str) -> Option<&'a str> {
    path.strip_prefix(beginning).filter(|rest| rest.starts_with('/'))
}

/// Returns a resource for each path of operations that have this beginning.
fn resources(operations: Vec<Operation>, beginning: &str) -> Vec<Resource> {
    let mut operations = operations.into_iter().peekable();
    let mut resources = Vec::new();
    while let Some(Operation { path, route, mut largest, .. }) = operations.next() {
        let mut at_path = resource(below(path, beginning).unwrap_or(path)).route(route);
        while let Some(other) = operations.next_if(|other| other.path == path) {
            largest = largest.max(other.largest);
            at_path = at_path.route(other.route);
        }
        if let Some(largest) = largest {
            at_path = at_path.app_data(PayloadConfig::new(largest));
        }
        resources.push(at_path);
    }
    resources
}
