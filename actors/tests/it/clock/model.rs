//! Fourteen days with random steps of the calendar, against a model that has only the true time.

use std::collections::BTreeSet;
use std::time::Duration;

use actors::session::revocations::Revocations;
use actors::session::{SessionSelector, SweepSessions, VerifiedUser};
use domain::moment::{LEEWAY, Moment};
use domain::order::{Order, OrderStatus};
use domain::payment::Outcome;
use domain::session::{Session, SessionId};
use jiff::SignedDuration;

use super::random::Random;
use super::token::Token;
use super::{EXPIRY, admit, check_password, end, generation, rotate, sign_in};
use crate::harness::bank::Reaction;
use crate::harness::{PASSWORD, TestShop, eventually};
use crate::payment::{OPEN, await_breaker, charge, fail_three_times};

const DAYS: u64 = 14;
const DAY: u64 = 86_400;

/// How far the calendar may be from the true time, in seconds.
const FARTHEST: i64 = 3 * 86_400;

/// How long an API session lasts without a use, and how long a used refresh token gets the same
/// successor again.
const IDLE: Duration = Duration::from_secs(3_600);
const GRACE: Duration = Duration::from_secs(10);

/// The shop, and what must be true of it.
struct Model {
    test: TestShop,
    random: Random,
    /// How far the calendar is ahead of the true time, in seconds.
    offset: i64,
    users: Vec<VerifiedUser>,
    tokens: Vec<Token>,
    /// The latest state of each session, and when its token was last exchanged.
    sessions: Vec<(Session, Moment)>,
    revoked: BTreeSet<SessionId>,
}

impl Model {
    async fn new(seed: u64) -> Self {
        let test = TestShop::open().await;
        let mut users = Vec::new();
        for name in ["ana", "bob", "eve"] {
            users.push(test.user(name).await);
        }
        Self {
            test,
            random: Random::new(seed),
            offset: 0,
            users,
            tokens: Vec::new(),
            sessions: Vec::new(),
            revoked: BTreeSet::new(),
        }
    }

    fn now(&self) -> Moment {
        self.test.shop.clock.moment()
    }

    fn advances(&self, seconds: u64) {
        self.test.advance_clock(Duration::from_secs(seconds));
    }

    /// Steps the calendar by seconds, hours or days, forward or back.
    fn steps(&mut self) {
        let scale = [60, 3_600, 86_400][self.random.below(3) as usize];
        let step = self.random.below(6 * scale) as i64 - 3 * scale as i64;
        let offset = (self.offset + step).clamp(-FARTHEST, FARTHEST);
        self.test.clock.step(SignedDuration::from_secs(offset - self.offset));
        self.offset = offset;
    }

    async fn signs_in(&mut self) {
        let user = self.users[self.random.below(3) as usize].clone();
        let session = sign_in(&self.test.shop, &user).await;
        self.tokens.push(Token::issue(&session, self.test.shop.clock.now()));
        let rotated = rotate(&self.test.shop, &session, 1).await.unwrap();
        self.sessions.push((rotated, self.now()));
    }

    /// Exchanges the latest token of a session.
    async fn refreshes(&mut self) {
        let Some(index) = self.any_session() else { return };
        let (session, _) = &self.sessions[index];
        let rotated = rotate(&self.test.shop, session, generation(session)).await;
        assert!(rotated.is_err() || !self.revoked.contains(&session.id), "a session came back");
        if let Ok(rotated) = rotated {
            let now = self.test.shop.clock.now();
            assert!(session.expires_at <= now + IDLE + LEEWAY, "the session lasts too long");
            self.tokens.push(Token::issue(&rotated, now));
            self.sessions[index] = (rotated, self.now());
        }
    }

    /// Presents a used token of a session.
    async fn presents_a_used_token(&mut self) {
        let Some(index) = self.any_session() else { return };
        let (session, rotated_at) = &self.sessions[index];
        let successor = rotate(&self.test.shop, session, generation(session) - 1).await;
        let elapsed = self.now().since(*rotated_at);
        assert!(successor.is_err() || elapsed < GRACE, "a successor after {elapsed:?}");
        if self.test.shop.revocations.contains(session.id) {
            self.revoked.insert(session.id);
        }
    }

    /// Ends one session, or every session of its user.
    async fn ends_sessions(&mut self) {
        let Some(index) = self.any_session() else { return };
        let session = self.sessions[index].0.clone();
        let is_one = self.random.below(2) == 0;
        let selector = if is_one { SessionSelector::One(session.id) } else { SessionSelector::All };
        if end(&self.test.shop, &session, selector).await.is_ok() {
            let of_user = self.sessions.iter().filter(|(other, _)| other.user == session.user);
            let ended = of_user.filter(|(other, _)| !is_one || other.id == session.id);
            self.revoked.extend(ended.map(|(session, _)| session.id));
        }
    }

    /// Checks that no token of a revoked session is accepted, here or by a node that starts now.
    async fn checks_tokens(&self) {
        self.test.shop.sessions.addr().send(SweepSessions).await.unwrap();
        let new_node = Revocations::new(None);
        new_node.load(&self.test.shop.tables).await.unwrap();
        let now = self.test.shop.clock.now();
        for token in &self.tokens {
            if self.revoked.contains(&token.session.id) {
                assert!(!token.is_accepted(&self.test.shop.revocations, now));
                assert!(!token.is_accepted(&new_node, now));
            }
        }
    }

    /// Opens the breaker. It admits a call after its setting, whatever the calendar does.
    async fn breaker_opens(&mut self) {
        fail_three_times(&self.test).await;
        for second in 0..OPEN.as_secs() {
            let left = OPEN - Duration::from_secs(second);
            assert_eq!(admit(&self.test.shop).await.unwrap_err(), left);
            self.steps();
            self.advances(1);
        }
        assert_eq!(charge(&self.test.shop, "d").await, Ok(Outcome::Approved));
        await_breaker(&self.test.shop, "closed").await;
    }

    /// Enters wrong passwords. The next try is possible after the wait that was named.
    async fn mistypes(&mut self, day: u64) {
        let name = format!("typist {day}");
        for _ in 0..8 {
            if let Some(wait) = check_password(&self.test.shop, &name, PASSWORD).await {
                self.steps();
                let again = check_password(&self.test.shop, &name, PASSWORD).await;
                assert_eq!(again, Some(wait));
                self.test.advance_clock(wait);
                assert_eq!(check_password(&self.test.shop, &name, PASSWORD).await, None);
            }
        }
    }

    /// Places an order that the bank declines.
    async fn orders(&self, name: &str) -> Order {
        self.test.bank.script(&[Reaction::Decline]);
        let buyer = self.test.buyer(name, 1).await;
        let placed = self.test.shop.orders.ask(self.test.order(buyer, "k", 1)).await.unwrap();
        self.test.await_payment(&placed).await
    }

    /// Leaves an order unpaid. Its units are reserved for its setting, whatever the calendar does.
    async fn leaves_an_order_unpaid(&mut self, day: u64) {
        let order = self.orders(&format!("buyer {day}")).await;
        for _ in 0..EXPIRY.as_secs() / 60 {
            self.test.await_status(&order, OrderStatus::PendingPayment).await;
            self.steps();
            self.advances(60);
        }
        self.test.await_status(&order, OrderStatus::Expired).await;
        eventually(async || (self.test.stock().1 == 0).then_some(())).await;
    }

    fn any_session(&mut self) -> Option<usize> {
        // Mostly a recent one: the others have expired.
        let recent = self.sessions.len().min(8) as u64;
        (recent > 0).then(|| self.sessions.len() - 1 - self.random.below(recent) as usize)
    }

    /// Lets a random time pass in which something happens.
    async fn continues(&mut self) {
        let seconds = self.random.below(1_200);
        self.advances(seconds);
        if self.random.below(3) == 0 {
            self.steps();
        }
        match self.random.below(8) {
            0 | 1 => self.signs_in().await,
            2..=4 => self.refreshes().await,
            5 => self.presents_a_used_token().await,
            6 => self.ends_sessions().await,
            _ => {}
        }
        self.checks_tokens().await;
    }
}

#[actix::test]
async fn in_fourteen_days_of_steps_nothing_revoked_comes_back_and_nothing_waits_too_long() {
    for seed in [1, 2] {
        eprintln!("seed {seed}");
        let mut model = Model::new(seed).await;
        for day in 1..=DAYS {
            while model.now() < Moment::START + Duration::from_secs(day * DAY) {
                model.continues().await;
            }
            model.breaker_opens().await;
            model.mistypes(day).await;
            if day % 5 == 0 {
                model.leaves_an_order_unpaid(day).await;
            }
        }
        assert!(model.revoked.len() > 50, "only {} sessions ended", model.revoked.len());
    }
}
