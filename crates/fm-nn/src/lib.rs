//! Flow-matching and diffusion models on LibTorch: networks, training, averages, checkpoints, sampling.
//!
//! The mathematics is in `fm-paths` as coefficients on the host; this crate applies them to tensors with [`blend`] and
//! never computes one. A [`Config`] names every choice (path, prediction, coupling, weighting, times, network, ...), each
//! independent of the others; a [`Trainer`] makes steps, a [`Checkpoint`] keeps a run, a [`Generator`] draws samples.
//!
//! ```no_run
//! use fm_nn::{Config, Generator, Request, Trainer, TrainingData, WeightSet};
//! use fm_paths::Toy;
//!
//! # fn main() -> Result<(), fm_nn::NnError> {
//! let data = TrainingData::density(Toy::Moons { noise: 0.05, scale: 2.0 });
//! let config = Config::default();
//! let mut trainer = Trainer::new(config.clone(), data)?;
//! while trainer.steps_done() < config.training.steps {
//!     let loss = trainer.step()?;
//! }
//! let checkpoint = trainer.checkpoint(Default::default())?;
//! let generator = Generator::new(&checkpoint, WeightSet::Ema, config.training.device)?;
//! let request = Request {
//!     n: 1000, seed: 0, labels: None, guidance: 1.0, solver: config.solver, trajectory: false,
//! };
//! let samples = generator.generate(&request, &mut |_| ())?.x; // [1000, 2]
//! # Ok(())
//! # }
//! ```
//!
//! # Building
//!
//! Needs LibTorch 2.11.0, which `cargo xtask setup` provides. The feature `doc-only` type-checks without it.

mod aside;
mod batch;
mod blend;
mod checkpoint;
mod config;
mod data;
mod ema;
mod error;
mod generator;
mod mlp;
mod model;
mod network;
mod optimizer;
mod params;
pub mod random;
pub mod runtime;
mod trainer;

pub use aside::{WriteError, write_aside};
pub use batch::{Batch, BatchMaker};
pub use blend::blend;
pub use checkpoint::Checkpoint;
pub use config::{
    Config, CouplingConfig, DeviceConfig, GuidanceConfig, NetworkConfig, PredictionConfig, SolverConfig, SourceConfig,
    TimeConfig, TrainingConfig,
};
pub use data::{DataInfo, Scaling, TrainingData};
pub use ema::{Ema, EmaConfig};
pub use error::{CheckpointError, ConfigError, DataError, NnError};
pub use generator::{Generated, Generator, Request, WeightSet};
pub use mlp::{Activation, Mlp, MlpConfig};
pub use model::{Condition, Model};
pub use optimizer::{Adam, Decay, OptimizerConfig};
pub use params::{Init, ParamSpec, Params};
pub use trainer::Trainer;
