//! The command line of `microshop`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use actors::tables::Tables;
use clap::{Parser, Subcommand};
use microshop::app::{Server, open_store};
use microshop::bank::server::BankServer;
use microshop::check::check;
use microshop::config::Config;
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
    let config = Config::load()?;
    telemetry::begin(&config.log)?;
    match command {
        Command::Serve => serve(&config).await,
        Command::Bank => serve_bank(&config).await,
        Command::User(command) => {
            let tables = Tables::new(open_store(&config).await?);
            print(people::run(command, tables, &config).await?)
        }
        Command::Check => {
            let wrong = check(&Tables::new(open_store(&config).await?)).await?;
            let found = wrong.len();
            print(wrong)?;
            if found == 0 {
                print(vec!["the store is as it should be".into()])
            } else {
                Err(format!("{found} differences").into())
            }
        }
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
