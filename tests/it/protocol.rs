//! The protocol of `/api/live` as it is written down: `docs/asyncapi.json` and `docs/protocol.md` say what the shop does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use domain::cart::Owner;
use domain::event::{Listener, Topic};
use domain::user::{Role, UserId};
use jsonschema::Validator;
use microshop::config::{Config, Live};
use microshop::live::close::CLOSES;
use microshop::live::messages::MAX_MESSAGE;
use serde_json::{Map, Value, json};

const WRITTEN: &str = include_str!("../../docs/asyncapi.json");
const TOLD: &str = include_str!("../../docs/protocol.md");

/// What checks each message, by its name.
static MESSAGES: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut document = written();
    close(&mut document);
    let messages = document["components"]["messages"].as_object().unwrap().iter();
    let validators = messages.map(|(name, message)| {
        let mut schema = message["payload"].clone();
        schema["components"] = json!({ "schemas": document["components"]["schemas"] });
        schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        (name.clone(), jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
    });
    validators.collect()
});

/// Whether a frame is one that a client may say.
pub(crate) fn may_be_said(frame: &Value) -> bool {
    wrongs("command", frame).is_empty()
}

/// A frame that the shop told, which must be as it is written down, without any other member.
pub(crate) fn as_written(frame: Value) -> Value {
    let name = match (&frame["snapshot"], frame["type"].as_str()) {
        (Value::Bool(_), _) => format!("snapshot.{}", frame["topic"].as_str().unwrap_or_default()),
        (_, Some(event)) => event.to_owned(),
        _ => {
            frame.as_object().and_then(|members| members.keys().next()).cloned().unwrap_or_default()
        }
    };
    let wrongs = wrongs(&name, &frame);
    assert!(wrongs.is_empty(), "{frame} is not as docs/asyncapi.json has it: {wrongs:?}");
    frame
}

fn wrongs(message: &str, frame: &Value) -> Vec<String> {
    match MESSAGES.get(message) {
        Some(validator) => validator
            .iter_errors(frame)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect(),
        None => vec!["there is no such message".into()],
    }
}

/// Has no object of a schema have members that the schema does not name; clients should take them.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn written() -> Value {
    serde_json::from_str(WRITTEN).unwrap()
}

#[test]
fn the_document_is_the_one_that_the_program_prints() {
    let printed = Command::new(env!("CARGO_BIN_EXE_microshop")).arg("asyncapi").output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed == WRITTEN, "write it anew: cargo run -- asyncapi > docs/asyncapi.json");
}

#[test]
fn every_message_has_a_summary_and_an_example_that_is_one() {
    for (name, message) in written()["components"]["messages"].as_object().unwrap() {
        assert!(message["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            assert_eq!(wrongs(name, &example["payload"]), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn the_document_refers_to_nothing_that_is_not_in_it() {
    fn look(document: &Value, part: &Value) {
        if let Some(reference) = part["$ref"].as_str() {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        part.as_object().into_iter().flat_map(Map::values).for_each(|part| look(document, part));
        part.as_array().into_iter().flatten().for_each(|part| look(document, part));
    }
    look(&written(), &written());
}

#[test]
fn a_frame_that_is_not_as_it_is_written_is_found() {
    let cart =
        json!({ "version": 1, "items": [], "item_count": 0, "expires_at": "2026-01-01T09:00:00Z" });
    let good = json!({ "id": 1, "topic": "cart", "type": "cart.changed", "at": "2026-01-01T09:00:00Z", "data": cart });
    assert_eq!(wrongs("cart.changed", &good), Vec::<String>::new());
    for (place, wrong) in [
        ("/id", json!("1")),
        ("/topic", json!("carts")),
        ("/at", json!("yesterday")),
        ("/data/version", json!(null)),
        ("/data/more", json!(1)),
        ("/data/items", json!([{ "article_id": 1, "quantity": 100 }])),
    ] {
        let mut frame = good.clone();
        let (parent, member) = place.rsplit_once('/').unwrap();
        frame.pointer_mut(parent).unwrap()[member] = wrong;
        assert!(!wrongs("cart.changed", &frame).is_empty(), "{frame}");
    }
    assert!(may_be_said(&json!({ "subscribe": ["cart"], "since": 0, "ping": { "any": "thing" } })));
    for said in [
        json!({ "subscribe": ["nothing"] }),
        json!({ "since": -1 }),
        json!({ "shout": 1 }),
        json!([]),
    ] {
        assert!(!may_be_said(&said), "{said}");
    }
}

#[test]
fn the_table_of_topics_is_the_one_of_the_code() {
    let topics = written()["components"]["schemas"]["Topic"]["oneOf"].clone();
    let rows = topics.as_array().unwrap().iter().map(|topic| {
        let topic: Topic = serde_json::from_value(topic["const"].clone()).unwrap();
        let state = if topic.is_state() { "yes" } else { "no" };
        format!("| `{}` | {} | {state} | {} |", topic.name(), audience(topic), events(topic))
    });
    assert_eq!(table("| topic |"), rows.collect::<Vec<_>>());
}

fn audience(topic: Topic) -> &'static str {
    let listener = |role| Listener { owner: Owner::User(UserId(Default::default())), role };
    let channels =
        [None, Some(Role::Customer), Some(Role::Admin)].map(|role| listener(role).channel(topic));
    match channels.map(|channel| channel.map(|channel| channel.owner.is_some())) {
        [Some(false), Some(false), Some(false)] => "anyone",
        [Some(true), Some(true), Some(true)] => "anyone, one's own",
        [None, Some(true), Some(true)] => "whoever is signed in, one's own",
        [None, None, Some(false)] => "administrators",
        other => panic!("{other:?}"),
    }
}

/// The events that have an example under a topic, in the order of the document.
fn events(topic: Topic) -> String {
    let document = written();
    let messages = document["components"]["messages"].as_object().unwrap().iter();
    let told = messages.filter(|(_, message)| {
        let mut examples =
            message["examples"].as_array().unwrap().iter().map(|example| &example["payload"]);
        examples.any(|frame| frame["topic"] == topic.name() && frame["snapshot"].is_null())
    });
    told.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_of_closes_is_the_one_of_the_code() {
    let rows = CLOSES.iter().map(|(code, word, meaning)| {
        let word = if word.is_empty() { String::new() } else { format!("`{word}`") };
        format!("| {code} | {word} | {meaning} |")
    });
    assert_eq!(table("| code | reason |"), rows.collect::<Vec<_>>());
}

#[test]
fn the_limits_and_refusals_are_those_of_the_code() {
    let Live { ping, silence, standstill, sockets, sockets_per_session, frames } =
        Config::defaults().unwrap().live;
    for said in [
        format!("has {sockets_per_session} sockets open: `live.sockets_per_session`"),
        format!("there are {sockets} sockets open in all: `live.sockets`"),
        format!("{frames} frames a second (`live.frames`)"),
        format!("every {} s (`live.ping`)", ping.as_secs()),
        format!("silent for {} s is closed (`live.silence`)", silence.as_secs()),
        format!("takes nothing for {} s is cut (`live.standstill`)", standstill.as_secs()),
        format!("It said nothing for {} s", silence.as_secs()),
        format!("at most {} KiB", MAX_MESSAGE / 1_024),
        format!("a message of more than {} KiB", MAX_MESSAGE / 1_024),
    ] {
        assert!(TOLD.contains(&said), "{said}");
    }
    for refused in written()["components"]["schemas"]["Refused"]["oneOf"].as_array().unwrap() {
        let code = refused["const"].as_str().unwrap();
        assert!(TOLD.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_close_of_the_code_is_in_the_table() {
    let mut sources = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/live")];
    let mut found = 0;
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            sources.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        for said in source.split("CloseCode::").skip(1) {
            let Some((name, after)) = said.split_once(", \"") else { continue };
            if name.chars().all(char::is_alphabetic) {
                let (word, _) = after.split_once('"').unwrap();
                let known =
                    CLOSES.iter().any(|(known, reason, _)| (*known, *reason) == (code(name), word));
                assert!(known, "{name} {word}");
                found += 1;
            }
        }
    }
    assert!(found >= CLOSES.len() - 1, "only {found} closes were found");
}

fn code(name: &str) -> u16 {
    match name {
        "Away" => 1001,
        "Protocol" => 1002,
        "Unsupported" => 1003,
        "Invalid" => 1007,
        "Policy" => 1008,
        "Size" => 1009,
        "Restart" => 1012,
        "Again" => 1013,
        other => panic!("{other} has no number here"),
    }
}

/// The rows of the table of `docs/protocol.md` whose first line begins so.
fn table(head: &str) -> Vec<&'static str> {
    let lines = TOLD.lines().skip_while(|line| !line.starts_with(head));
    lines.skip(2).take_while(|line| line.starts_with('|')).collect()
}
