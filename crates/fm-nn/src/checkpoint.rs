//! Checkpoints: one safetensors file that holds everything a run needs to go on or to be sampled from.
//!
//! | tensor | content |
//! |---|---|
//! | `weights.NAME` | the raw weights |
//! | `ema.NAME` | their average |
//! | `adam.first.NAME`, `adam.second.NAME` | the moments of the optimizer |
//!
//! The metadata hold one JSON text under `flow-matching`: the format, a SHA-256, and as a text of its own the header with
//! configuration, data, step, generator state and what the application adds. The checksum is that of the header as
//! written and of every tensor. A file is written aside, flushed and renamed, so
//! that a crash at any moment leaves the previous one whole. Any safetensors reader can open the weights.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{CheckpointError, Config, DataInfo, ParamSpec, write_aside};

const HEADER: &str = "flow-matching";
const FORMAT: u32 = 1;

/// The four sets of weight-shaped values in a file, each under its prefix.
const GROUPS: [&str; 4] = ["weights", "ema", "adam.first", "adam.second"];

/// A run at one step, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The configuration of the run.
    pub config: Config,
    /// What the model knows of its data.
    pub data: DataInfo,
    /// Completed training steps.
    pub step: u64,
    /// What the application wants to find again, by name.
    pub extra: BTreeMap<String, String>,
    /// Raw weights, in the order of the network's specification.
    pub weights: Vec<f32>,
    /// Their average.
    pub ema: Vec<f32>,
    /// First moment of the optimizer.
    pub first: Vec<f32>,
    /// Second moment of the optimizer.
    pub second: Vec<f32>,
}

/// What stands around the header, so that its checksum does not depend on how a parser reads it.
#[derive(Serialize, Deserialize)]
struct Envelope {
    format: u32,
    sha256: String,
    header: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    step: u64,
    generator: Generator,
    config: Config,
    data: DataInfo,
    extra: BTreeMap<String, String>,
}

/// The state of the random numbers: with counter-based streams, the seed and the next index are all of it.
#[derive(Serialize, Deserialize)]
struct Generator {
    kind: String,
    seed: u64,
    next_step: u64,
}

/// What is read of a header before anything else, since later formats may differ in the rest.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

impl Checkpoint {
    /// The weights of the network that the configuration describes.
    pub fn specs(&self) -> Vec<ParamSpec> {
        self.config.network.specs(self.data.dim(), self.data.classes)
    }

    /// Writes the checkpoint, whole or not at all.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if the folder cannot be written to or the disk is full; the old file is then untouched.
    ///
    /// # Panics
    /// If the values do not fit the network of the configuration.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let specs = self.specs();
        let groups = [&self.weights, &self.ema, &self.first, &self.second].map(|values| to_bytes(values));
        let mut tensors = BTreeMap::new();
        for (group, bytes) in GROUPS.iter().zip(&groups) {
            let mut rest = bytes.as_slice();
            for spec in &specs {
                let (head, tail) = rest.split_at(spec.len() * size_of::<f32>());
                let shape = spec.shape.iter().map(|&n| n as usize).collect();
                let view = TensorView::new(Dtype::F32, shape, head).expect("the bytes were cut to the shape");
                tensors.insert(format!("{group}.{}", spec.name), view);
                rest = tail;
            }
        }
        let header = to_json(&Header {
            step: self.step,
            generator: Generator { kind: "chacha8".to_owned(), seed: self.config.seed, next_step: self.step },
            config: self.config.clone(),
            data: self.data.clone(),
            extra: self.extra.clone(),
        });
        let sha256 = checksum(&header, tensors.iter().map(|(name, view)| (name.as_str(), view.data())));
        let metadata = HashMap::from([(HEADER.to_owned(), to_json(&Envelope { format: FORMAT, sha256, header }))]);
        let bytes = safetensors::serialize(&tensors, Some(metadata)).expect("every view has the size of its shape");
        Ok(write_aside(path, |file| file.write_all(&bytes))?)
    }

    /// Reads a checkpoint and checks all of it: the format, the checksum, and every shape against the network.
    ///
    /// # Errors
    /// A [`CheckpointError`] that names the file and what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let path_buf = || path.to_owned();
        let damaged = |reason: String| CheckpointError::Damaged { path: path_buf(), reason };
        let foreign = |reason: String| CheckpointError::Foreign { path: path_buf(), reason };
        let bytes = fs::read(path).map_err(|source| CheckpointError::Read { path: path_buf(), source })?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        let text = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(HEADER))
            .ok_or_else(|| foreign(format!("no `{HEADER}` entry in its header")))?;
        let FormatOnly { format } = serde_json::from_str(text).map_err(|e| foreign(e.to_string()))?;
        if format > FORMAT {
            return Err(CheckpointError::Version { path: path_buf(), found: format, known: FORMAT });
        }
        let envelope: Envelope = serde_json::from_str(text).map_err(|e| foreign(e.to_string()))?;
        let tensors: BTreeMap<_, _> = file.iter().collect();
        if envelope.sha256 != checksum(&envelope.header, tensors.iter().map(|(name, view)| (*name, view.data()))) {
            return Err(CheckpointError::Checksum { path: path_buf() });
        }
        let header: Header = serde_json::from_str(&envelope.header).map_err(|e| foreign(e.to_string()))?;
        let mut checkpoint = Self {
            config: header.config,
            data: header.data,
            step: header.step,
            extra: header.extra,
            weights: Vec::new(),
            ema: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
        };
        let specs = checkpoint.specs();
        let [weights, ema, first, second] = GROUPS.map(|group| gather(path, &tensors, group, &specs));
        (checkpoint.weights, checkpoint.ema) = (weights?, ema?);
        (checkpoint.first, checkpoint.second) = (first?, second?);
        let known = GROUPS.len() * specs.len();
        if tensors.len() == known {
            Ok(checkpoint)
        } else {
            Err(foreign(format!("{} tensors where {known} are known", tensors.len())))
        }
    }

    /// That a run configured by `config` on `data` may continue from here: everything but the length of the run, its
    /// reporting and its device has to be the same.
    ///
    /// # Errors
    /// [`CheckpointError::Architecture`] for other weights, [`CheckpointError::Changed`] for another setting.
    pub fn continues(&self, path: &Path, config: &Config, data: &DataInfo) -> Result<(), CheckpointError> {
        let (was, now) = (self.specs(), config.network.specs(data.dim(), data.classes));
        let show = |spec: Option<&ParamSpec>| spec.map_or("absent".to_owned(), |s| format!("{:?}", s.shape));
        for name in was.iter().chain(&now).map(|spec| &spec.name) {
            let [old, new] = [&was, &now].map(|specs| show(specs.iter().find(|spec| &spec.name == name)));
            if old != new {
                let (path, name) = (path.to_owned(), name.clone());
                return Err(CheckpointError::Architecture { path, name, expected: new, found: old });
            }
        }
        let settings = |config: &Config, data: &DataInfo| {
            let mut config = config.clone();
            config.training = crate::TrainingConfig { batch_size: config.training.batch_size, ..Default::default() };
            serde_json::json!({ "config": config, "data": data })
        };
        match first_difference("", &settings(&self.config, &self.data), &settings(config, data)) {
            None => Ok(()),
            Some((key, was, now)) => Err(CheckpointError::Changed { path: path.to_owned(), key, was, now }),
        }
    }
}

/// The path and both values of the first leaf in which two JSON values differ.
fn first_difference(at: &str, was: &serde_json::Value, now: &serde_json::Value) -> Option<(String, String, String)> {
    match (was, now) {
        (serde_json::Value::Object(a), serde_json::Value::Object(b)) => {
            let null = serde_json::Value::Null;
            a.keys().chain(b.keys()).find_map(|key| {
                let at = if at.is_empty() { String::new() } else { format!("{at}.") };
                first_difference(&format!("{at}{key}"), a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null))
            })
        }
        _ if was == now => None,
        _ => Some((at.trim_start_matches("config.").to_owned(), was.to_string(), now.to_string())),
    }
}

/// The values of one group, in the order of `specs`.
fn gather(
    path: &Path,
    tensors: &BTreeMap<&str, TensorView<'_>>,
    group: &str,
    specs: &[ParamSpec],
) -> Result<Vec<f32>, CheckpointError> {
    let mut values = Vec::with_capacity(specs.iter().map(ParamSpec::len).sum());
    for spec in specs {
        let name = format!("{group}.{}", spec.name);
        let view = tensors.get(name.as_str());
        let found = view.map_or("absent".to_owned(), |v| format!("{:?} {:?}", v.dtype(), v.shape()));
        let expected = format!("{:?} {:?}", Dtype::F32, spec.shape);
        match view {
            Some(view) if found == expected => {
                let floats = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                values.extend(floats);
            }
            _ => return Err(CheckpointError::Architecture { path: path.to_owned(), name, expected, found }),
        }
    }
    Ok(values)
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a configuration is plain data with string keys")
}

/// SHA-256 over the header and over every name and tensor, in order of names.
fn checksum<'a>(header: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(header);
    for (name, data) in tensors {
        hasher.update(name);
        hasher.update(data);
    }
    format!("{:x}", hasher.finalize())
}
