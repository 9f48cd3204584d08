//! How a page renders what it shows, as of a position in the log.

use std::sync::Arc;

use actix_web::rt;
use actors::order::{GetAnyOrder, GetOrder};
use actors::session::ListSessions;
use actors::snapshot::Listing;
use actors::store::EventId;
use domain::article::ArticleId;
use domain::cart::Cart;
use domain::event::filter::Filter;
use domain::order::{Order, OrderId};
use domain::shown::Shown;
use maud::Markup;
use views::admin::order::Choice;
use views::draft::Draft;
use views::layout::{partial, prepended};
use views::order::{checkout, row, row_id};

use super::Page;
use crate::auth::MyCart;
use crate::credentials::SignedIn;
use crate::error::Problem;
use crate::error::code::Code;
use crate::pages;
use crate::pages::admin::article::{render_article, render_stock};
use crate::pages::admin::order::{render_order, render_orders, stages};
use crate::pages::admin::user::{render_user, render_users};
use crate::today::seen_today;

impl Page {
    /// Renders the badge of the cart and what the page shows.
    pub(super) async fn render_all(&mut self, position: EventId) -> Result<String, Problem> {
        Ok(self.render_current_cart(position).await? + &self.render_shown(position).await?)
    }

    /// Renders what the page shows, except what a change of the cart renders.
    pub(super) async fn render_shown(&mut self, position: EventId) -> Result<String, Problem> {
        match self.shown {
            Shown::Nothing | Shown::Cart | Shown::Checkout(_) => Ok(String::new()),
            Shown::Articles(after) => Ok(self.render_articles(after, position)),
            Shown::Orders(after) => self.render_orders(after, position).await,
            Shown::Order(id) => {
                let order = self.order(id).await?;
                let panel = order.map(|order| self.render_order(&order, position).into_string());
                Ok(panel.unwrap_or_default())
            }
            Shown::Account => self.render_sessions(position).await,
            Shown::Users(after, search) => {
                self.since = position;
                let me = self.me()?.user;
                let users = render_users(&self.state, self.locale, &search, after, me).await?;
                Ok(fragment("users", position, &users))
            }
            Shown::User(id) => {
                self.since = position;
                let user = render_user(&self.state, self.locale, id, self.me()?.user).await?;
                Ok(fragment("user-desk", position, &user))
            }
            Shown::Payments => self.render_payments(position).await,
            Shown::DeskOrders(stage, after, search) => {
                let choice = Choice { stage, search };
                self.stages = Some(stages(&self.state));
                let orders = render_orders(&self.state, self.locale, &choice, after).await?;
                Ok(fragment("desk-orders", position, &orders))
            }
            Shown::DeskOrder(id) => {
                let order = self.state.shop.orders.ask(GetAnyOrder(id)).await?;
                let panel = render_order(&self.state, self.locale, &order).await?;
                Ok(fragment(&format!("desk-order-{id}"), position, &panel))
            }
            Shown::Today => Ok(self.render_today(position)),
            Shown::System => {
                let system = pages::admin::system::render_system(&self.state, self.locale).await;
                Ok(fragment("system", position, &system))
            }
            Shown::Events(filter) => self.render_newest_events(filter, position).await,
            Shown::Stock(after, search) => {
                let stock = render_stock(&self.state, self.locale, &search, after);
                Ok(fragment("stock", position, &stock))
            }
            Shown::Article(id) => {
                let draft = Draft::default();
                let article = render_article(&self.state, self.locale, id, &draft).await?;
                Ok(fragment("article-desk", position, &article))
            }
        }
    }

    /// Reads the cart and renders what depends on it.
    pub(super) async fn render_current_cart(
        &mut self,
        position: EventId,
    ) -> Result<String, Problem> {
        let cart = MyCart::new(&self.state, self.owner.as_ref()).current().await?;
        self.render_cart(&cart, position)
    }

    /// Renders the badge of the cart, and the cart if the page shows it.
    pub(super) fn render_cart(
        &mut self,
        cart: &Cart,
        position: EventId,
    ) -> Result<String, Problem> {
        let priced = cart.priced(&self.state.shop.snapshot.articles())?;
        let badge = views::cart::badge(self.locale, priced.item_count);
        let badge = fragment("cart-badge", position, &badge);
        let (id, panel) = match self.shown {
            Shown::Cart => ("cart", views::cart::panel(self.locale, &priced)),
            Shown::Checkout(seen) => {
                (checkout::SUMMARY, checkout::summary(self.locale, &priced, seen))
            }
            _ => return Ok(badge),
        };
        self.articles = Some(Arc::new(cart.items.iter().map(|item| item.article).collect()));
        Ok(badge + &fragment(id, position, &panel))
    }

    /// Renders a page of the articles on sale.
    pub(super) fn render_articles(
        &mut self,
        after: Option<ArticleId>,
        position: EventId,
    ) -> String {
        let Listing { articles, on_sale, .. } = self.state.shop.snapshot.listing();
        self.articles = Some(on_sale);
        let page = pages::article::page_of(&articles, after);
        fragment("articles", position, &views::article::list(self.locale, &page))
    }

    /// Notes what a page shows that was rendered at `position`, as far as that decides about later
    /// changes.
    pub(super) async fn note_shown(&mut self, position: EventId) -> Result<(), Problem> {
        match self.shown {
            // Without the order, every change of the breaker would redraw the page.
            Shown::Order(id) => drop(self.order(id).await?),
            Shown::Articles(_) => {
                let listing = self.state.shop.snapshot.listing_at(position);
                self.articles = listing.map(|listing| listing.on_sale);
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns an order of the visitor; `None` if there is no such order.
    pub(super) async fn order(&mut self, id: OrderId) -> Result<Option<Order>, Problem> {
        let get = GetOrder { user: self.me()?.user, order: id };
        let order = match self.state.shop.orders.ask(get).await.map_err(Problem::from) {
            Ok(order) => Some(order),
            Err(problem) if problem.code == Code::OrderNotFound => None,
            Err(problem) => return Err(problem),
        };
        self.is_unsettled = Some(order.as_ref().is_some_and(Order::is_unsettled));
        Ok(order)
    }

    /// Renders the panel of an order.
    pub(super) fn render_order(&self, order: &Order, position: EventId) -> Markup {
        let shop = &self.state.shop;
        let order = order.clone().without_past_wait(shop.clock.now());
        let panel = views::order::panel(self.locale, &order, shop.interruption());
        partial(&format!("order-{}", order.id), Some(position), &panel)
    }

    /// Renders an order in the list of the visitor's orders.
    pub(super) fn render_row(&self, order: &Order, position: EventId) -> String {
        fragment(&row_id(order.id), position, &row(self.locale, order))
    }

    async fn render_orders(
        &self,
        after: Option<OrderId>,
        position: EventId,
    ) -> Result<String, Problem> {
        let page = pages::order::page_of_orders(&self.state, self.me()?.user, after).await?;
        Ok(fragment("orders", position, &views::order::list(self.locale, &page)))
    }

    /// Renders the sessions of the visitor, with the current one marked.
    async fn render_sessions(&self, position: EventId) -> Result<String, Problem> {
        let me = self.me()?;
        let sessions = self.state.shop.sessions.ask(ListSessions(me.user)).await?;
        let list = views::session::list(self.locale, &sessions, me.session);
        Ok(fragment("sessions", position, &list))
    }

    async fn render_payments(&mut self, position: EventId) -> Result<String, Problem> {
        let payments = pages::admin::payment::render_payments(&self.state, self.locale).await?;
        self.bank_calls = payments.calls;
        self.over_at = payments.over_at;
        Ok(fragment("payments", position, &payments.markup))
    }

    fn render_today(&mut self, position: EventId) -> String {
        // Before anything is read: what changes from then on is drawn later.
        self.today = Some(Box::new(seen_today(&self.state)));
        let today = pages::admin::today::render_today(&self.state, self.locale);
        fragment("today", position, &today)
    }

    /// Renders the newest events of the log.
    async fn render_newest_events(
        &mut self,
        filter: Filter,
        position: EventId,
    ) -> Result<String, Problem> {
        let Self { state, locale, .. } = self.clone();
        let newest = rt::spawn(async move {
            pages::admin::event::render_newest(&state, locale, filter, position).await
        });
        let list = newest.await.unwrap_or_else(interrupted)?;
        self.since = position;
        Ok(fragment("event-list", position, &list))
    }

    /// Renders the events that the page does not show yet.
    pub(super) async fn render_new_events(
        &mut self,
        filter: Filter,
        position: EventId,
    ) -> Result<String, Problem> {
        let Self { state, locale, since, .. } = self.clone();
        let new = rt::spawn(async move {
            pages::admin::event::render_new(&state, locale, filter, since, position).await
        });
        let Some(rows) = new.await.unwrap_or_else(interrupted)? else {
            return self.render_newest_events(filter, position).await;
        };
        self.since = position;
        if rows.0.is_empty() {
            return Ok(String::new());
        }
        Ok(prepended("event-rows", &rows).into_string())
    }

    /// Returns the sign-in; an error if a guest's page shows what belongs to a user.
    fn me(&self) -> Result<&SignedIn, Problem> {
        self.signed_in.as_ref().ok_or_else(|| Problem::new(Code::Unauthorized))
    }
}

/// Returns the problem of a task that has panicked. What reads the log is a task of its own: the
/// actor of a socket does not run while its output is blocked, and would hold a permit of the log.
fn interrupted<T>(error: rt::task::JoinError) -> Result<T, Problem> {
    Err(Problem::because(Code::Unavailable, error))
}

/// Returns a view as the content of the element with an id.
fn fragment(id: &str, position: EventId, view: &Markup) -> String {
    partial(id, Some(position), view).into_string()
}
