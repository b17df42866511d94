//! `fm info`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::progress::show;
use crate::run::Trained;

/// Arguments of `fm info`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Checkpoint file, or the folder of a run
    #[arg(value_name = "CKPT")]
    checkpoint: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the checkpoint's circumstances and its whole configuration.
pub fn run(args: &Args) -> Result<ExitCode> {
    let trained = Trained::open(&args.checkpoint)?;
    let checkpoint = &trained.checkpoint;
    let facts = {
        let mut facts = vec![
            ("checkpoint".to_owned(), trained.path.display().to_string()),
            ("step".to_owned(), checkpoint.step.to_string()),
            ("weights".to_owned(), checkpoint.weights.len().to_string()),
            ("sample shape".to_owned(), format!("{:?}", checkpoint.data.shape)),
            ("classes".to_owned(), checkpoint.data.classes.to_string()),
            ("shift".to_owned(), checkpoint.data.scaling.shift.to_string()),
            ("scale".to_owned(), checkpoint.data.scaling.scale.to_string()),
        ];
        let extra = checkpoint.extra.iter().filter(|(key, _)| key.as_str() != "data");
        facts.extend(extra.map(|(key, value)| (key.replace('_', " "), value.clone())));
        facts
    };
    let config = trained.config();
    if args.json {
        let mut object: serde_json::Map<_, _> =
            facts.into_iter().map(|(key, value)| (key.replace(' ', "_"), value.into())).collect();
        object.insert("config".to_owned(), serde_json::to_value(&config)?);
        show(&serde_json::to_string_pretty(&object)?);
    } else {
        for (key, value) in facts {
            show(&format!("# {key}: {value}"));
        }
        show(&format!(
            "# to repeat the run, save this as run.toml and call `fm train run.toml`\n\n{}",
            toml::to_string(&config)?
        ));
    }
    Ok(ExitCode::SUCCESS)
}
