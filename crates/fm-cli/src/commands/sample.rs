//! `fm sample`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Result, bail};
use fm_nn::{AdaptiveConfig, ErrorNorm, Generated, SolverKind, Work};

use super::pictures;
use super::sampling::{Sampler, Sampling};
use super::solver::Method;
use crate::data::write_npy;
use crate::progress::say;

/// Arguments of `fm sample`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Number of samples
    #[arg(short, value_name = "N", default_value_t = 64)]
    n: usize,
    /// File to write: .npy for the values, .png for a picture
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Class to sample: a number, `all` for each class in turn, or `none` [default: all, if the model has classes]
    #[arg(long, value_name = "K")]
    class: Option<Class>,
    /// Write also the samples that have not arrived when --nfe or --max-steps is spent, as they are (adaptive)
    #[arg(long)]
    keep_partial: bool,
    // Last, so that the heading of the solver's options is not that of others.
    #[command(flatten)]
    sampling: Sampling,
}

/// Which class the samples have.
#[derive(Clone, Copy, Debug)]
enum Class {
    One(u32),
    All,
    None,
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => text.parse().map(Self::One).map_err(|_| "name a class by its number, or `all`, or `none`".to_owned()),
        }
    }
}

/// Draws samples and writes them.
pub fn run(args: &Args) -> Result<ExitCode> {
    let kind = args.out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !["npy", "png"].contains(&kind.as_str()) {
        bail!("{}: the kind of file is not known; let its name end in .npy or .png", args.out.display());
    }
    let mut sampler = args.sampling.open()?;
    let method = Method::of(&sampler.solver.kind);
    if args.keep_partial && !matches!(method, Method::Adaptive(_)) {
        bail!("--keep-partial with {method}: equal steps always arrive; leave it out, or name an adaptive method");
    }
    sampler.partial = args.keep_partial;
    let labels = match args.class {
        Some(Class::One(class)) => {
            sampler.generator.check_count(args.n, 0)?;
            Some(vec![class; args.n])
        }
        Some(Class::All) | None => sampler.every_class(args.n)?,
        Some(Class::None) => None,
    };
    if let (None, Some(w)) = (&labels, args.sampling.explicit_guidance())
        && w != 1.0
    {
        bail!("guidance {w} without a class; name one with --class, or leave --guidance out");
    }
    let began = Instant::now();
    let generated = sampler.draw(args.n, labels, false)?;
    let seconds = began.elapsed().as_secs_f64();
    let solve = format!("{}, {}", sampler.solver_taken(&generated), work(&sampler, &generated));
    if let Some(stopped) = stopped(&sampler, &generated) {
        say(&stopped);
    }
    let mut shape = vec![args.n];
    shape.extend(&sampler.generator.data().shape);
    if kind == "npy" {
        write_npy(&args.out, &generated.x.into_shape_with_order(shape)?)?;
    } else {
        pictures::samples(&args.out, &sampler, &generated)?;
    }
    let n = args.n;
    say(&format!("{n} samples in {seconds:.2} s, {solve}: {}", args.out.display()));
    Ok(ExitCode::SUCCESS)
}

/// How many samples have not arrived, and where they are.
fn stopped(sampler: &Sampler, generated: &Generated) -> Option<String> {
    let end = sampler.trained.checkpoint.config.time.t_max;
    let stopped: Vec<f64> = generated.t.iter().copied().filter(|&t| t < end).collect();
    let (first, last) = stopped.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &t| (low.min(t), high.max(t)));
    let at = if first == last { format!("t = {first:.4}") } else { format!("t = {first:.4} to {last:.4}") };
    let (count, n) = (stopped.len(), generated.t.len());
    (count > 0)
        .then(|| format!("{count} of {n} samples have not arrived at {end}: they are written as they are at {at}"))
}

/// What each sample took, in network evaluations.
fn work(sampler: &Sampler, generated: &Generated) -> String {
    let nfe = match (sampler.solver.nfe, generated.network_evaluations()) {
        (Some(budget), nfe) => format!("NFE {nfe} of {budget}"),
        (None, nfe) => format!("NFE {nfe}"),
    };
    let Work { steps, rejected, forced, .. } = generated.work;
    let forced = if forced > 0 { format!(" ({forced} at h_min with too large an error)") } else { String::new() };
    match sampler.solver.kind {
        SolverKind::Adaptive(AdaptiveConfig { norm: ErrorNorm::PerSample, .. }) => {
            let mean = generated.mean_network_evaluations();
            format!(
                "per sample at most {steps} steps accepted{forced}, {rejected} rejected, {nfe}, on average {mean:.1}"
            )
        }
        SolverKind::Adaptive(_) => format!("{steps} steps accepted{forced}, {rejected} rejected, {nfe}"),
        SolverKind::Fixed(_) | SolverKind::Sde(_) => nfe,
    }
}
