//! `cargo xtask`: everything around the crates, in plain Rust.
//!
//! Why a program and not a Makefile or shell scripts: it needs nothing but the toolchain that builds the project, it is
//! type-checked and tested like the rest, and a contributor runs locally exactly what continuous integration runs. Why no
//! task-runner crate: a command here is a list of child processes, and [`process::Step`] is all that takes. Every command
//! prints what it runs, so that a failing line can be pasted into a shell.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

mod bench;
mod demo;
mod doc;
mod lint;
mod process;
mod setup;
mod test;
mod tidy;
mod validate;
mod workspace;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::process::Failed;
use crate::workspace::Workspace;

/// Set-up, tests, lints, demo and benchmarks of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make LibTorch available: yours if `LIBTORCH` or `LIBTORCH_USE_PYTORCH` is set, otherwise a pinned one in the user's cache
    Setup {
        /// The CUDA build (2.5 GB to download); the default where an NVIDIA driver is present
        #[arg(long, conflicts_with = "cpu")]
        cuda: bool,
        /// The CPU build (545 MB to download), even where an NVIDIA driver is present
        #[arg(long)]
        cpu: bool,
        /// Look for the wheels in this folder before downloading any
        #[arg(long, value_name = "DIR")]
        wheels: Option<PathBuf>,
    },
    /// Train the demo models and write out/demo/index.html
    Demo,
    /// All tests: the math crates first (no LibTorch), then everything above them
    Test,
    /// Run the criterion benchmarks; results are printed, never asserted
    Bench {
        /// One file of benches/benches, without `.rs`
        name: Option<String>,
        /// Compare with Python libraries, in a virtual environment below the target folder
        #[arg(long)]
        peers: bool,
        /// Threads of either side: all by default, one with `--peers`
        #[arg(long, value_name = "N")]
        threads: Option<NonZeroUsize>,
    },
    /// rustfmt and clippy, warnings denied, no LibTorch needed
    Lint,
    /// The rules of the house that no other tool knows: layering, file sizes, sources cited
    Tidy,
    /// rustdoc, warnings denied, no LibTorch needed
    Doc,
    /// What a contributor runs: format, tidy, clippy, math tests, docs; cheapest first, no LibTorch needed
    Validate,
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Setup { cuda, cpu, wheels } => {
            let flavour = match (cuda, cpu) {
                (true, _) => Some(setup::Flavour::Cuda),
                (_, true) => Some(setup::Flavour::Cpu),
                _ => None,
            };
            setup::ensure(&workspace, &setup::Request { flavour, wheels }).map(|_| ())
        }
        Command::Demo => demo::run(&workspace),
        Command::Test => test::run(&workspace),
        Command::Bench { name, peers, threads } => bench::run(&workspace, name.as_deref(), peers, threads),
        Command::Lint => lint::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
        Command::Doc => doc::run(&workspace),
        Command::Validate => validate::run(&workspace),
    }
}

/// A failed child ends this program with the child's own exit code; anything else is one line and exit code 1.
fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            error.downcast_ref::<Failed>().map_or(ExitCode::FAILURE, |failed| ExitCode::from(failed.code))
        }
    }
}
