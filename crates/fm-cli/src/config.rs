//! The configuration file: the model's sections and, beside them, where the data comes from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fm_nn::random::{Purpose, stream};
use fm_nn::{
    AdaptiveConfig, Config, CouplingConfig, FixedConfig, Scaling, SdeConfig, SolverConfig, SolverKind, SourceConfig,
    TimeConfig, TrainingData,
};
use fm_ot::{ClassRule, CouplingKind};
use fm_paths::{Prediction, TimeLaw, Toy, Weighting};
use ndarray::Axis;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::{self, Dataset, LoadOptions};
use crate::settings::Settings;

/// A configuration file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunConfig {
    /// `[data]`.
    pub data: DataConfig,
    /// All other sections.
    #[serde(flatten)]
    pub model: Config,
}

impl Settings for RunConfig {
    fn examples() -> Vec<Self> {
        let densities = [
            Toy::Normal { dim: 2 },
            Toy::EightGaussians { radius: 5.0, std: 1.0 },
            Toy::Moons { noise: 0.05, scale: 2.0 },
            Toy::SCurve { noise: 0.05, scale: 1.5 },
            Toy::Checkerboard { cells: 4, width: 8.0 },
        ];
        let toys = densities.map(|density| Self {
            data: DataConfig::Toy { density },
            model: Config { source: SourceConfig::Toy { density }, ..Config::default() },
        });
        let options = LoadOptions {
            labels: Some(PathBuf::new()),
            label_column: Some(-1),
            key: Some(String::new()),
            labels_key: Some(String::new()),
            sample_shape: Some(Vec::new()),
            classes: Some(1),
        };
        let scaling = ScalingConfig::Range { low: 0.0, high: 1.0 };
        let file = Self {
            data: DataConfig::File(FileConfig { options, scaling, ..FileConfig::default() }),
            model: Config {
                time: TimeConfig { law: TimeLaw::LogitNormal { mean: 0.0, std: 1.0 }, ..TimeConfig::default() },
                weighting: Weighting::Prediction { space: Prediction::Velocity },
                coupling: CouplingConfig { classes: ClassRule::Penalty { penalty: 1.0 }, ..CouplingConfig::default() },
                ..Config::default()
            },
        };
        let couplings = CouplingKind::ALL.map(|kind| Self {
            model: Config { coupling: CouplingConfig { kind, ..CouplingConfig::default() }, ..Config::default() },
            ..Self::default()
        });
        let adaptive = AdaptiveConfig { first_step: Some(0.1), h_max: Some(1.0), ..AdaptiveConfig::default() };
        let solvers = [
            SolverKind::Fixed(FixedConfig { steps: Some(1), ..FixedConfig::default() }),
            SolverKind::Adaptive(adaptive),
            SolverKind::Sde(SdeConfig { steps: Some(1), ..SdeConfig::default() }),
        ];
        let solvers = solvers.map(|kind| Self {
            model: Config { solver: SolverConfig { kind, nfe: Some(1) }, ..Config::default() },
            ..Self::default()
        });
        [vec![file], toys.to_vec(), couplings.to_vec(), solvers.to_vec()].concat()
    }
}

/// Where the data comes from, section `[data]`.
///
/// | `kind` | keys |
/// |---|---|
/// | `toy` (default) | `[data.density]`: a named density, see [`Toy`]; two moons unless said otherwise |
/// | `file` | `path` and how to read it, see [`FileConfig`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DataConfig {
    /// Fresh samples of a named density.
    Toy {
        /// Which one.
        #[serde(default = "moons")]
        density: Toy,
    },
    /// The rows of a file.
    File(FileConfig),
}

fn moons() -> Toy {
    Toy::Moons { noise: 0.05, scale: 2.0 }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self::Toy { density: moons() }
    }
}

/// A data file.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `path` | | `.npy`, `.npz`, `.csv`, `.csv.gz` or IDX (`.gz` too) |
/// | `labels`, `label_column`, `key`, `labels_key`, `sample_shape`, `classes` | as the file says | see [`LoadOptions`] |
/// | `holdout` | 0.1 | share of the rows that is never trained on and that `fm eval` compares with, in [0, 1) |
/// | `[data.scaling]` | `standardize` | see [`ScalingConfig`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileConfig {
    /// The file.
    pub path: PathBuf,
    /// How to read it.
    #[serde(flatten)]
    pub options: LoadOptions,
    /// The share of rows that is held out.
    pub holdout: f64,
    /// How values are brought to the model's units.
    pub scaling: ScalingConfig,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self { path: PathBuf::new(), options: LoadOptions::default(), holdout: 0.1, scaling: ScalingConfig::default() }
    }
}

/// How values are brought to the model's units; undone in everything that is generated.
///
/// | `kind` | meaning |
/// |---|---|
/// | `standardize` (default) | mean 0 and standard deviation 1 over all values that are trained on |
/// | `range` | `low` to −1 and `high` to 1 |
/// | `none` | as they are |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ScalingConfig {
    /// One mean and one standard deviation for all values.
    #[default]
    Standardize,
    /// A given range to [−1, 1].
    Range {
        /// The value that becomes −1.
        low: f32,
        /// The value that becomes 1.
        high: f32,
    },
    /// No change.
    None,
}

/// The data of a run, in the user's units.
#[derive(Debug)]
pub enum Prepared {
    /// A density.
    Toy(Toy),
    /// A file.
    File(Box<Split>),
}

/// A data file, split into the rows to train on and the rows to compare with.
#[derive(Debug)]
pub struct Split {
    /// To train on.
    pub train: Dataset,
    /// Never trained on; possibly without rows.
    pub holdout: Dataset,
    /// The scaling of the training rows.
    pub scaling: Scaling,
    /// SHA-256 of the data file and, if there is one, of the label file.
    pub sha256: String,
}

impl DataConfig {
    /// The same data named by absolute paths, so that a checkpoint can find it from any folder.
    pub fn absolute(&self) -> Result<Self> {
        let Self::File(file) = self else { return Ok(self.clone()) };
        let mut file = file.clone();
        let absolute = |path: &Path| std::path::absolute(path).with_context(|| format!("{}", path.display()));
        if !file.path.as_os_str().is_empty() {
            file.path = absolute(&file.path)?;
        }
        if let Some(labels) = &mut file.options.labels {
            *labels = absolute(labels)?;
        }
        Ok(Self::File(file))
    }

    /// Checks every value, without reading the data.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Toy { density } => density.validate().context("section [data.density]"),
            Self::File(file) => file.validate(),
        }
    }

    /// Reads and splits the data; the split is a function of `seed`.
    pub fn prepare(&self, seed: u64) -> Result<Prepared> {
        match self {
            Self::Toy { density } => Ok(Prepared::Toy(*density)),
            Self::File(file) => Ok(Prepared::File(Box::new(file.split(seed)?))),
        }
    }
}

impl FileConfig {
    fn validate(&self) -> Result<()> {
        ensure!(!self.path.as_os_str().is_empty(), "`data.path` is missing: name the data file");
        let holdout = self.holdout;
        ensure!((0.0..1.0).contains(&holdout), "`data.holdout` = {holdout} is not allowed: it must be in [0, 1)");
        if let ScalingConfig::Range { low, high } = self.scaling {
            let finite = low.is_finite() && high.is_finite();
            ensure!(finite && low < high, "`data.scaling` maps {low}..{high}: `low` must be below `high`, both finite");
        }
        let LoadOptions { labels, label_column, labels_key, sample_shape, classes, .. } = &self.options;
        if let Some(shape) = sample_shape {
            let holds = !shape.is_empty() && !shape.contains(&0);
            ensure!(holds, "`data.sample_shape` = {shape:?} is not allowed: give at least one axis, none of length 0");
        }
        if let Some(classes) = *classes {
            let labelled = labels.is_some() || label_column.is_some() || labels_key.is_some();
            ensure!(
                labelled,
                "`data.classes` without labels: set `data.label_column`, `data.labels` or `data.labels_key`"
            );
            let holds = (1..=1_000_000).contains(&classes);
            ensure!(holds, "`data.classes` = {classes} is not allowed: it must be between 1 and 1000000");
        }
        Ok(())
    }

    fn split(&self, seed: u64) -> Result<Split> {
        let all = data::load(&self.path, &self.options)?;
        let mut order: Vec<usize> = (0..all.x.nrows()).collect();
        order.shuffle(&mut stream(seed, Purpose::Holdout, 0));
        let (out, kept) = order.split_at((self.holdout * order.len() as f64).round() as usize);
        ensure!(
            kept.len() >= 2,
            "{}: `data.holdout` = {} leaves {} of {} samples to train on; lower it, at least 2 are needed",
            self.path.display(),
            self.holdout,
            kept.len(),
            order.len()
        );
        let rows = |indices: &[usize]| Dataset {
            x: all.x.select(Axis(0), indices),
            shape: all.shape.clone(),
            labels: all.labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect()),
            classes: all.classes,
        };
        let (train, holdout) = (rows(kept), rows(out));
        let scaling = match self.scaling {
            ScalingConfig::Standardize => Scaling::standardize(&train.x),
            ScalingConfig::Range { low, high } => Scaling::range(low, high),
            ScalingConfig::None => Scaling::default(),
        };
        let mut hasher = Sha256::new();
        for path in [&self.path].into_iter().chain(&self.options.labels) {
            hasher.update(std::fs::read(path).with_context(|| format!("{}", path.display()))?);
        }
        Ok(Split { train, holdout, scaling, sha256: format!("{:x}", hasher.finalize()) })
    }
}

impl Prepared {
    /// SHA-256 of the data file, if there is one.
    pub fn sha256(&self) -> Option<&str> {
        match self {
            Self::File(split) => Some(&split.sha256),
            Self::Toy(_) => None,
        }
    }

    /// What a trainer takes.
    pub fn training_data(&self) -> Result<TrainingData> {
        match self {
            Self::Toy(density) => Ok(TrainingData::density(*density)),
            Self::File(split) => {
                let Dataset { x, shape, labels, classes } = split.train.clone();
                Ok(TrainingData::table(x, shape, labels, classes, split.scaling)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn parse(text: &str) -> RunConfig {
        settings::parse(text, &[], Path::new("test.toml")).unwrap()
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(parse(""), RunConfig::default());
        assert_eq!(RunConfig::default().model.validate(), Ok(()));
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let page = include_str!("../../../docs/configuration.md");
        let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert_eq!(parse(block), RunConfig::default());
        // Every section and key of the default is on the page.
        let canonical = toml::Table::try_from(RunConfig::default()).unwrap();
        assert!(settings::unknown_keys(&canonical, &toml::from_str(block).unwrap(), &[]).is_empty());
    }

    #[test]
    fn a_configuration_survives_the_way_to_a_file_and_back() {
        let config =
            parse("[data]\nkind = \"file\"\npath = \"x.npy\"\nsample_shape = [8, 8]\n[time]\nkind = \"logit-normal\"");
        assert_eq!(parse(&toml::to_string(&config).unwrap()), config);
    }
}
