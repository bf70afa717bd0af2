//! `cargo xtask`: the checks and generators of this workspace.

#![expect(clippy::print_stdout, reason = "this program talks to the person who runs it")]

mod bench;
mod compare;
mod generate;
mod layers;
mod new;
mod simulate;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The checks and generators of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check which crate depends on which, and who uses what from outside
    Layers,
    /// Check the shape of the tree: documentation, lengths, names, log messages, lists, migrations
    Tidy,
    /// Write what is made from the code: proto/, docs/configuration.md, docs/metrics.md, config/stocktake.toml
    Generate(generate::Arguments),
    /// Compare what we compute with what the tools of the field compute
    Compare(compare::Arguments),
    /// Begin something new: write its file, and enter it in its list
    #[command(subcommand)]
    New(new::New),
    /// Run everything that has to hold, on the embedded stack and on PostgreSQL and RabbitMQ
    Test(test::Arguments),
    /// Try a policy on a world that is made up
    #[command(subcommand)]
    Simulate(simulate::Simulation),
    /// Measure how fast it is
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let result = workspace::Root::find().and_then(|root| match Arguments::parse().command {
        Command::Layers => layers::run(&root),
        Command::Tidy => tidy::run(&root),
        Command::Generate(arguments) => generate::run(&root, &arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::New(new) => new::run(&root, &new),
        Command::Test(arguments) => test::run(&root, &arguments),
        Command::Simulate(simulation) => simulate::run(&simulation),
        Command::Bench(bench) => bench::run(&root, &bench),
    });
    match result {
        Ok(complaints) if complaints.is_empty() => ExitCode::SUCCESS,
        Ok(complaints) => {
            complaints.iter().for_each(|complaint| println!("{complaint}"));
            println!("{} to mend", complaints.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
