//! The sections of a configuration, each with its defaults. Values are checked in [`Config::validate`](super::Config).

use fm_ot::{ClassConditional, ClassRule, Coupling, CouplingKind, Resampled};
use fm_paths::{Prediction, TimeLaw, TimeSampler, Toy};
use serde::{Deserialize, Serialize};

use crate::{DataError, MlpConfig};

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

/// Which source sample goes with which data sample.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `kind` and its parameters | `independent` | a [`CouplingKind`] | |
/// | `batches` | 1 | training batches that are coupled at once, as one large batch, and handed out one by one | at least 1 |
/// | `replacement` | false | draw pairs with replacement, see [`Resampled`] | |
/// | `[coupling.classes]` | `within` | what the classes of labelled data are to the coupling: a [`ClassRule`] | |
///
/// A larger batch is closer to the transport between the laws, and costs more than in proportion: a matrix of
/// `(batches · batch_size)²` costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CouplingConfig {
    /// The coupling of two batches.
    #[serde(flatten)]
    pub kind: CouplingKind,
    /// Training batches coupled at once.
    pub batches: usize,
    /// Whether pairs are drawn with replacement.
    pub replacement: bool,
    /// What the classes of labelled data are to the coupling.
    pub classes: ClassRule,
}

impl Default for CouplingConfig {
    fn default() -> Self {
        Self { kind: CouplingKind::default(), batches: 1, replacement: false, classes: ClassRule::default() }
    }
}

impl CouplingConfig {
    /// The coupling with everything around it.
    pub fn build(&self) -> Box<dyn Coupling + Send> {
        let plain = self.kind.build();
        if self.kind == CouplingKind::Independent {
            // Classes change nothing about independent pairs.
            return if self.replacement { Box::new(Resampled { coupling: plain }) } else { plain };
        }
        let coupling = ClassConditional { coupling: plain, rule: self.classes };
        if self.replacement { Box::new(Resampled { coupling }) } else { Box::new(coupling) }
    }
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
