//! Data that cannot be trained on: one line with the file, the place and the remedy, and no run folder.

use crate::files::{gz, idx, npy, npz};
use crate::program::Place;

/// Trains on a file with some content; nothing may be left of the attempt.
#[track_caller]
fn refused(name: &str, content: impl AsRef<[u8]>, options: &[&str], parts: &[&str]) {
    let place = Place::new();
    place.file(name, content);
    place.file("l.csv", "0\n1\n0\n");
    let path = format!("data.path={name}");
    let sets = [&["data.kind=file", path.as_str()], options].concat();
    place.train("out", &sets).refused(parts);
    assert!(!place.path("out").exists(), "something is left of a run that never began");
}

#[test]
fn values_that_are_not_finite() {
    refused("a.csv", "1,2\n3,nan\n5,6\n", &[], &["a.csv", "line 2, column 2", "remove the line"]);
    refused("a.csv", "1,2\n3,1e39\n5,6\n", &[], &["a.csv", "line 2, column 2", "finite f32"]);
    let array = ndarray::array![[1.0_f32, 2.0], [3.0, f32::NAN], [5.0, 6.0]];
    refused("a.npy", npy(&array), &[], &["a.npy", "sample 1, value 1", "NaN", "remove the sample"]);
    let array = ndarray::array![[1.0_f64, 2.0], [3.0, 4.0], [f64::NEG_INFINITY, 6.0]];
    refused("a.npz", npz(&[("x", npy(&array))]), &[], &["a.npz", "sample 2, value 0", "-inf"]);
}

#[test]
fn too_few_rows() {
    refused("a.csv", "", &[], &["a.csv", "holds no values", "at least two"]);
    refused("a.csv", "x,y\n", &[], &["a.csv", "holds no values"]);
    refused("a.csv", "1,2\n", &[], &["a.csv", "one sample only", "at least two"]);
    refused("a.npy", npy(&ndarray::Array2::<f32>::zeros((0, 2))), &[], &["a.npy", "holds no values"]);
    refused("a.npy", npy(&ndarray::Array2::<f32>::zeros((1, 2))), &[], &["a.npy", "one sample only"]);
    refused("a.npy", "", &[], &["a.npy", "the file ends here"]);
    let sets = ["data.holdout=0.7"];
    refused("a.csv", "1,2\n3,4\n5,6\n", &sets, &["a.csv", "data.holdout", "leaves 1 of 3", "lower it"]);
}

#[test]
fn text_that_is_no_table() {
    refused("a.csv", "1,2\n3,4\n5\n", &[], &["a.csv", "line 3", "2", "make the columns equal"]);
    refused("a.csv", "1,2\n3,abc\n", &[], &["a.csv", "line 2, column 2", "\"abc\"", "not a number"]);
    refused("a.csv", "1;2\n3;4\n", &[], &["a.csv", "separated by commas"]);
    refused("a.csv", b"1,2\n3,\xff\xfe\n", &[], &["a.csv", "UTF-8"]);
}

#[test]
fn arrays_that_are_not_read() {
    let header = "{'descr': '<c16', 'fortran_order': False, 'shape': (2, 2), }\n";
    let mut complex = b"\x93NUMPY\x01\x00".to_vec();
    complex.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    complex.extend(header.as_bytes());
    complex.extend([0; 64]);
    refused("a.npy", &complex, &[], &["a.npy", "<c16", "convert the array"]);
    let whole = npy(&ndarray::Array2::<f32>::zeros((4, 2)));
    refused("a.npy", &whole[..whole.len() - 5], &[], &["a.npy", "ends after 27 bytes", "32", "write the file again"]);
    refused("a.npy", "1,2\n3,4\n", &[], &["a.npy", "not a valid npy file", "extension"]);
    let keys = npz(&[("a", npy(&ndarray::array![1.0_f32, 2.0])), ("b", npy(&ndarray::array![1.0_f32, 2.0]))]);
    refused("a.npz", &keys, &[], &["a.npz", "set `key`", "a, b"]);
    refused("a.npz", &keys, &["data.key=c"], &["a.npz", "\"c\"", "a, b"]);
    refused("a.npz", &keys[..40], &[], &["a.npz", "not a valid npz file"]);
    refused("a.idx", idx(&[4, 2], &[0; 7]), &[], &["a.idx", "7", "8"]);
    let packed = gz(b"1,2\n3,4\n5,6\n");
    refused("a.csv.gz", &packed[..packed.len() - 9], &[], &["a.csv.gz"]);
}

#[test]
fn files_that_are_not_there_or_not_known() {
    refused("a.dat", "1,2\n3,4\n", &[], &["a.dat", "unknown kind of file", ".csv"]);
    let place = Place::new();
    place.train("out", &["data.kind=file", "data.path=none.npy"]).refused(&[
        "none.npy",
        "cannot be read",
        "check the path",
    ]);
    place.train("out", &["data.kind=file"]).refused(&["run.toml", "data.path", "name the data file"]);
    assert!(!place.path("out").exists());
}

#[test]
fn labels_that_do_not_fit() {
    let csv = "1,2,0\n3,4,1\n5,6,2\n";
    let last = "data.label_column=-1";
    refused("a.csv", csv, &[last, "data.classes=2"], &["a.csv", "label 2 of sample 2", "`classes` = 2", "raise"]);
    refused("a.csv", "1,2,0\n3,4,1\n5,6,7\n", &[last], &["a.csv", "label 7 of sample 2", "set `classes`"]);
    refused("a.csv", "1,2,0\n3,4,-1\n5,6,1\n", &[last], &["a.csv", "label -1 of sample 1", "from 0"]);
    refused("a.csv", "1,2,0\n3,4,0.5\n5,6,1\n", &[last], &["a.csv", "label 0.5 of sample 1", "whole number"]);
    refused("a.csv", csv, &["data.label_column=3"], &["a.csv", "label column 3", "0 to 2"]);
    refused(
        "a.csv",
        "1,2\n3,4\n",
        &["data.labels=l.csv"],
        &["l.csv", "3 labels for 2 samples", "one label per sample"],
    );
    refused("a.csv", csv, &["data.labels=l.csv", last], &["a.csv", "label_column", "keep one"]);
    refused("a.csv", csv, &["data.labels_key=y"], &["a.csv", "labels_key", "remove it"]);
}

#[test]
fn shapes_that_the_network_cannot_take() {
    let csv = "1,2,3\n3,4,3\n5,6,3\n7,8,9\n";
    refused("a.csv", csv, &["data.sample_shape=[8, 8]"], &["a.csv", "3 values", "[8, 8]", "product 3"]);
    let source = ["source.kind=toy", "source.density.kind=moons"];
    refused("a.csv", csv, &source, &["run.toml", "`source`", "2 dimensions", "3", "choose a source"]);
    let range = ["data.scaling.kind=range", "data.scaling.low=2", "data.scaling.high=1"];
    refused("a.csv", csv, &range, &["run.toml", "data.scaling", "below"]);
    refused("a.csv", csv, &["data.holdout=1"], &["run.toml", "data.holdout", "[0, 1)"]);
}
