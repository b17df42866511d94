//! The folder of a run: its files, and what a command needs of a finished or interrupted one.
//!
//! | file | content |
//! |---|---|
//! | `checkpoint.safetensors` | the last checkpoint |
//! | `metrics.jsonl` | one JSON object for each `log_every` steps |
//! | `config.toml` | the whole configuration with every default |

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fm_nn::{Checkpoint, CheckpointError, write_aside};
use serde::{Deserialize, Serialize};

use crate::config::{DataConfig, Prepared, RunConfig};

/// The entry of a checkpoint's `extra` that holds section `[data]`.
const DATA: &str = "data";
/// The entry that holds the SHA-256 of the data file.
const SHA256: &str = "data_sha256";

/// A run folder.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// The folder.
    pub path: PathBuf,
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Completed steps.
    pub step: u64,
    /// Mean loss since the line before.
    pub loss: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Steps per second since the line before.
    pub steps_per_second: f64,
}

impl RunFolder {
    /// The folder itself, or the folder of a checkpoint file.
    pub fn of(path: &Path) -> Self {
        let path = if path.is_file() { path.parent().unwrap_or(Path::new(".")) } else { path };
        Self { path: path.to_owned() }
    }

    /// The last checkpoint.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// The log of the training.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The configuration with every default.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// Makes the folder, and removes what a crash may have left half-written.
    pub fn create(&self) -> Result<()> {
        let problem =
            || format!("{}: cannot be used for output; choose a folder that you may write to", self.path.display());
        fs::create_dir_all(&self.path).with_context(problem)?;
        for entry in fs::read_dir(&self.path).with_context(problem)?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(".part") {
                fs::remove_file(entry.path()).with_context(problem)?;
            }
        }
        Ok(())
    }

    /// Opens the log for appending, without lines beyond `step`.
    pub fn log(&self, step: u64) -> Result<Log> {
        let path = self.metrics();
        let kept: Vec<Metric> = if path.exists() { self.read_metrics()? } else { Vec::new() };
        let kept = kept.into_iter().filter(|metric| metric.step <= step);
        write_aside(&path, |file| {
            kept.map(|metric| serde_json::to_string(&metric).map_err(Into::into))
                .try_for_each(|line: std::io::Result<String>| writeln!(file, "{}", line?))
        })?;
        let file = OpenOptions::new().append(true).open(&path).with_context(|| format!("{}", path.display()))?;
        Ok(Log { path, file })
    }

    /// The lines of the log. A last line that a crash cut off is left out.
    pub fn read_metrics(&self) -> Result<Vec<Metric>> {
        let path = self.metrics();
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let parse = |(i, line)| {
            serde_json::from_str(line).with_context(|| {
                format!("{}, line {}: not a line of this program; repair or remove it", path.display(), i + 1)
            })
        };
        whole.lines().enumerate().map(parse).collect()
    }
}

/// An open `metrics.jsonl`.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Appends a line, whole.
    pub fn append(&mut self, metric: &Metric) -> Result<()> {
        let mut line = serde_json::to_string(metric)?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).with_context(|| {
            format!("{}: cannot be written; free some space or choose another folder", self.path.display())
        })
    }
}

/// A checkpoint and the data it was trained on.
#[derive(Debug)]
pub struct Trained {
    /// The run's folder.
    pub folder: RunFolder,
    /// The checkpoint file.
    pub path: PathBuf,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Section `[data]`.
    pub data: DataConfig,
}

impl Trained {
    /// Reads the checkpoint `path`, a file or the folder of a run.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = RunFolder::of(path);
        if !path.exists() {
            bail!("{}: there is no such file or folder; name a checkpoint, or the folder of a run", path.display());
        }
        let file = if path.is_dir() { folder.checkpoint() } else { path.to_owned() };
        if path.is_dir() && !file.exists() {
            bail!(
                "{}: the folder holds no checkpoint.safetensors; train with --out {0}, or name a checkpoint",
                path.display()
            );
        }
        let checkpoint = Checkpoint::load(&file)?;
        let data = data_of(&checkpoint, &file)?;
        Ok(Self { folder, path: file, checkpoint, data })
    }

    /// The whole configuration of the run.
    pub fn config(&self) -> RunConfig {
        RunConfig { data: self.data.clone(), model: self.checkpoint.config.clone() }
    }

    /// The data of the run, which has to be what it was: another file would be split into other rows.
    pub fn prepare(&self) -> Result<Prepared> {
        let prepared = self.data.prepare(self.checkpoint.config.seed)?;
        same_data(&self.checkpoint, &self.path, &self.data, prepared.sha256())?;
        Ok(prepared)
    }
}

/// Section `[data]` of the run that wrote the checkpoint `path`.
fn data_of(checkpoint: &Checkpoint, path: &Path) -> Result<DataConfig> {
    let text = checkpoint.extra.get(DATA).with_context(|| {
        format!(
            "{}: the checkpoint does not say where its data is from; use one that was written by `fm train`",
            path.display()
        )
    })?;
    serde_json::from_str(text).with_context(|| format!("{}: its data section", path.display()))
}

/// That `data`, whose files have the checksum `sha256`, is what the checkpoint `path` was trained on. The files may have
/// moved.
pub fn same_data(checkpoint: &Checkpoint, path: &Path, data: &DataConfig, sha256: Option<&str>) -> Result<()> {
    let changed = |key: &str, was: String, now: String| {
        Err(CheckpointError::Changed { path: path.to_owned(), key: format!("{DATA}.{key}"), was, now }.into())
    };
    let section = |data: &DataConfig| match serde_json::to_value(data) {
        Ok(serde_json::Value::Object(section)) => section,
        _ => unreachable!("a section is plain data with string keys"),
    };
    let (was, now) = (section(&data_of(checkpoint, path)?), section(data));
    let show = |value: Option<&serde_json::Value>| value.map_or("absent".to_owned(), ToString::to_string);
    for key in was.keys().chain(now.keys()).filter(|key| !["path", "labels"].contains(&key.as_str())) {
        if was.get(key) != now.get(key) {
            return changed(key, show(was.get(key)), show(now.get(key)));
        }
    }
    let stored = checkpoint.extra.get(SHA256).map(String::as_str);
    if stored != sha256 {
        let show = |sha256: Option<&str>| format!("a file of SHA-256 {}", sha256.unwrap_or("unknown"));
        return changed("path", show(stored), show(sha256));
    }
    Ok(())
}

/// What a checkpoint keeps beside the model: section `[data]`, and the circumstances.
pub fn extra(data: &DataConfig, sha256: Option<&str>) -> Result<BTreeMap<String, String>> {
    let mut extra = BTreeMap::from([
        (DATA.to_owned(), serde_json::to_string(data)?),
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("libtorch".to_owned(), fm_nn::runtime::LIBTORCH.to_owned()),
        ("threads".to_owned(), fm_nn::runtime::threads().to_string()),
    ]);
    if let Some(sha256) = sha256 {
        extra.insert(SHA256.to_owned(), sha256.to_owned());
    }
    Ok(extra)
}
