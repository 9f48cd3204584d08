//! Samples for sums of times.

use super::super::times::sums_of_times;
use super::{NONE, places, sample};

#[test]
fn a_sum_of_a_time_is_found() {
    let text = "fn f() {\n    let a = now + ttl;\n    let b = clock.now() + ttl;\n\
                \n    let c = order.created_at - ttl;\n    now += ttl;\n\
                \n    let d = *until + ttl;\n}\n";
    let places_found =
        ["src/app.rs:2", "src/app.rs:3", "src/app.rs:5", "src/app.rs:6", "src/app.rs:8"];
    assert_eq!(places(&sums_of_times(&sample("src/app.rs", text))), places_found);
}

#[test]
fn other_sums_comments_and_tests_pass() {
    let text = "// now + ttl\nfn f() { later(now, a + b) }\n\
                #[cfg(test)]\nmod tests {\n    fn f() { now + ttl }\n}\n";
    assert_eq!(sums_of_times(&sample("domain/src/cart.rs", text)), NONE);
    assert_eq!(sums_of_times(&sample("tests/it/cart.rs", "fn f() { now + ttl }")), NONE);
}
