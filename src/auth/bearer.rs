//! Programs: whoever carries a good access token in the `Authorization` header (RFC 6750, section 2.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use domain::cart::Owner;
use domain::user::Role;

use super::MyCart;
use crate::credentials::SignedIn;
use crate::error::{Code, Problem};
use crate::state::state;

/// A program of a signed-in user.
pub struct Bearer(pub SignedIn);

/// A program of an administrator.
pub struct Admin(pub SignedIn);

/// A program that reads the metrics: an administrator's, or one with the token made for that.
pub struct Scraper(());

/// Who makes the request; a missing token is told from a bad one.
pub fn check(request: &HttpRequest) -> Result<SignedIn, Problem> {
    let header =
        request.headers().get(AUTHORIZATION).ok_or_else(|| Problem::new(Code::Unauthorized))?;
    let good = || {
        let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
        let state = state(request);
        let signed_in = state.access.check(token, state.shop.clock.now())?;
        let good = scheme.eq_ignore_ascii_case("bearer")
            && !state.shop.revocations.contains(signed_in.session);
        good.then_some(signed_in)
    };
    good().ok_or_else(|| Problem::new(Code::InvalidToken))
}

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check(request).map(Self))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check(request).and_then(|signed_in| match signed_in.role {
            Role::Admin => Ok(Self(signed_in)),
            Role::Customer => Err(Problem::new(Code::Forbidden)),
        }))
    }
}

impl FromRequest for Scraper {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let shown = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|header| header.to_str().ok()?.split_once(' '));
        match shown {
            Some((_, token)) if state(request).metrics.are_for(token) => ready(Ok(Self(()))),
            _ => ready(Admin::from_request(request, payload).into_inner().map(|_| Self(()))),
        }
    }
}

/// The program's user's cart.
impl FromRequest for MyCart {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            check(request)
                .map(|me| Self { state: state(request).clone(), owner: Owner::User(me.user) }),
        )
    }
}
