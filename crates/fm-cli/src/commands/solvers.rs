//! `fm solvers`: the error of every method against its evaluations.
//!
//! The error is that of the integration alone: the distance to what the same noise becomes when the same field is
//! integrated exactly, as far as `f64` goes. How good the field is does not enter, and so a mixture with an exact field and
//! a trained network are measured alike.

mod mixture;
mod model;
mod study;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use serde_json::json;

use self::mixture::Mixture;
use self::model::Model;
use self::study::{Curve, Subject};
use self::table::table;
use super::sampling::ModelArgs;
use crate::plot::{self, ErrorPanel};
use crate::progress::{say, show};

/// Arguments of `fm solvers`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Checkpoint file, or the folder of a run [default: eight Gaussians in the plane, whose velocity and score are exact]
    #[arg(value_name = "CKPT")]
    checkpoint: Option<PathBuf>,
    /// Picture to write, a .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Samples to integrate
    #[arg(short, value_name = "N", default_value_t = 1000)]
    n: usize,
    /// The largest budget of network evaluations, from 4 in powers of 2
    #[arg(long, value_name = "N", default_value_t = 256)]
    nfe: u64,
    #[command(flatten)]
    model: ModelArgs,
    /// Print one JSON array instead of tables
    #[arg(long)]
    json: bool,
}

/// Measures, prints and draws.
pub fn run(args: &Args) -> Result<ExitCode> {
    ensure!(args.nfe >= 8, "--nfe {} is too few for a curve; give at least 8", args.nfe);
    ensure!(args.n >= 1, "-n 0 leaves nothing to measure; give at least 1");
    let subject: Box<dyn Subject> = match &args.checkpoint {
        Some(checkpoint) => Box::new(Model::open(checkpoint, &args.model, args.n)?),
        None => Box::new(Mixture::new(args.n, args.model.seed())?),
    };
    let families = study::measure(subject.as_ref(), args.nfe)?;
    if args.json {
        let rows = families.iter().flat_map(|(family, curves)| curves.iter().map(move |curve| (*family, curve)));
        let rows = rows.flat_map(|(family, curve)| curve.points.iter().map(move |point| (family, curve, point)));
        let rows: Vec<_> = rows
            .map(|(family, curve, point)| {
                json!({
                    "family": family, "method": curve.method.to_string(), "setting": point.setting,
                    "nfe": point.nfe, "error": point.error, "median_error": point.median,
                })
            })
            .collect();
        show(&serde_json::to_string_pretty(&rows)?);
    } else {
        for (family, curves) in &families {
            show(&table(&format!("{family}: error"), curves, |point| point.error));
            show(&table(&format!("{family}: median error of a sample"), curves, |point| point.median));
        }
    }
    if let Some(out) = &args.out {
        let panels: Vec<ErrorPanel> = families
            .iter()
            .map(|(family, curves)| ErrorPanel {
                caption: (*family).to_owned(),
                curves: curves.iter().map(line).collect(),
            })
            .collect();
        plot::error_against_nfe(out, &subject.title(), &panels)?;
        say(&format!("drawn: {}", out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(curve: &Curve) -> (String, Vec<(f64, f64)>) {
    (curve.method.to_string(), curve.points.iter().map(|point| (point.nfe, point.error)).collect())
}
