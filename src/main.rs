//! The command line of `microshop`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use actors::tables::Tables;
use clap::{Parser, Subcommand};
use microshop::app::{AppError, Server, open_store};
use microshop::bank::server::BankServer;
use microshop::check::{self, Books};
use microshop::config::Config;
use microshop::live::asyncapi;
use microshop::{people, telemetry};

/// A command takes dozens of small allocations, on one thread, given back on another.
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
    /// Serves the shop (the default).
    Serve,
    /// Serves the simulated bank alone, for shops whose bank.url names it.
    Bank,
    /// Manages users while the shop is closed.
    #[command(subcommand)]
    User(people::Command),
    /// Checks the configuration and the store while the shop is closed.
    Check,
    /// Prints how programs listen, as an AsyncAPI document.
    Asyncapi,
}

type Done = Result<(), Box<dyn Error>>;

#[actix_web::main]
async fn main() -> ExitCode {
    // Only tests have points where to fail.
    let _points = fail::has_failpoints().then(fail::FailScenario::setup);
    match run(Arguments::parse().command.unwrap_or(Command::Serve)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit code tells it too.
            let _ = writeln!(io::stderr(), "microshop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Done {
    if let Command::Asyncapi = command {
        return print(vec![format!("{:#}", asyncapi::document())]);
    }
    let config = Config::load()?;
    telemetry::begin(&config.log)?;
    match command {
        Command::Serve => serve(&config).await,
        Command::Bank => serve_bank(&config).await,
        Command::User(command) => {
            let tables = Tables::new(open_store(&config).await?);
            print(people::run(command, tables, &config).await?)
        }
        Command::Check => check(&config).await,
        Command::Asyncapi => Ok(()),
    }
}

async fn check(config: &Config) -> Done {
    let tell = |line| {
        // Nobody needs to hear it.
        let _ = writeln!(io::stderr(), "{line}");
    };
    let store = open_store(config).await?;
    let books = Books::open(&config.bank, store.clone()).map_err(AppError::Bank)?;
    let tables = Tables::new(store);
    let orders = check::orders(&tables, tell).await?;
    let mut wrong = check::check(&tables, &orders).await?;
    print(wrong.clone())?;
    let charged = books.compare(&orders, tell).await?;
    print(charged.clone())?;
    wrong.extend(charged);
    if wrong.is_empty() {
        print(vec!["the store is as it should be".into()])
    } else {
        Err(format!("{} differences", wrong.len()).into())
    }
}

async fn serve(config: &Config) -> Done {
    let server = Server::open(config).await?;
    print(vec![format!("MicroShop is open on http://{}", server.address()?)])?;
    Ok(server.run().await?)
}

async fn serve_bank(config: &Config) -> Done {
    let server = BankServer::open(config).await?;
    print(vec![format!("MicroShop's bank is open on http://{}", server.address()?)])?;
    Ok(server.run().await?)
}

fn print(lines: Vec<String>) -> Done {
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(out.flush()?)
}
