//! What pages receive: the fragments that they consist of, rendered again.
//!
//! Every page has the badge of the cart. The rest depends on what the page shows: only a change of
//! that is rendered and sent. Fragments that are the same for every visitor are rendered once for
//! each language and shared by all pages that show them. The others depend on the visitor, such as
//! the cart after a price changed; each page renders its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web::Data;
use actors::live::push::{Encoding, PushedEvent};
use actors::store::EventId;
use bytestring::ByteString;
use domain::article::ArticleId;
use domain::cart::Owner;
use domain::event::{Entry, Event};
use domain::order::Order;
use domain::order::stage::StageCounts;
use domain::shown::Shown;
use domain::user::Role;
use jiff::Timestamp;
use maud::Markup;
use views::admin::order::arrival::arrival;
use views::layout::{partial, prepended};
use views::locale::Locale;

use crate::credentials::SignedIn;
use crate::error::Problem;
use crate::pages::admin::order::stages;
use crate::pages::article::is_listed;
use crate::state::AppState;
use crate::today::{SeenToday, seen_today};

mod render;

/// How many of the latest events are examined for orders that a page has not announced.
const ANNOUNCED: usize = 1_000;

/// An open page.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) state: Data<AppState>,
    pub(super) locale: Locale,
    /// The owner of the visitor's cart, if there is one.
    pub(super) owner: Option<Owner>,
    pub(super) signed_in: Option<SignedIn>,
    /// What the page shows.
    pub(super) shown: Shown,
    /// The last event that the page shows.
    pub(super) since: EventId,
    /// The articles on the page, once they are known.
    pub(super) articles: Option<Arc<BTreeSet<ArticleId>>>,
    /// Whether the order on the page waits for a payment or a refund, once it was read.
    pub(super) is_unsettled: Option<bool>,
    /// The number of calls to the bank that had ended when the socket rendered them last.
    pub(super) bank_calls: u64,
    /// When what the page shows of payments is over; `None` if that is not known.
    pub(super) over_at: Option<Timestamp>,
    /// The numbers of orders in the tabs, as the socket rendered them last.
    pub(super) stages: Option<StageCounts>,
    /// What the page shows of today, as the socket rendered it last.
    pub(super) today: Option<Box<SeenToday>>,
}

/// When a page is drawn again.
pub(super) enum Redraw {
    /// Not at all: the event brings its own fragments.
    Never,
    /// Soon: few pages show what changes, but it may change often.
    Soon,
    /// Within a few seconds: thousands of pages may show what changes.
    Spread,
}

impl Page {
    /// Returns everything that the page shows; nothing if it shows the event at `position`.
    pub(super) async fn catch_up(mut self, position: EventId) -> Result<(Self, String), Problem> {
        if position != self.since {
            let announced = self.announce_missed(position);
            let fragments = self.render_all(position).await? + &announced;
            return Ok((self, fragments));
        }
        self.note_shown(position).await?;
        Ok((self, String::new()))
    }

    /// Returns the announcement of a new order to an administrator; nothing for other events and
    /// visitors.
    pub(super) fn announce(&self, event: &Event) -> String {
        match (event, &self.signed_in) {
            (Event::OrderPlaced(order), Some(SignedIn { role: Role::Admin, .. })) => {
                prepended("arrivals", &arrival(self.locale, order)).into_string()
            }
            _ => String::new(),
        }
    }

    /// Announces the orders that are new since the page was rendered. A page that connects again
    /// ignores those that it has announced.
    fn announce_missed(&self, position: EventId) -> String {
        let latest = self.state.shop.replays.latest(ANNOUNCED);
        let is_missed = |entry: &&Arc<Entry>| (self.since + 1..=position).contains(&entry.id);
        let missed = latest.iter().rev().filter(is_missed);
        missed.map(|entry| self.announce(&entry.event)).collect()
    }

    /// Returns when an event requires the page to be drawn again.
    pub(super) fn redraw(&self, event: &Event) -> Redraw {
        match (self.shown, event) {
            // The badge of the visitor's own cart changes at once; the log follows within a second.
            (Shown::Events(_), Event::CartChanged { .. }) => Redraw::Never,
            (Shown::Events(_), _) => Redraw::Soon,
            (Shown::Order(_), Event::BreakerChanged(_)) if self.is_unsettled != Some(false) => {
                Redraw::Spread
            }
            (
                Shown::Payments,
                Event::BreakerChanged(_)
                | Event::BankChanged(_)
                | Event::OrderPlaced(_)
                | Event::OrderChanged(_),
            ) => Redraw::Soon,
            (Shown::DeskOrders(..), Event::OrderPlaced(_) | Event::OrderChanged(_)) => Redraw::Soon,
            (Shown::DeskOrder(id), Event::OrderChanged(order)) if order.id == id => Redraw::Soon,
            // A change of the visitor's own cart brings the badge.
            (Shown::Today, event) if !matches!(event, Event::CartChanged { .. }) => Redraw::Soon,
            (
                Shown::Users(..) | Shown::User(_),
                Event::UserAdded(_) | Event::UserChanged(_) | Event::UserDeleted(_),
            ) => Redraw::Soon,
            (Shown::Stock(..), event) if event.article().is_some() => Redraw::Soon,
            (Shown::Article(id), event) if event.article() == Some(id) => Redraw::Soon,
            _ => Redraw::Never,
        }
    }

    /// Returns whether the page shows what has changed without an event that it receives.
    ///
    /// Of payments: a call to the bank that changed no order has ended, or is due. Of all orders
    /// and of today: an event was counted after the hub had pushed it. Of today: a socket was
    /// opened, or a minute has passed. Of the log and of users: the log has
    /// grown.
    pub(super) fn is_past(&self) -> bool {
        let shop = &self.state.shop;
        match self.shown {
            // Most of it has no events; the page is drawn again each second while it is open.
            Shown::System => true,
            // Orders and sessions change the figures of users.
            Shown::Events(_) | Shown::Users(..) | Shown::User(_) => {
                *shop.position.borrow() != self.since
            }
            Shown::Payments => {
                self.bank_calls != shop.calls.count()
                    || self.over_at.is_some_and(|at| at <= shop.clock.now())
            }
            Shown::DeskOrders(..) => self.stages != Some(stages(&self.state)),
            Shown::Today => self.today.as_deref() != Some(&seen_today(&self.state)),
            _ => false,
        }
    }

    /// Returns what the page shows. An order is returned only if it shows whether payments are
    /// interrupted.
    pub(super) async fn render_again(mut self) -> Result<(Self, String), Problem> {
        let position = *self.state.shop.position.borrow();
        let id = match self.shown {
            Shown::Order(id) => id,
            Shown::Events(filter) => {
                let fragments = self.render_new_events(filter, position).await?;
                return Ok((self, fragments));
            }
            _ => {
                let fragments = self.render_shown(position).await?;
                return Ok((self, fragments));
            }
        };
        let order = self.order(id).await?.filter(Order::is_unsettled);
        let panel = order.map(|order| self.render_order(&order, position).into_string());
        Ok((self, panel.unwrap_or_default()))
    }

    /// Returns the fragments that the event changes in the same way on every page that shows them.
    pub(super) fn shared_fragments(&self, event: &PushedEvent) -> ByteString {
        let is_shown = match (&event.entry.event, self.shown) {
            (Event::ArticleChanged(article), Shown::Articles(after)) => {
                let on_sale = self.articles.as_deref();
                on_sale.is_none_or(|on_sale| is_listed(article.id, on_sale, after))
            }
            (Event::OrderChanged(order), Shown::Order(id)) => order.id == id,
            _ => false,
        };
        if !is_shown {
            return ByteString::new();
        }
        let encoding = match self.locale {
            Locale::Fr => Encoding::French,
            Locale::En => Encoding::English,
        };
        event.frame(encoding, || {
            self.render_event(&event.entry).map(Markup::into_string).unwrap_or_default()
        })
    }

    /// Returns the fragments that the event changes and that depend on the visitor.
    pub(super) async fn own_fragments(
        mut self,
        event: Arc<PushedEvent>,
    ) -> Result<(Self, String), Problem> {
        let Entry { id, event, .. } = &*event.entry;
        let fragments = match (event, self.shown) {
            (Event::CartChanged { cart, .. }, _) => self.render_cart(cart, *id)?,
            (
                Event::ArticleAdded(article) | Event::ArticleChanged(article),
                Shown::Articles(after),
            ) => self.render_articles_unless(article.id, article.active, after, *id),
            (Event::ArticleRemoved { id: article }, Shown::Articles(after)) => {
                self.render_articles_unless(*article, false, after, *id)
            }
            (event, Shown::Cart | Shown::Checkout(_)) => match event.article() {
                Some(article) if self.shows(article) != Some(false) => {
                    self.render_current_cart(*id).await?
                }
                _ => String::new(),
            },
            (Event::OrderChanged(order), Shown::Order(shown)) if order.id == shown => {
                self.is_unsettled = Some(order.is_unsettled());
                String::new()
            }
            (Event::OrderPlaced(order), Shown::Orders(_)) if self.is_mine(order) => {
                self.render_shown(*id).await?
            }
            (Event::OrderChanged(order), Shown::Orders(_)) if self.is_mine(order) => {
                // The list may show a later state of the order already.
                let current = self.order(order.id).await?;
                current.map(|order| self.render_row(&order, *id)).unwrap_or_default()
            }
            (Event::SessionOpened(_) | Event::SessionEnded { .. }, Shown::Account) => {
                self.render_shown(*id).await?
            }
            _ => String::new(),
        };
        Ok((self, fragments))
    }

    fn is_mine(&self, order: &Order) -> bool {
        self.signed_in.as_ref().is_some_and(|me| me.user == order.user)
    }

    /// Renders what an event itself contains, without asking any actor.
    fn render_event(&self, entry: &Entry) -> Option<Markup> {
        match &entry.event {
            Event::ArticleChanged(article) if article.active => {
                let card = views::article::card(self.locale, article);
                Some(partial(&format!("article-{}", article.id), Some(entry.id), &card))
            }
            Event::OrderChanged(order) => Some(self.render_order(order, entry.id)),
            _ => None,
        }
    }

    /// Renders a page of the articles, unless it counts an article exactly if that is on sale.
    fn render_articles_unless(
        &mut self,
        article: ArticleId,
        is_on_sale: bool,
        after: Option<ArticleId>,
        position: EventId,
    ) -> String {
        if self.shows(article) == Some(is_on_sale) {
            return String::new();
        }
        self.render_articles(after, position)
    }

    /// Returns whether an article is in the cart or on sale, whichever the page shows; `None` if
    /// that is not known.
    fn shows(&self, article: ArticleId) -> Option<bool> {
        self.articles.as_ref().map(|articles| articles.contains(&article))
    }
}
