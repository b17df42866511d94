//! `fm distance`: known distances, their floors, and what is refused.

use ndarray::{Array2, array};
use serde_json::Value;

use crate::files::npy;
use crate::program::Place;

/// Sixty points of the plane, and the same moved by (3, 4).
fn place() -> Place {
    let place = Place::new();
    let x = Array2::from_shape_fn((60, 2), |(i, axis)| ((i * (7 + 4 * axis)) % 60) as f64 / 60.0);
    place.file("x.npy", npy(&x));
    place.file("moved.npy", npy(&(&x + &array![[3.0, 4.0]])));
    place
}

fn measure(place: &Place, args: &[&str]) -> Value {
    serde_json::from_str(&place.fm(&[&["distance"], args, &["--json"]].concat()).ok()).unwrap()
}

#[test]
fn a_translation_is_measured_by_every_metric() {
    let place = place();
    let value = |metric: &[&str]| {
        measure(&place, &[&["x.npy", "moved.npy", "--metric"], metric].concat())["value"].as_f64().unwrap()
    };
    assert!((value(&["w1"]) - 5.0).abs() < 1e-9 && (value(&["w2"]) - 5.0).abs() < 1e-9);
    assert!((value(&["mmd-linear"]) - 25.0).abs() < 1e-9);
    // The debiased cost of a translation is its square at any epsilon, up to the tolerance of the potentials.
    assert!((value(&["sinkhorn"]) - 25.0).abs() < 1e-2);
    // Half of the squared length is seen in the plane, on average over directions.
    let sliced = value(&["sliced-w2", "--projections", "4000"]);
    assert!((sliced.powi(2) - 12.5).abs() < 4.0 * 12.5 / (2.0 * 4000.0_f64).sqrt(), "{sliced}");
    assert!(value(&["sliced-w1"]) < value(&["sliced-w2"]));
    for metric in [&["energy"][..], &["mmd-rbf"], &["mmd-rbf", "--bandwidth", "0.5", "--bandwidth", "5", "--unbiased"]]
    {
        assert!(value(metric) > 0.0);
    }
}

#[test]
fn the_floor_is_measured_on_the_target() {
    let place = place();
    for metric in ["w1", "w2", "sliced-w1", "sliced-w2", "sinkhorn", "energy", "mmd-rbf", "mmd-linear"] {
        let report = measure(&place, &["x.npy", "moved.npy", "--metric", metric, "--floor", "--draws", "3"]);
        let (value, floor) = (report["value"].as_f64().unwrap(), report["floor"].as_f64().unwrap());
        assert!(floor > 0.0 && floor < value / 2.0, "{metric}: {report}");
        assert_eq!((report["floor_rows"].as_u64(), report["floor_target_rows"].as_u64()), (Some(30), Some(30)));
        let again = measure(&place, &["x.npy", "moved.npy", "--metric", metric, "--floor", "--draws", "3"]);
        assert_eq!(again["floor"], report["floor"], "{metric}");
    }
    let outcome = place.fm(&["distance", "x.npy", "moved.npy", "--floor"]);
    assert!(outcome.err.contains("30 against 30") && outcome.err.contains("60 against 60"), "{}", outcome.err);
    assert!(outcome.ok().contains("floor_std"));
}

#[test]
fn sizes_and_weights_may_differ() {
    let place = Place::new();
    place.file("x.csv", "0\n4\n");
    place.file("y.csv", "1\n");
    place.file("w.csv", "3\n1\n");
    assert_eq!(measure(&place, &["x.csv", "y.csv", "--metric", "w1"])["value"], 2.0);
    assert_eq!(measure(&place, &["x.csv", "y.csv", "--metric", "w1", "--weights", "w.csv"])["value"], 1.5);
    assert_eq!(measure(&place, &["y.csv", "x.csv", "--metric", "w1", "--target-weights", "w.csv"])["value"], 1.5);
    place.fm(&["distance", "x.csv", "y.csv", "--metric", "energy", "--weights", "w.csv"]).refused(&["w1 and w2"]);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let place = place();
    place.file("three.csv", "1,2,3\n4,5,6\n");
    place.file("one.csv", "1,2\n");
    place.file("same.csv", "1,2\n".repeat(9));
    let cases: [(&[&str], &[&str]); 7] = [
        (&["none.npy", "x.npy"], &["none.npy", "cannot be read"]),
        (&["x.npy", "three.csv"], &["x.npy", "2 values", "three.csv"]),
        (&["x.npy", "one.csv", "--floor"], &["one.csv", "too few for a floor"]),
        (&["x.npy", "one.csv", "--metric", "energy", "--unbiased"], &["2 points are needed"]),
        (&["same.csv", "same.csv", "--metric", "mmd-rbf"], &["bandwidth", "coincide"]),
        (&["x.npy", "x.npy", "--metric", "mmd-rbf", "--bandwidth", "0"], &["bandwidth", "positive"]),
        (&["x.npy", "x.npy", "--metric", "sliced-w2", "--projections", "0"], &["projections", "at least 1"]),
    ];
    for (request, parts) in cases {
        place.fm(&[&["distance"], request].concat()).refused(parts);
    }
}
