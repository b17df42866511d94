//! Everything that determines a model, as one value: each choice its own section, none knowing the others.
//!
//! The configuration is plain data that serde reads and writes. Nothing in it is optional in the file's sense: every key
//! has a default, and the whole of it is stored in each checkpoint. Where the data comes from is the application's
//! affair and not part of it.

mod sections;
mod solver;

use fm_ot::CouplingKind;
use fm_paths::{AffinePath, NamedSchedule, Prediction, Weighting};
use serde::{Deserialize, Serialize};

pub use sections::{
    CouplingConfig, DeviceConfig, GuidanceConfig, NetworkConfig, PredictionConfig, SourceConfig, TimeConfig,
    TrainingConfig,
};
pub(crate) use solver::planned_steps;
pub use solver::{AdaptiveConfig, ErrorNorm, FixedConfig, SdeConfig, SolverConfig, SolverKind};

use crate::{ConfigError, EmaConfig, OptimizerConfig};

/// A model and its training.
///
/// | section | type | default |
/// |---|---|---|
/// | `seed` | `u64` | 0 |
/// | `[source]` | [`SourceConfig`] | standard normal of the data's dimension |
/// | `[path]` | [`NamedSchedule`] | `linear` |
/// | `[prediction]` | [`PredictionConfig`] | `velocity` |
/// | `[coupling]` | [`CouplingConfig`] | `independent` |
/// | `[weighting]` | [`Weighting`] | `uniform` |
/// | `[time]` | [`TimeConfig`] | uniform on [0, 1] |
/// | `[network]` | [`NetworkConfig`] | a small [`MlpConfig`](crate::MlpConfig) |
/// | `[optimizer]` | [`OptimizerConfig`] | Adam at 1e-3 |
/// | `[ema]` | [`EmaConfig`] | 0.999 with warm-up |
/// | `[guidance]` | [`GuidanceConfig`] | 10 % label drop, scale 1 |
/// | `[solver]` | [`SolverConfig`] | 50 midpoint steps |
/// | `[training]` | [`TrainingConfig`] | 10 000 steps of 256 samples |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the sections are described in the table")]
pub struct Config {
    pub seed: u64,
    pub source: SourceConfig,
    pub path: NamedSchedule,
    pub prediction: PredictionConfig,
    pub coupling: CouplingConfig,
    pub weighting: Weighting,
    pub time: TimeConfig,
    pub network: NetworkConfig,
    pub optimizer: OptimizerConfig,
    pub ema: EmaConfig,
    pub guidance: GuidanceConfig,
    pub solver: SolverConfig,
    pub training: TrainingConfig,
}

impl Config {
    /// The path.
    pub fn path(&self) -> AffinePath<NamedSchedule> {
        AffinePath::new(self.path)
    }

    /// Checks every value and every combination that has no meaning.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let TrainingConfig { steps, batch_size, log_every, checkpoint_every, .. } = self.training;
        let positive = |key, value: f64| ConfigError::require(value >= 1.0, key, value, "at least 1");
        positive("training.steps", steps as f64)?;
        positive("training.batch_size", batch_size as f64)?;
        positive("training.log_every", log_every as f64)?;
        positive("training.checkpoint_every", checkpoint_every as f64)?;
        let GuidanceConfig { label_drop, scale } = self.guidance;
        ConfigError::require((0.0..1.0).contains(&label_drop), "guidance.label_drop", label_drop, "in [0, 1)")?;
        let holds = scale >= 0.0 && scale.is_finite();
        ConfigError::require(holds, "guidance.scale", scale, "zero or a positive number")?;
        self.optimizer.validate()?;
        self.ema.validate()?;
        let NetworkConfig::Mlp(mlp) = &self.network;
        mlp.validate()?;
        if let SourceConfig::Toy { density } = self.source {
            density.validate()?;
        }
        self.path.validate()?;
        positive("coupling.batches", self.coupling.batches as f64)?;
        self.coupling.kind.validate()?;
        self.coupling.classes.validate()?;
        self.weighting.validate()?;
        self.time.sampler()?;
        self.validate_combination()?;
        self.validate_solver(&self.solver)
    }

    /// The combinations: a score needs an independent normal source, and no prediction may be used where it is singular.
    fn validate_combination(&self) -> Result<(), ConfigError> {
        let predicts = self.prediction.kind;
        if predicts == Prediction::Score && !self.has_score() {
            return Err(ConfigError::Conflict {
                what: "the score −x₀/σ is that of a standard normal source drawn independently of the data".to_owned(),
                remedy: "set source.kind = \"normal\" and coupling.kind = \"independent\", or predict velocity",
            });
        }
        let (path, ends) = (self.path(), [self.time.t_min, self.time.t_max]);
        let usable = path
            .target(predicts, &ends)
            .and_then(|_| path.convert(predicts, Prediction::Velocity, &ends))
            .and_then(|_| self.weighting.weights(&path, predicts, &ends));
        usable.map(drop).map_err(|error| ConfigError::Conflict {
            what: format!("prediction.kind = \"{predicts}\" on [time.t_min, time.t_max]: {error}"),
            remedy: "set e.g. time.t_min = 0.001 or time.t_max = 0.999, whichever end the message names",
        })
    }

    /// Whether the score of the path is known: that of a standard normal source drawn independently of the data.
    fn has_score(&self) -> bool {
        self.coupling.kind == CouplingKind::Independent && self.source == SourceConfig::Normal
    }

    /// Checks that the model can be sampled with `solver`, which may be another than its own.
    ///
    /// # Errors
    /// As [`SolverConfig::validate`]; [`ConfigError::Conflict`] for a stochastic equation without a score, or one that is
    /// singular on the interval of the times.
    pub fn validate_solver(&self, solver: &SolverConfig) -> Result<(), ConfigError> {
        solver.validate()?;
        if let SolverKind::Adaptive(adaptive) = &solver.kind {
            let span = [self.time.t_min, self.time.t_max];
            adaptive.validate_stops(span, "between time.t_min and time.t_max, and ascending")?;
        }
        let Some(diffusion) = solver.diffusion() else { return Ok(()) };
        if !self.has_score() {
            return Err(ConfigError::Conflict {
                what: "a stochastic solver needs the score, which is known for a standard normal source drawn \
                       independently of the data"
                    .to_owned(),
                remedy: "choose a solver of another kind, or train with source.kind = \"normal\" and \
                         coupling.kind = \"independent\"",
            });
        }
        let (path, predicts) = (self.path(), self.prediction.kind);
        for t in [self.time.t_min, self.time.t_max] {
            let drift = path.convert_rows(|point| predicts.row(point), |point| diffusion.drift(point), &[t]);
            if drift.is_err() || !diffusion.at(&path.schedule, t).is_finite() {
                return Err(ConfigError::Conflict {
                    what: format!("the stochastic equation with {diffusion:?} is singular at t = {t}"),
                    remedy: "choose diffusion.kind = \"sigma\", or train with time.t_min and time.t_max away from there",
                });
            }
        }
        Ok(())
    }
}
