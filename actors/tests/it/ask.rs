//! Asking an actor that panics.

use std::thread::sleep;
use std::time::Duration;

use actix::{Actor, Arbiter, Context, Handler, Message};
use actors::ask::{Child, Failure};

/// An actor that takes its time to be gone.
struct Slow;

impl Actor for Slow {
    type Context = Context<Self>;
}

impl Drop for Slow {
    fn drop(&mut self) {
        sleep(Duration::from_millis(50));
    }
}

/// Panics if it is told to.
#[derive(Clone, Message)]
#[rtype(result = "Result<(), Failure<()>>")]
struct Work {
    panics: bool,
}

impl Handler<Work> for Slow {
    type Result = Result<(), Failure<()>>;

    fn handle(&mut self, Work { panics }: Work, _: &mut Context<Self>) -> Self::Result {
        assert!(!panics, "as it was told");
        Ok(())
    }
}

#[actix::test]
async fn whoever_is_told_that_an_actor_has_panicked_finds_the_next_one_at_once() {
    let arbiter = Arbiter::new();
    let child = Child::start("slow", move || Slow::start_in_arbiter(&arbiter.handle(), |_| Slow));
    assert_eq!(child.ask(Work { panics: false }).await, Ok(()));
    assert!(matches!(child.ask(Work { panics: true }).await, Err(Failure::Unavailable(_))));
    assert_eq!(child.ask(Work { panics: false }).await, Ok(()));
}
