//! Messages to an actor that panics.

use std::thread::sleep;
use std::time::Duration;

use actix::{Actor, Arbiter, Context, Handler, Message};
use actors::ask::{Child, KillSwitch};
use actors::clock::Clock;
use actors::failure::Failure;

/// An actor whose drop takes some time after a panic.
struct SlowDrop;

impl Actor for SlowDrop {
    type Context = Context<Self>;
}

impl Drop for SlowDrop {
    fn drop(&mut self) {
        sleep(Duration::from_millis(50));
    }
}

/// A message whose handler can panic.
#[derive(Clone, Message)]
#[rtype(result = "Result<(), Failure<()>>")]
struct Work {
    panics: bool,
}

impl Handler<Work> for SlowDrop {
    type Result = Result<(), Failure<()>>;

    fn handle(&mut self, Work { panics }: Work, _: &mut Context<Self>) -> Self::Result {
        assert!(!panics, "set to panic");
        Ok(())
    }
}

#[actix::test]
async fn the_first_message_after_a_panic_reaches_a_restarted_actor() {
    let arbiter = Arbiter::new();
    let start = move |_: &KillSwitch| SlowDrop::start_in_arbiter(&arbiter.handle(), |_| SlowDrop);
    let child = Child::start("slow", Clock::default(), start);
    assert_eq!(child.ask(Work { panics: false }).await, Ok(()));
    assert!(matches!(child.ask(Work { panics: true }).await, Err(Failure::Unavailable(_))));
    assert_eq!(child.ask(Work { panics: false }).await, Ok(()));
}
