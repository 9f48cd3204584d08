//! What pages receive: the fragments that they consist of, rendered again.
//!
//! After an event, a page receives first the fragments that are the same for every visitor: they
//! are rendered once for each language and shared by all pages. The other fragments depend on the
//! visitor, such as the cart after a price changed; each page renders its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web::Data;
use actors::live::push::{Encoding, PushedEvent};
use actors::order::ListOrders;
use actors::session::ListSessions;
use actors::store::EventId;
use actors::user::ListUsers;
use bytestring::ByteString;
use domain::article::ArticleId;
use domain::cart::{Cart, Owner};
use domain::event::{Entry, Event};
use domain::order::Order;
use domain::topic::Topic;
use maud::Markup;
use views::layout::partial;
use views::locale::Locale;

use crate::auth::MyCart;
use crate::credentials::SignedIn;
use crate::error::Problem;
use crate::error::code::Code;
use crate::pages;
use crate::state::AppState;

/// An open page.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) state: Data<AppState>,
    pub(super) locale: Locale,
    /// The owner of the visitor's cart, if there is one.
    pub(super) owner: Option<Owner>,
    pub(super) signed_in: Option<SignedIn>,
    /// The last event that the page shows.
    pub(super) since: EventId,
    /// The articles in the cart, once the cart was read: a change of one of them changes the cart.
    pub(super) in_cart: Option<BTreeSet<ArticleId>>,
    /// Whether an order waits for a payment or a refund, once the orders were read.
    pub(super) has_unsettled_orders: Option<bool>,
}

impl Page {
    /// Returns the fragments of all these topics; none if the page shows the event at `position`.
    pub(super) async fn render_topics(
        mut self,
        topics: BTreeSet<Topic>,
        position: EventId,
    ) -> Result<(Self, String), Problem> {
        let mut fragments = String::new();
        if position != self.since {
            for topic in topics {
                fragments += &self.render(topic, position).await?;
            }
        } else if topics.contains(&Topic::Orders) {
            // Without the orders, every change of the breaker would redraw the page.
            self.latest_orders().await?;
        }
        Ok((self, fragments))
    }

    /// Returns whether the page may show an order that waits for a payment or a refund.
    pub(super) fn may_have_unsettled_orders(&self) -> bool {
        self.has_unsettled_orders != Some(false)
    }

    /// Returns the orders whose panels show whether payments are interrupted.
    pub(super) async fn render_unsettled_orders(mut self) -> Result<(Self, String), Problem> {
        let position = *self.state.shop.position.borrow();
        let mut orders = self.latest_orders().await?;
        orders.retain(Order::is_unsettled);
        let panels = self.render_panels(&orders, position);
        Ok((self, panels))
    }

    /// Returns the fragments that the event changes in the same way for every visitor.
    pub(super) fn shared_fragments(&self, event: &PushedEvent) -> ByteString {
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
        let id = event.entry.id;
        let fragments = match &event.entry.event {
            Event::CartChanged { cart, .. } => self.render_cart(cart, id)?,
            Event::ArticleChanged(article) if article.active => {
                self.render_cart_with(article.id, id).await?
            }
            Event::ArticleAdded(article) | Event::ArticleChanged(article) => {
                let list = self.render(Topic::Catalogue, id).await?;
                list + &self.render_cart_with(article.id, id).await?
            }
            Event::ArticleRemoved { id: article } => {
                let list = self.render(Topic::Catalogue, id).await?;
                list + &self.render_cart_with(*article, id).await?
            }
            Event::OrderPlaced(_) | Event::OrderChanged(_) => {
                let orders = self.latest_orders().await?;
                self.render_order_list(&orders, id)
            }
            Event::UserAdded(_) | Event::UserChanged(_) | Event::UserDeleted(_) => {
                self.render(Topic::Users, id).await?
            }
            Event::SessionOpened(_) | Event::SessionEnded { .. } => {
                self.render(Topic::Session, id).await?
            }
            // The socket redraws the page later.
            Event::BreakerChanged(_) | Event::ShopOpened { .. } | Event::ShopClosing => {
                String::new()
            }
        };
        Ok((self, fragments))
    }

    /// Renders every fragment of a topic, which reflects the events up to `position`; nothing if
    /// no page shows the topic.
    async fn render(&mut self, topic: Topic, position: EventId) -> Result<String, Problem> {
        match topic {
            Topic::Cart => {
                let cart = MyCart::new(&self.state, self.owner.as_ref()).current().await?;
                self.render_cart(&cart, position)
            }
            Topic::Catalogue => {
                let articles = self.state.shop.snapshot.articles();
                let list = views::article::list(self.locale, &articles);
                Ok(fragment("articles", position, &list))
            }
            Topic::Orders => {
                let orders = self.latest_orders().await?;
                Ok(self.render_panels(&orders, position)
                    + &self.render_order_list(&orders, position))
            }
            Topic::Session => self.render_sessions(position).await,
            Topic::Users => self.render_users(position).await,
            Topic::Stock | Topic::Payments | Topic::Breaker | Topic::System => Ok(String::new()),
        }
    }

    /// Renders the cart and its badge.
    fn render_cart(&mut self, cart: &Cart, position: EventId) -> Result<String, Problem> {
        self.in_cart = Some(cart.items.iter().map(|item| item.article).collect());
        let priced = cart.priced(&self.state.shop.snapshot.articles())?;
        let badge = views::cart::badge(self.locale, priced.item_count);
        let panel = views::cart::panel(self.locale, &priced);
        Ok(fragment("cart-badge", position, &badge) + &fragment("cart", position, &panel))
    }

    /// Renders the cart if the article may be in it.
    async fn render_cart_with(
        &mut self,
        article: ArticleId,
        position: EventId,
    ) -> Result<String, Problem> {
        match &self.in_cart {
            Some(articles) if !articles.contains(&article) => Ok(String::new()),
            _ => self.render(Topic::Cart, position).await,
        }
    }

    /// Renders the sessions of the visitor, with the current one marked.
    async fn render_sessions(&self, position: EventId) -> Result<String, Problem> {
        let me = self.me()?;
        let sessions = self.state.shop.sessions.ask(ListSessions(me.user)).await?;
        let list = views::session::list(self.locale, &sessions, me.session);
        Ok(fragment("sessions", position, &list))
    }

    async fn render_users(&self, position: EventId) -> Result<String, Problem> {
        let list = ListUsers { after: None, limit: pages::user::LISTED };
        let users = self.state.shop.users.ask(list).await?;
        let table = views::user::table(self.locale, &users, self.me()?.user);
        Ok(fragment("users", position, &table))
    }

    fn render_order_list(&self, orders: &[Order], position: EventId) -> String {
        fragment("orders", position, &views::order::list(self.locale, orders))
    }

    fn render_panels(&self, orders: &[Order], position: EventId) -> String {
        orders.iter().map(|order| self.render_panel(order, position).into_string()).collect()
    }

    fn render_panel(&self, order: &Order, position: EventId) -> Markup {
        let panel = views::order::panel(self.locale, order, self.state.shop.interruption());
        partial(&format!("order-{}", order.id), Some(position), &panel)
    }

    /// Renders what an event itself contains, without asking any actor.
    fn render_event(&self, entry: &Entry) -> Option<Markup> {
        match &entry.event {
            Event::ArticleChanged(article) if article.active => {
                let card = views::article::card(self.locale, article);
                Some(partial(&format!("article-{}", article.id), Some(entry.id), &card))
            }
            Event::OrderChanged(order) => Some(self.render_panel(order, entry.id)),
            _ => None,
        }
    }

    /// Returns as many orders as the page of orders lists.
    async fn latest_orders(&mut self) -> Result<Vec<Order>, Problem> {
        let list = ListOrders { user: self.me()?.user, after: None, limit: pages::order::LISTED };
        let orders = self.state.shop.orders.ask(list).await?;
        self.has_unsettled_orders = Some(orders.iter().any(Order::is_unsettled));
        Ok(orders)
    }

    /// Returns the sign-in; an error if a guest's page shows a topic of users.
    fn me(&self) -> Result<&SignedIn, Problem> {
        self.signed_in.as_ref().ok_or_else(|| Problem::new(Code::Unauthorized))
    }
}

/// Returns a view as the content of the element with an id.
fn fragment(id: &str, position: EventId, view: &Markup) -> String {
    partial(id, Some(position), view).into_string()
}
