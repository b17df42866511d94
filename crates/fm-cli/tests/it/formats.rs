//! The same data in every kind of file trains the same weights.

use std::path::Path;

use crate::files::{gz, idx, npy, npz, points, points_csv};
use crate::program::{Place, Saved};

/// Trains on a data file. The label drop is on, so labels that went astray would show in the weights.
fn trained(place: &Place, out: &str, path: &Path, options: &[&str]) -> Saved {
    let path = format!("data.path={}", path.file_name().unwrap().to_str().unwrap());
    let mut sets = vec!["data.kind=file", &path];
    sets.extend(options);
    place.train(out, &sets).ok();
    place.saved(out)
}

#[test]
fn every_format_gives_the_same_weights() {
    let place = Place::new();
    let (x, labels) = points();
    let bytes: Vec<u8> = x.iter().map(|&value| value as u8).collect();
    let label_array = ndarray::Array1::from(labels.iter().map(|&label| i64::from(label)).collect::<Vec<_>>());

    let column = ["data.label_column=-1"];
    let reference = trained(&place, "csv", &place.file("p.csv", points_csv()), &column);
    assert!(reference.tensors.contains_key("weights.class.weight"));

    place.file("labels.npy", npy(&label_array));
    place.file("labels-idx1-ubyte.gz", gz(&idx(&[60], &labels)));
    let archive = npz(&[("points", npy(&x.mapv(f64::from))), ("y", npy(&label_array))]);
    let cases: [(&str, Vec<u8>, &[&str]); 7] = [
        ("p.csv.gz", gz(points_csv().as_bytes()), &column),
        ("head.csv", format!("x,y,label\n{}", points_csv()).into_bytes(), &["data.label_column=2"]),
        ("p.npy", npy(&x), &["data.labels=labels.npy"]),
        ("p64.npy", npy(&x.mapv(f64::from)), &["data.labels=labels.npy", "data.classes=3"]),
        ("p.npz", archive, &["data.key=points", "data.labels_key=y"]),
        ("p-idx2-ubyte", idx(&[60, 2], &bytes), &["data.labels=labels-idx1-ubyte.gz"]),
        ("p.idx.gz", gz(&idx(&[60, 2], &bytes)), &["data.labels=labels-idx1-ubyte.gz"]),
    ];
    for (name, content, options) in cases {
        let saved = trained(&place, &format!("of-{name}"), &place.file(name, content), options);
        saved.same_as(&reference);
    }
}

#[test]
fn a_run_finds_its_data_from_any_folder() {
    let place = Place::new();
    let path = place.file("p.csv", points_csv());
    trained(&place, "out", &path, &["data.label_column=-1"]);
    let mut elsewhere = place.command(&["eval", place.path("out").to_str().unwrap(), "-n", "20", "--json"]);
    let outcome = crate::program::Outcome::of(&elsewhere.current_dir(std::env::temp_dir()).output().unwrap());
    assert!(outcome.ok().contains("class_accuracy"));
}
