//! The command line of `microshop`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use actors::tables::Tables;
use clap::{Parser, Subcommand};
use microshop::app::{AppError, Server, open_store};
use microshop::bank::server::BankServer;
use microshop::cli::check::Books;
use microshop::cli::check::passes;
use microshop::cli::demo::{Demo, DemoOptions};
use microshop::cli::user::{self, UserCommand};
use microshop::config::Config;
use microshop::live::asyncapi;
use microshop::store::Options;
use microshop::store::copy::Content;
use microshop::{private, routes, store, telemetry};

/// A command makes dozens of small allocations on one thread and frees them on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the shop (the default)
    Serve,
    Demo(DemoOptions),
    /// Serves the simulated bank, for shops whose `bank.url` points to it
    Bank,
    /// Manages users while the shop is closed
    #[command(subcommand)]
    User(UserCommand),
    /// Checks the configuration, the store and the bank while the shop is closed
    Check,
    /// Copies a store that no process uses to an empty one
    Copy {
        /// The store to copy, for example sled:data/shop
        #[arg(long)]
        from: String,
        /// The empty store, for example redis://127.0.0.1:6379
        #[arg(long)]
        to: String,
    },
    /// Prints the WebSocket protocol as an AsyncAPI document
    Asyncapi,
    /// Prints the REST API as an OpenAPI document
    Openapi,
}

type CommandResult = Result<(), Box<dyn Error>>;

#[actix_web::main]
async fn main() -> ExitCode {
    private::restrict_new_files();
    // Only test builds contain failpoints.
    let _failpoints = fail::has_failpoints().then(fail::FailScenario::setup);
    match run(Arguments::parse().command.unwrap_or(Command::Serve)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "microshop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> CommandResult {
    match command {
        Command::Asyncapi => return print(&[format!("{:#}", asyncapi::document())]),
        Command::Openapi => return print(&[format!("{:#}", routes::description())]),
        _ => {}
    }
    let config = Config::load()?;
    telemetry::install(&config.log).map_err(|error| format!("log.filter: {error}"))?;
    match command {
        Command::Serve => serve(&config).await,
        Command::Demo(options) => serve_demo(options, config).await,
        Command::Bank => serve_bank(&config).await,
        Command::User(command) => {
            let tables = Tables::new(open_store(&config).await?);
            print(&user::run(command, tables, &config).await?)
        }
        Command::Check => check(&config).await,
        Command::Copy { from, to } => copy(&from, &to, &Options::from(&config)).await,
        Command::Asyncapi | Command::Openapi => Ok(()),
    }
}

async fn check(config: &Config) -> CommandResult {
    let store = open_store(config).await?;
    let books = Books::open(&config.bank, store.clone()).map_err(AppError::Bank)?;
    let tables = Tables::new(store);
    // Progress is optional: a closed standard error must not end the check.
    let mut progress = |text| drop(writeln!(io::stderr(), "{text}"));
    let differences = passes::differences(&tables, &books, &mut progress).await?;
    print(&differences)?;
    match differences.len() {
        0 => print(&["the store is consistent".into()]),
        count => Err(format!("differences found: {count}").into()),
    }
}

async fn copy(from: &str, to: &str, options: &Options) -> CommandResult {
    let mut progress = |text| drop(writeln!(io::stderr(), "{text}"));
    let copied = store::copy::copy(from, to, options, &mut progress).await?;
    let Content { rows, events, checksum } = copied;
    print(&[format!("copied {rows} keys and {events} events, SHA-256 {checksum}")])
}

async fn serve(config: &Config) -> CommandResult {
    let server = Server::open(config).await?;
    print(&[format!("MicroShop is open on http://{}", server.address()?)])?;
    Ok(server.run().await?)
}

/// Serves a demo, whose robots stop with the server.
async fn serve_demo(options: DemoOptions, config: Config) -> CommandResult {
    let demo = Demo::open(options, config).await?;
    let server = Server::open(demo.config()).await?;
    let address = server.address()?;
    print(&demo.welcome(address))?;
    tokio::select! {
        stopped = server.run() => Ok(stopped?),
        () = demo.run_robots(address) => Ok(()),
    }
}

async fn serve_bank(config: &Config) -> CommandResult {
    let server = BankServer::open(config).await?;
    print(&[format!("MicroShop's bank is open on http://{}", server.address()?)])?;
    Ok(server.run().await?)
}

/// Writes lines to standard output at once: a program may close it after the first one.
fn print(lines: &[String]) -> CommandResult {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
