//! `demo`: trains every configuration of `demo/` and shows what came out of it.
//!
//! It only runs the program that users run and reads what that program prints, so each line of the demo can be repeated by
//! hand. A new demo is a new file in `demo/`.

mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use self::page::Section;
use crate::process::Step;
use crate::setup;
use crate::workspace::Workspace;

/// What the numbers of a configuration are to reach, shown beside them.
const GOALS: [(&str, &str, &str); 4] = [
    ("moons", "w2", "at most 0.12"),
    ("moons", "npe", "at most 0.1"),
    ("digits", "class_accuracy", "at least 0.97"),
    ("digits", "memorisation_ratio", "at least 0.6"),
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let configs = files(&workspace.root.join("demo"), "toml")?;
    ensure!(!configs.is_empty(), "there is no configuration in demo/");
    let libtorch = setup::ensure(workspace, &setup::Request::default())?;
    Step::cargo(&workspace.root).envs(libtorch.variables()).words("build --release -p fm-cli").run()?;

    let out = workspace.root.join("out/demo");
    let began = Instant::now();
    let sections = configs.iter().map(|config| show(workspace, config, &out)).collect::<Result<Vec<_>>>()?;
    let seconds = began.elapsed().as_secs_f64();
    let page = out.join("index.html");
    fs::write(&page, page::render(&sections, seconds)).with_context(|| format!("cannot write {}", page.display()))?;
    for section in &sections {
        print!("\n{}", section.text());
    }
    println!("\ntrained, measured and drawn in {seconds:.0} s: {}", page.display());
    Ok(())
}

/// Trains one configuration from nothing, measures it and draws it.
fn show(workspace: &Workspace, config: &Path, out: &Path) -> Result<Section> {
    let name = config.file_stem().context("a configuration has a name")?.to_string_lossy().into_owned();
    let run = out.join(&name);
    if run.exists() {
        fs::remove_dir_all(&run).with_context(|| format!("cannot remove the earlier {}", run.display()))?;
    }
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;

    let program = workspace.target().join("release/fm");
    // Paths as seen from the root, where the commands run, so that they can be repeated as printed.
    let config = Path::new("demo").join(config.file_name().unwrap_or_default());
    let folder = Path::new("out/demo").join(&name);
    let plots = folder.join("plots");
    let fm = |verb: &str| Step::new(&program, &workspace.root).arg(verb);
    let train = fm("train").arg(&config).arg("--out").arg(&folder);
    let eval = fm("eval").arg(&folder).arg("--json");
    let plot = fm("plot").arg(&folder).arg("--out").arg(&plots);
    let errors = plots.join("solvers.png");
    let solvers = fm("solvers").arg(&folder).words("-n 200").arg("--out").arg(&errors);
    let commands = vec![
        format!("fm train {} --out {}", config.display(), folder.display()),
        format!("fm eval {} --json", folder.display()),
        format!("fm plot {} --out {}", folder.display(), plots.display()),
        format!("fm solvers {} -n 200 --out {}", folder.display(), errors.display()),
    ];

    let began = Instant::now();
    train.run()?;
    let training = began.elapsed();
    let mut numbers = numbers(&eval.read()?)?;
    for (metric, value) in &mut numbers {
        let goal = GOALS.iter().find(|(of, on, _)| *of == name && on == metric);
        *value += &goal.map_or(String::new(), |(_, _, goal)| format!(" (goal: {goal})"));
    }
    numbers.push(("training, seconds".to_owned(), format!("{:.1}", training.as_secs_f64())));
    // It prints the name of each picture, in the order in which they are to be looked at.
    let pictures = plot.read()?;
    ensure!(!pictures.trim().is_empty(), "`fm plot` drew nothing into {}", plots.display());
    solvers.read()?;
    let pictures = pictures.lines().map(Path::new).chain([errors.as_path()]);
    let pictures = pictures.filter_map(|path| path.strip_prefix("out/demo").ok());
    let pictures: Vec<_> = pictures.map(|path| path.display().to_string()).collect();
    Ok(Section { pictures, settings: fs::read_to_string(workspace.root.join(config))?, commands, numbers, name })
}

/// The object that `fm eval --json` prints, flat, in its own order.
fn numbers(text: &str) -> Result<Vec<(String, String)>> {
    let object: Map<String, Value> = serde_json::from_str(text).context("`fm eval --json` printed no JSON object")?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => format!("{float:.4}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    };
    Ok(object.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// The files of a folder with this extension, by name.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order_and_are_rounded() {
        let numbers = numbers(r#"{"w2": 0.123456, "nfe": 40, "solver": "heun"}"#).unwrap();
        let expected = [("w2", "0.1235"), ("nfe", "40"), ("solver", "heun")];
        assert_eq!(numbers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        assert!(numbers("w2 0.1").is_err());
        assert!(numbers("[1]").is_err());
    }
}
