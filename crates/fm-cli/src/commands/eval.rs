//! `fm eval`.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fm_nn::random::{Purpose, stream};
use fm_nn::{Generated, SolverKind};
use fm_ot::wasserstein2;
use fm_paths::Toy;
use ndarray::{Array2, s};

use super::report::Report;
use super::sampling::{Sampler, Sampling};
use crate::config::{Prepared, Split};
use crate::data::Dataset;
use crate::metrics::{KnnClassifier, memorisation_ratio, normalised_path_energy, path_energy};
use crate::progress::say;

/// Neighbours that vote on the class of a sample.
const NEIGHBOURS: usize = 5;

/// Arguments of `fm eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Samples to draw [default: 4000 for a density, 1000 for a data file]
    #[arg(short, value_name = "N")]
    n: Option<usize>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sampling: Sampling,
}

/// Draws samples, measures them and prints the numbers.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sampler = args.sampling.open()?;
    let checkpoint = &sampler.trained.checkpoint;
    let prepared = sampler.trained.prepare()?;
    let n = args.n.unwrap_or(match prepared {
        Prepared::Toy(_) => 4000,
        Prepared::File(_) => 1000,
    });
    ensure!(n >= 2, "-n {n} is too few: measure at least 2 samples");
    let began = Instant::now();
    let labels = sampler.every_class(n)?;
    let paths = matches!(prepared, Prepared::Toy(_)) && sampler.shows_paths();
    let generated = sampler.draw(n, labels.clone(), paths)?;
    let mut report = Report::default();
    report.add("step", checkpoint.step);
    if let Some(rate) = steps_per_second(&sampler)? {
        report.add("training_steps_per_second", rate);
    }
    report.add("samples", n);
    report.add("solver", sampler.solver_taken(&generated));
    if let SolverKind::Adaptive(_) = sampler.solver.kind {
        report.add("steps_accepted", generated.work.steps);
        report.add("steps_rejected", generated.work.rejected);
        report.add("steps_forced", generated.work.forced);
        report.add("mean_network_evaluations", generated.mean_network_evaluations());
    }
    report.add("nfe", generated.work.nfe);
    report.add("network_evaluations", generated.network_evaluations());
    report.add("sampling_seconds", began.elapsed().as_secs_f64());
    match &prepared {
        Prepared::Toy(density) => toy(&mut report, &sampler, &generated, *density)?,
        Prepared::File(split) => {
            file(&mut report, &generated, split)?;
            if let Some(labels) = labels {
                report.add("guidance", sampler.guidance);
                classes(&mut report, &generated, &labels, split)?;
            }
        }
    }
    report.print(args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// The median speed of the training, if its log is still there.
fn steps_per_second(sampler: &Sampler) -> Result<Option<f64>> {
    if !sampler.trained.folder.metrics().exists() {
        return Ok(None);
    }
    let metrics = sampler.trained.folder.read_metrics()?;
    let mut rates: Vec<f64> = metrics.iter().map(|metric| metric.steps_per_second).collect();
    rates.sort_by(f64::total_cmp);
    Ok(rates.get(rates.len() / 2).copied())
}

/// Distances to fresh samples of the density, and how straight the paths are.
fn toy(report: &mut Report, sampler: &Sampler, generated: &Generated, density: Toy) -> Result<()> {
    let n = generated.x.nrows();
    let fresh = |index| density.sample(n, &mut stream(sampler.seed, Purpose::Evaluation, index));
    let (reference, other) = (fresh(0), fresh(1));
    say(&format!("exact transport between {n} points, three times"));
    report.add("w2", wasserstein2(generated.x.view(), reference.view())?);
    report.add("w2_floor", wasserstein2(other.view(), reference.view())?);
    let time = sampler.trained.checkpoint.config.time;
    if (time.t_min, time.t_max) != (0.0, 1.0) {
        say("the path energy is left out: the solve does not cover the whole path (time.t_min, time.t_max)");
        return Ok(());
    }
    if generated.times.is_empty() {
        say("the path energy is left out: it is that of the flow, with steps that all samples share");
        return Ok(());
    }
    let energy = path_energy(&generated.times, &generated.trajectory);
    let squared = wasserstein2(generated.source.view(), reference.view())?.powi(2);
    report.add("path_energy", energy);
    report.add("w2_squared_source_to_data", squared);
    report.add("npe", normalised_path_energy(energy, squared));
    Ok(())
}

/// Distances to held-out rows, and whether the samples are copies.
fn file(report: &mut Report, generated: &Generated, split: &Split) -> Result<()> {
    let Split { train, holdout, .. } = split;
    let rows = holdout.x.nrows();
    if rows < 2 {
        say("no rows are held out (data.holdout): distances to unseen data are left out");
        return Ok(());
    }
    let m = rows.min(generated.x.nrows()).min(train.x.nrows());
    let first = |x: &Array2<f32>| x.slice(s![..m, ..]).to_owned();
    let reference = first(&holdout.x);
    report.add("held_out_rows", rows);
    report.add("w2", wasserstein2(first(&generated.x).view(), reference.view())?);
    // The training rows are in random order, so the first ones are a fair draw.
    report.add("w2_floor", wasserstein2(first(&train.x).view(), reference.view())?);
    report.add("memorisation_ratio", memorisation_ratio(&generated.x, &train.x, &holdout.x));
    Ok(())
}

/// Whether a classifier fitted on all real rows sees the class that was asked for.
fn classes(report: &mut Report, generated: &Generated, labels: &[u32], split: &Split) -> Result<()> {
    let Split { train, holdout, .. } = split;
    let of = |set: &Dataset| set.labels.clone().context("the data file has no labels any more");
    let x = ndarray::concatenate(ndarray::Axis(0), &[train.x.view(), holdout.x.view()])?;
    let real = KnnClassifier::fit(x, [of(train)?, of(holdout)?].concat(), NEIGHBOURS);
    report.add("class_accuracy", real.accuracy(&generated.x, labels));
    if holdout.x.nrows() > 0 {
        let held_out = KnnClassifier::fit(train.x.clone(), of(train)?, NEIGHBOURS);
        report.add("class_accuracy_of_held_out_rows", held_out.accuracy(&holdout.x, &of(holdout)?));
    }
    Ok(())
}
