//! The outcome of shipping several orders: how many were shipped, and which were not.

use domain::order::OrderId;
use serde::{Deserialize, Serialize};
use views::failure;
use views::locale::Locale;
use views::viewer::Notice;

use crate::error::Problem;

/// The most refused orders that are named: a cookie carries them.
const MOST_NAMED: usize = 20;

/// The outcome of shipping several orders.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Shipment {
    shipped: u64,
    /// The numbers of the first refused orders, each with the code of the reason.
    refused: Vec<(String, String)>,
    /// How many more were refused.
    more: u64,
}

impl Shipment {
    /// Adds an order, with the problem if it could not be shipped.
    pub fn add(&mut self, order: OrderId, problem: Option<Problem>) {
        match problem {
            None => self.shipped += 1,
            Some(problem) if self.refused.len() < MOST_NAMED => {
                self.refused.push((order.number(), problem.code.word().to_owned()));
            }
            Some(_) => self.more += 1,
        }
    }

    /// Returns the notice that says for each order whether it was shipped.
    pub fn notice(&self, locale: Locale) -> (Notice, String) {
        let count = |key, count: u64| locale.text_with(key, &[("count", count.into())]);
        let mut sentences = vec![count("notice-orders-shipped", self.shipped)];
        for (number, code) in self.refused.iter().filter(|(_, code)| failure::is_known(code)) {
            let reason = failure::message(locale, code);
            let values = [("number", number.as_str().into()), ("reason", reason.into())];
            sentences.push(locale.text_with("notice-order-not-shipped", &values));
        }
        if self.more > 0 {
            sentences.push(count("notice-orders-not-shipped", self.more));
        }
        let is_complete = self.refused.is_empty();
        let kind = if is_complete { Notice::Success } else { Notice::Error };
        (kind, sentences.join(" "))
    }
}
