//! The observable state of every long-lived actor.

use std::collections::BTreeMap;

use actix::dev::ToEnvelope;
use actix::{Actor, Context, Handler};
use actors::article::CatalogueState;
use actors::ask::Child;
use actors::cart::registry::CartsState;
use actors::live::HubState;
use actors::observe::Observe;
use actors::order::OrdersState;
use actors::payment::PaymentsState;
use actors::session::{
    EndSessions, FindByCookie, OpenSession, SessionSelector, SessionsState, VerifiedUser,
};
use actors::statistics::StatisticsState;
use actors::user::{CheckPassword, UsersState};
use domain::breaker::Breaker;
use domain::cart::Owner;
use domain::network::Network;
use domain::order::OrderStatus;
use domain::session::EndReason;
use domain::topic::{Channel, Topic};

use crate::harness::bank::Reaction;
use crate::harness::subscriber::TestSubscriber;
use crate::harness::{PASSWORD, TestShop, client, eventually};

/// How many calls to the bank may run at once.
const BANK_CALLS: usize = 16;

/// Waits until an actor reports a state: counters may change shortly after the reply to a command.
async fn await_state<A, S>(actor: &Child<A>, state: S)
where
    A: Actor<Context = Context<A>> + Handler<Observe<S>>,
    A::Context: ToEnvelope<A, Observe<S>>,
    S: PartialEq + Send + 'static,
{
    eventually(async || (actor.observe().await? == state).then_some(())).await;
}

/// Signs a user in with a browser that loads one page.
async fn sign_in(test: &TestShop, name: &str) -> VerifiedUser {
    let check = check_password(name, PASSWORD);
    let verified = test.shop.users.ask(check).await.unwrap();
    let open = OpenSession { verified: verified.clone(), client: client(Some("hash")) };
    test.shop.sessions.ask(open).await.unwrap();
    test.shop.sessions.ask(FindByCookie("hash".into())).await.unwrap();
    verified
}

fn check_password(username: &str, password: &str) -> CheckPassword {
    CheckPassword {
        username: username.into(),
        password: password.into(),
        client: Network::parse("192.0.2.1"),
    }
}

#[actix::test]
async fn every_actor_reports_its_state_after_one_sign_in_one_cart_and_one_order() {
    let test = TestShop::open().await;
    let shop = &test.shop;
    test.user("ana").await;
    let ana = sign_in(&test, "ana").await.user.id;
    let owner = Owner::User(ana);
    let topics = [Topic::Cart, Topic::Orders];
    let channels = topics.map(|topic| Channel { topic, owner: Some(owner.clone()) });
    let subscriber = TestSubscriber::start(1);
    subscriber.subscribe(&test, &channels).await;
    test.add_lamps(&owner, 2).await.unwrap();
    test.bank.script(&[Reaction::Hold]);
    let placed = shop.orders.ask(test.order(ana, "k", 2)).await.unwrap();

    let breaker = Breaker::default();
    await_state(&shop.sessions, SessionsState { cached: 1, revoked: 0 }).await;
    await_state(&shop.users, UsersState { hashing: 0, throttled: 0 }).await;
    await_state(&shop.catalogue, CatalogueState { articles: 1 }).await;
    await_state(&shop.carts, CartsState { active: 1 }).await;
    await_state(
        &shop.payments,
        PaymentsState { breaker, free_calls: BANK_CALLS - 1, waiting_calls: 0 },
    )
    .await;
    await_state(&shop.orders, OrdersState { pending: 1, calling: 1, queued: 0 }).await;

    test.bank.release();
    test.await_status(&placed, OrderStatus::Paid).await;
    await_state(
        &shop.payments,
        PaymentsState { breaker, free_calls: BANK_CALLS, waiting_calls: 0 },
    )
    .await;
    await_state(&shop.orders, OrdersState { pending: 0, calling: 0, queued: 0 }).await;
    let position = shop.tables.store.last_event().await.unwrap();
    let counted = StatisticsState { position, is_recounting: false };
    await_state(&shop.statistics, counted).await;
    let hub: HubState = shop.hub.observe().await.unwrap();
    let topics = BTreeMap::from([(Topic::Cart, 1), (Topic::Orders, 1)]);
    assert_eq!((hub.subscribers, hub.channels, hub.topics, hub.lagging), (1, 2, topics, 0));
    eventually(async || {
        let hub: HubState = shop.hub.observe().await?;
        (hub.position == position).then_some(())
    })
    .await;
}

#[actix::test]
async fn revoked_sessions_and_throttled_sources_are_counted() {
    let test = TestShop::open().await;
    test.user("ana").await;
    let user = sign_in(&test, "ana").await.user.id;
    test.shop.users.ask(check_password("ana", "wrong horse")).await.unwrap_err();
    await_state(&test.shop.users, UsersState { hashing: 0, throttled: 1 }).await;

    let sessions = SessionSelector::All;
    let end = EndSessions { user, sessions, reason: EndReason::SignedOut, with: None };
    test.shop.sessions.ask(end).await.unwrap();
    await_state(&test.shop.sessions, SessionsState { cached: 1, revoked: 1 }).await;
}
