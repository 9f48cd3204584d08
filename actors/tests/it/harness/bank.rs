//! A bank that follows a script.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actors::bank::{Answer, Bank, BankError, Charge};
use async_trait::async_trait;
use tokio::sync::Notify;

/// The reaction of the bank to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Approves the charge.
    Approve,
    /// Declines the charge.
    Decline,
    /// Cannot be reached.
    NotReached,
    /// Receives nothing, though the shop has sent the request.
    LoseRequest,
    /// Knows the key from another charge.
    KeyReused,
    /// Refuses the charge or the void for good.
    Refuse,
    /// Approves the charge or voids it, but the answer is lost.
    LoseAnswer,
    /// Panics in the adapter.
    Panic,
    /// Approves the charge after a delay, and so after later calls.
    ApproveLate,
    /// Approves the charge once the test releases the call.
    Hold,
    /// Declines the charge once the test releases the call.
    HoldDecline,
}

/// A bank that follows a script call by call, and approves every charge after its end.
#[derive(Default)]
pub(crate) struct ScriptedBank {
    /// The remaining reactions, last one first.
    script: Mutex<Vec<Reaction>>,
    /// The decisions by key, oldest first.
    ledger: Mutex<Vec<(String, Answer)>>,
    charges: AtomicUsize,
    released: Notify,
}

impl ScriptedBank {
    /// Sets the reactions to the next calls.
    pub(crate) fn script(&self, reactions: &[Reaction]) {
        self.script.lock().unwrap().extend(reactions.iter().rev());
    }

    /// Releases a call on hold.
    pub(crate) fn release(&self) {
        self.released.notify_one();
    }

    /// Returns how often a charge was requested.
    pub(crate) fn charges(&self) -> usize {
        self.charges.load(Ordering::SeqCst)
    }

    /// Returns the keys that are charged and not voided, oldest first.
    pub(crate) fn charged(&self) -> Vec<String> {
        let ledger = self.ledger.lock().unwrap();
        let charged = ledger.iter().filter(|(_, answer)| *answer == Answer::Approved);
        charged.map(|(key, _)| key.clone()).collect()
    }

    fn next_reaction(&self) -> Option<Reaction> {
        self.script.lock().unwrap().pop()
    }

    /// Decides on a key and returns the decision; the first decision on a key is final.
    fn decide(&self, key: &str, answer: Answer) -> Answer {
        let mut ledger = self.ledger.lock().unwrap();
        let earlier = find(&ledger, key);
        if earlier.is_none() {
            ledger.push((key.to_owned(), answer));
        }
        earlier.unwrap_or(answer)
    }
}

#[async_trait]
impl Bank for ScriptedBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        self.charges.fetch_add(1, Ordering::SeqCst);
        match self.next_reaction().unwrap_or(Reaction::Approve) {
            Reaction::Approve => {}
            Reaction::Decline => return Ok(self.decide(&charge.key, Answer::Declined)),
            Reaction::NotReached => return Err(BankError::NotSent("set to fail".into())),
            Reaction::LoseRequest => return Err(lost_answer()),
            Reaction::KeyReused => return Err(BankError::KeyReused),
            Reaction::Refuse => return Err(refused()),
            Reaction::LoseAnswer => {
                self.decide(&charge.key, Answer::Approved);
                return Err(lost_answer());
            }
            Reaction::Panic => panic!("set to panic"),
            Reaction::ApproveLate => tokio::time::sleep(Duration::from_millis(15)).await,
            Reaction::Hold => self.released.notified().await,
            Reaction::HoldDecline => {
                self.released.notified().await;
                return Ok(self.decide(&charge.key, Answer::Declined));
            }
        }
        Ok(self.decide(&charge.key, Answer::Approved))
    }

    async fn lookup(&self, charge: &Charge) -> Result<Option<Answer>, BankError> {
        Ok(find(&self.ledger.lock().unwrap(), &charge.key))
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        let reaction = self.next_reaction();
        if reaction == Some(Reaction::Refuse) {
            return Err(refused());
        }
        let mut ledger = self.ledger.lock().unwrap();
        ledger.retain(|(decided, _)| decided != key);
        ledger.push((key.to_owned(), Answer::Voided));
        match reaction {
            Some(Reaction::LoseAnswer) => Err(lost_answer()),
            _ => Ok(()),
        }
    }
}

fn find(ledger: &[(String, Answer)], key: &str) -> Option<Answer> {
    ledger.iter().find(|(decided, _)| decided == key).map(|(_, answer)| *answer)
}

fn refused() -> BankError {
    BankError::Refused("set to refuse".into())
}

fn lost_answer() -> BankError {
    BankError::Unknown("set to lose the answer".into())
}
