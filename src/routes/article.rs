//! The operations of articles.

use crate::api::{admin, article, picture};
use crate::error::code::Code;
use crate::operation::{Operation, delete, get, patch, post, put};
use crate::upload::LARGEST;

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "/api/articles",
            article::list_articles,
            "Lists one page of the articles on sale that a search finds",
        ),
        post("/api/articles", article::add_article, "Adds an article and puts it on sale")
            .tagged()
            .answers(&[201])
            .refuses(&[Code::InvalidArticle]),
        get("/api/articles/{id}", article::get_article, "Returns an article that is on sale")
            .tagged()
            .refuses(&[Code::ArticleNotFound]),
        patch("/api/articles/{id}", article::change_article, "Changes an article")
            .tagged()
            .refuses(&[Code::ArticleNotFound, Code::InvalidArticle, Code::BelowReserved]),
        delete(
            "/api/articles/{id}",
            article::remove_article,
            "Removes an article from the catalogue",
        )
        .tagged()
        .refuses(&[Code::ArticleNotFound, Code::BelowReserved]),
        put(
            "/api/articles/{id}/picture",
            picture::set_picture,
            "Makes the body the picture of an article",
        )
        .tagged()
        .takes("image/*", LARGEST)
        .refuses(&[Code::ArticleNotFound, Code::InvalidPicture]),
        get(
            "/api/admin/articles",
            article::list_stock,
            "Lists one page of all articles that a search finds",
        ),
        get(
            "/api/admin/articles.csv",
            admin::csv::export_articles,
            "Returns all articles as a CSV file",
        )
        .gives("text/csv"),
        post(
            "/api/admin/articles.csv",
            admin::csv::import_articles,
            "Adds and changes the articles of a CSV file",
        )
        .takes("text/csv", LARGEST)
        .refuses(&[
            Code::InvalidCsv,
            Code::MissingField,
            Code::UnknownField,
            Code::OutOfRange,
        ]),
    ]
}
