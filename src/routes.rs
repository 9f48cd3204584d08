//! Every URL of the shop, by who calls.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, delete, get, patch, post, resource};

use crate::auth::{browser, origin};
use crate::error::Problem;
use crate::{api, assets, live, pages};

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Puts every URL in its place.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(
            web::JsonConfig::default()
                .limit(MAX_BODY)
                .error_handler(|error, _| Problem::from(&error).into()),
        )
        .app_data(
            web::FormConfig::default()
                .limit(MAX_BODY)
                .error_handler(|error, _| Problem::from(&error).into()),
        )
        .app_data(web::PathConfig::default().error_handler(|_, _| Problem::not_found().into()))
        .app_data(
            web::QueryConfig::default().error_handler(|error, _| Problem::from(&error).into()),
        )
        .configure(operations)
        .configure(programs)
        .configure(listeners)
        .service(
            web::scope("")
                .wrap(from_fn(browser::meet))
                .wrap(from_fn(origin::same_origin))
                .configure(browsers),
        );
}

/// Whoever runs the shop.
fn operations(config: &mut ServiceConfig) {
    config
        .service(resource("/health/live").route(get().to(api::health::live)))
        .service(resource("/health/ready").route(get().to(api::health::ready)))
        .service(resource("/metrics").route(get().to(api::metrics::show)))
        .service(resource("/favicon.ico").route(get().to(assets::favicon)))
        .service(resource("/static/{file:.*}").route(get().to(assets::file)));
}

/// Programs: JSON, with a bearer token.
fn programs(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/login").route(post().to(api::session::login)))
        .service(resource("/auth/register").route(post().to(api::session::register)))
        .service(resource("/auth/refresh").route(post().to(api::session::refresh)))
        .service(resource("/auth/logout").route(post().to(api::session::logout)))
        .service(resource("/auth/logout-all").route(post().to(api::session::logout_all)))
        .service(resource("/auth/verify").route(post().to(api::session::verify)))
        .service(resource("/auth/password").route(post().to(api::session::password)))
        .service(resource("/auth/profile").route(get().to(api::user::profile)))
        .service(resource("/auth/sessions").route(get().to(api::session::list)))
        .service(resource("/auth/sessions/{id}").route(delete().to(api::session::remove)))
        .service(
            resource("/api/articles")
                .route(get().to(api::article::list))
                .route(post().to(api::article::add)),
        )
        .service(
            resource("/api/articles/{id}")
                .route(get().to(api::article::get))
                .route(patch().to(api::article::change))
                .route(delete().to(api::article::remove)),
        )
        .service(
            resource("/api/cart")
                .route(get().to(api::cart::get))
                .route(delete().to(api::cart::clear)),
        )
        .service(resource("/api/cart/items").route(post().to(api::cart::add)))
        .service(
            resource("/api/cart/items/{article_id}")
                .route(web::put().to(api::cart::set))
                .route(delete().to(api::cart::remove)),
        )
        .service(
            resource("/api/orders")
                .route(get().to(api::order::list))
                .route(post().to(api::order::place)),
        )
        .service(resource("/api/orders/{id}").route(get().to(api::order::get)))
        .service(resource("/api/orders/{id}/pay").route(post().to(api::order::pay)))
        .service(resource("/api/orders/{id}/cancel").route(post().to(api::order::cancel)))
        .service(resource("/api/orders/{id}/ship").route(post().to(api::order::ship)))
        .service(resource("/api/orders/{id}/deliver").route(post().to(api::order::deliver)))
        .service(resource("/api/orders/{id}/refund").route(post().to(api::order::refund)))
        .service(
            resource("/api/bank")
                .route(get().to(api::bank::get))
                .route(web::put().to(api::bank::set)),
        )
        .service(resource("/api/breaker").route(get().to(api::bank::breaker)))
        .service(resource("/api/breaker/isolate").route(post().to(api::bank::isolate)))
        .service(resource("/api/breaker/reset").route(post().to(api::bank::reset)))
        .service(
            resource("/api/users")
                .route(get().to(api::user::list))
                .route(post().to(api::user::add)),
        )
        .service(
            resource("/api/users/{id}")
                .route(get().to(api::user::get))
                .route(patch().to(api::user::change))
                .route(delete().to(api::user::remove)),
        );
}

/// Whoever listens: WebSockets.
fn listeners(config: &mut ServiceConfig) {
    config
        .service(resource("/api/live").route(get().to(live::program)))
        .service(resource("/live").route(get().to(live::page)));
}

/// Browsers: pages and forms, with a cookie.
fn browsers(config: &mut ServiceConfig) {
    config
        .service(resource("/").route(get().to(pages::article::home)))
        .service(resource("/articles").route(get().to(pages::article::list)))
        .service(resource("/cart").route(get().to(pages::cart::show)))
        .service(resource("/cart/add/{id}").route(post().to(pages::cart::add)))
        .service(resource("/cart/update/{id}").route(post().to(pages::cart::update)))
        .service(resource("/cart/remove/{id}").route(post().to(pages::cart::remove)))
        .service(resource("/cart/clear").route(post().to(pages::cart::clear)))
        .service(resource("/cart/checkout").route(get().to(pages::order::to_checkout)))
        .service(
            resource("/checkout")
                .route(get().to(pages::order::checkout))
                .route(post().to(pages::order::place)),
        )
        .service(resource("/orders").route(get().to(pages::order::list)))
        .service(resource("/orders/{id}").route(get().to(pages::order::show)))
        .service(resource("/orders/{id}/pay").route(post().to(pages::order::pay)))
        .service(resource("/orders/{id}/cancel").route(post().to(pages::order::cancel)))
        .service(resource("/bank").route(get().to(pages::order::latest)))
        .service(resource("/success").route(get().to(pages::order::latest)))
        .service(
            resource("/login")
                .route(get().to(pages::session::ask))
                .route(post().to(pages::session::login)),
        )
        .service(
            resource("/register")
                .route(get().to(pages::user::ask))
                .route(post().to(pages::user::register)),
        )
        .service(
            resource("/logout")
                .route(get().to(pages::session::confirm))
                .route(post().to(pages::session::logout)),
        )
        .service(resource("/language").route(post().to(pages::session::language)))
        .service(resource("/account").route(get().to(pages::user::account)))
        .service(resource("/account/password").route(post().to(pages::user::password)))
        .service(resource("/account/sessions/{id}/end").route(post().to(pages::session::end)))
        .service(
            resource("/account/sessions/end-others").route(post().to(pages::session::end_others)),
        )
        .service(resource("/admin").route(get().to(pages::user::to_admin)))
        .service(resource("/admin/users").route(get().to(pages::user::list)))
        .service(resource("/admin/users/add").route(post().to(pages::user::add)))
        .service(resource("/admin/users/delete/{id}").route(post().to(pages::user::delete)));
}
