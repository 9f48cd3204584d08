//! The orders of the week: placed, paid, paid again, cancelled and refunded.

use std::time::Duration;

use actors::cart::registry::ToCart;
use actors::cart::{AddItem, GetCart};
use actors::failure::Failure;
use actors::order::{CancelOrder, IdempotencyKey, NoteOrder, PayAgain, PlaceOrder, RefundOrder};
use domain::cart::Owner;
use domain::order::checkout::Checkout;
use domain::order::{Order, OrderError, OrderId};
use domain::payment::PaymentStatus;
use domain::quantity::Quantity;

use super::{Result, Step, Week};

/// How long a payment may take, far longer than it does.
const PATIENCE: Duration = Duration::from_secs(30);

/// An order after a payment, or why there was none.
type Paid = std::result::Result<Order, Failure<OrderError>>;

impl Week {
    /// A buyer fills a cart and orders its content.
    pub(super) async fn buy(&mut self) -> Result<()> {
        let Some(buyer) = self.dice.one_of(&self.buyers).cloned() else { return Ok(()) };
        let owner = Owner::User(buyer.id);
        for _ in 0..=self.dice.below(3) {
            let articles = self.shop.snapshot.articles();
            let on_sale: Vec<_> =
                articles.values().filter(|article| article.available() > 2).collect();
            let Some(article) = self.dice.one_of(&on_sale) else { return Ok(()) };
            let add =
                AddItem { article: article.id, quantity: Quantity::ONE, expected: None, key: None };
            self.shop.carts.ask(ToCart(owner.clone(), add)).await?;
        }
        let cart = self.shop.carts.ask(ToCart(owner, GetCart)).await?;
        let priced = cart.priced(&self.shop.snapshot.articles())?;
        let checkout = Checkout {
            cart_version: priced.version,
            expected_total: priced.total,
            contact: buyer.contact,
        };
        let idempotency_key = self.key();
        let patience = Some(PATIENCE);
        let place = PlaceOrder { user: buyer.id, checkout, idempotency_key, patience };
        let placed = self.shop.orders.ask_patiently(place, PATIENCE).await;
        self.go_on(placed).await
    }

    /// Plans what becomes of an order after a payment. A declined one is paid again or cancelled,
    /// or it expires. Every week has all of these, so counts decide, not chance.
    async fn go_on(&mut self, paid: Paid) -> Result<()> {
        let order = match paid {
            // A rule of the shop: too many unpaid orders, or not enough in stock.
            Err(Failure::Refused(_)) => return Ok(()),
            paid => paid?,
        };
        if order.payment.status == PaymentStatus::Succeeded {
            self.paid += 1;
            if self.paid % 20 == 3 {
                self.plan_in(8, Step::Refund(order.id));
            } else {
                self.plan_in(16, Step::Ship(order.id));
            }
            return Ok(());
        }
        self.clock.advance(Duration::from_secs(40));
        let user = order.user;
        self.declined += 1;
        match self.declined % 10 {
            3 | 6 => match self.shop.orders.ask(CancelOrder { user, order: order.id }).await {
                Ok(_) | Err(Failure::Refused(_)) => Ok(()),
                Err(failure) => Err(failure.into()),
            },
            0 | 9 => Ok(()),
            _ => {
                let idempotency_key = self.key();
                let patience = Some(PATIENCE);
                let pay = PayAgain { user, order: order.id, idempotency_key, patience };
                let paid = self.shop.orders.ask_patiently(pay, PATIENCE).await;
                Box::pin(self.go_on(paid)).await
            }
        }
    }

    pub(super) async fn refund(&mut self, order: OrderId) -> Result<()> {
        let by = self.clerk.clone();
        let text = "Changed their mind before we shipped.".to_owned();
        self.shop.orders.ask(NoteOrder { order, text, by: by.clone() }).await?;
        let idempotency_key = self.key();
        let refund = RefundOrder { order, idempotency_key, patience: Some(PATIENCE), by };
        self.shop.orders.ask_patiently(refund, PATIENCE).await?;
        Ok(())
    }

    /// Returns a new idempotency key.
    fn key(&mut self) -> IdempotencyKey {
        self.keys += 1;
        IdempotencyKey { key: format!("week-{}", self.keys), fingerprint: String::new() }
    }
}
