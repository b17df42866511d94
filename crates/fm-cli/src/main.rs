//! `fm`: train, sample, evaluate and plot flow-matching models; couple and compare samples.
//!
//! The only crate that parses, prints and uses `anyhow`. A command is a file in `commands`; every error leaves as one
//! line on standard error, and an exit code that is not zero.

#![expect(unreachable_pub, reason = "a program has no outside; `pub` says what a module offers to the others")]

mod commands;
mod config;
mod data;
mod metrics;
mod plot;
mod progress;
mod run;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Train, sample, evaluate and plot flow-matching models.
#[derive(Debug, Parser)]
#[command(name = "fm", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model as a configuration file says
    Train(commands::train::Args),
    /// Draw samples from a checkpoint
    Sample(commands::sample::Args),
    /// Measure how good the samples of a checkpoint are
    Eval(commands::eval::Args),
    /// Draw pictures of a run: its loss, samples, trajectories and field
    Plot(commands::plot::Args),
    /// Measure the error of every solver against its evaluations, on a model or on an exact field
    Solvers(commands::solvers::Args),
    /// Pair the points of two files by optimal transport
    Couple(commands::couple::Args),
    /// Measure the distance between the samples in two files
    Distance(commands::distance::Args),
    /// Show everything that is needed to reproduce a checkpoint
    Info(commands::info::Args),
}

/// An error with its causes. A cause that the line already quotes is not said twice, and LibTorch's stack is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let said = text.lines().map(str::trim).take_while(|part| !part.starts_with("Exception raised from"));
        let said = said.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        if !line.contains(&said) {
            line = if line.is_empty() { said } else { format!("{line}: {said}") };
        }
    }
    line
}

fn main() -> ExitCode {
    fm_nn::runtime::prepare();
    fm_nn::runtime::ignore_file_size_signal();
    let outcome = match Cli::parse().command {
        Command::Train(args) => commands::train::run(&args),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Plot(args) => commands::plot::run(&args),
        Command::Solvers(args) => commands::solvers::run(&args),
        Command::Couple(args) => commands::couple::run(&args),
        Command::Distance(args) => commands::distance::run(&args),
        Command::Info(args) => commands::info::run(&args),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            progress::say(&format!("error: {}", one_line(&error)));
            ExitCode::FAILURE
        }
    }
}
