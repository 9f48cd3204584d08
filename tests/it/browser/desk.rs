//! The desk's pages of orders, seen by two administrators and by the buyer.

use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;
use crate::people::{Admin, Person};

const TO_SHIP: &str = ".tabs a[href='/admin/orders?status=to_ship']";

/// Returns the part of an address of the page of an order.
fn page_of(order: &str) -> String {
    format!("/admin/orders/{order}")
}

#[actix_web::test]
async fn an_order_is_shipped_delivered_and_refunded_before_the_eyes_of_another_administrator() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        admin.sets_bank("approve").await;
        let second = Chromium::open_in_english().await;
        let buyers = Chromium::open_in_english().await;
        let (desk, list, other, buyer) = (
            browser.window(&shop).await,
            browser.window(&shop).await,
            second.window(&shop).await,
            buyers.window(&shop).await,
        );
        desk.logs_in("admin", "admin").await;
        list.opens("/admin/orders").await;
        list.is_live().await;
        list.sees("#desk-orders", "There is no order here.").await;
        let order = ana.buys_a_keyboard("first").await;
        list.sees(&format!("#desk-{order}"), "Paid").await;
        list.sees(TO_SHIP, "1").await;
        other.logs_in("admin", "admin").await;
        other.opens(&page_of(&order)).await;
        other.is_live().await;
        buyer.logs_in("ana", "correct horse").await;
        buyer.opens(&format!("/orders/{order}")).await;
        buyer.is_live().await;
        desk.opens("/admin/orders").await;
        desk.clicks(&format!("#desk-{order} a")).await;
        desk.sees(".history", "Payment 1 accepted").await;
        desk.sees(".bought", "2 ×").await;
        let pages = (desk.page().await, list.page().await, other.page().await);

        for (command, seen, step) in [
            (format!("/admin/orders/{order}/ship"), "Shipped", "Shipped (admin)"),
            (format!("/admin/orders/{order}/deliver"), "Delivered", "Delivered (admin)"),
            (format!("/admin/orders/{order}/refund"), "Refunded", "Refund requested (admin)"),
        ] {
            desk.carries_out(&command).await;
            for window in [&desk, &other, &buyer] {
                window.sees(".order-head .badge", seen).await;
            }
            other.sees(".history", step).await;
            list.sees(&format!("#desk-{order} .badge"), seen).await;
        }
        list.sees(TO_SHIP, "0").await;

        other.clicks("#note-edit summary").await;
        other.types("#note-edit textarea", "Rings twice.").await;
        other.clicks("#note-edit button").await;
        desk.sees(".lines-kept", "").await;
        desk.sees("section:last-child", "Rings twice.").await;
        assert_eq!((desk.page().await, list.page().await, other.page().await), pages);
        for browser in [browser, second, buyers] {
            browser.closes().await;
        }
    }
}

#[actix_web::test]
async fn chosen_orders_stay_chosen_when_the_list_moves_and_are_shipped_together() {
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open().await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        admin.sets_bank("approve").await;
        let first = ana.buys_a_keyboard("first").await;
        let second = ana.buys_a_keyboard("second").await;
        let desk = browser.window(&shop).await;
        desk.logs_in("admin", "admin").await;
        desk.opens("/admin/orders?status=to_ship").await;
        desk.is_live().await;
        desk.clicks(&format!("#choose-{first}")).await;
        desk.clicks(&format!("#choose-{second}")).await;
        desk.clicks("#confirm-ship-chosen summary").await;
        // The list is drawn again: the choice and the question stay.
        let third = ana.buys_a_keyboard("third").await;
        desk.sees(&format!("#desk-{third}"), "Paid").await;
        desk.sees("#confirm-ship-chosen[open]", "").await;
        admin.ships(&second).await;
        desk.sees_no(&format!("#desk-{second}")).await;
        // The page may still be moving below the row that has left.
        let button = "form[action='/admin/orders/ship'] #confirm-ship-chosen button";
        desk.runs("document.querySelector(arguments[0]).click()", button).await;
        desk.sees("#notice", "1 order marked as shipped.").await;
        desk.sees_no(&format!("#desk-{first}")).await;
        desk.sees(&format!("#desk-{third}"), "Paid").await;
        browser.closes().await;
    }
}

#[actix_web::test]
async fn the_desk_finds_and_ships_orders_without_scripts() {
    let shop = TestShop::open().await;
    let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
    admin.sets_bank("approve").await;
    let first = ana.buys_a_keyboard("first").await;
    let second = ana.buys_a_keyboard("second").await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.opens("/admin/orders?status=to_ship").await;
    window.types("main [name=q]", "zoe").await;
    window.clicks(".search button").await;
    window.sees("#desk-orders", "Aucune commande trouvée.").await;
    window.clicks("#desk-orders p a").await;
    window.sees("#desk-orders tbody tr:nth-child(2)", "Ana").await;
    window.clicks(&format!("#choose-{first}")).await;
    window.clicks(&format!("#choose-{second}")).await;
    // Another administrator is faster.
    let refund = format!("/api/orders/{second}/refund");
    admin.posts(&refund).await;
    admin.sets_bank("decline").await;
    ana.adds(2, 2).await.expect(200);
    let declined = ana.checks_out("third").await.expect_problem(402, "payment_declined").json;
    let declined = declined["order"]["id"].as_str().unwrap().to_owned();
    window.clicks("#confirm-ship-chosen summary").await;
    window.clicks("#confirm-ship-chosen button").await;
    window.sees("#notice", "1 commande marquée comme expédiée.").await;
    window.sees("#notice", &second[28..].to_uppercase()).await;
    window.is_at("/admin/orders").await;

    window.opens(&page_of(&first)).await;
    window.sees(".history", "Expédiée (admin)").await;
    window.clicks("#note-edit summary").await;
    window.types("#note-edit textarea", "Sonne deux fois.").await;
    window.clicks(&format!("form[action='/admin/orders/{first}/note'] button")).await;
    window.sees("section:last-child", "Sonne deux fois.").await;
    window.sees("#notice", "Note enregistrée.").await;
    window.carries_out(&format!("/admin/orders/{first}/deliver")).await;
    window.sees(".order-head .badge", "Livrée").await;
    window.opens(&page_of(&declined)).await;
    window.carries_out(&format!("/admin/orders/{declined}/cancel")).await;
    window.sees(".history", "Annulée (admin)").await;
    let slip = format!("/admin/orders/{first}/slip");
    let invoice = format!("/admin/orders/{first}/invoice");
    for (sheet, text, prices) in [(slip, "Bon de livraison", false), (invoice, "Facture", true)] {
        window.opens(&sheet).await;
        window.sees("h1", text).await;
        window.sees(".sheet", "Ana").await;
        assert_eq!(window.reads(".sheet").await.contains('€'), prices);
    }
    browser.closes().await;
}

impl Window {
    /// Sends a command on the page of an order, after its question.
    pub(super) async fn carries_out(&self, command: &str) {
        self.clicks(&format!("#confirm{} summary", command.replace('/', "-"))).await;
        self.clicks(&format!("form[action='{command}'] button")).await;
    }
}

impl Person {
    /// Buys two units of an article, and returns the order.
    pub(super) async fn buys_a_keyboard(&self, key: &str) -> String {
        self.adds(2, 2).await.expect(200);
        let placed = self.checks_out(key).await.expect(201);
        placed.json["order"]["id"].as_str().unwrap().to_owned()
    }
}

impl Admin {
    /// Sends a command over REST.
    async fn posts(&self, path: &str) {
        let request = self.0.request(reqwest::Method::POST, path);
        let answer = request.header("idempotency-key", path).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    async fn ships(&self, order: &str) {
        self.posts(&format!("/api/orders/{order}/ship")).await;
    }
}
