//! Checkout and orders.

use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use actors::order::{CancelOrder, GetOrder, IdempotencyKey, ListOrders, PayAgain, PlaceOrder};
use domain::event::Topic;
use domain::money::Cents;
use domain::order::{Checkout, Contact, Order, OrderId};
use domain::user::Email;
use serde::Deserialize;
use views::order::CheckoutForm;

use super::{changed, done, draw, draw_again, see_other};
use crate::auth::browser::{Member, Visitor};
use crate::crypto::random_token;
use crate::error::Problem;
use crate::idempotency::idempotency_key;
use crate::state::AppState;

/// How many orders the list shows.
pub const LISTED: usize = 20;

/// What the buyer saw and says.
#[derive(Debug, Clone, Deserialize)]
pub struct NewOrder {
    cart_version: u64,
    expected_total_cents: Cents,
    idempotency_key: String,
    name: String,
    email: String,
    address: String,
}

/// Which click it is.
#[derive(Deserialize)]
pub struct Click {
    idempotency_key: String,
}

/// `GET /cart/checkout`: where the checkout was once.
pub async fn to_checkout() -> HttpResponse {
    see_other("/checkout")
}

/// `GET /checkout`: who gets the goods, and the total.
pub async fn checkout(Member { visitor, .. }: Member) -> Result<HttpResponse, Problem> {
    draw(&visitor, "checkout", &[], async {
        let cart = visitor.cart().priced().await?;
        Ok(views::order::checkout(
            visitor.locale,
            &cart,
            &CheckoutForm::default(),
            None,
            &random_token(),
        ))
    })
    .await
}

/// `POST /checkout`: places the order, or shows the checkout again with what is wrong.
pub async fn place(
    Member { visitor, me }: Member,
    state: Data<AppState>,
    form: Form<NewOrder>,
) -> Result<HttpResponse, Problem> {
    let new = form.into_inner();
    let placed = async {
        let contact =
            Contact::new(new.name.clone(), Email::new(new.email.clone())?, new.address.clone())?;
        let expected_total = new.expected_total_cents;
        let checkout = Checkout { cart_version: new.cart_version, expected_total, contact };
        let idempotency_key = idempotency_key(&new.idempotency_key, &format!("place {new:?}"))?;
        Ok::<_, Problem>(
            state.shop.orders.ask(PlaceOrder { user: me.user, checkout, idempotency_key }).await?,
        )
    };
    match placed.await {
        Ok(order) => Ok(see_other(&format!("/orders/{}", order.id))),
        Err(problem) => {
            draw_again(problem, &visitor, "checkout", &[], async |said| {
                let cart = visitor.cart().priced().await?;
                let form = CheckoutForm { name: new.name, email: new.email, address: new.address };
                Ok(views::order::checkout(
                    visitor.locale,
                    &cart,
                    &form,
                    Some(said),
                    &random_token(),
                ))
            })
            .await
        }
    }
}

/// `GET /orders`: the visitor's latest orders.
pub async fn list(
    Member { visitor, me }: Member,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    draw(&visitor, "orders", &[Topic::Orders], async {
        let orders =
            state.shop.orders.ask(ListOrders { user: me.user, after: None, limit: LISTED }).await?;
        Ok(views::order::list(visitor.locale, &orders))
    })
    .await
}

/// `GET /orders/{id}`: one of the visitor's orders, with its payment.
pub async fn show(
    Member { visitor, me }: Member,
    state: Data<AppState>,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    draw(&visitor, "order", &[Topic::Orders], async {
        let order = state.shop.orders.ask(GetOrder { user: me.user, order: *id }).await?;
        Ok(views::order::panel(visitor.locale, &order, state.shop.interruption()))
    })
    .await
}

/// `GET /bank` and `GET /success`: to the visitor's latest order, whatever became of it.
pub async fn latest(
    Member { me, .. }: Member,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let orders = state.shop.orders.ask(ListOrders { user: me.user, after: None, limit: 1 }).await?;
    Ok(see_other(&orders.first().map_or("/orders".into(), |order| format!("/orders/{}", order.id))))
}

/// `POST /orders/{id}/pay`: has the bank asked once more.
pub async fn pay(
    Member { visitor, me }: Member,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<OrderId>,
    click: Form<Click>,
) -> Result<HttpResponse, Problem> {
    let IdempotencyKey { key, fingerprint } =
        idempotency_key(&click.idempotency_key, &format!("pay {id}"))?;
    let idempotency_key = IdempotencyKey { key: format!("{id}-{key}"), fingerprint };
    let order =
        state.shop.orders.ask(PayAgain { user: me.user, order: *id, idempotency_key }).await?;
    Ok(order_changed(&visitor, &request, &order, "notice-payment-again"))
}

/// `POST /orders/{id}/cancel`: calls an unpaid order off, perhaps as soon as the bank has said whether it has charged.
pub async fn cancel(
    Member { visitor, me }: Member,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<OrderId>,
) -> Result<HttpResponse, Problem> {
    let order = state.shop.orders.ask(CancelOrder { user: me.user, order: *id }).await?;
    let said = if order.called_off { "notice-order-calling-off" } else { "notice-order-cancelled" };
    Ok(order_changed(&visitor, &request, &order, said))
}

fn order_changed(
    visitor: &Visitor,
    request: &HttpRequest,
    order: &Order,
    said: &str,
) -> HttpResponse {
    let (id, (notice, sentence)) = (format!("order-{}", order.id), done(visitor.locale, said));
    let fragments = vec![
        (id, views::order::panel(visitor.locale, order, visitor.state.shop.interruption())),
        (notice.into(), sentence),
    ];
    changed(request, fragments, &format!("/orders/{}", order.id))
}
