//! All orders, as administrators see them: by stage, by a search, with their history and a note.

use actors::order::{
    CancelAnyOrder, DeliverOrder, GetAnyOrder, NoteOrder, PageAllOrders, PayAgain, RefundOrder,
    ShipOrder,
};
use actors::store::Store;
use actors::tables::codec::entry;
use actors::user::DeleteUser;
use domain::order::stage::Stage;
use domain::order::steps::What;
use domain::order::{Order, OrderError, OrderId, OrderStatus};
use domain::payment::PaymentStatus;
use futures_util::StreamExt;

use super::limits::buy;
use super::round::set_stock;
use crate::harness::bank::Reaction;
use crate::harness::order::idempotency_key;
use crate::harness::{TestShop, author, eventually};

/// Returns the orders in a stage, newest first, in pages of two.
async fn staged(test: &TestShop, stage: Option<Stage>) -> Vec<OrderId> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = PageAllOrders { stage, search: String::new(), after, limit: 2 };
        let page = test.shop.orders.ask(page).await.unwrap();
        assert_eq!(page.before, found.len() as u64);
        found.extend(page.entries.iter().map(|order| order.id));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, found.len() as u64);
            return found;
        }
    }
}

async fn find(test: &TestShop, stage: Option<Stage>, search: &str) -> Vec<OrderId> {
    let page = PageAllOrders { stage, search: search.into(), after: None, limit: 100 };
    let page = test.shop.orders.ask(page).await.unwrap();
    page.entries.iter().map(|order| order.id).collect()
}

async fn get(test: &TestShop, order: &Order) -> Order {
    test.shop.orders.ask(GetAnyOrder(order.id)).await.unwrap()
}

/// Asserts that an order is listed among all orders and in its stage, and nowhere else.
async fn assert_staged(test: &TestShop, order: &Order, stage: Stage) {
    assert_eq!(get(test, order).await.stage(), stage);
    let is_counted = async || {
        let counts = test.shop.counts.get().totals.standing.stages;
        (counts.of(None) == 1 && counts.of(Some(stage)) == 1).then_some(())
    };
    eventually(is_counted).await;
    for other in Stage::ALL {
        let expected = if other == stage { vec![order.id] } else { vec![] };
        assert_eq!(staged(test, Some(other)).await, expected, "{stage}, {other}");
    }
    assert_eq!(staged(test, None).await, [order.id]);
}

#[actix::test]
async fn an_order_is_listed_in_the_stage_that_it_is_in() {
    let test = TestShop::open().await;
    let orders = &test.shop.orders;
    let ana = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::HoldDecline]);
    let order = orders.ask(test.order(ana, "k", 1)).await.unwrap();
    assert_staged(&test, &order, Stage::Waiting).await;
    test.bank.release();
    test.await_payment(&order).await;
    assert_staged(&test, &order, Stage::Problem).await;
    let idempotency_key = idempotency_key("l", "");
    let pay = PayAgain { user: ana, order: order.id, idempotency_key, patience: None };
    orders.ask(pay).await.unwrap();
    test.await_payment(&order).await;
    assert_staged(&test, &order, Stage::ToShip).await;
    orders.ask(ShipOrder { order: order.id, by: author() }).await.unwrap();
    assert_staged(&test, &order, Stage::Shipped).await;
    orders.ask(DeliverOrder { order: order.id, by: author() }).await.unwrap();
    assert_staged(&test, &order, Stage::Delivered).await;
    let idempotency_key = crate::harness::order::idempotency_key("m", "");
    let by = author();
    orders.ask(RefundOrder { order: order.id, idempotency_key, patience: None, by }).await.unwrap();
    test.await_payment(&order).await;
    assert_staged(&test, &order, Stage::Refunded).await;

    let steps = get(&test, &order).await.steps;
    let whats: Vec<_> = steps.iter().map(|step| step.what).collect();
    let answered = |attempt, payment| What::Answered { attempt, payment };
    assert_eq!(
        whats,
        [
            What::Placed,
            What::Submitted { attempt: 1 },
            answered(1, PaymentStatus::Declined),
            What::Submitted { attempt: 2 },
            answered(2, PaymentStatus::Succeeded),
            What::Shipped,
            What::Delivered,
            What::RefundRequested,
            What::Refunded,
        ]
    );
    for step in steps {
        let is_by_admin =
            matches!(step.what, What::Shipped | What::Delivered | What::RefundRequested);
        assert_eq!(step.by, is_by_admin.then(author), "{:?}", step.what);
    }
}

#[actix::test]
async fn the_log_names_the_administrator_who_caused_an_event() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let order = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&order).await;
    let before = test.store.last_event().await.unwrap();
    test.shop.orders.ask(ShipOrder { order: order.id, by: author() }).await.unwrap();
    test.shop.users.ask(DeleteUser { user: ana, by: Some(author()) }).await.unwrap();
    let last = test.store.last_event().await.unwrap();
    let log: Vec<_> = test.store.tail(0).take(usize::try_from(last).unwrap()).collect().await;
    for logged in log {
        let entry = entry(&logged.unwrap()).unwrap();
        assert_eq!(entry.by, (entry.id > before).then(author), "{:?}", entry.event);
    }
    assert_eq!(last, before + 2);
}

#[actix::test]
async fn orders_of_two_nodes_are_listed_newest_first() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    set_stock(&test, 1_000).await;
    let ana = test.buyer("ana", 1).await;
    let mut placed = Vec::new();
    for number in 0..3 {
        for (name, node) in [("one", &test.shop), ("other", &second_node)] {
            let order = buy(&test, node, ana, &format!("{name}-{number}")).await.unwrap();
            test.await_status(&order, OrderStatus::Paid).await;
            placed.insert(0, order.id);
            test.advance_clock(std::time::Duration::from_millis(5));
        }
    }
    for stage in [None, Some(Stage::ToShip)] {
        let seen = eventually(async || Some(staged(&test, stage).await).filter(|s| s.len() == 6));
        assert_eq!(seen.await, placed);
    }
}

#[actix::test]
async fn an_order_is_found_until_it_is_anonymous() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let order = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&order).await;
    let number = order.id.number();
    for search in ["Ana", "ana@exam", &number, &format!(" #{number} an ")] {
        assert_eq!(find(&test, None, search).await, [order.id], "{search}");
        assert_eq!(find(&test, Some(Stage::ToShip), search).await, [order.id], "{search}");
        assert_eq!(find(&test, Some(Stage::Shipped), search).await, [], "{search}");
    }
    for search in ["", " ", "#"] {
        assert_eq!(find(&test, None, search).await, [order.id], "{search}");
    }
    for search in ["bob", "ana bob", "quay"] {
        assert_eq!(find(&test, None, search).await, [], "{search}");
    }
    let note = NoteOrder { order: order.id, text: "Ana called.".into(), by: author() };
    test.shop.orders.ask(note).await.unwrap();
    test.shop.users.ask(DeleteUser { user: ana, by: None }).await.unwrap();
    test.shop.orders.ask(ShipOrder { order: order.id, by: author() }).await.unwrap();
    test.shop.orders.ask(DeliverOrder { order: order.id, by: author() }).await.unwrap();
    let _second_node = test.second_node().await;
    let anonymous =
        eventually(async || Some(get(&test, &order).await).filter(|order| order.contact.is_none()));
    assert_eq!(anonymous.await.note, None);
    assert_eq!(find(&test, None, "ana").await, []);
    assert_eq!(find(&test, None, &number).await, [order.id]);
    let words = test.shop.tables.order_words.all().await.unwrap();
    assert_eq!(words.len(), 1, "{words:?}");
}

#[actix::test]
async fn a_note_is_kept_with_its_author_until_it_is_removed() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let order = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&order).await;
    let note = |text: &str| NoteOrder { order: order.id, text: text.into(), by: author() };
    let noted = test.shop.orders.ask(note(" Rings twice.\r\nNo dog. ")).await.unwrap();
    let kept = noted.note.clone().unwrap();
    assert_eq!((kept.text.as_str(), kept.by), ("Rings twice.\nNo dog.", author()));
    assert_eq!((noted.steps, noted.status), (get(&test, &order).await.steps, noted.status));
    let events = test.store.last_event().await.unwrap();
    test.shop.orders.ask(note("Rings twice.\nNo dog.")).await.unwrap();
    assert_eq!(test.store.last_event().await.unwrap(), events);
    for text in ["x".repeat(1_001), "a\u{202E}b".into()] {
        let refused = test.shop.orders.ask(note(&text)).await.unwrap_err();
        assert_eq!(refused, OrderError::InvalidNote { max: 1_000 }.into());
    }
    assert_eq!(test.shop.orders.ask(note(" ")).await.unwrap().note, None);
}

#[actix::test]
async fn an_administrator_cancels_an_unpaid_order_of_a_customer() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::Decline]);
    let order = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&order).await;
    let cancel = CancelAnyOrder { order: order.id, by: author() };
    let cancelled = test.shop.orders.ask(cancel).await.unwrap();
    assert_eq!(cancelled.stage(), Stage::Cancelled);
    let last = cancelled.steps.last().unwrap();
    assert_eq!((last.what, last.by.clone()), (What::Cancelled, Some(author())));
    assert_eq!(test.stock(), (10, 0));
}

#[actix::test]
async fn the_orders_of_an_earlier_version_are_listed_when_the_shop_is_opened() {
    let test = TestShop::open().await;
    let ana = test.buyer("ana", 1).await;
    let order = test.shop.orders.ask(test.order(ana, "k", 1)).await.unwrap();
    test.await_payment(&order).await;
    let tables = &test.shop.tables;
    let mut batch = tables.batch(test.shop.clock.now());
    for (key, row) in tables.staged_orders.all().await.unwrap() {
        batch.remove(&tables.staged_orders, key, row.version);
    }
    for (key, row) in tables.order_words.all().await.unwrap() {
        batch.remove(&tables.order_words, key, row.version);
    }
    for (key, row) in tables.order_index_version.all().await.unwrap() {
        batch.remove(&tables.order_index_version, key, row.version);
    }
    tables.commit(batch).await.unwrap();
    assert_eq!(staged(&test, None).await, []);
    let _second_node = test.second_node().await;
    assert_staged(&test, &order, Stage::ToShip).await;
    assert_eq!(find(&test, None, "ana").await, [order.id]);
    test.shop.orders.ask(ShipOrder { order: order.id, by: author() }).await.unwrap();
    assert_staged(&test, &order, Stage::Shipped).await;
}
