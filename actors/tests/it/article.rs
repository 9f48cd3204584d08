//! The catalogue: its changes share commits.

use std::time::Duration;

use actors::article::{AddArticle, ChangeArticle, RemoveArticle};
use actors::failure::Failure;
use domain::article::{ArticleError, ArticleId, ArticlePatch};
use futures_util::future::join_all;

use crate::harness::{LAMP, TestShop, eventually};

fn stock(on_hand: u32) -> ChangeArticle {
    ChangeArticle {
        id: LAMP,
        patch: ArticlePatch { on_hand: Some(on_hand), ..ArticlePatch::default() },
        expected: None,
        by: None,
    }
}

#[actix::test]
async fn changes_that_wait_share_one_commit_and_are_decided_in_their_order() {
    let test = TestShop::open().await;
    let lamp = test.shop.snapshot.articles()[&LAMP].clone();
    let catalogue = &test.shop.catalogue;
    test.store.hold_next_commit();
    let before = test.store.commits();
    let first = catalogue.ask(stock(40));
    let others = async {
        eventually(async || test.store.holds_a_commit().then_some(())).await;
        let changes = join_all((0..20).map(|on_hand| catalogue.ask(stock(on_hand))));
        let add = |article| catalogue.ask(AddArticle { article, expected: None, by: None });
        let added = join_all([lamp.clone(), lamp].map(add));
        let end = async {
            let removed = catalogue.ask(RemoveArticle { id: LAMP, expected: None, by: None }).await;
            (removed, catalogue.ask(stock(1)).await)
        };
        let release = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            test.store.release_commit().await;
        };
        futures_util::join!(changes, added, end, release)
    };
    let (first, (changed, added, (removed, late), ())) = futures_util::join!(first, others);
    assert_eq!(first.unwrap().on_hand, 40);
    let changed: Vec<_> = changed.into_iter().map(|changed| changed.unwrap().on_hand).collect();
    assert_eq!(changed, (0..20).collect::<Vec<_>>());
    let [first, second] = [0, 1].map(|place: usize| added[place].as_ref().unwrap().id.0);
    assert_eq!(second, first + 1);
    assert_eq!(removed.unwrap().on_hand, 19);
    assert!(matches!(late, Err(Failure::Refused(ArticleError::Unknown))), "{late:?}");
    assert_eq!(test.store.commits() - before, 2);
    let articles = test.shop.snapshot.articles();
    assert!(!articles.contains_key(&LAMP) && articles.len() == 2);
}

#[actix::test]
async fn an_article_that_must_get_a_number_is_added_under_no_other() {
    let test = TestShop::open().await;
    let lamp = test.shop.snapshot.articles()[&LAMP].clone();
    let next = LAMP.0 + 1;
    let add = |number| {
        let expected = Some(ArticleId(number));
        test.shop.catalogue.ask(AddArticle { article: lamp.clone(), expected, by: None })
    };
    let added = join_all([next, next, next + 1].map(add)).await;
    let numbers: Vec<_> = added.iter().map(|added| added.as_ref().map(|own| own.id.0)).collect();
    let refused = Failure::Refused(ArticleError::OtherNumber);
    assert_eq!(numbers, [Ok(next), Err(&refused), Ok(next + 1)]);
}
