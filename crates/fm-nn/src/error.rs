//! Everything that can go wrong, with what to do next.

use std::path::PathBuf;

use fm_ot::OtError;
use fm_paths::PathError;
use fm_solvers::SolveError;
use tch::TchError;

use crate::WriteError;

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value outside its range.
    #[error("`{key}` = {value} is not allowed: it must be {domain}")]
    Value {
        /// Section and key.
        key: &'static str,
        /// What was given.
        value: f64,
        /// The allowed values, in words.
        domain: &'static str,
    },
    /// Two settings that exclude each other.
    #[error("{what}: {remedy}")]
    Conflict {
        /// The settings and why they clash.
        what: String,
        /// What to change.
        remedy: &'static str,
    },
    /// A budget of network evaluations that is spent before the first step.
    #[error(
        "solver.nfe = {nfe} is not enough for one step of {method}, which costs {least} network evaluations: raise it"
    )]
    Budget {
        /// The budget.
        nfe: u64,
        /// The method.
        method: &'static str,
        /// What a solve of one step costs, all in all.
        least: u64,
    },
    /// A parameter of the path or the time law.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A parameter of the coupling.
    #[error("section [coupling]: {0}")]
    Coupling(#[from] OtError),
}

impl ConfigError {
    /// `Ok` if `holds`, else a [`ConfigError::Value`].
    pub(crate) fn require(holds: bool, key: &'static str, value: f64, domain: &'static str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Value { key, value, domain }) }
    }
}

/// Why data cannot be trained on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Too few rows.
    #[error("the data has {rows} row(s): training needs at least 2")]
    TooFewRows {
        /// How many there are.
        rows: usize,
    },
    /// NaN or infinity.
    #[error("the data holds {value} at row {row}, column {column} (counted from 0): remove or repair that row")]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Column of the flattened row, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A sample shape without axes.
    #[error("a sample needs at least one axis; give a sample shape such as [2] or [8, 8]")]
    NoAxes,
    /// More classes than labels can tell apart.
    #[error("{classes} classes are more than labels can tell apart: at most 4294967295")]
    Classes {
        /// Number of classes.
        classes: usize,
    },
    /// The sample shape does not hold the columns.
    #[error("samples of shape {shape:?} hold {expected} values, the rows have {found}")]
    Shape {
        /// The declared shape.
        shape: Vec<usize>,
        /// Its product.
        expected: usize,
        /// Columns of the data.
        found: usize,
    },
    /// Labels and rows differ in number.
    #[error("{labels} labels for {rows} rows: give one label per row")]
    LabelCount {
        /// Number of labels.
        labels: usize,
        /// Number of rows.
        rows: usize,
    },
    /// A label beyond the number of classes.
    #[error("label {label} of row {row} (counted from 0) is not below the number of classes, {classes}")]
    LabelRange {
        /// Row, from 0.
        row: usize,
        /// The label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// The source and the data differ in dimension.
    #[error("`source` has {source_dim} dimensions and the data {data_dim}: choose a source of the data's dimension")]
    SourceDimension {
        /// Dimension of the source.
        source_dim: usize,
        /// Dimension of the data.
        data_dim: usize,
    },
}

/// Why a file is not a usable checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file could not be read.
    #[error("{}: cannot be read ({source}); check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a safetensors file, or one that ends too early.
    #[error("{}: not a whole safetensors file ({reason}); it is truncated or not a checkpoint: use another copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// A safetensors file of another program.
    #[error("{}: a safetensors file, but not a checkpoint of this program ({reason}): name one that it wrote", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A checkpoint of a later format.
    #[error("{}: checkpoint format {found}, this program reads up to {known}: use a newer version", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: u32,
        /// Highest format known here.
        known: u32,
    },
    /// The content is not what was written.
    #[error("{}: the checksum does not match, the file was changed after it was written: use an earlier copy", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
    },
    /// The weights are not those of the network that the configuration describes.
    #[error("{}: weight `{name}` is {found} in the file and {expected} in the network: the checkpoint is of another architecture: use the same `network` and data shape, or start a new run", path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// Name of the weight.
        name: String,
        /// Shape in the network, or `absent`.
        expected: String,
        /// Shape in the file, or `absent`.
        found: String,
    },
    /// The run to resume was configured differently.
    #[error("{}: `{key}` was {was} in the interrupted run and is {now} now: resume with the same value, or start a new run", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The setting.
        key: String,
        /// Its value in the file.
        was: String,
        /// Its value now.
        now: String,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the wrapped errors carry the documentation")]
pub enum NnError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Coupling(#[from] OtError),
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// An adaptive solve that spent its budget before the end.
    #[error(
        "{limit} = {value} is spent at t = {t:.4}, before the end at {end}: raise it, loosen solver.rtol and solver.atol, \
         choose a method with fixed steps, which makes do with what it is given, or ask for the partial result"
    )]
    Unfinished {
        /// The setting that ended the solve.
        limit: &'static str,
        /// Its value.
        value: u64,
        /// The time reached, by the slowest sample where each has steps of its own.
        t: f64,
        /// The time at which a solve ends.
        end: f64,
    },
    /// A solve with equal steps in which a sample became NaN or infinite.
    #[error(
        "sample {sample} is not finite at t = {t:.4}, after {step} steps: take more steps, or less noise if the solver is \
         stochastic; a network that answers with NaN cannot be integrated at all"
    )]
    NotFinite {
        /// The first such sample.
        sample: usize,
        /// Where it was found: at the end of the first step with such a sample on the CPU, else at the end of the solve.
        t: f64,
        /// Completed steps.
        step: usize,
    },
    #[error("LibTorch: {0}")]
    Torch(#[from] TchError),
    /// The loss or a weight is not finite any more.
    #[error(
        "training diverged at step {step}: the loss is {loss}; lower optimizer.learning_rate or optimizer.max_grad_norm, or check the scale of the data"
    )]
    Diverged { step: u64, loss: f64 },
    /// A request that the model cannot serve.
    #[error("{what}: {remedy}")]
    Request { what: String, remedy: &'static str },
    /// CUDA was asked for and is not there.
    #[error(
        "device `cuda` was asked for, but {reason}: set training.device to \"cpu\", or install the CUDA LibTorch beside a driver"
    )]
    NoCuda { reason: &'static str },
}
