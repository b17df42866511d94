//! Train, sample, evaluate, plot, show: the whole road on a density.

use serde_json::Value;

use crate::files::{picture, read_npy};
use crate::program::Place;

fn json(text: &str) -> serde_json::Map<String, Value> {
    match serde_json::from_str(text).unwrap() {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

#[test]
fn training_writes_a_run() {
    let place = Place::new();
    let outcome = place.train("out", &["training.log_every=5"]);
    assert!(outcome.err.contains("12 steps"), "{}", outcome.err);
    outcome.ok();
    assert_eq!(place.names("out"), ["checkpoint.safetensors", "config.toml", "metrics.jsonl"]);
    assert_eq!(place.saved("out").step, 12);
    // The last line is of the last step, whatever the interval.
    assert_eq!(place.logged("out"), [5, 10, 12]);
    let text = String::from_utf8(place.bytes("out/metrics.jsonl")).unwrap();
    for line in text.lines() {
        let line = json(line);
        assert_eq!(line.keys().collect::<Vec<_>>(), ["step", "loss", "learning_rate", "steps_per_second"]);
        assert!(line["loss"].as_f64().unwrap() > 0.0, "{line:?}");
    }
    let config: toml::Table = toml::from_str(&String::from_utf8(place.bytes("out/config.toml")).unwrap()).unwrap();
    assert_eq!(config["training"]["log_every"].as_integer(), Some(5));
    assert_eq!(config["optimizer"]["beta2"].as_float(), Some(0.999), "defaults are written down");
}

#[test]
fn the_folder_is_named_after_the_configuration_unless_said_otherwise() {
    let place = Place::new();
    place.fm(&["train", "run.toml"]).ok();
    assert!(place.path("runs/run/checkpoint.safetensors").exists());
}

#[test]
fn samples_are_arrays_and_pictures() {
    let place = Place::new();
    place.train("out", &[]).ok();
    place.fm(&["sample", "out", "-n", "50", "--out", "a.npy"]).ok();
    let x = read_npy(&place.path("a.npy"));
    assert_eq!(x.shape(), [50, 2]);
    assert!(x.iter().all(|value| value.is_finite()));

    // The same seed gives the same samples; another seed, solver or set of weights gives others.
    let file = "out/checkpoint.safetensors";
    place.fm(&["sample", file, "-n", "50", "--out", "b.npy"]).ok();
    assert_eq!(place.bytes("a.npy"), place.bytes("b.npy"));
    for other in [["--seed", "1"], ["--solver", "rk4"], ["--steps", "9"], ["--weights", "raw"]] {
        place.fm(&["sample", "out", "-n", "50", "--out", "c.npy", other[0], other[1]]).ok();
        assert_ne!(place.bytes("a.npy"), place.bytes("c.npy"), "{other:?}");
        assert_eq!(read_npy(&place.path("c.npy")).shape(), [50, 2]);
    }
    place.fm(&["sample", "out", "-n", "50", "--out", "a.png"]).ok();
    picture(&place.path("a.png"));
}

#[test]
fn evaluation_is_a_table_or_one_flat_object() {
    let place = Place::new();
    place.train("out", &[]).ok();
    let report = json(&place.fm(&["eval", "out", "-n", "100", "--json"]).ok());
    assert!(report.values().all(|value| !value.is_object() && !value.is_array()), "not flat: {report:?}");
    for key in ["w2", "w2_floor", "path_energy", "w2_squared_source_to_data", "npe"] {
        assert!(report[key].as_f64().unwrap().is_finite(), "{key}: {report:?}");
    }
    assert!(report["w2"].as_f64() > report["w2_floor"].as_f64(), "{report:?}");
    assert_eq!((report["step"].as_u64(), report["samples"].as_u64()), (Some(12), Some(100)));
    // Four steps of the midpoint rule.
    assert_eq!((report["nfe"].as_u64(), report["network_evaluations"].as_u64()), (Some(8), Some(8)));

    let table = place.fm(&["eval", "out", "-n", "100", "--solver", "euler", "--steps", "3"]).ok();
    let rows: Vec<_> = table.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(rows, report.keys().collect::<Vec<_>>());
    let nfe = table.lines().find(|line| line.starts_with("nfe ")).unwrap();
    assert!(nfe.ends_with(" 3"), "{nfe}");
}

#[test]
fn every_picture_of_the_plane_is_drawn() {
    let place = Place::new();
    place.train("out", &[]).ok();
    let printed = place.fm(&["plot", "out"]).ok();
    let names = ["samples.png", "trajectories.png", "field.png", "loss.png"];
    assert_eq!(printed, names.map(|name| format!("out/plots/{name}\n")).concat());
    for name in names {
        let (width, height) = picture(&place.path("out/plots").join(name));
        assert!(width >= 400 && height >= 300, "{name}: {width} x {height}");
    }
    place.fm(&["plot", "out/checkpoint.safetensors", "--out", "elsewhere"]).ok();
    assert_eq!(place.names("elsewhere").len(), 4);
}

#[test]
fn every_coupling_trains_and_is_printed() {
    let place = Place::new();
    place.file("p.csv", crate::files::points_csv());
    let data = ["data.kind=file", "data.path=p.csv", "data.label_column=-1"];
    let couplings: [&[&str]; 5] = [
        &["coupling.kind=exact", "coupling.batches=3", "coupling.classes.kind=ignore"],
        &["coupling.kind=exact", "coupling.classes.kind=penalty", "coupling.classes.penalty=2"],
        &["coupling.kind=exact", "coupling.replacement=true"],
        &["coupling.kind=sinkhorn", "coupling.epsilon.absolute=2", "coupling.tolerance=1e-2"],
        &["coupling.kind=schrodinger-bridge", "coupling.sigma=2.0"],
    ];
    for (k, sets) in couplings.into_iter().enumerate() {
        let out = format!("out{k}");
        place.train(&out, &[&data, sets].concat()).ok();
        let printed = place.fm(&["info", &out]).ok();
        assert!(printed.contains(&sets[0].replacen("coupling.kind=", "kind = \"", 1)), "{printed}");
    }
    let refused = |set: &str, parts: &[&str]| place.train("no", &["coupling.kind=sinkhorn", set]).refused(parts);
    refused("coupling.sigma=1.0", &["coupling.sigma", "coupling.kind = \"schrodinger-bridge\""]);
    refused("coupling.tolerance=0.0", &["run.toml", "tolerance is 0"]);
    refused("coupling.epsilon.absolute=-1.0", &["run.toml", "epsilon is -1"]);
    refused("coupling.batches=0", &["run.toml", "coupling.batches", "at least 1"]);
}

#[test]
fn the_printed_configuration_repeats_the_run() {
    let place = Place::new();
    let sets = [
        "seed=7",
        "coupling.kind=exact",
        "source.kind=toy",
        "source.density.kind=eight-gaussians",
        "optimizer.decay=cosine",
        "ema.decay=0.9",
        "time.kind=logit-normal",
    ];
    place.train("first", &sets).ok();
    let printed = place.fm(&["info", "first"]).ok();
    assert!(printed.starts_with("# checkpoint: first/checkpoint.safetensors\n"), "{printed}");
    for fact in ["# step: 12\n", "# sample shape: [2]\n", "# libtorch: ", "# version: "] {
        assert!(printed.contains(fact), "no {fact:?} in {printed}");
    }
    place.file("again.toml", &printed);
    place.fm(&["train", "again.toml", "--out", "second"]).ok();
    place.saved("second").same_as(&place.saved("first"));
    // The whole file is the same, not just the weights.
    assert_eq!(place.bytes("first/checkpoint.safetensors"), place.bytes("second/checkpoint.safetensors"));

    place.fm(&["train", "first/config.toml", "--out", "third"]).ok();
    place.saved("third").same_as(&place.saved("first"));
}

#[test]
fn settings_change_on_the_command_line() {
    let place = Place::new();
    let sets = ["training.steps=3", "training.steps=5", "network.activation=selu", "optimizer.learning_rate=2.5e-3"];
    place.train("out", &sets).ok();
    let info = json(&place.fm(&["info", "out", "--json"]).ok());
    let config = &info["config"];
    assert_eq!(config["training"]["steps"], 5, "the last one counts");
    assert_eq!(config["network"]["activation"], "selu");
    assert_eq!(config["optimizer"]["learning_rate"], 2.5e-3);
    assert_eq!(config["network"]["hidden"], 16, "from the file");
    assert_eq!(info["step"], "5");
}

#[test]
fn every_prediction_trains_and_samples() {
    let place = Place::new();
    for (kind, t_min, t_max) in [
        ("velocity", "0", "1"),
        ("v", "0", "1"),
        ("noise", "0.01", "1"),
        ("data", "0", "0.99"),
        ("score", "0.01", "0.99"),
    ] {
        let sets = [format!("prediction.kind={kind}"), format!("time.t_min={t_min}"), format!("time.t_max={t_max}")];
        let sets: Vec<&str> = sets.iter().map(String::as_str).chain(["path.kind=cosine", "training.steps=4"]).collect();
        place.train(kind, &sets).ok();
        place.fm(&["sample", kind, "-n", "8", "--out", "x.npy"]).ok();
        let x = read_npy(&place.path("x.npy"));
        assert!(x.iter().all(|value| value.is_finite()), "{kind}: {x}");
    }
}
