//! What a finished model is asked for and cannot give. A file of the same name stays as it was.

use crate::files::points_csv;
use crate::program::Place;

#[test]
fn requests_that_cannot_be_served() {
    let place = Place::new();
    place.train("plain", &[]).ok();
    place.file("p.csv", points_csv());
    place.train("classes", &["data.kind=file", "data.path=p.csv", "data.label_column=-1"]).ok();
    let no_drop = ["data.kind=file", "data.path=p.csv", "data.label_column=-1", "guidance.label_drop=0"];
    place.train("certain", &no_drop).ok();
    place.file("x.npy", "old");

    let cases: [(&[&str], &[&str]); 16] = [
        (&["plain", "-n", "0"], &["0 samples", "at least one"]),
        (&["plain", "-n", "1000000000000000"], &["1000000000000000 samples", "memory", "ask for fewer"]),
        (&["plain", "-n", "18446744073709551615"], &["memory", "ask for fewer"]),
        // Before a label for each of them is made.
        (&["classes", "-n", "1000000000000000"], &["memory", "ask for fewer"]),
        (&["classes", "-n", "1000000000000000", "--class", "1"], &["memory", "ask for fewer"]),
        (&["classes", "-n", "0"], &["0 samples", "at least one"]),
        (&["plain", "--steps", "0"], &["--steps 0", "at least one step"]),
        (&["plain", "--class", "1"], &["trained without labels", "leave the class out"]),
        (&["plain", "--guidance", "2"], &["guidance 2 of a model without classes", "leave --guidance out"]),
        (&["classes", "--class", "12"], &["class 12", "3 classes", "from 0"]),
        (&["classes", "--class", "3"], &["class 3", "3 classes", "from 0"]),
        (&["classes", "--class", "none", "--guidance", "2"], &["guidance 2 without a class", "--class"]),
        (&["classes", "--guidance", "nan"], &["guidance NaN", "1 is off"]),
        (&["classes", "--guidance=-1"], &["guidance -1", "1 is off"]),
        (&["certain", "--class", "1", "--guidance", "2"], &["unlabelled", "guidance.label_drop"]),
        (&["certain", "--class", "none"], &["unlabelled", "name a class"]),
    ];
    for (request, parts) in cases {
        place.fm(&[&["sample", "--out", "x.npy"], request].concat()).refused(parts);
        assert_eq!(place.bytes("x.npy"), b"old", "{request:?}");
    }
    place.fm(&["sample", "plain", "--out", "x.jpg"]).refused(&["x.jpg", "not known", ".npy or .png"]);
    place.fm(&["sample", "plain", "--out", "x"]).refused(&["x:", "not known", ".npy or .png"]);
    place.fm(&["eval", "plain", "-n", "1"]).refused(&["-n 1", "too few", "at least 2"]);
    assert!(!place.path("x.jpg").exists());
}

#[test]
fn the_data_of_a_model_has_to_be_there_to_measure_it() {
    let place = Place::new();
    place.file("p.csv", points_csv());
    place.train("out", &["data.kind=file", "data.path=p.csv"]).ok();
    std::fs::remove_file(place.path("p.csv")).unwrap();
    place.fm(&["eval", "out"]).refused(&["p.csv", "cannot be read", "check the path"]);
    // Sampling needs the weights only.
    place.fm(&["sample", "out", "--out", "x.npy"]).ok();
}

#[test]
fn arguments_are_explained() {
    let place = Place::new();
    for (args, part) in [
        (&["sample", "out", "--class", "two", "--out", "x.npy"][..], "name a class by its number"),
        (&["sample", "out", "--solver", "rk5", "--out", "x.npy"], "euler, midpoint, heun, ralston, rk4"),
        (&["sample", "out"], "--out"),
        (&["train"], "CONFIG"),
    ] {
        let outcome = place.fm(args);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.err.starts_with("error: ") && outcome.err.contains(part), "{outcome:?}");
    }
}
