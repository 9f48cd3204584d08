//! Points where a test has the process die or an actor panic; outside of tests nothing is compiled of them.

/// Reaches a point: where `FAILPOINTS` says `return` for it the process is killed, where it says `panic` the caller panics.
pub(crate) fn reach(point: &'static str) {
    fail::fail_point!(point, |_| {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
    // Without points nobody asks which one this is.
    let _ = point;
}
