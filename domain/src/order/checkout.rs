//! Checkout: how a cart becomes an order.

use std::time::Duration;

use jiff::Timestamp;

use super::{Contact, Order, OrderError, OrderId, OrderItem, OrderStatus, Requested};
use crate::article::Articles;
use crate::cart::Cart;
use crate::money::Cents;
use crate::payment::Payment;
use crate::time::later;
use crate::user::UserId;

/// What a buyer submits to place an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The version of the cart that the buyer saw.
    pub cart_version: u64,
    /// The total that the buyer saw.
    pub expected_total: Cents,
    /// The recipient.
    pub contact: Contact,
}

impl Order {
    /// Returns the order that a cart becomes, and the articles with the order's units reserved.
    ///
    /// Returns an error if the cart or the total differs from what the buyer saw, so that no buyer
    /// pays another amount than shown. On an error, no units are reserved.
    pub fn place(
        id: OrderId,
        user: UserId,
        cart: &Cart,
        articles: Articles,
        checkout: Checkout,
        now: Timestamp,
        expires_after: Duration,
    ) -> Result<(Self, Articles), OrderError> {
        if cart.items.is_empty() {
            return Err(OrderError::EmptyCart);
        }
        if cart.version != checkout.cart_version {
            return Err(OrderError::CartChanged);
        }
        let (items, total) = freeze(cart, &articles)?;
        if total != checkout.expected_total {
            return Err(OrderError::TotalChanged { total });
        }
        let articles = reserve(&items, articles)?;
        let order = Self {
            id,
            user,
            status: OrderStatus::PendingPayment,
            items,
            total,
            contact: Some(checkout.contact),
            payment: Payment::submitting(1),
            cart_version: cart.version,
            created_at: now,
            expires_at: later(now, expires_after),
            requested: Requested::None,
            pay_after: None,
            steps: Vec::new(),
            note: None,
            node: None,
        };
        Ok((order, articles))
    }
}

/// Returns the items of a cart at current prices, and their total.
fn freeze(cart: &Cart, articles: &Articles) -> Result<(Vec<OrderItem>, Cents), OrderError> {
    let mut total = Cents::ZERO;
    let mut items = Vec::with_capacity(cart.items.len());
    for item in &cart.items {
        let article = articles.get(&item.article).filter(|article| article.active);
        let article = article.ok_or_else(|| unavailable(&item.name))?;
        let line_total = article.price.times(item.quantity.get())?;
        total = total.plus(line_total)?;
        items.push(OrderItem {
            article: article.id,
            name: article.name.clone(),
            quantity: item.quantity,
            unit_price: article.price,
            line_total,
        });
    }
    Ok((items, total))
}

/// Returns the articles with the units of all items reserved.
fn reserve(items: &[OrderItem], mut articles: Articles) -> Result<Articles, OrderError> {
    for item in items {
        let article = articles.get_mut(&item.article).ok_or_else(|| unavailable(&item.name))?;
        article.reserve(item.quantity)?;
    }
    Ok(articles)
}

fn unavailable(name: &str) -> OrderError {
    OrderError::Unavailable { name: name.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::article::tests::lamp;
    use crate::article::{Article, ArticleId};
    use crate::quantity::Quantity;
    use crate::user::Email;

    pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn articles() -> Articles {
        Articles::from([(ArticleId(1), lamp())])
    }

    fn cart(units: u32) -> Cart {
        Cart::empty(NOW).add(&lamp(), Quantity::new(units).unwrap(), NOW).unwrap()
    }

    fn checkout(total: u64) -> Checkout {
        let email = Email::new("ana@example.org").unwrap();
        let contact = Contact::new("Ana".into(), email, "1 Quay Street".into()).unwrap();
        Checkout { cart_version: 1, expected_total: Cents(total), contact }
    }

    fn place(units: u32, total: u64, articles: Articles) -> Result<(Order, Articles), OrderError> {
        let order = OrderId(Uuid::nil());
        let user = UserId(Uuid::nil());
        let expires_after = Duration::from_secs(15 * 60);
        Order::place(order, user, &cart(units), articles, checkout(total), NOW, expires_after)
    }

    /// Returns a new order for two units of the lamp.
    pub(crate) fn placed() -> Order {
        place(2, 2_500, articles()).unwrap().0
    }

    #[test]
    fn placing_an_order_freezes_prices_and_reserves_stock() {
        let (order, articles) = place(2, 2_500, articles()).unwrap();
        assert_eq!(order.total, Cents(2_500));
        assert_eq!(order.payment, Payment::submitting(1));
        assert_eq!(articles[&ArticleId(1)].reserved, 2);
    }

    #[test]
    fn a_total_that_differs_from_the_shown_one_is_refused() {
        let refused = place(2, 2_499, articles());
        assert_eq!(refused, Err(OrderError::TotalChanged { total: Cents(2_500) }));
    }

    #[test]
    fn more_units_than_available_and_articles_not_on_sale_are_refused() {
        assert!(matches!(place(6, 7_500, articles()), Err(OrderError::Stock(_))));
        let retired = Articles::from([(ArticleId(1), Article { active: false, ..lamp() })]);
        assert_eq!(place(2, 2_500, retired), Err(OrderError::Unavailable { name: "Lamp".into() }));
    }

    #[test]
    fn a_placed_order_has_everything_that_the_buyer_saw() {
        let item = OrderItem {
            article: ArticleId(1),
            name: "Lamp".into(),
            quantity: Quantity::new(2).unwrap(),
            unit_price: Cents(1_250),
            line_total: Cents(2_500),
        };
        let expected = Order {
            id: OrderId(Uuid::nil()),
            user: UserId(Uuid::nil()),
            status: OrderStatus::PendingPayment,
            items: vec![item],
            total: Cents(2_500),
            contact: Some(checkout(0).contact),
            payment: Payment::submitting(1),
            cart_version: 1,
            created_at: NOW,
            expires_at: Timestamp::from_second(900).unwrap(),
            requested: Requested::None,
            pay_after: None,
            steps: Vec::new(),
            note: None,
            node: None,
        };
        assert_eq!(placed(), expected);
    }

    #[test]
    fn an_empty_cart_and_a_cart_that_has_changed_are_refused() {
        let place = |cart: Cart| {
            let order = OrderId(Uuid::nil());
            let user = UserId(Uuid::nil());
            let checkout = checkout(2_500);
            Order::place(order, user, &cart, articles(), checkout, NOW, Duration::ZERO)
        };
        assert_eq!(place(cart(2).clear(NOW)), Err(OrderError::EmptyCart));
        for version in [0, 2] {
            assert_eq!(place(Cart { version, ..cart(2) }), Err(OrderError::CartChanged));
        }
    }
}
