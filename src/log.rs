//! What the readers of the log ask for, in the query of a request.

use actors::shop::Shop;
use actors::user::FindUser;
use domain::event::filter::{Filter, Subject};
use domain::event::kind::Kind;

use crate::error::Problem;
use crate::error::code::Code;

/// Reads a filter: `kind` is the name of a kind of events, and `subject` the number of an article
/// or an order, the id of an order, a session or a user, or the name of a user or a guest.
pub async fn filter(
    shop: &Shop,
    kind: Option<&str>,
    subject: Option<&str>,
) -> Result<Filter, Problem> {
    let kind = kind.map(parse_kind).transpose()?;
    let subject = match subject {
        Some(text) => Some(find_subject(shop, text).await?),
        None => None,
    };
    Ok(Filter { kind, subject })
}

fn parse_kind(name: &str) -> Result<Kind, Problem> {
    Kind::parse(name).ok_or_else(|| {
        let names = Kind::ALL.map(Kind::name).join(", ");
        Problem::because(Code::InvalidQuery, format!("the types of events are {names}"))
            .about_parameter("type")
    })
}

async fn find_subject(shop: &Shop, text: &str) -> Result<Subject, Problem> {
    if let Some(subject) = Subject::parse(text) {
        return Ok(subject);
    }
    let user = shop.users.ask(FindUser(text.to_owned())).await?;
    user.map(|user| Subject::Id(user.0)).ok_or_else(|| {
        let detail = "no article, order, session, user or guest can have this number, id or name";
        Problem::because(Code::InvalidQuery, detail).about_parameter("subject")
    })
}
