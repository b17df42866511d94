//! What `sample`, `eval` and `plot` have in common: how a checkpoint is sampled from.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use fm_nn::{DeviceConfig, Generated, Generator, Request, SolverConfig, WeightSet};
use fm_solvers::FixedMethod;

use crate::progress::Progress;
use crate::run::Trained;

/// The options of sampling; what is left out is as in the configuration of the run.
#[derive(Clone, Debug, clap::Args)]
pub struct Sampling {
    /// Checkpoint file, or the folder of a run
    #[arg(value_name = "CKPT")]
    pub checkpoint: PathBuf,
    /// Integrator: euler, midpoint, heun, ralston, rk4, ab2, ab3, ab4 or abm4
    #[arg(long)]
    solver: Option<FixedMethod>,
    /// Steps of the integrator
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Scale of classifier-free guidance; 1 is off
    #[arg(long, value_name = "W")]
    guidance: Option<f64>,
    /// Seed of the source samples
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Weights to use: their moving average (ema) or the raw ones (raw)
    #[arg(long, value_enum, default_value_t = Weights::Ema)]
    weights: Weights,
    /// Where to compute: auto, cpu or cuda
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    device: Device,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Weights {
    Ema,
    Raw,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Device {
    Auto,
    Cpu,
    Cuda,
}

/// A trained model with the options of sampling applied.
#[derive(Debug)]
pub struct Sampler {
    /// The run.
    pub trained: Trained,
    /// The model.
    pub generator: Generator,
    /// Method and steps.
    pub solver: SolverConfig,
    /// Guidance scale for labelled samples.
    pub guidance: f64,
    /// The seed.
    pub seed: u64,
}

impl Sampling {
    /// Opens the checkpoint.
    pub fn open(&self) -> Result<Sampler> {
        let trained = Trained::open(&self.checkpoint)?;
        let weights = match self.weights {
            Weights::Ema => WeightSet::Ema,
            Weights::Raw => WeightSet::Raw,
        };
        let device = match self.device {
            Device::Auto => DeviceConfig::Auto,
            Device::Cpu => DeviceConfig::Cpu,
            Device::Cuda => DeviceConfig::Cuda,
        };
        if let Some(w) = self.guidance
            && w != 1.0
            && trained.checkpoint.data.classes == 0
        {
            bail!("guidance {w} of a model without classes; leave --guidance out");
        }
        let config = &trained.checkpoint.config;
        ensure!(self.steps != Some(0), "--steps 0 is not allowed: the integrator needs at least one step");
        Ok(Sampler {
            generator: Generator::new(&trained.checkpoint, weights, device)?,
            solver: SolverConfig {
                method: self.solver.unwrap_or(config.solver.method),
                steps: self.steps.unwrap_or(config.solver.steps),
            },
            guidance: self.guidance.unwrap_or(config.guidance.scale),
            seed: self.seed,
            trained,
        })
    }

    /// The guidance that was asked for on the command line.
    pub fn explicit_guidance(&self) -> Option<f64> {
        self.guidance
    }
}

impl Sampler {
    /// Draws `n` samples, of the given classes or without, and shows the progress.
    pub fn draw(&self, n: usize, labels: Option<Vec<u32>>, trajectory: bool) -> Result<Generated> {
        let guidance = if labels.is_some() { self.guidance } else { 1.0 };
        let request = Request { n, seed: self.seed, labels, guidance, solver: self.solver, trajectory };
        let mut progress = Progress::new("sample", "%", 0, 100);
        let generated = self.generator.generate(&request, &mut |done| progress.at((done * 100.0) as u64, String::new));
        progress.finish();
        Ok(generated?)
    }

    /// Classes 0, 1, 2, ... over and over, if the model has any.
    pub fn every_class(&self, n: usize) -> Option<Vec<u32>> {
        let classes = self.generator.data().classes;
        (classes > 0).then(|| (0..n).map(|i| (i % classes) as u32).collect())
    }
}
