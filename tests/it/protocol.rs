//! The documents of the protocol of `/api/live`: `docs/asyncapi.json` and `docs/protocol.md`
//! match the code.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use domain::cart::Owner;
use domain::topic::{Subscriber, Topic};
use domain::user::{Role, UserId};
use jsonschema::Validator;
use microshop::config::Config;
use microshop::config::sections::LiveConfig;
use microshop::live::close::{Close, Details};
use microshop::live::messages::MAX_MESSAGE;
use serde_json::{Map, Value, json};

const SCHEMA: &str = include_str!("../../docs/asyncapi.json");
const GUIDE: &str = include_str!("../../docs/protocol.md");

/// The validator of each message, by its name.
static MESSAGES: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut document = document();
    forbid_other_members(&mut document);
    let messages = document["components"]["messages"].as_object().unwrap().iter();
    let validators = messages.map(|(name, message)| {
        let mut schema = message["payload"].clone();
        schema["components"] = json!({ "schemas": document["components"]["schemas"] });
        schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        (name.clone(), jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
    });
    validators.collect()
});

/// Returns whether a frame is a command of a client.
pub(crate) fn is_command(frame: &Value) -> bool {
    violations("command", frame).is_empty()
}

/// Checks a frame of the server against its schema, which must name every member, and returns it.
pub(crate) fn checked(frame: Value) -> Value {
    let name = match (&frame["snapshot"], frame["type"].as_str()) {
        (Value::Bool(_), _) => format!("snapshot.{}", frame["topic"].as_str().unwrap_or_default()),
        (_, Some(event)) => event.to_owned(),
        _ => {
            frame.as_object().and_then(|members| members.keys().next()).cloned().unwrap_or_default()
        }
    };
    let violations = violations(&name, &frame);
    assert!(violations.is_empty(), "{frame} does not match docs/asyncapi.json: {violations:?}");
    frame
}

fn violations(message: &str, frame: &Value) -> Vec<String> {
    match MESSAGES.get(message) {
        Some(validator) => validator
            .iter_errors(frame)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect(),
        None => vec!["there is no such message".into()],
    }
}

/// Forbids members that the schema does not name. Clients should accept them; these tests do not.
fn forbid_other_members(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(forbid_other_members);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_other_members),
        _ => {}
    }
}

fn document() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[test]
fn the_document_equals_the_output_of_the_program() {
    let printed = Command::new(env!("CARGO_BIN_EXE_microshop")).arg("asyncapi").output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed == SCHEMA, "outdated: run `cargo run -- asyncapi > docs/asyncapi.json`");
}

#[test]
fn every_message_has_a_summary_and_valid_examples() {
    for (name, message) in document()["components"]["messages"].as_object().unwrap() {
        assert!(message["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            assert_eq!(violations(name, &example["payload"]), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn every_reference_in_the_document_resolves() {
    fn check(document: &Value, part: &Value) {
        if let Some(reference) = part["$ref"].as_str() {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        part.as_object().into_iter().flat_map(Map::values).for_each(|part| check(document, part));
        part.as_array().into_iter().flatten().for_each(|part| check(document, part));
    }
    check(&document(), &document());
}

#[test]
fn a_frame_that_does_not_match_its_schema_is_found() {
    let cart =
        json!({ "version": 1, "items": [], "item_count": 0, "expires_at": "2026-01-01T09:00:00Z" });
    let at = "2026-01-01T09:00:00Z";
    let valid = json!({ "id": 1, "topic": "cart", "type": "cart.changed", "at": at, "data": cart });
    assert_eq!(violations("cart.changed", &valid), Vec::<String>::new());
    for (place, invalid) in [
        ("/id", json!("1")),
        ("/topic", json!("carts")),
        ("/at", json!("yesterday")),
        ("/data/version", json!(null)),
        ("/data/more", json!(1)),
        ("/data/items", json!([{ "article_id": 1, "quantity": 100 }])),
    ] {
        let mut frame = valid.clone();
        let (parent, member) = place.rsplit_once('/').unwrap();
        frame.pointer_mut(parent).unwrap()[member] = invalid;
        assert!(!violations("cart.changed", &frame).is_empty(), "{frame}");
    }
    assert!(is_command(&json!({ "subscribe": ["cart"], "since": 0, "ping": { "any": "thing" } })));
    for other in [
        json!({ "subscribe": ["nothing"] }),
        json!({ "since": -1 }),
        json!({ "shout": 1 }),
        json!([]),
    ] {
        assert!(!is_command(&other), "{other}");
    }
}

#[test]
fn the_table_of_topics_matches_the_code() {
    let topics = document()["components"]["schemas"]["Topic"]["oneOf"].clone();
    let rows = topics.as_array().unwrap().iter().map(|topic| {
        let topic: Topic = serde_json::from_value(topic["const"].clone()).unwrap();
        let state = if topic.is_state() { "yes" } else { "no" };
        format!("| `{}` | {} | {state} | {} |", topic.name(), audience(topic), events(topic))
    });
    assert_eq!(table("| topic |"), rows.collect::<Vec<_>>());
}

fn audience(topic: Topic) -> &'static str {
    let subscriber = |role| Subscriber { owner: Owner::User(UserId(Default::default())), role };
    let channels =
        [None, Some(Role::Customer), Some(Role::Admin)].map(|role| subscriber(role).channel(topic));
    match channels.map(|channel| channel.map(|channel| channel.owner.is_some())) {
        [Some(false), Some(false), Some(false)] => "all clients",
        [Some(true), Some(true), Some(true)] => "all clients, their own",
        [None, Some(true), Some(true)] => "signed-in users, their own",
        [None, None, Some(false)] => "administrators",
        other => panic!("{other:?}"),
    }
}

/// Returns the events that have an example under a topic, in the order of the document.
fn events(topic: Topic) -> String {
    let document = document();
    let messages = document["components"]["messages"].as_object().unwrap().iter();
    let events = messages.filter(|(_, message)| {
        let mut examples =
            message["examples"].as_array().unwrap().iter().map(|example| &example["payload"]);
        examples.any(|frame| frame["topic"] == topic.name() && frame["snapshot"].is_null())
    });
    events.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_of_closes_matches_the_code() {
    let rows = Close::ALL.map(|close| {
        let Details { code, word, .. } = close.details();
        format!("| {code} | `{word}` | {} |", close.advice())
    });
    assert_eq!(table("| code | reason |"), rows);
}

#[test]
fn a_client_is_advised_to_reconnect_exactly_if_the_server_names_a_wait() {
    for close in Close::ALL {
        let reconnects = close.advice().ends_with(" Reconnect.");
        assert_eq!(close.retry_after(1).is_some(), reconnects, "{close:?}");
    }
}

#[test]
fn the_documented_limits_and_error_codes_match_the_code() {
    let LiveConfig {
        ping,
        silence,
        standstill,
        sockets,
        sockets_per_session,
        sockets_per_address,
        frames,
    } = Config::defaults().unwrap().live;
    let guide = GUIDE.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        format!("has {sockets_per_session} sockets open (`live.sockets_per_session`)"),
        format!("has {sockets_per_address} sockets open (`live.sockets_per_address`)"),
        format!("{sockets} sockets are open in total (`live.sockets`)"),
        format!("{frames} frames per second (`live.frames`)"),
        format!("every {} s (`live.ping`)", ping.as_secs()),
        format!("sends nothing for {} s (`live.silence`)", silence.as_secs()),
        format!("accepts no data for {} s (`live.standstill`)", standstill.as_secs()),
        format!("sent nothing for {} s, not even a pong", silence.as_secs()),
        format!("at most {} KiB", MAX_MESSAGE / 1_024),
        format!("a message of more than {} KiB", MAX_MESSAGE / 1_024),
    ] {
        assert!(guide.contains(&sentence), "{sentence}");
    }
    for error in document()["components"]["schemas"]["ErrorCode"]["oneOf"].as_array().unwrap() {
        let code = error["const"].as_str().unwrap();
        assert!(GUIDE.contains(&format!("`{code}`")), "{code}");
    }
}

/// Returns the rows of the table in `docs/protocol.md` whose first line begins with `head`.
fn table(head: &str) -> Vec<&'static str> {
    let lines = GUIDE.lines().skip_while(|line| !line.starts_with(head));
    lines.skip(2).take_while(|line| line.starts_with('|')).collect()
}
