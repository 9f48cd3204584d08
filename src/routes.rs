//! Every URL of the shop, grouped by client.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{ContentType, REFERRER_POLICY};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Bytes, ServiceConfig, get, post, resource};
use serde_json::Value;

use crate::auth::{browser, origin};
use crate::error::Problem;
use crate::error::code::Code;
use crate::operation::{Operation, register};
use crate::{api, assets, live, openapi, pages};

mod article;
mod bank;
mod cart;
mod desk;
mod order;
mod session;
mod user;

/// Why a new password is refused.
const PASSWORD: [Code; 4] =
    [Code::PasswordLength, Code::PasswordCommon, Code::PasswordPersonal, Code::PasswordBreached];

/// The largest body that a request may have, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Registers every URL. Pages authenticate by cookie, so they reject requests of other origins.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(request_limits)
        .configure(file_routes)
        .configure(socket_routes)
        .configure(|config| register(operations(), config))
        .service(
            // The token is the proof, and a page without a referrer sends no origin.
            web::scope("/reset")
                .wrap(from_fn(browser::identify_visitor))
                .wrap(DefaultHeaders::new().add((REFERRER_POLICY, "no-referrer")))
                .service(
                    resource("/{token}")
                        .route(get().to(pages::reset::show_reset))
                        .route(post().to(pages::reset::reset_password)),
                ),
        )
        .service(
            web::scope("")
                .wrap(from_fn(browser::identify_visitor))
                .wrap(from_fn(origin::same_origin))
                .configure(page_routes),
        );
}

/// Limits bodies, and turns errors of the extractors into problems.
fn request_limits(config: &mut ServiceConfig) {
    config
        .app_data(
            web::JsonConfig::default()
                .limit(MAX_BODY)
                .error_handler(|error, _| Problem::from(&error).into()),
        )
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .app_data(web::PathConfig::default().error_handler(|_, _| Problem::not_found().into()));
}

/// The description of the API, and static files.
fn file_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/openapi.json").route(get().to(get_description)))
        .service(resource("/favicon.ico").route(get().to(assets::get_favicon)))
        .service(resource("/robots.txt").route(get().to(assets::get_robots)))
        .service(resource("/pictures/{name}").route(get().to(api::picture::get_picture)))
        .service(resource("/static/{file:.*}").route(get().to(assets::get_file)));
}

/// Returns the operations of the REST API: JSON, authenticated by a bearer token.
fn operations() -> Vec<Operation> {
    let features = [
        article::operations(),
        session::operations(),
        cart::operations(),
        order::operations(),
        user::operations(),
        bank::operations(),
        desk::operations(),
    ];
    features.into_iter().flatten().collect()
}

/// Returns the description of the operations as an OpenAPI document.
pub fn description() -> Value {
    openapi::document(&operations())
}

/// `GET /openapi.json`: returns the description of the operations.
async fn get_description() -> HttpResponse {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| description().to_string().into());
    HttpResponse::Ok().content_type(ContentType::json()).body(TEXT.clone())
}

/// WebSockets, for programs and for pages.
fn socket_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/api/live").route(get().to(live::open_program_socket)))
        .service(resource("/live").route(get().to(live::open_page_socket)));
}

/// Pages and forms, authenticated by a cookie.
fn page_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/").route(get().to(pages::article::redirect_to_articles)))
        .service(resource("/articles").route(get().to(pages::article::show_articles)))
        .service(resource("/cart").route(get().to(pages::cart::show_cart)))
        .service(resource("/cart/add/{id}").route(post().to(pages::cart::add_item)))
        .service(resource("/cart/update/{id}").route(post().to(pages::cart::set_item)))
        .service(resource("/cart/remove/{id}").route(post().to(pages::cart::remove_item)))
        .service(resource("/cart/clear").route(post().to(pages::cart::clear_cart)))
        .service(resource("/cart/checkout").route(get().to(pages::order::redirect_to_checkout)))
        .service(
            resource("/checkout")
                .route(get().to(pages::order::show_checkout))
                .route(post().to(pages::order::place_order)),
        )
        .service(resource("/orders").route(get().to(pages::order::show_orders)))
        .service(resource("/orders/{id}").route(get().to(pages::order::show_order)))
        .service(resource("/orders/{id}/pay").route(post().to(pages::order::pay_order)))
        .service(resource("/orders/{id}/cancel").route(post().to(pages::order::cancel_order)))
        .service(resource("/bank").route(get().to(pages::order::redirect_to_latest_order)))
        .service(resource("/success").route(get().to(pages::order::redirect_to_latest_order)))
        .service(
            resource("/login")
                .route(get().to(pages::session::show_sign_in))
                .route(post().to(pages::session::sign_in)),
        )
        .service(
            resource("/register")
                .route(get().to(pages::user::show_registration))
                .route(post().to(pages::user::register_user)),
        )
        .service(
            resource("/logout")
                .route(get().to(pages::session::show_sign_out))
                .route(post().to(pages::session::sign_out)),
        )
        .service(resource("/docs").route(get().to(pages::docs::show_reference)))
        .service(resource("/docs/errors").route(get().to(pages::docs::show_errors)))
        .service(resource("/language").route(post().to(pages::session::choose_language)))
        .service(resource("/account").route(get().to(pages::user::show_account)))
        .service(resource("/account/password").route(post().to(pages::user::change_password)))
        .service(
            resource("/account/sessions/{id}/end").route(post().to(pages::session::end_session)),
        )
        .service(
            resource("/account/sessions/end-others")
                .route(post().to(pages::session::end_other_sessions)),
        )
        .service(resource("/admin/orders").route(get().to(pages::admin::order::show_orders)))
        .service(resource("/admin/orders/ship").route(post().to(pages::admin::order::ship_orders)))
        .service(resource("/admin/orders/{id}").route(get().to(pages::admin::order::show_order)))
        .service(
            resource("/admin/orders/{id}/ship").route(post().to(pages::admin::order::ship_order)),
        )
        .service(
            resource("/admin/orders/{id}/deliver")
                .route(post().to(pages::admin::order::deliver_order)),
        )
        .service(
            resource("/admin/orders/{id}/refund")
                .route(post().to(pages::admin::order::refund_order)),
        )
        .service(
            resource("/admin/orders/{id}/cancel")
                .route(post().to(pages::admin::order::cancel_order)),
        )
        .service(
            resource("/admin/orders/{id}/note").route(post().to(pages::admin::order::note_order)),
        )
        .service(
            resource("/admin/orders/{id}/slip").route(get().to(pages::admin::order::show_slip)),
        )
        .service(
            resource("/admin/orders/{id}/invoice")
                .route(get().to(pages::admin::order::show_invoice)),
        )
        .service(resource("/admin").route(get().to(pages::admin::today::show_today)))
        .service(resource("/admin/events").route(get().to(pages::admin::event::show_events)))
        .service(resource("/admin/articles").route(get().to(pages::admin::article::show_stock)))
        .service(
            resource("/admin/articles.csv").route(get().to(pages::admin::csv::export_articles)),
        )
        .service(
            resource("/admin/articles/import").route(post().to(pages::admin::csv::import_articles)),
        )
        .service(
            resource("/admin/articles/add").route(post().to(pages::admin::article::add_article)),
        )
        .service(
            resource("/admin/articles/{id}").route(get().to(pages::admin::article::show_article)),
        )
        .service(
            resource("/admin/articles/change/{id}")
                .route(post().to(pages::admin::article::change_article)),
        )
        .service(
            resource("/admin/articles/duplicate/{id}")
                .route(post().to(pages::admin::article::duplicate_article)),
        )
        .service(
            resource("/admin/articles/picture/{id}")
                .route(post().to(pages::admin::picture::set_picture)),
        )
        .service(
            resource("/admin/articles/remove/{id}")
                .route(post().to(pages::admin::article::remove_article)),
        )
        .service(resource("/admin/payments").route(get().to(pages::admin::payment::show_payments)))
        .service(resource("/admin/payments/bank").route(post().to(pages::admin::payment::set_bank)))
        .service(
            resource("/admin/payments/isolate")
                .route(post().to(pages::admin::payment::isolate_breaker)),
        )
        .service(
            resource("/admin/payments/reset")
                .route(post().to(pages::admin::payment::reset_breaker)),
        )
        .service(resource("/admin/search").route(get().to(pages::admin::search::show_search)))
        .service(resource("/admin/system").route(get().to(pages::admin::system::show_system)))
        .service(
            resource("/admin/system/kill/{name}")
                .route(post().to(pages::admin::system::kill_actor)),
        )
        .service(resource("/admin/system/cut").route(post().to(pages::admin::system::cut_sockets)))
        .service(resource("/admin/users").route(get().to(pages::admin::user::show_users)))
        .service(resource("/admin/users/add").route(post().to(pages::admin::user::add_user)))
        .service(resource("/admin/users/{id}").route(get().to(pages::admin::user::show_user)))
        .service(
            resource("/admin/users/{id}/export").route(get().to(pages::admin::user::export_user)),
        )
        .service(
            resource("/admin/users/{id}/role").route(post().to(pages::admin::user::change_role)),
        )
        .service(
            resource("/admin/users/{id}/reset-link")
                .route(post().to(pages::admin::user::make_reset_link)),
        )
        .service(
            resource("/admin/users/{id}/sign-out")
                .route(post().to(pages::admin::user::sign_user_out)),
        )
        .service(
            resource("/admin/users/delete/{id}").route(post().to(pages::admin::user::delete_user)),
        );
}
