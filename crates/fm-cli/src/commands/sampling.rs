//! What `sample`, `eval` and `plot` have in common: how a checkpoint is sampled from.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fm_nn::{DeviceConfig, ErrorNorm, Generated, Generator, Precision, Request, SolverConfig, SolverKind, WeightSet};

use super::solver::{Diffusion, Method, SolverArgs};
use crate::progress::Progress;
use crate::run::Trained;

/// The options of sampling; what is left out is as in the configuration of the run.
#[derive(Clone, Debug, clap::Args)]
pub struct Sampling {
    /// Checkpoint file, or the folder of a run
    #[arg(value_name = "CKPT")]
    pub checkpoint: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    solver: SolverArgs,
}

/// Which model, and what it is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// Scale of classifier-free guidance; 1 is off
    #[arg(long, value_name = "W")]
    guidance: Option<f64>,
    /// Seed of the source samples and of the noise of a stochastic solver
    #[arg(long, default_value_t = 0)]
    seed: u64,
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
    /// How it is integrated.
    pub solver: SolverConfig,
    /// Whether samples that have not arrived when the solver's limit is reached are a result.
    pub partial: bool,
    /// Guidance scale for labelled samples.
    pub guidance: f64,
    /// The seed.
    pub seed: u64,
}

impl Sampling {
    /// Opens the checkpoint.
    pub fn open(&self) -> Result<Sampler> {
        let mut sampler = self.model.open(&self.checkpoint, Precision::Single)?;
        sampler.solver = self.solver.over(sampler.solver)?;
        Ok(sampler)
    }

    /// The guidance that was asked for on the command line.
    pub fn explicit_guidance(&self) -> Option<f64> {
        self.model.guidance
    }
}

impl ModelArgs {
    /// The seed of everything that is drawn.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Opens a checkpoint, with the solver of its configuration.
    pub fn open(&self, checkpoint: &Path, precision: Precision) -> Result<Sampler> {
        let trained = Trained::open(checkpoint)?;
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
        Ok(Sampler {
            generator: Generator::with_precision(&trained.checkpoint, weights, device, precision)?,
            solver: trained.checkpoint.config.solver.clone(),
            partial: false,
            guidance: self.guidance.unwrap_or(trained.checkpoint.config.guidance.scale),
            seed: self.seed,
            trained,
        })
    }
}

impl Sampler {
    /// Draws `n` samples, of the given classes or without, and shows the progress.
    pub fn draw(&self, n: usize, labels: Option<Vec<u32>>, trajectory: bool) -> Result<Generated> {
        let mut progress = Progress::new("sample", "%", 0, 100);
        let generated = self.draw_with(self.solver.clone(), n, labels, trajectory, &mut |done| {
            progress.at((done * 100.0) as u64, String::new);
        });
        progress.finish();
        generated
    }

    /// The same with another solver, and with the fraction that is done for the caller to show.
    pub fn draw_with(
        &self,
        solver: SolverConfig,
        n: usize,
        labels: Option<Vec<u32>>,
        trajectory: bool,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Generated> {
        let guidance = if labels.is_some() { self.guidance } else { 1.0 };
        let request = Request { n, seed: self.seed, labels, guidance, solver, trajectory, partial: self.partial };
        Ok(self.generator.generate(&request, progress)?)
    }

    /// Classes 0, 1, 2, ... over and over, if the model has any; after a check that so many samples can be held.
    pub fn every_class(&self, n: usize) -> Result<Option<Vec<u32>>> {
        self.generator.check_count(n, 0)?;
        let classes = self.generator.data().classes;
        Ok((classes > 0).then(|| (0..n).map(|i| (i % classes) as u32).collect()))
    }

    /// The solver in a few words, with the steps that it took.
    pub fn solver_taken(&self, generated: &Generated) -> String {
        let (method, steps) = (Method::of(&self.solver.kind), generated.work.steps);
        match &self.solver.kind {
            SolverKind::Fixed(_) => format!("{steps} x {method}"),
            SolverKind::Sde(sde) => format!("{steps} x {method}, diffusion {}", Diffusion(sde.diffusion)),
            SolverKind::Adaptive(adaptive) => {
                format!("{method}, rtol {:e}, atol {:e}", adaptive.rtol, adaptive.atol)
            }
        }
    }

    /// Whether the states between source and sample are seen, and follow the velocity.
    pub fn shows_paths(&self) -> bool {
        match &self.solver.kind {
            SolverKind::Fixed(_) => true,
            SolverKind::Adaptive(adaptive) => adaptive.norm != ErrorNorm::PerSample,
            SolverKind::Sde(_) => false,
        }
    }
}
