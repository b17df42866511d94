//! A folder in which the program runs, and what is asked of its answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use safetensors::SafeTensors;

/// Trains in milliseconds, and the same on every machine with a CPU.
const SMALL: &str = r#"
[network]
kind = "mlp"
hidden = 16
blocks = 1
time_features = 4

[solver]
steps = 4

[training]
steps = 12
batch_size = 16
log_every = 1
checkpoint_every = 1000
device = "cpu"
threads = 1
"#;

/// A temporary folder, which is the working directory of the program.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With `run.toml`, the small configuration.
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.file("run.toml", SMALL);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names in a folder, hidden ones too, in order.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fm"));
        command.args(args);
        self.adopt(command)
    }

    /// Any command, run here and in a way that would show a backtrace.
    pub(crate) fn adopt(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).env("RUST_BACKTRACE", "1").stdin(std::process::Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn fm(&self, args: &[&str]) -> Outcome {
        Outcome::of(&self.command(args).output().unwrap())
    }

    /// `fm train run.toml --out OUT`, with settings changed.
    #[track_caller]
    pub(crate) fn train(&self, out: &str, sets: &[&str]) -> Outcome {
        self.fm(&train_args(out, sets))
    }

    /// The same, continued.
    #[track_caller]
    pub(crate) fn resume(&self, out: &str, sets: &[&str]) -> Outcome {
        let mut args = train_args(out, sets);
        args.push("--resume");
        self.fm(&args)
    }

    /// What a run folder has in its checkpoint.
    #[track_caller]
    pub(crate) fn saved(&self, out: &str) -> Saved {
        Saved::read(&self.path(out).join("checkpoint.safetensors"))
    }

    /// The steps in `metrics.jsonl`, leaving out a last line that is not whole.
    pub(crate) fn logged(&self, out: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.path(out).join("metrics.jsonl")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let step = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
        whole.lines().map(step).collect()
    }
}

/// The arguments of a training.
pub(crate) fn train_args<'a>(out: &'a str, sets: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["train", "run.toml", "--out", out];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    args
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// That it succeeded; its results.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// That it failed with one line that has all the `parts`.
    #[track_caller]
    pub(crate) fn refused(&self, parts: &[&str]) {
        let errors: Vec<_> = self.err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "one error line is expected: {self:?}");
        assert!(self.err.ends_with(&format!("{}\n", errors[0])), "the error is not the last line: {self:?}");
        // What comes before it can only be the line that announces a training or a measurement.
        assert!(self.err.lines().count() <= 2, "{self:?}");
        for word in ["panicked", "backtrace", "RUST_"] {
            assert!(!self.err.contains(word), "{self:?}");
        }
        assert_eq!(self.code, Some(1), "{self:?}");
        for part in parts {
            assert!(errors[0].contains(part), "{:?} lacks {part:?}", errors[0]);
        }
        self.says_everything_once();
    }

    /// The system's words stand at most once in the line.
    #[track_caller]
    fn says_everything_once(&self) {
        assert!(self.err.matches("(os error").count() <= 1, "the cause is said twice: {}", self.err);
    }
}

/// The content of a checkpoint, read without the project's own code.
#[derive(Debug, PartialEq)]
pub(crate) struct Saved {
    pub(crate) step: u64,
    /// Raw weights, their average, and both moments of the optimizer, as bytes.
    pub(crate) tensors: BTreeMap<String, Vec<u8>>,
}

impl Saved {
    #[track_caller]
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let envelope = json(&metadata.metadata().as_ref().unwrap()["flow-matching"]);
        let header = json(envelope["header"].as_str().unwrap());
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file.iter().map(|(name, view)| (name.to_owned(), view.data().to_vec())).collect();
        Self { step: header["step"].as_u64().unwrap(), tensors }
    }

    /// That every tensor has the same bits as in `other`, and that these are not the initial ones.
    #[track_caller]
    pub(crate) fn same_as(&self, other: &Self) {
        assert_eq!(self.step, other.step);
        let names = |saved: &Self| saved.tensors.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(self), names(other));
        for group in ["weights.", "ema.", "adam.first.", "adam.second."] {
            assert!(self.tensors.keys().any(|name| name.starts_with(group)), "no {group} in the file");
        }
        let trained = &self.tensors["weights.output.weight"];
        assert!(trained.iter().any(|&byte| byte != 0), "the output layer is still zero: nothing was trained");
        let different: Vec<_> = self.tensors.iter().filter(|(name, data)| other.tensors[*name] != **data).collect();
        let names: Vec<_> = different.iter().map(|(name, _)| name).collect();
        assert!(names.is_empty(), "different after step {}: {names:?}", self.step);
    }
}
