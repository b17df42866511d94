//! Labelled data: classes, guidance, and samples that are images.

use serde_json::Value;

use crate::files::{DIGITS, picture, points_csv, read_npy};
use crate::program::Place;

/// A place with a run on the digits.
fn digits() -> Place {
    let place = Place::new();
    let path = format!("data.path={DIGITS}");
    let data = ["data.kind=file", &path, "data.label_column=-1", "data.sample_shape=[8, 8]", "data.classes=10"];
    let range = ["data.scaling.kind=range", "data.scaling.low=0", "data.scaling.high=16"];
    place.train("out", &[data.as_slice(), &range].concat()).ok();
    place
}

#[test]
fn images_are_sampled_by_class_and_measured() {
    let place = digits();
    let sample = |out: &str, more: &[&str]| {
        place.fm(&[&["sample", "out", "-n", "12", "--out", out], more].concat()).ok();
        let x = read_npy(&place.path(out));
        assert_eq!(x.shape(), [12, 8, 8]);
        assert!(x.iter().all(|value| value.is_finite()));
        x
    };
    let all = sample("all.npy", &[]);
    let three = sample("three.npy", &["--class", "3"]);
    let none = sample("none.npy", &["--class", "none"]);
    let guided = sample("guided.npy", &["--class", "3", "--guidance", "3"]);
    assert!(all != three && three != none && three != guided && none != guided);
    // Sample 3 of "all" is of class 3, and starts from the same noise. Only the size of the batch is different.
    let apart = (&all.index_axis(ndarray::Axis(0), 3) - &three.index_axis(ndarray::Axis(0), 3)).mapv(f32::abs);
    assert!(apart.iter().all(|&value| value < 1e-3), "{apart}");

    let report = place.fm(&["eval", "out", "-n", "40", "--guidance", "2", "--json"]).ok();
    let Value::Object(report) = serde_json::from_str(&report).unwrap() else { panic!("{report}") };
    assert!(report.values().all(|value| !value.is_object() && !value.is_array()), "not flat: {report:?}");
    for key in ["w2", "w2_floor", "memorisation_ratio", "class_accuracy", "class_accuracy_of_held_out_rows"] {
        assert!(report[key].as_f64().unwrap().is_finite(), "{key}: {report:?}");
    }
    assert!(
        report["class_accuracy_of_held_out_rows"].as_f64().unwrap() > 0.9,
        "real digits are told apart: {report:?}"
    );
    assert_eq!(report["network_evaluations"].as_u64().unwrap(), 2 * report["nfe"].as_u64().unwrap());
}

#[test]
fn images_are_drawn_as_a_grid_and_as_a_strip() {
    let place = digits();
    let printed = place.fm(&["plot", "out"]).ok();
    let names = ["grid.png", "data.png", "strip.png", "loss.png"];
    assert_eq!(printed, names.map(|name| format!("out/plots/{name}\n")).concat());
    for name in names {
        let (width, height) = picture(&place.path("out/plots").join(name));
        assert!(width >= 200 && height >= 200, "{name}: {width} x {height}");
    }
    place.fm(&["sample", "out", "-n", "9", "--class", "5", "--out", "x.png"]).ok();
    picture(&place.path("x.png"));
}

#[test]
fn a_few_classes_of_images_are_drawn() {
    let place = Place::new();
    let rows = (0..30).map(|i| format!("{},{},{},{i},{}", i % 5, i % 7, i % 2, i % 2));
    place.file("p.csv", rows.collect::<Vec<_>>().join("\n"));
    let data = ["data.kind=file", "data.path=p.csv", "data.label_column=-1", "data.sample_shape=[1, 2, 2]"];
    place.train("out", &data).ok();
    let printed = place.fm(&["plot", "out"]).ok();
    assert!(
        printed.ends_with("out/plots/grid.png\nout/plots/data.png\nout/plots/strip.png\nout/plots/loss.png\n"),
        "{printed}"
    );
    picture(&place.path("out/plots/grid.png"));
    picture(&place.path("out/plots/strip.png"));
}

#[test]
fn points_with_classes_are_drawn_too() {
    let place = Place::new();
    place.file("p.csv", points_csv());
    place.train("out", &["data.kind=file", "data.path=p.csv", "data.label_column=-1"]).ok();
    let printed = place.fm(&["plot", "out"]).ok();
    assert_eq!(printed.lines().count(), 4, "{printed}");
    place.fm(&["sample", "out", "-n", "30", "--class", "2", "--guidance", "1.5", "--out", "x.png"]).ok();
    picture(&place.path("x.png"));
}

#[test]
fn vectors_have_a_loss_curve_and_no_other_picture() {
    let place = Place::new();
    place.file("p.csv", "1,2,3\n4,5,7\n7,8,8\n1,0,1\n");
    place.train("out", &["data.kind=file", "data.path=p.csv", "data.holdout=0"]).ok();
    let outcome = place.fm(&["plot", "out"]);
    assert!(outcome.err.contains("no picture"), "{}", outcome.err);
    assert_eq!(outcome.ok(), "out/plots/loss.png\n");
    place.fm(&["sample", "out", "--out", "x.png"]).refused(&["[3]", "no picture", ".npy"]);
    assert!(!place.path("x.png").exists());
    // Nothing is held out, and the program says so instead of failing.
    let outcome = place.fm(&["eval", "out", "--json"]);
    assert!(outcome.err.contains("data.holdout"), "{}", outcome.err);
    assert!(!outcome.ok().contains("w2"));
}
