//! `fm train`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use fm_nn::{Checkpoint, NnError, Trainer, write_aside};

use crate::config::RunConfig;
use crate::progress::{Progress, say};
use crate::run::{self, Metric, RunFolder};
use crate::settings;

/// The exit code of an interrupted run, as shells have it for SIGINT.
const INTERRUPTED: u8 = 130;

/// Arguments of `fm train`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Configuration file (TOML); every key has a default
    config: PathBuf,
    /// Change one setting of the file, e.g. --set optimizer.learning_rate=3e-4
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    sets: Vec<String>,
    /// Folder of the run [default: runs/NAME of the configuration file]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue an interrupted run from its last checkpoint
    #[arg(long)]
    resume: bool,
}

/// Trains until the last step, Ctrl-C, or an error.
pub fn run(args: &Args) -> Result<ExitCode> {
    let text = fs::read_to_string(&args.config)
        .with_context(|| format!("{}: cannot be read; name a configuration file", args.config.display()))?;
    let mut config: RunConfig = settings::parse(&text, &args.sets, &args.config)?;
    config.data = config.data.absolute()?;
    let file = || format!("{}", args.config.display());
    config.model.validate().with_context(file)?;
    config.data.validate().with_context(file)?;
    let prepared = config.data.prepare(config.model.seed)?;
    let folder = RunFolder { path: args.out.clone().unwrap_or_else(|| default_folder(&args.config)) };
    let earlier = earlier_checkpoint(&folder, args.resume)?;
    let data = prepared.training_data()?;
    let trainer = match &earlier {
        Some(checkpoint) => {
            let path = folder.checkpoint();
            run::same_data(checkpoint, &path, &config.data, prepared.sha256())?;
            Trainer::resume(config.model.clone(), data, checkpoint, &path)?
        }
        None => Trainer::new(config.model.clone(), data).with_context(file)?,
    };
    let (done, steps) = (trainer.steps_done(), config.model.training.steps);
    if done >= steps {
        say(&format!(
            "nothing to do: {} is of step {done}, training.steps is {steps}; raise it to train on",
            folder.checkpoint().display()
        ));
        return Ok(ExitCode::SUCCESS);
    }

    // Only now, so that a refused run leaves the folder as it was.
    folder.create()?;
    write_aside(&folder.config(), |file| {
        let text = toml::to_string(&config).map_err(std::io::Error::other)?;
        file.write_all(text.as_bytes())
    })?;
    let sha256 = prepared.sha256();
    Run { extra: run::extra(&config.data, sha256)?, config, folder, trainer }.train()
}

fn default_folder(config: &Path) -> PathBuf {
    Path::new("runs").join(config.file_stem().unwrap_or_default())
}

/// The checkpoint to resume from; without `resume`, that there is none to overwrite.
fn earlier_checkpoint(folder: &RunFolder, resume: bool) -> Result<Option<Checkpoint>> {
    let path = folder.checkpoint();
    match (resume, path.exists()) {
        (true, true) => Ok(Some(Checkpoint::load(&path)?)),
        (true, false) => {
            bail!("{}: there is no checkpoint to resume from; leave --resume out to start", path.display())
        }
        (false, true) => bail!(
            "{}: the folder already holds a run; continue it with --resume, or choose another folder with --out",
            folder.path.display()
        ),
        (false, false) => Ok(None),
    }
}

/// A run with everything it writes.
struct Run {
    config: RunConfig,
    folder: RunFolder,
    trainer: Trainer,
    extra: std::collections::BTreeMap<String, String>,
}

impl Run {
    fn train(mut self) -> Result<ExitCode> {
        let training = self.config.model.training;
        let first = self.trainer.steps_done();
        let mut log = self.folder.log(first)?;
        let stop = Arc::new(AtomicBool::new(false));
        let handler = Arc::clone(&stop);
        ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;

        say(&format!(
            "training {} weights on {:?}, steps {first} to {}, into {}",
            self.trainer.weights(),
            self.trainer.device(),
            training.steps,
            self.folder.path.display()
        ));
        let mut progress = Progress::new("train", "steps", first, training.steps);
        let began = Instant::now();
        let (mut sum, mut since, mut logged, mut saved) = (0.0, Instant::now(), first, None);
        while self.trainer.steps_done() < training.steps && !stop.load(Ordering::Relaxed) {
            sum += self.trainer.step().map_err(|error| self.explain(error))?;
            let step = self.trainer.steps_done();
            if step.is_multiple_of(training.log_every) || step == training.steps {
                let steps = (step - logged) as f64;
                let loss = sum / steps;
                let rate = steps / since.elapsed().as_secs_f64();
                let learning_rate = self.config.model.optimizer.rate(step - 1, training.steps);
                log.append(&Metric { step, loss, learning_rate, steps_per_second: rate })?;
                progress.at(step, || format!("loss {loss:.4}"));
                (sum, since, logged) = (0.0, Instant::now(), step);
            }
            if step.is_multiple_of(training.checkpoint_every) {
                self.save()?;
                saved = Some(step);
            }
        }
        let step = self.trainer.steps_done();
        if saved != Some(step) {
            self.save()?;
        }
        progress.finish();
        let seconds = began.elapsed().as_secs_f64();
        let rate = (step - first) as f64 / seconds.max(1e-9);
        let checkpoint = self.folder.checkpoint();
        if step < training.steps {
            say(&format!("interrupted at step {step}; saved {}: continue with --resume", checkpoint.display()));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        say(&format!("{} steps in {seconds:.1} s, {rate:.0} steps/s: {}", step - first, checkpoint.display()));
        Ok(ExitCode::SUCCESS)
    }

    fn save(&self) -> Result<()> {
        let checkpoint = self.trainer.checkpoint(self.extra.clone()).map_err(|error| self.explain(error))?;
        Ok(checkpoint.save(&self.folder.checkpoint())?)
    }

    /// Adds to a divergence where the last good weights are.
    fn explain(&self, error: NnError) -> anyhow::Error {
        let path = self.folder.checkpoint();
        match error {
            NnError::Diverged { .. } if path.exists() => {
                anyhow::Error::new(error).context(format!("the last good checkpoint is {}", path.display()))
            }
            NnError::Diverged { .. } => anyhow::Error::new(error).context("there is no checkpoint yet"),
            error => error.into(),
        }
    }
}
