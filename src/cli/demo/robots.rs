//! The robots: clients of the REST API who go shopping, and a clerk who ships and fills the stock.
//!
//! A request that fails is not repeated: the robot signs in again and goes on.

use std::net::SocketAddr;
use std::time::Duration;

use actors::clock::random_bytes;
use futures_util::future::join_all;
use tokio::time::sleep;

use super::dice::Dice;
use super::people::{CLERK, CUSTOMERS};
use clerk::Clerk;
use client::Client;
use shopper::Shopper;

mod clerk;
mod client;
mod shopper;

/// How long a robot pauses at least, so that it leaves the shop to others.
const SHORTEST: Duration = Duration::from_millis(20);

/// The robots of a shop.
pub(super) struct Robots<'a> {
    /// The address of the shop.
    pub(super) address: SocketAddr,
    /// How often a robot goes shopping, in times per minute; 0 for never.
    pub(super) rate: u32,
    /// The password of every robot.
    pub(super) password: &'a str,
}

impl Robots<'_> {
    /// Lets the robots shop without an end.
    pub(super) async fn run(&self) {
        if self.rate == 0 {
            return std::future::pending().await;
        }
        let pause = Duration::from_secs(60) / self.rate;
        let shoppers = CUSTOMERS.iter().map(async |customer| {
            let client = Client::new(self.address, customer.username, self.password);
            let mut shopper = Shopper::new(client, customer, dice());
            let pause = pause * u32::try_from(CUSTOMERS.len()).unwrap_or(1);
            loop {
                sleep(shopper.dice.about(pause).max(SHORTEST)).await;
                shopper.go_shopping().await;
            }
        });
        let clerk = async {
            let mut clerk = Clerk::new(Client::new(self.address, CLERK, self.password));
            loop {
                sleep(clerk::ROUND).await;
                clerk.work().await;
            }
        };
        tokio::join!(join_all(shoppers), clerk);
    }
}

fn dice() -> Dice {
    Dice::new(u64::from_le_bytes(random_bytes()))
}
