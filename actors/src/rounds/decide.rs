//! The decisions of a round: read, decide, commit, and again after a conflict.

use domain::event::Event;
use domain::user::Author;
use tokio::time::sleep;

use crate::conflict::{ATTEMPTS, pause};
use crate::failpoint::Durable;
use crate::failure::Failure;
use crate::handling::Reply;
use crate::shared::Shared;
use crate::store::StoreError;
use crate::tables::rows::{RowError, Rows};

/// The most passes over the commands of a round: each reads what the one before has missed.
const PASSES: usize = 16;

/// After how many conflicts, which take longer than a turn of another node, a round is split in
/// two, so that a row which changes all the time
/// fails only the command that needs it.
const SPLIT_AFTER: usize = 8;

/// A decision, or why there is none.
pub type Decided<D> = Reply<<D as Decide>::Decision, <D as Decide>::Error>;

/// Why a command was not decided.
#[derive(Debug)]
pub enum Undecided<E> {
    /// The command is refused.
    Refused(E),
    /// A row is not available.
    Row(RowError),
}

impl<E> From<RowError> for Undecided<E> {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

/// The dependencies of an actor, as far as they decide its commands.
pub trait Decide: Clone + 'static {
    /// A command.
    type Command: Clone + 'static;
    /// A decided command.
    type Decision: 'static;
    /// Why a command is refused.
    type Error: 'static;
    /// What the commands of a round take besides rows.
    type Permits: Default;

    /// Returns what every actor shares.
    fn shared(&self) -> &Shared;

    /// Returns the administrator who sent a command; `None` if a user or the shop did.
    fn author(command: &Self::Command) -> Option<&Author>;

    /// Decides a command on the rows that the commands before it left.
    fn decide(
        &self,
        command: &Self::Command,
        rows: &mut Rows,
        permits: &mut Self::Permits,
    ) -> Result<Self::Decision, Undecided<Self::Error>>;

    /// Returns the durable steps of a decision.
    fn steps(_: &Self::Decision) -> Vec<Durable> {
        Vec::new()
    }

    /// Prepares the permits for another pass over the commands.
    fn begin_pass(_: &mut Self::Permits) {}

    /// Takes the permits that are missing. Returns whether the round must be decided again, because
    /// some were refused.
    fn take_permits(
        &self,
        _: &mut Self::Permits,
    ) -> impl Future<Output = Result<bool, StoreError>> {
        async { Ok(false) }
    }

    /// Gives durable decisions their permits.
    fn give_permits(_: &mut [Decided<Self>], _: Self::Permits) {}

    /// Passes on an event that was committed.
    fn committed(&self, _: &Event) {}
}

/// Decides commands in their order and commits them together; replies in the same order.
///
/// A conflict makes the whole round be read and decided again.
pub(super) async fn decide<D: Decide>(deps: D, mut commands: Vec<D::Command>) -> Vec<Decided<D>> {
    let mut permits = D::Permits::default();
    for attempt in 1..=ATTEMPTS {
        match try_round(&deps, &commands, &mut permits).await {
            Ok(mut decisions) => {
                D::give_permits(&mut decisions, permits);
                return decisions;
            }
            Err(StoreError::Conflict) if attempt >= SPLIT_AFTER && commands.len() > 1 => {
                drop(permits);
                let second = commands.split_off(commands.len() / 2);
                let mut decisions = Box::pin(decide(deps.clone(), commands)).await;
                decisions.extend(Box::pin(decide(deps, second)).await);
                return decisions;
            }
            Err(StoreError::Conflict) => sleep(pause(attempt)).await,
            Err(error) => return fail_all::<D>(&commands, &error.to_string()),
        }
    }
    fail_all::<D>(&commands, "too many conflicts")
}

async fn try_round<D: Decide>(
    deps: &D,
    commands: &[D::Command],
    permits: &mut D::Permits,
) -> Result<Vec<Decided<D>>, StoreError> {
    let mut rows = Rows::default();
    let decisions = decide_all(deps, commands, &mut rows, permits).await?;
    let shared = deps.shared();
    let Some(batch) = rows.batch(shared.batch().repeated())? else { return Ok(decisions) };
    let steps: Vec<_> = decisions.iter().flatten().flat_map(D::steps).collect();
    let last_event = shared.tables.commit_steps(&steps, batch).await?;
    // The copies of this node are brought up to date, so that callers read their own writes.
    let first_event = last_event + 1 - rows.events().len() as u64;
    for (id, event) in (first_event..).zip(rows.events()) {
        shared.snapshot.apply(id, event);
        deps.committed(event);
    }
    Ok(decisions)
}

/// Decides every command, reading rows and taking permits until none is missing.
async fn decide_all<D: Decide>(
    deps: &D,
    commands: &[D::Command],
    rows: &mut Rows,
    permits: &mut D::Permits,
) -> Result<Vec<Decided<D>>, StoreError> {
    for _ in 0..PASSES {
        rows.restart();
        D::begin_pass(permits);
        let mut decisions = Vec::with_capacity(commands.len());
        for command in commands {
            rows.set_author(D::author(command).cloned());
            match deps.decide(command, rows, permits) {
                Ok(decision) => decisions.push(Ok(decision)),
                Err(Undecided::Refused(error)) => decisions.push(Err(Failure::Refused(error))),
                Err(Undecided::Row(RowError::Unread)) => {}
                Err(Undecided::Row(RowError::Store(error))) => {
                    // A damaged row fails the command that needs it, not the round.
                    decisions.push(Err(Failure::Unavailable(error.to_string())));
                }
            }
        }
        if rows.read(&deps.shared().tables).await? || deps.take_permits(permits).await? {
            continue;
        }
        return Ok(decisions);
    }
    Err(StoreError::Unavailable("a round needs too many reads".to_owned()))
}

fn fail_all<D: Decide>(commands: &[D::Command], reason: &str) -> Vec<Decided<D>> {
    commands.iter().map(|_| Err(Failure::Unavailable(reason.to_owned()))).collect()
}
