//! Background tasks of a running server: restarts, upkeep, key rotation and shutdown.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::time::{interval, timeout};
use actix_web::{rt, web};
use actors::clock::Clock;
use actors::live::CloseSubscribers;
use actors::shop::Shop;
use actors::sweep_clock::SweepClock;
use domain::event::Event;

use crate::credentials::keys::KeyRing;
use crate::shutdown::ShutdownSignal;
use crate::state::AppState;

/// How often to check whether a new key is due.
const ROTATE_EVERY: Duration = Duration::from_secs(3_600);

/// How often to restart actors that have stopped, and to end the period of all counts.
const RESTART_EVERY: Duration = Duration::from_secs(1);

/// How often to fold metrics and to cut connections that take no data.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How long publishing the shutdown may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Starts every background task of a server.
pub(crate) fn start(
    signal: ShutdownSignal,
    server: ServerHandle,
    state: web::Data<AppState>,
    keys: Arc<KeyRing>,
) {
    rt::spawn(stop_on_signal(signal, server, state.shop.clone()));
    rt::spawn(restart_actors(state.shop.clone()));
    rt::spawn(rotate_keys(keys, state.shop.clock.clone()));
    rt::spawn(keep_up(state));
}

/// Waits for the signal, closes every socket, then finishes open requests.
async fn stop_on_signal(signal: ShutdownSignal, server: ServerHandle, shop: Shop) {
    signal.received().await;
    // A client that misses the event sees its socket close.
    let _ = timeout(FAREWELL, publish_shutdown(&shop)).await;
    shop.hub.notify(CloseSubscribers);
    server.stop(true).await;
}

/// Publishes `shop.closing` and waits until the hub has passed it on.
async fn publish_shutdown(shop: &Shop) -> Option<()> {
    let event = shop.publish(&Event::ShopClosing).await.ok()?;
    shop.position.clone().wait_for(|published| *published >= event).await.ok().map(drop)
}

/// Restarts stopped actors even if no message is sent to them.
async fn restart_actors(shop: Shop) {
    let mut ticks = interval(RESTART_EVERY);
    loop {
        ticks.tick().await;
        shop.tick();
    }
}

async fn keep_up(state: web::Data<AppState>) {
    let mut ticks = interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        state.metrics.run_upkeep();
        state.live.sockets.cut_stalled(state.shop.clock.moment());
    }
}

/// Adds a signing key when one is due; a failed write is retried at the next tick.
async fn rotate_keys(keys: Arc<KeyRing>, clock: Clock) {
    let mut ticks = interval(ROTATE_EVERY);
    let sweep_clock = SweepClock::new(&clock);
    loop {
        ticks.tick().await;
        let keys = keys.clone();
        let now = clock.now();
        let swept = sweep_clock.now();
        if let Ok(Err(error)) = web::block(move || keys.rotate(now, swept)).await {
            tracing::error!(%error, "could not add a signing key");
        }
    }
}
