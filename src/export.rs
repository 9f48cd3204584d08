//! Exports the catalogue as a CSV file, a part at a time.

use std::convert::Infallible;
use std::ops::Bound;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use domain::article::Articles;
use futures_util::stream::iter;

use crate::csv;

/// The most articles of a part.
const AT_ONCE: usize = 100;

/// Answers with the file of all articles, which begins with `mark`. Each part is made when the
/// client has room for it.
pub fn export(articles: Arc<Articles>, mark: &str) -> HttpResponse {
    let heading = format!("{mark}{}", csv::heading());
    let file = std::iter::once(heading).chain(parts(articles));
    HttpResponse::Ok()
        .content_type(csv::MEDIA_TYPE)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"articles.csv\""))
        .streaming(iter(file.map(|part| Ok::<_, Infallible>(Bytes::from(part)))))
}

fn parts(articles: Arc<Articles>) -> impl Iterator<Item = String> {
    let mut after = Bound::Unbounded;
    std::iter::from_fn(move || {
        let rest = articles.range((after, Bound::Unbounded));
        let part: Vec<_> = rest.take(AT_ONCE).map(|(_, article)| article).collect();
        after = Bound::Excluded(part.last()?.id);
        Some(part.into_iter().map(csv::line).collect())
    })
}
