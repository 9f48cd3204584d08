//! The shell blocks of the documents: each runs against a real shop, or its fence says why not, as
//! in `sh no-run=installs`, and what it names exists.
//!
//! The blocks of a page run in one shell, one after another, so that a variable of one is known to
//! the next. `books/session.sh` defines what they call.

use std::process::Command;

use blocks::{Block, NO_RUN, ROOT, commands, pages};
use tempfile::tempdir;

use crate::harness::{TestShop, single_node};
use crate::redis_server::RedisServer;

mod blocks;
mod named;

/// What a block writes for the shop and for Redis.
const SHOP: &str = "localhost:5000";
const REDIS: [&str; 2] = ["redis://localhost", "redis://:PASSWORD@10.0.0.8:6379"];

/// The options of curl that the blocks use. Each is in curl 7.74, the oldest one that they are for.
const CURL: [&str; 5] = ["-H", "-X", "-d", "-sS", "-i"];

#[actix_web::test]
async fn the_shell_blocks_of_every_page_run() {
    single_node("a page is about one shop");
    for mut blocks in pages() {
        blocks.retain(|block| block.mark.is_empty());
        if !blocks.is_empty() {
            run(&blocks).await;
        }
    }
}

/// Runs the blocks of a page in a folder with a store, beside an open shop and a Redis.
async fn run(blocks: &[Block]) {
    let shop = TestShop::open().await;
    let redis = RedisServer::start();
    let folder = tempdir().unwrap();
    let address = shop.url.trim_start_matches("http://");
    let mut script = include_str!("books/session.sh").to_owned();
    for Block { place, text, .. } in blocks {
        script += &format!("at {place}\n{}", text.replace(SHOP, address));
    }
    for name in REDIS {
        script = script.replace(name, &redis.url());
    }
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).current_dir(folder.path()).env("REPOSITORY", ROOT);
    shell.env("CARGO", env!("CARGO")).env("BINARY", env!("CARGO_BIN_EXE_microshop"));
    shell.env("PORT_OF_REDIS", redis.url().rsplit(':').next().unwrap());
    let output = shell.output().unwrap();
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{}\n{}", output.status, printed.concat());
}

#[test]
fn what_a_block_that_does_not_run_names_exists() {
    let mut missing = Vec::new();
    for Block { place, mark, text } in
        pages().iter().flatten().filter(|block| !block.mark.is_empty())
    {
        if !NO_RUN.contains(&mark.as_str()) {
            missing.push(format!("{place}: {mark} is no reason"));
        }
        missing.extend(named::missing(text).iter().map(|what| format!("{place}: {what}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_block_needs_a_new_curl() {
    let all = pages().into_iter().flatten().flat_map(|block| commands(&block.text));
    let is_request = |command: &Vec<String>| command.iter().any(|word| word.ends_with("curl"));
    let requests = all.filter(is_request);
    let mut count = 0;
    for request in requests {
        count += 1;
        let options = request.iter().filter(|word| word.starts_with('-'));
        let new: Vec<_> = options.filter(|option| !CURL.contains(&option.as_str())).collect();
        assert!(new.is_empty(), "{request:?} has {new:?}");
    }
    assert!(count > 10, "the blocks send {count} requests");
}
