//! Everything that determines a model, as one value: each choice its own section, none knowing the others.
//!
//! The configuration is plain data that serde reads and writes. Nothing in it is optional in the file's sense: every key
//! has a default, and the whole of it is stored in each checkpoint. Where the data comes from is the application's
//! affair and not part of it.

use fm_ot::{Coupling, CouplingKind};
use fm_paths::{AffinePath, NamedSchedule, Prediction, TimeLaw, TimeSampler, Toy, Weighting};
use fm_solvers::FixedMethod;
use serde::{Deserialize, Serialize};

use crate::{ConfigError, DataError, EmaConfig, MlpConfig, OptimizerConfig};

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
/// | `[network]` | [`NetworkConfig`] | a small [`MlpConfig`] |
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

/// Where the path starts.
///
/// | `kind` | meaning |
/// |---|---|
/// | `normal` (default) | the standard normal distribution of the data's dimension |
/// | `toy` | a named density, `[source.density]`, see [`Toy`] |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceConfig {
    /// Standard normal.
    #[default]
    Normal,
    /// A named density.
    Toy {
        /// Which one.
        density: Toy,
    },
}

impl SourceConfig {
    /// The density to draw from for data of `dim` values a sample.
    ///
    /// # Errors
    /// [`DataError::SourceDimension`] if a named density has another dimension.
    pub fn density(&self, dim: usize) -> Result<Toy, DataError> {
        match *self {
            Self::Normal => Ok(Toy::Normal { dim }),
            Self::Toy { density } if density.dim() == dim => Ok(density),
            Self::Toy { density } => Err(DataError::SourceDimension { source_dim: density.dim(), data_dim: dim }),
        }
    }
}

/// What the network predicts: `kind` is a [`Prediction`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PredictionConfig {
    /// The quantity.
    pub kind: Prediction,
}

/// Which source sample goes with which data sample: `kind` is a [`CouplingKind`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CouplingConfig {
    /// The coupling.
    pub kind: CouplingKind,
}

/// Training times: a [`TimeLaw`] on `[t_min, t_max]`. Sampling integrates over the same interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimeConfig {
    /// The law on (0, 1), given by its `kind` and parameters.
    #[serde(flatten)]
    pub law: TimeLaw,
    /// The smallest time; above 0 for noise and score predictions, which are singular there.
    pub t_min: f64,
    /// The largest time; below 1 for data and score predictions, which are singular there.
    pub t_max: f64,
}

impl Default for TimeConfig {
    fn default() -> Self {
        Self { law: TimeLaw::default(), t_min: 0.0, t_max: 1.0 }
    }
}

impl TimeConfig {
    /// The sampler of training times.
    ///
    /// # Errors
    /// [`fm_paths::PathError::Parameter`] for bounds or parameters outside their domain.
    pub fn sampler(&self) -> Result<TimeSampler, fm_paths::PathError> {
        TimeSampler::new(self.law, self.t_min, self.t_max)
    }
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NetworkConfig {
    /// A multilayer perceptron, `kind = "mlp"`.
    Mlp(MlpConfig),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self::Mlp(MlpConfig::default())
    }
}

/// Classifier-free guidance; only labelled data is concerned.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `label_drop` | 0.1 | probability with which each sample's label is replaced by "no class" in training | [0, 1) |
/// | `scale` | 1 | default guidance scale w of sampling; 1 is off | at least 0 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuidanceConfig {
    /// Probability of dropping a label, per sample.
    pub label_drop: f64,
    /// Default scale of sampling.
    pub scale: f64,
}

impl Default for GuidanceConfig {
    fn default() -> Self {
        Self { label_drop: 0.1, scale: 1.0 }
    }
}

/// How samples are integrated.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `method` | `midpoint` | a [`FixedMethod`] |
/// | `steps` | 50 | steps of the uniform grid |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SolverConfig {
    /// The method.
    pub method: FixedMethod,
    /// The number of steps.
    pub steps: usize,
}

impl Default for SolverConfig {
    fn default() -> Self {
        Self { method: FixedMethod::Midpoint, steps: 50 }
    }
}

/// The loop around the optimizer.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `steps` | 10000 | optimizer steps |
/// | `batch_size` | 256 | samples in a step |
/// | `log_every` | 50 | steps between lines of `metrics.jsonl`, each the mean loss since the last |
/// | `checkpoint_every` | 1000 | steps between checkpoints; the last step is always saved |
/// | `device` | `auto` | `auto` (CUDA if it is there), `cpu` or `cuda` |
/// | `threads` | 0 | threads of LibTorch on the CPU; 0 chooses by the size of the network |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingConfig {
    /// Optimizer steps.
    pub steps: u64,
    /// Samples in a step.
    pub batch_size: usize,
    /// Steps between logged losses.
    pub log_every: u64,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Where to compute.
    pub device: DeviceConfig,
    /// Threads of LibTorch; 0 for automatic.
    pub threads: usize,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            steps: 10_000,
            batch_size: 256,
            log_every: 50,
            checkpoint_every: 1000,
            device: DeviceConfig::Auto,
            threads: 0,
        }
    }
}

/// Where to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "described in TrainingConfig")]
pub enum DeviceConfig {
    #[default]
    Auto,
    Cpu,
    Cuda,
}

impl Config {
    /// The path.
    pub fn path(&self) -> AffinePath<NamedSchedule> {
        AffinePath::new(self.path)
    }

    /// The coupling.
    pub fn coupling(&self) -> Box<dyn Coupling + Send> {
        self.coupling.kind.build()
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
        positive("solver.steps", self.solver.steps as f64)?;
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
        self.time.sampler()?;
        self.validate_combination()
    }

    /// The combinations: a score needs an independent normal source, and no prediction may be used where it is singular.
    fn validate_combination(&self) -> Result<(), ConfigError> {
        let predicts = self.prediction.kind;
        let independent = self.coupling.kind == CouplingKind::Independent;
        if predicts == Prediction::Score && !(independent && self.source == SourceConfig::Normal) {
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
}
