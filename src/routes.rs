//! Every URL of the shop, grouped by client.

use actix_web::http::header::REFERRER_POLICY;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, resource};

use crate::auth::{browser, origin};
use crate::error::Problem;
use crate::{api, assets, live, pages, upload};

/// The largest body that a request may have, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Registers every URL. Pages authenticate by cookie, so they reject requests of other origins.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(request_limits)
        .configure(operation_routes)
        .configure(auth_routes)
        .configure(rest_routes)
        .configure(socket_routes)
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

/// Health checks, metrics and static files.
fn operation_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/health/live").route(get().to(api::health::check_liveness)))
        .service(resource("/health/ready").route(get().to(api::health::check_readiness)))
        .service(resource("/metrics").route(get().to(api::metrics::get_metrics)))
        .service(resource("/favicon.ico").route(get().to(assets::get_favicon)))
        .service(resource("/robots.txt").route(get().to(assets::get_robots)))
        .service(resource("/pictures/{name}").route(get().to(api::picture::get_picture)))
        .service(resource("/static/{file:.*}").route(get().to(assets::get_file)));
}

/// The sessions and the user of a program: JSON, authenticated by a bearer token.
fn auth_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/login").route(post().to(api::session::sign_in)))
        .service(resource("/auth/register").route(post().to(api::session::register_user)))
        .service(resource("/auth/refresh").route(post().to(api::session::refresh_tokens)))
        .service(resource("/auth/logout").route(post().to(api::session::sign_out)))
        .service(resource("/auth/logout-all").route(post().to(api::session::sign_out_everywhere)))
        .service(resource("/auth/verify").route(post().to(api::session::verify_token)))
        .service(resource("/auth/reset").route(post().to(api::session::reset_password)))
        .service(resource("/auth/password").route(post().to(api::session::change_password)))
        .service(resource("/auth/export").route(get().to(api::user::export_own)))
        .service(resource("/auth/profile").route(get().to(api::user::get_profile)))
        .service(resource("/auth/sessions").route(get().to(api::session::list_sessions)))
        .service(resource("/auth/sessions/{id}").route(delete().to(api::session::end_session)));
}

/// The REST API: JSON, authenticated by a bearer token.
fn rest_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/api/articles")
                .route(get().to(api::article::list_articles))
                .route(post().to(api::article::add_article)),
        )
        .service(
            resource("/api/articles/{id}")
                .route(get().to(api::article::get_article))
                .route(patch().to(api::article::change_article))
                .route(delete().to(api::article::remove_article)),
        )
        .service(
            resource("/api/articles/{id}/picture")
                .app_data(web::PayloadConfig::new(upload::LARGEST))
                .route(web::put().to(api::picture::set_picture)),
        )
        .service(resource("/api/admin/articles").route(get().to(api::article::list_stock)))
        .service(
            resource("/api/admin/articles.csv")
                .app_data(web::PayloadConfig::new(upload::LARGEST))
                .route(get().to(api::admin::csv::export_articles))
                .route(post().to(api::admin::csv::import_articles)),
        )
        .service(
            resource("/api/cart")
                .route(get().to(api::cart::get_cart))
                .route(delete().to(api::cart::clear_cart)),
        )
        .service(resource("/api/cart/items").route(post().to(api::cart::add_item)))
        .service(
            resource("/api/cart/items/{article_id}")
                .route(web::put().to(api::cart::set_item))
                .route(delete().to(api::cart::remove_item)),
        )
        .service(
            resource("/api/orders")
                .route(get().to(api::order::list_orders))
                .route(post().to(api::order::place_order)),
        )
        .service(resource("/api/orders/{id}").route(get().to(api::order::get_order)))
        .service(resource("/api/orders/{id}/pay").route(post().to(api::order::pay_order)))
        .service(resource("/api/orders/{id}/cancel").route(post().to(api::order::cancel_order)))
        .service(resource("/api/orders/{id}/ship").route(post().to(api::order::ship_order)))
        .service(resource("/api/orders/{id}/deliver").route(post().to(api::order::deliver_order)))
        .service(resource("/api/orders/{id}/refund").route(post().to(api::order::refund_order)))
        .service(resource("/api/admin/orders").route(get().to(api::admin::order::list_orders)))
        .service(
            resource("/api/admin/orders/ship").route(post().to(api::admin::order::ship_orders)),
        )
        .service(resource("/api/admin/orders/{id}").route(get().to(api::admin::order::get_order)))
        .service(
            resource("/api/admin/orders/{id}/cancel")
                .route(post().to(api::admin::order::cancel_order)),
        )
        .service(
            resource("/api/admin/orders/{id}/note")
                .route(web::put().to(api::admin::order::note_order)),
        )
        .service(
            resource("/api/bank")
                .route(get().to(api::bank::get_behaviour))
                .route(web::put().to(api::bank::set_behaviour)),
        )
        .service(resource("/api/admin/today").route(get().to(api::admin::today::get_today)))
        .service(resource("/api/bank/calls").route(get().to(api::bank::list_calls)))
        .service(resource("/api/bank/unknown").route(get().to(api::bank::list_unknown)))
        .service(resource("/api/breaker").route(get().to(api::bank::get_breaker)))
        .service(resource("/api/breaker/isolate").route(post().to(api::bank::isolate_breaker)))
        .service(resource("/api/breaker/reset").route(post().to(api::bank::reset_breaker)))
        .service(resource("/api/admin/search").route(get().to(api::admin::search::search)))
        .service(resource("/api/admin/system").route(get().to(api::admin::system::get_system)))
        .service(
            resource("/api/admin/system/actors/{name}/kill")
                .route(post().to(api::admin::system::kill_actor)),
        )
        .service(resource("/api/events").route(get().to(api::event::list_events)))
        .service(
            resource("/api/users")
                .route(get().to(api::user::list_users))
                .route(post().to(api::user::add_user)),
        )
        .service(
            resource("/api/users/{id}")
                .route(get().to(api::user::get_user))
                .route(patch().to(api::user::change_user))
                .route(delete().to(api::user::delete_user)),
        )
        .service(
            resource("/api/users/{id}/reset-link").route(post().to(api::user::make_reset_link)),
        )
        .service(resource("/api/users/{id}/export").route(get().to(api::user::export_user)))
        .service(resource("/api/users/{id}/logout-all").route(post().to(api::user::sign_user_out)));
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
