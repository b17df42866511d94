//! Configurations that have no meaning: refused before anything is written.

use crate::program::Place;

#[track_caller]
fn refused(sets: &[&str], parts: &[&str]) {
    let place = Place::new();
    place.train("out", sets).refused(parts);
    assert_eq!(place.names("."), ["run.toml"], "{sets:?} left something");
}

/// The same for the text of a configuration file.
#[track_caller]
fn file_refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let place = Place::new();
    place.file("mine.toml", text);
    place.fm(&["train", "mine.toml", "--out", "out"]).refused(&[&["mine.toml"], parts].concat());
    assert!(!place.path("out").exists());
}

#[test]
fn numbers_outside_their_range() {
    refused(&["training.steps=0"], &["run.toml", "training.steps", "0", "at least 1"]);
    refused(&["training.batch_size=0"], &["training.batch_size", "at least 1"]);
    refused(&["training.checkpoint_every=0"], &["training.checkpoint_every", "at least 1"]);
    for rate in ["nan", "inf", "0"] {
        let set = format!("optimizer.learning_rate={rate}");
        refused(&[&set], &["run.toml", "optimizer.learning_rate", "a positive number"]);
    }
    refused(&["network.time_features=3"], &["network.time_features", "even"]);
    refused(&["ema.decay=1"], &["ema.decay", "[0, 1)"]);
    refused(&["guidance.label_drop=1.5"], &["guidance.label_drop", "[0, 1)"]);
    refused(&["time.t_min=0.6", "time.t_max=0.4"], &["run.toml", "t_min"]);
    refused(&["data.density.noise=nan"], &["run.toml", "data.density", "noise"]);
    file_refused("[training]\nsteps = 0\n", &["training.steps", "at least 1"]);
}

#[test]
fn more_than_the_memory_holds() {
    refused(&["training.batch_size=1000000000000"], &["run.toml", "training.batch_size", "memory"]);
    refused(&["training.batch_size=9223372036854775807"], &["run.toml", "training.batch_size", "memory"]);
    refused(&["network.hidden=65536", "network.blocks=1000"], &["run.toml", "memory", "lower network.hidden"]);
}

#[test]
fn choices_that_exclude_each_other() {
    let ends = ["time.t_min=0.01", "time.t_max=0.99"];
    let score = [&["prediction.kind=score", "coupling.kind=exact"], &ends[..]].concat();
    refused(&score, &["run.toml", "score", "coupling.kind = \"independent\"", "or predict velocity"]);
    let source = [&["prediction.kind=score", "source.kind=toy", "source.density.kind=moons"], &ends[..]].concat();
    refused(&source, &["run.toml", "score", "source.kind = \"normal\""]);
    refused(&["prediction.kind=noise"], &["run.toml", "noise", "t = 0", "time.t_min = 0.001"]);
    refused(&["prediction.kind=data"], &["run.toml", "data", "t = 1", "time.t_max = 0.999"]);
    refused(&["prediction.kind=score"], &["run.toml", "score", "t = 1", "time.t_max = 0.999"]);
}

#[test]
fn unknown_keys_have_a_suggestion() {
    refused(&["optimizer.lerning_rate=1"], &["--set", "`optimizer.lerning_rate`", "did you mean `learning_rate`?"]);
    refused(&["optimiser.learning_rate=1"], &["--set", "`optimiser`", "did you mean `optimizer`?"]);
    refused(&["training.hidden=8"], &["`training.hidden`", "did you mean `network.hidden`?"]);
    refused(&["zzzzzz=8"], &["`zzzzzz`", "remove it"]);
    file_refused("[trainig]\nsteps = 5\n", &["`trainig`", "did you mean `training`?"]);
    file_refused("[data]\nkind = \"file\"\npaht = \"x.npy\"\n", &["`data.paht`", "did you mean `path`?"]);
    file_refused("[data]\nkind = \"file\"\nclases = 3\n", &["`data.clases`", "did you mean `classes`?"]);
    file_refused("[data]\npath = \"x.npy\"\n", &["`data.path`", "it belongs to `data.kind = \"file\"`"]);
}

#[test]
fn values_of_another_type() {
    refused(&["training.steps=many"], &["--set", "`training.steps`", "\"many\"", "expected u64"]);
    refused(&["training.steps=1e3"], &["--set", "`training.steps`", "expected u64"]);
    refused(&["seed=-1"], &["--set", "`seed`", "-1"]);
    refused(&["ema=[0.5]"], &["--set", "`ema`", "a section and not a value"]);
    refused(&["training.device=tpu"], &["--set", "`training.device`", "`tpu`", "`cuda`"]);
    // Among the other words of a whole file.
    let place = Place::new();
    for text in [include_str!("../../../../demo/moons.toml"), include_str!("../../../../demo/digits.toml")] {
        place.file("demo.toml", text);
        let outcome = place.fm(&["train", "demo.toml", "--set", "path.kind=lineer"]);
        outcome.refused(&["--set: `path.kind`", "`lineer`", "did you mean `linear`?"]);
    }
    let range = "[data]\nkind = \"file\"\npath = \"x.npy\"\nscaling = { kind = \"range\" }\n";
    file_refused(range, &["`data.scaling.low`", "missing", "`data.scaling.kind = \"range\"` needs it"]);
    file_refused("[training]\nsteps = \"many\"\n", &["`training.steps`", "\"many\"", "expected u64"]);
    file_refused("training = 3\n", &["training", "3"]);
}

#[test]
fn text_that_is_no_configuration() {
    file_refused("[training]\nsteps = = 3\n", &["line 2, column 9"]);
    file_refused("[training\n", &["line 1"]);
    file_refused(b"seed = 1\n\xff", &["cannot be read", "UTF-8"]);
    let place = Place::new();
    place.fm(&["train", "none.toml"]).refused(&["none.toml", "cannot be read", "name a configuration file"]);
    place.fm(&["train", "."]).refused(&["cannot be read", "name a configuration file"]);
    assert_eq!(place.names("."), ["run.toml"]);
}

#[test]
fn assignments_that_are_none() {
    refused(&["training.steps"], &["--set", "training.steps", "no `=`", "section.key=value"]);
    refused(&["training.steps="], &["--set", "training.steps=", "not a value"]);
    refused(&["training..steps=3"], &["--set", "training..steps", "not a key"]);
    refused(&["data.sample_shape=[8, 8"], &["--set", "[8, 8", "not a value"]);
    refused(&["seed.x=3", "seed=1", "seed.y=2"], &["--set", "`seed`"]);
}
