//! What pages are told: the fragments they were drawn with, drawn again.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web::Data;
use actors::cart::{GetCart, ToCart};
use actors::live::{Encoding, PushedEvent};
use actors::order::ListOrders;
use actors::session::ListSessions;
use actors::store::EventId;
use actors::user::ListUsers;
use bytestring::ByteString;
use domain::article::ArticleId;
use domain::cart::{Cart, Owner};
use domain::event::{Entry, Event, Topic};
use domain::order::Order;
use maud::Markup;
use views::layout::partial;
use views::locale::Locale;

use crate::credentials::SignedIn;
use crate::error::{Code, Problem};
use crate::pages;
use crate::state::AppState;

/// A page that is open somewhere.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) state: Data<AppState>,
    pub(super) locale: Locale,
    pub(super) owner: Owner,
    pub(super) signed_in: Option<SignedIn>,
    /// The last event that the page was drawn with.
    pub(super) since: EventId,
    /// What is in the cart, once that is known: the cart is drawn again when one of these changes.
    pub(super) in_cart: Option<BTreeSet<ArticleId>>,
}

impl Page {
    /// All that the page shows of its topics, unless it has just been drawn.
    pub(super) async fn beginning(
        mut self,
        topics: BTreeSet<Topic>,
        position: EventId,
    ) -> Result<(Self, String), Problem> {
        let mut drawn = String::new();
        if position != self.since {
            for topic in topics {
                drawn += &self.draw(topic).await?;
            }
        }
        Ok((self, drawn))
    }

    /// What an event alone tells how to draw: the same for every page in one language.
    pub(super) fn at_once(&self, change: &PushedEvent) -> ByteString {
        let encoding = match self.locale {
            Locale::Fr => Encoding::French,
            Locale::En => Encoding::English,
        };
        change.frame(encoding, || {
            self.of_event(&change.entry).map(Markup::into_string).unwrap_or_default()
        })
    }

    /// What else changes on the page, for which somebody must be asked.
    pub(super) async fn after(
        mut self,
        change: Arc<PushedEvent>,
    ) -> Result<(Self, String), Problem> {
        let drawn = match &change.entry.event {
            Event::CartChanged { cart, .. } => self.cart(cart)?,
            Event::ArticleChanged(article) if article.active => self.cart_with(article.id).await?,
            Event::ArticleAdded(article) | Event::ArticleChanged(article) => {
                self.draw(Topic::Catalogue).await? + &self.cart_with(article.id).await?
            }
            Event::ArticleRemoved { id } => {
                self.draw(Topic::Catalogue).await? + &self.cart_with(*id).await?
            }
            Event::OrderPlaced(_) | Event::OrderChanged(_) => {
                self.orders(&self.latest_orders().await?)
            }
            Event::UserAdded(_) | Event::UserChanged(_) | Event::UserDeleted(_) => {
                self.draw(Topic::Users).await?
            }
            Event::SessionOpened(_) | Event::SessionEnded { .. } => {
                self.draw(Topic::Session).await?
            }
            Event::BreakerChanged(_) => self.unpaid_orders().await?,
            Event::ShopOpened { .. } | Event::ShopClosing => String::new(),
        };
        Ok((self, drawn))
    }

    async fn draw(&mut self, topic: Topic) -> Result<String, Problem> {
        let shop = &self.state.shop;
        match topic {
            Topic::Cart => {
                self.cart(&self.state.shop.carts.ask(ToCart(self.owner.clone(), GetCart)).await?)
            }
            Topic::Catalogue => Ok(partial(
                "articles",
                views::article::list(self.locale, &shop.snapshot.articles()),
            )
            .into_string()),
            Topic::Orders => {
                let orders = self.latest_orders().await?;
                Ok(self.panels(&orders) + &self.orders(&orders))
            }
            Topic::Session => {
                let me = self.me()?;
                let sessions = shop.sessions.ask(ListSessions(me.user)).await?;
                Ok(partial("sessions", views::session::list(self.locale, &sessions, me.session))
                    .into_string())
            }
            Topic::Users => {
                let users =
                    shop.users.ask(ListUsers { after: None, limit: pages::user::LISTED }).await?;
                Ok(partial("users", views::user::table(self.locale, &users, self.me()?.user))
                    .into_string())
            }
            Topic::Stock | Topic::Payments | Topic::Breaker | Topic::System => Ok(String::new()),
        }
    }

    /// The cart and its badge.
    fn cart(&mut self, cart: &Cart) -> Result<String, Problem> {
        self.in_cart = Some(cart.items.iter().map(|item| item.article).collect());
        let priced = cart.priced(&self.state.shop.snapshot.articles())?;
        let badge = partial("cart-badge", views::cart::badge(self.locale, priced.item_count));
        Ok(badge.into_string()
            + &partial("cart", views::cart::panel(self.locale, &priced)).into_string())
    }

    /// The cart, if the article may be in it.
    async fn cart_with(&mut self, article: ArticleId) -> Result<String, Problem> {
        match &self.in_cart {
            Some(articles) if !articles.contains(&article) => Ok(String::new()),
            _ => self.draw(Topic::Cart).await,
        }
    }

    async fn latest_orders(&self) -> Result<Vec<Order>, Problem> {
        let list = ListOrders { user: self.me()?.user, after: None, limit: pages::order::LISTED };
        Ok(self.state.shop.orders.ask(list).await?)
    }

    /// The orders whose payments are interrupted or go on.
    async fn unpaid_orders(&self) -> Result<String, Problem> {
        let mut orders = self.latest_orders().await?;
        orders.retain(Order::awaits_money);
        Ok(self.panels(&orders))
    }

    fn panels(&self, orders: &[Order]) -> String {
        orders.iter().map(|order| self.panel(order).into_string()).collect()
    }

    fn panel(&self, order: &Order) -> Markup {
        let panel = views::order::panel(self.locale, order, self.state.shop.interruption());
        partial(&format!("order-{}", order.id), panel)
    }

    fn orders(&self, orders: &[Order]) -> String {
        partial("orders", views::order::list(self.locale, orders)).into_string()
    }

    fn me(&self) -> Result<&SignedIn, Problem> {
        self.signed_in.as_ref().ok_or_else(|| Problem::new(Code::Unauthorized))
    }

    fn of_event(&self, entry: &Entry) -> Option<Markup> {
        match &entry.event {
            Event::ArticleChanged(article) if article.active => {
                let card = views::article::card(self.locale, article);
                Some(partial(&format!("article-{}", article.id), card))
            }
            Event::OrderChanged(order) => Some(self.panel(order)),
            _ => None,
        }
    }
}
