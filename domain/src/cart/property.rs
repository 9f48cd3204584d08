//! A property test of carts: no sequence of commands breaks a limit.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::{LATER, article, units};
use super::{Cart, MAX_ITEMS};
use crate::article::{ArticleId, Articles};
use crate::money::Cents;
use crate::quantity::Quantity;

/// A command to a cart. The quantity may be invalid, in which case the command is skipped.
#[derive(Debug, Clone, Copy)]
enum Command {
    Clear,
    MergeGuest,
    Remove(u32),
    Set(u32, u32),
    Add(u32, u32),
}

fn command() -> impl Strategy<Value = Command> {
    let item = (1..120_u32, 0..=100_u32);
    prop_oneof![
        1 => Just(Command::Clear),
        1 => Just(Command::MergeGuest),
        8 => (1..120_u32).prop_map(Command::Remove),
        10 => item.clone().prop_map(|(id, count)| Command::Set(id, count)),
        20 => item.prop_map(|(id, count)| Command::Add(id, count)),
    ]
}

/// Returns the cart after a command, or `None` if it is refused.
fn after(cart: &Cart, command: Command, guest: &Cart) -> Option<Cart> {
    match command {
        Command::Clear => Some(cart.clear(LATER)),
        Command::MergeGuest => Some(cart.merge(guest, LATER)),
        Command::Remove(id) => cart.remove(ArticleId(id), LATER).ok(),
        Command::Set(id, count) => cart.set(&article(id), Quantity::new(count).ok()?, LATER).ok(),
        Command::Add(id, count) => cart.add(&article(id), Quantity::new(count).ok()?, LATER).ok(),
    }
}

/// Checks the limits of a cart, and that its total is the sum over its units.
fn check(cart: &Cart, articles: &Articles) -> Result<(), TestCaseError> {
    prop_assert!(cart.items.len() <= MAX_ITEMS);
    prop_assert!(cart.items.iter().all(|item| (1..=99).contains(&item.quantity.get())));
    let ids: BTreeSet<_> = cart.items.iter().map(|item| item.article).collect();
    prop_assert_eq!(ids.len(), cart.items.len());
    let count: u32 = cart.items.iter().map(|item| item.quantity.get()).sum();
    let priced = cart.priced(articles).unwrap();
    prop_assert_eq!(priced.item_count, count);
    prop_assert_eq!(priced.total, Cents(1_250 * u64::from(count)));
    Ok(())
}

proptest! {
    #[test]
    fn no_sequence_of_commands_breaks_the_limits(
        commands in prop::collection::vec(command(), 0..250),
        guest in prop::collection::vec(1..120_u32, 0..100),
    ) {
        let articles: Articles = (1..120).map(|id| (ArticleId(id), article(id))).collect();
        let guest = guest.into_iter().fold(Cart::empty(LATER), |cart, id| {
            cart.add(&article(id), units(id % 99 + 1), LATER).unwrap_or(cart)
        });
        let mut cart = Cart::empty(LATER);
        for command in commands {
            if let Some(next) = after(&cart, command, &guest) {
                prop_assert_eq!(next.version, cart.version + 1);
                cart = next;
            }
            check(&cart, &articles)?;
        }
    }
}
