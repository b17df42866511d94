//! Flow-matching and diffusion models on LibTorch: networks, training, averages, checkpoints, sampling.
//!
//! The mathematics is in `fm-paths` as coefficients on the host; this crate applies them to tensors with [`blend`] and
//! never computes one. A [`Config`] names every choice (path, prediction, coupling, weighting, times, network, ...), each
//! independent of the others; a [`Trainer`] makes steps, a [`Checkpoint`] keeps a run, a [`Generator`] draws samples.
//!
//! `examples/two_moons.rs` is the whole story in one file of fifty lines.
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
mod field;
mod generator;
mod integrate;
mod mlp;
mod model;
mod network;
mod optimizer;
mod params;
pub mod random;
mod request;
pub mod runtime;
mod trainer;

pub use aside::{WriteError, write_aside};
pub use batch::{Batch, BatchMaker};
pub use blend::blend;
pub use checkpoint::Checkpoint;
pub use config::{
    AdaptiveConfig, Config, CouplingConfig, DeviceConfig, ErrorNorm, FixedConfig, GuidanceConfig, NetworkConfig,
    PredictionConfig, SdeConfig, SolverConfig, SolverKind, SourceConfig, TimeConfig, TrainingConfig,
};
pub use data::{DataInfo, Scaling, TrainingData};
pub use ema::{Ema, EmaConfig};
pub use error::{CheckpointError, ConfigError, DataError, NnError};
pub use generator::Generator;
pub use integrate::{CallCost, Plan, Problem, Solved, Work};
pub use mlp::{Activation, Mlp, MlpConfig};
pub use model::{Condition, Model};
pub use optimizer::{Adam, Decay, OptimizerConfig};
pub use params::{Init, ParamSpec, Params};
pub use request::{Generated, Precision, Request, WeightSet};
pub use trainer::Trainer;
