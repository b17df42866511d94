//! Runs that may not be continued, and folders that may not be written into. The old run stays as it was.

use crate::files::points_csv;
use crate::program::Place;

const DATA: [&str; 3] = ["data.kind=file", "data.path=p.csv", "data.label_column=-1"];

/// A place with a run of 12 steps on labelled points.
fn place() -> Place {
    let place = Place::new();
    place.file("p.csv", points_csv());
    place.train("out", &DATA).ok();
    place
}

fn state(place: &Place) -> [Vec<u8>; 3] {
    ["checkpoint.safetensors", "config.toml", "metrics.jsonl"].map(|name| place.bytes(&format!("out/{name}")))
}

#[test]
fn another_architecture_or_setting_is_refused() {
    let place = place();
    let before = state(&place);
    let cases: [(&str, &[&str]); 9] = [
        ("network.hidden=32", &["input.weight", "[16, 2]", "[32, 2]", "another architecture"]),
        ("network.blocks=2", &["block.1.weight", "absent", "another architecture"]),
        ("network.activation=relu", &["network.activation", "silu", "relu"]),
        ("optimizer.learning_rate=0.5", &["optimizer.learning_rate", "0.001", "0.5"]),
        ("training.batch_size=17", &["training.batch_size", "16", "17"]),
        ("seed=4", &["`seed`", "0", "4"]),
        ("coupling.kind=exact", &["coupling.kind", "independent", "exact"]),
        ("data.holdout=0.3", &["data.holdout", "0.1", "0.3"]),
        ("data.scaling.kind=none", &["data.scaling", "standardize", "none"]),
    ];
    for (set, parts) in cases {
        let outcome = place.resume("out", &[&DATA, ["training.steps=20", set].as_slice()].concat());
        outcome.refused(&[parts, &["out/checkpoint.safetensors", "start a new run"]].concat());
        assert_eq!(state(&place), before, "{set}");
    }
}

#[test]
fn other_data_is_refused() {
    let place = place();
    let before = state(&place);
    let more = ["training.steps=20"];
    place.file("p.csv", points_csv() + "1,1,0\n");
    let changed = &["out/checkpoint.safetensors", "data.path", "SHA-256", "start a new run"];
    place.resume("out", &[DATA.as_slice(), &more].concat()).refused(changed);
    // Neither is a model measured against other data than its own.
    place.fm(&["eval", "out"]).refused(changed);
    place.resume("out", &more).refused(&["data.kind", "file", "toy"]);
    std::fs::remove_file(place.path("p.csv")).unwrap();
    place.resume("out", &[DATA.as_slice(), &more].concat()).refused(&["p.csv", "cannot be read", "check the path"]);
    assert_eq!(state(&place), before);
}

#[test]
fn a_density_with_other_parameters_is_other_data() {
    let place = Place::new();
    place.train("out", &[]).ok();
    let sets = ["training.steps=20", "data.kind=toy", "data.density.kind=moons", "data.density.noise=0.2"];
    place.resume("out", &sets).refused(&["out/checkpoint.safetensors", "data.density", "0.05", "0.2"]);
}

#[test]
fn an_existing_run_is_not_overwritten() {
    let place = place();
    let before = state(&place);
    place.train("out", &DATA).refused(&["out:", "already holds a run", "--resume", "--out"]);
    assert_eq!(state(&place), before);
}

#[test]
fn there_is_nothing_to_resume() {
    let place = Place::new();
    place.resume("out", &[]).refused(&["out/checkpoint.safetensors", "no checkpoint", "leave --resume out"]);
    assert!(!place.path("out").exists());
}
