//! Which passwords users may choose, and how `microshop user` reads them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value, json};

use crate::harness::{TestShop, single_node};
use crate::people::{Answer, Person};

/// Passwords that lists of leaked ones begin with.
const WELL_KNOWN: [&str; 40] = [
    "password",
    "12345678",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "password1",
    "iloveyou",
    "princess",
    "sunshine",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "1q2w3e4r",
    "1qaz2wsx",
    "qwerty123",
    "11111111",
    "00000000",
    "87654321",
    "987654321",
    "123123123",
    "12341234",
    "abcd1234",
    "asdfghjkl",
    "zaq12wsx",
    "passw0rd",
    "P@ssw0rd",
    "Password123",
    "Password1!",
    "Welcome1",
    "starwars",
    "michelle",
    "jennifer",
    "computer",
    "whatever",
    "letmein1",
    "motdepasse",
    "azertyuiop",
    "Summer2024",
    "1234qwer",
];

/// The SHA-1 of `correct horse`, and of another password.
const LEAKED: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\r\n";

#[actix_web::test]
async fn well_known_passwords_are_refused_in_any_case() {
    let shop = TestShop::open().await;
    for password in WELL_KNOWN {
        for password in [password.to_owned(), password.to_uppercase()] {
            registers(&shop, "ana", &password, None).await.expect_problem(422, "password_common");
        }
    }
}

#[actix_web::test]
async fn a_password_with_a_name_of_the_user_or_the_shop_is_refused_wherever_it_is_set() {
    let shop = TestShop::open().await;
    let email = Some("a.lovelace@example.org");
    for password in ["ana-lovelace", "ana-1815-ana", "my Lovelace 7", "a.lovelace@example.org"] {
        registers(&shop, "ana", password, email).await.expect_problem(422, "password_personal");
    }
    registers(&shop, "ana", "MicroShop 2027", email).await.expect_problem(422, "password_personal");
    let ana = registers(&shop, "ana", "correct horse", email).await.expect(201).json;
    let id = id_of(&shop, &ana).await;

    let change = json!({ "current_password": "correct horse", "new_password": "lovelace is mine" });
    let request = shop.request(Method::POST, "/auth/password").json(&change);
    let request = request.bearer_auth(ana["access_token"].as_str().unwrap());
    let refused = Answer::to(request).await;
    let refused = refused.expect_problem(422, "password_personal");
    assert_eq!(refused.json["errors"][0]["pointer"], "/new_password");

    let admin = shop.admin().await.0;
    let user = json!({ "username": "margaret", "password": "Margaret Hamilton" });
    let refused = admin.send(Method::POST, "/api/users", user).await;
    refused.expect_problem(422, "password_personal");
    let path = format!("/api/users/{id}");
    let weak = json!({ "password": "lovelace is mine" });
    let refused = admin.send(Method::PATCH, &path, weak).await;
    refused.expect_problem(422, "password_personal");
    // The new address counts, and the old one no longer does.
    let moved = json!({ "password": "countess forever", "email": "countess@example.org" });
    admin.send(Method::PATCH, &path, moved).await.expect_problem(422, "password_personal");
    let moved = json!({ "password": "lovelace is mine", "email": "countess@example.org" });
    admin.send(Method::PATCH, &path, moved).await.expect(200);
}

#[actix_web::test]
async fn a_leaked_password_is_refused_wherever_it_is_set() {
    single_node("writes a file for one process");
    let mut shop = TestShop::open().await;
    let ana = shop.customer("ana").await;
    shop.stop();
    let list = shop.path("list");
    let leaked = sha1("correct horse") + ":7\r\n";
    let mut lines = [LEAKED.to_owned(), leaked];
    lines.sort();
    fs::write(&list, lines.concat()).unwrap();
    shop.set("AUTH__BREACHED_PASSWORDS", "list");
    shop.start_again();

    // Passwords that were chosen before the list was set stay valid.
    Person::log_in(&shop, "ana", "correct horse").await;
    registers(&shop, "bob", "correct horse", None).await.expect_problem(422, "password_breached");
    let change = json!({ "current_password": "correct horse", "new_password": "correct horse" });
    let refused = ana.send(Method::POST, "/auth/password", change).await;
    refused.expect_problem(422, "password_breached");
    registers(&shop, "bob", "battery staple", None).await.expect(201);

    shop.stop();
    let refused = user_command(&shop, &["passwd", "ana"], "correct horse\n");
    assert!(refused.contains("list of leaked passwords"), "{refused}");
    fs::remove_file(&list).unwrap();
    let refused = user_command(&shop, &["list"], "");
    assert!(refused.contains("auth.breached_passwords: "), "{refused}");
}

#[actix_web::test]
async fn the_command_line_refuses_weak_passwords() {
    let mut shop = TestShop::open().await;
    shop.stop();
    for (arguments, password, reason) in [
        (["passwd", "admin"], "iloveyou", "too common"),
        (["passwd", "admin"], "admin forever", "the user's name"),
        (["add", "margaret"], "margaret's own", "the user's name"),
    ] {
        let refused = user_command(&shop, &arguments, &format!("{password}\n"));
        assert!(refused.contains(reason) && !refused.contains(password), "{refused}");
    }
}

#[actix_web::test]
async fn a_command_that_is_refused_before_it_starts_an_actor_reports_only_the_reason() {
    let mut shop = TestShop::open().await;
    shop.stop();
    for _ in 0..10 {
        let refused = user_command(&shop, &["passwd", "zoe"], "");
        assert_eq!(refused, "microshop: there is no such user\n");
    }
}

#[actix_web::test]
async fn a_terminal_does_not_show_a_new_password() {
    let mut shop = TestShop::open().await;
    shop.stop();
    let seen = types(&shop, &["a quiet harbour", "a quiet harbour"]);
    assert!(seen.contains("password") && seen.contains("admin"), "{seen}");
    assert!(!seen.contains("harbour"), "{seen}");
    let seen = types(&shop, &["a quiet harbour", "a loud harbour"]);
    assert!(seen.contains("differ") && !seen.contains("harbour"), "{seen}");
    shop.start_again();
    Person::log_in(&shop, "admin", "a quiet harbour").await;
}

#[actix_web::test]
async fn a_terminal_shows_what_is_typed_again_after_a_signal() {
    let mut shop = TestShop::open().await;
    shop.stop();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let mut terminal = Terminal::runs(&shop);
        terminal.waits_for_prompts(1);
        assert!(!terminal.has_echo(), "{signal:?}");
        kill_process(Pid::from_child(&terminal.process), signal).unwrap();
        assert_eq!(terminal.process.wait().unwrap().code(), Some(1), "{signal:?}");
        assert!(terminal.has_echo(), "{signal:?}");
    }
}

/// Types a line after each prompt of `microshop user passwd admin`. Returns what the terminal has
/// shown.
fn types(shop: &TestShop, lines: &[&str]) -> String {
    let mut terminal = Terminal::runs(shop);
    for (number, line) in lines.iter().enumerate() {
        terminal.waits_for_prompts(number + 1);
        writeln!(terminal.keyboard, "{line}").unwrap();
    }
    terminal.process.wait().unwrap();
    terminal.seen + &terminal.chunks.iter().collect::<String>()
}

/// A terminal on which `microshop user passwd admin` runs.
struct Terminal {
    process: Child,
    keyboard: File,
    chunks: Receiver<String>,
    seen: String,
}

impl Terminal {
    fn runs(shop: &TestShop) -> Self {
        let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&user).unwrap();
        unlockpt(&user).unwrap();
        let name = ptsname(&user, Vec::new()).unwrap().into_string().unwrap();
        let terminal = || File::options().read(true).write(true).open(&name).unwrap();
        let mut command = shop.command(&["user", "passwd", "admin"]);
        command.stdin(terminal()).stdout(terminal()).stderr(terminal());
        let process = command.spawn().unwrap();
        drop(command);

        let keyboard = File::from(user);
        let mut screen = keyboard.try_clone().unwrap();
        let (shown, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut chunk = [0; 256];
            // Reading ends with an error once the process has closed the terminal.
            while let Ok(read) = screen.read(&mut chunk) {
                let _ = shown.send(String::from_utf8_lossy(&chunk[..read]).into_owned());
            }
        });
        Self { process, keyboard, chunks, seen: String::new() }
    }

    fn waits_for_prompts(&mut self, count: usize) {
        while self.seen.matches(": ").count() < count {
            self.seen += &self.chunks.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }

    fn has_echo(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }
}

/// Runs `microshop user` with an input, and returns what it wrote to standard error.
fn user_command(shop: &TestShop, arguments: &[&str], input: &str) -> String {
    let mut command = shop.command(&["user"]);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // The command may have ended before it reads its input.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    let output = process.wait_with_output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

async fn registers(shop: &TestShop, name: &str, password: &str, email: Option<&str>) -> Answer {
    let body = json!({ "username": name, "password": password, "email": email });
    Answer::to(shop.request(Method::POST, "/auth/register").json(&body)).await
}

async fn id_of(shop: &TestShop, tokens: &Value) -> String {
    let profile = shop.request(Method::GET, "/auth/profile");
    let profile = profile.bearer_auth(tokens["access_token"].as_str().unwrap());
    let profile = Answer::to(profile).await.expect(200).json;
    profile["id"].as_str().unwrap().to_owned()
}

/// Returns the SHA-1 of a text in capital hexadecimal digits.
fn sha1(text: &str) -> String {
    let program = format!("printf %s '{text}' | sha1sum");
    let output = Command::new("sh").args(["-c", &program]).output().unwrap().stdout;
    String::from_utf8(output[..40].to_vec()).unwrap().to_uppercase()
}
