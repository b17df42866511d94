//! Every format read back, every error shown to occur, and no bytes that make a reader panic.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{Array2, ArrayD, array};
use ndarray_npy::WriteNpyExt;
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    bytes
}

/// An `.npy` file with a header of our own.
fn npy_raw(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn idx(code: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, u8::try_from(shape.len()).unwrap()];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn plain(path: &Path) -> Result<Dataset, DataError> {
    load(path, &LoadOptions::default())
}

/// The message of a failed load: one line, with the file, and every given part.
#[track_caller]
fn says(result: Result<Dataset, DataError>, parts: &[&str]) {
    let message = result.unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

const PLANE: [[f32; 2]; 3] = [[1.0, 2.0], [3.0, 4.0], [5.0, -6.5]];

#[test]
fn npy_of_every_element_type() {
    let folder = Folder::new();
    let want = array![[1.0_f32, 2.0], [3.0, 4.0]];
    let files = [
        ("f32.npy", npy(&want)),
        ("f64.npy", npy(&want.mapv(f64::from))),
        ("u8.npy", npy(&want.mapv(|v| v as u8))),
        ("i8.npy", npy(&want.mapv(|v| v as i8))),
        ("i16.npy", npy(&want.mapv(|v| v as i16))),
        ("i32.npy", npy(&want.mapv(|v| v as i32))),
        ("i64.npy", npy(&want.mapv(|v| v as i64))),
        ("gz.npy.gz", gz(&npy(&want))),
    ];
    for (name, bytes) in files {
        let data = plain(&folder.file(name, bytes)).unwrap();
        assert_eq!((data.x, data.shape, data.labels, data.classes), (want.clone(), vec![2], None, 0), "{name}");
    }
    let big = npy_raw(
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 1), }",
        &[1.5_f32.to_be_bytes(), 2.0_f32.to_be_bytes()].concat(),
    );
    assert_eq!(plain(&folder.file("big.npy", big)).unwrap().x, array![[1.5], [2.0]]);
}

#[test]
fn npy_of_every_rank_and_order() {
    let folder = Folder::new();
    let one = plain(&folder.file("one.npy", npy(&array![1.0_f32, 2.0, 3.0]))).unwrap();
    assert_eq!((one.x.dim(), one.shape), ((3, 1), vec![1]));

    let images = ArrayD::from_shape_fn(vec![2, 3, 4, 5], |i| (i[0] * 60 + i[1] * 20 + i[2] * 5 + i[3]) as f32);
    let c_order = plain(&folder.file("c.npy", npy(&images))).unwrap();
    assert_eq!((c_order.x.dim(), c_order.shape.as_slice()), ((2, 60), [3, 4, 5].as_slice()));
    assert!(c_order.x.iter().enumerate().all(|(i, &v)| v == i as f32));
    let transposed = images.clone().reversed_axes().as_standard_layout().into_owned();
    let fortran_bytes = npy(&transposed.reversed_axes());
    assert!(fortran_bytes.windows(4).any(|w| w == b"True"));
    assert_eq!(plain(&folder.file("f.npy", fortran_bytes)).unwrap(), c_order);

    let options = LoadOptions { sample_shape: Some(vec![1, 60]), ..LoadOptions::default() };
    assert_eq!(load(&folder.0.path().join("c.npy"), &options).unwrap().shape, [1, 60]);
    let options = LoadOptions { sample_shape: Some(vec![usize::MAX, 2]), ..LoadOptions::default() };
    says(load(&folder.0.path().join("c.npy"), &options), &["c.npy", "60 values", "product 60"]);
}

#[test]
fn npy_errors() {
    let folder = Folder::new();
    let whole = npy(&Array2::from_shape_vec((3, 2), PLANE.concat()).unwrap());
    let load_bytes = |bytes: &[u8]| plain(&folder.file("a.npy", bytes));
    says(load_bytes(&whole[..whole.len() - 1]), &["a.npy", "ends after 23 bytes", "declares 24"]);
    says(load_bytes(&whole[..20]), &["a.npy", "byte 10", "the file ends here"]);
    says(load_bytes(&[&whole[..], b"x"].concat()), &["more data than the header declares"]);
    says(load_bytes(b"PK\x03\x04 not an array"), &["byte 0", "NUMPY", "extension"]);
    says(load_bytes(b""), &["a.npy", "the file ends here"]);
    says(load_bytes(b"\x93NUMPY\x09\x00\x00\x00\x00\x00"), &["version 9"]);

    let header = |text: &str| load_bytes(&npy_raw(text, b""));
    says(header("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }"), &["dtype '<f2'", "convert"]);
    says(header("{'descr': [('a', '<f4'), ('b', '<i8')], 'fortran_order': False, 'shape': (2,), }"), &["('b', '<i8')"]);
    says(header("{'descr': '<f4', 'fortran_order': False, 'shape': (), }"), &["no axis"]);
    says(header("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,), }"), &["Maybe"]);
    says(header("{'descr': '<f4', 'shape': (2,), }"), &["no 'fortran_order'"]);
    says(header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }"), &["(-2,)"]);
    says(header(&"(".repeat(60_000)), &["no dictionary"]);
    // A claim of 8 exabytes, and one that overflows: neither is allocated.
    says(
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000000, 1), }"),
        &["declares 8000000"],
    );
    says(header("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 16), }"), &["has no size"]);
    let huge_header = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes()].concat();
    says(load_bytes(&huge_header), &["a header of 4294967295 bytes"]);
}

#[test]
fn data_that_cannot_be_trained_on() {
    let folder = Folder::new();
    let load_array = |array: ArrayD<f64>| plain(&folder.file("a.npy", npy(&array)));
    says(load_array(array![[1.0, 2.0], [3.0, f64::NAN]].into_dyn()), &["a.npy", "sample 1, value 1", "NaN"]);
    says(
        load_array(array![[1.0, f64::INFINITY]].broadcast((2, 2)).unwrap().to_owned().into_dyn()),
        &["sample 0", "inf"],
    );
    says(load_array(array![[1.0], [1e300]].into_dyn()), &["sample 1, value 0"]);
    says(load_array(array![[1.0, 2.0]].into_dyn()), &["a.npy", "one sample only", "at least two"]);
    says(load_array(ArrayD::zeros(vec![0, 3])), &["a.npy", "no values"]);
    says(load_array(ArrayD::zeros(vec![3, 0])), &["a.npy", "no values"]);
    says(plain(Path::new("/no/such/file.npy")), &["/no/such/file.npy", "cannot be read", "check the path"]);
    says(plain(Path::new("data.parquet")), &["data.parquet", "unknown kind", ".npz"]);
    says(plain(Path::new("data")), &["unknown kind"]);
    says(plain(folder.0.path()), &["unknown kind"]);
}

#[test]
fn npz_keys() {
    let folder = Folder::new();
    let (x, y) = (npy(&array![[1.0_f32], [2.0]]), npy(&array![1_i64, 0]));
    let path = folder.file("a.npz", npz(&[("x", x.clone()), ("y", y.clone())]));
    let with_labels = LoadOptions { labels_key: Some("y".into()), ..LoadOptions::default() };
    let data = load(&path, &with_labels).unwrap();
    assert_eq!((data.x, data.labels, data.classes), (array![[1.0], [2.0]], Some(vec![1, 0]), 2));
    let keyed = |key: &str| LoadOptions { key: Some(key.into()), ..LoadOptions::default() };
    assert_eq!(load(&path, &keyed("y")).unwrap().x, array![[1.0], [0.0]]);
    says(load(&path, &keyed("z")), &["a.npz", "\"z\"", "x, y"]);

    let only = folder.file("only.npz", npz(&[("images", x.clone())]));
    assert_eq!(plain(&only).unwrap().x.nrows(), 2);
    let beside_labels = folder.file("beside.npz", npz(&[("images", x.clone()), ("y", y.clone())]));
    assert_eq!(load(&beside_labels, &with_labels).unwrap().labels, Some(vec![1, 0]));
    says(plain(&beside_labels), &["several arrays", "images, y"]);
    says(plain(&folder.file("none.npz", npz(&[]))), &["none.npz", "no values"]);
    says(plain(&folder.file("not.npz", b"not a zip")), &["not.npz", "not a valid npz"]);
    let archive = npz(&[("x", x)]);
    says(plain(&folder.file("cut.npz", &archive[..archive.len() / 2])), &["cut.npz", "not a valid npz"]);
    says(plain(&folder.file("bad.npz", npz(&[("x", y[..20].to_vec())]))), &["bad.npz", "x", "the file ends here"]);
}

#[test]
fn csv_with_and_without_header() {
    let folder = Folder::new();
    let want = array![[1.0, 2.0], [3.0, 4.0], [5.0, -6.5]];
    let text = "1,2\n3, 4\n5,-6.5\n";
    let files = [
        ("plain.csv", text.as_bytes().to_vec()),
        ("header.CSV", format!("x,y\n{text}").into_bytes()),
        ("savetxt.csv", format!("# x,y\n{text}").into_bytes()),
        ("bom.csv", "\u{feff}1,2\r\n3,4\r\n\r\n5,-6.5".as_bytes().to_vec()),
        ("quoted.csv", b"\"1\",\"2\"\n3,4\n5,-6.5".to_vec()),
        ("packed.csv.gz", gz(text.as_bytes())),
    ];
    for (name, bytes) in files {
        let data = plain(&folder.file(name, bytes)).unwrap();
        assert_eq!((data.x, data.shape), (want.clone(), vec![2]), "{name}");
    }
}

#[test]
fn csv_errors_name_line_and_column() {
    let folder = Folder::new();
    let load_text = |text: &str| plain(&folder.file("t.csv", text));
    says(load_text("x,y\n1,2\n3\n"), &["t.csv", "line 3", "has 1 columns", "have 2"]);
    says(load_text("1,2\n3,4,5\n"), &["line 2", "has 3 columns"]);
    says(load_text("1,2\n3,four\n"), &["t.csv", "line 2, column 2", "\"four\"", "commas"]);
    says(load_text("1,2\n,4\n"), &["line 2, column 1", "\"\""]);
    says(load_text("x;y\n1;2\n"), &["line 2, column 1", "\"1;2\"", "commas"]);
    says(load_text("1,2\n3,nan\n"), &["t.csv", "line 2, column 2", "\"nan\"", "finite"]);
    says(load_text("1,-inf\n3,4\n"), &["line 1, column 2"]);
    says(load_text("1,1e39\n3,4\n"), &["line 1, column 2", "\"1e39\""]);
    says(load_text(""), &["t.csv", "no values"]);
    says(load_text("x,y\n"), &["t.csv", "no values"]);
    says(load_text("x,y\n1,2\n"), &["t.csv", "one sample only"]);
    says(plain(&folder.file("b.csv", b"1,2\n\xff\xfe,3\n")), &["b.csv", "field 1", "UTF-8"]);
    let packed = gz("1,2\n".repeat(5000).as_bytes());
    says(plain(&folder.file("cut.csv.gz", &packed[..packed.len() - 9])), &["cut.csv.gz", "the file ends here"]);
    says(plain(&folder.file("not.csv.gz", b"1,2\n3,4\n")), &["not.csv.gz", "not a valid CSV"]);
}

#[test]
fn labels_from_a_column() {
    let folder = Folder::new();
    let path = folder.file("t.csv", "7,8,0\n9,10,2\n11,12,1\n");
    let column = |label_column| LoadOptions { label_column: Some(label_column), ..LoadOptions::default() };
    for at in [2, -1] {
        let data = load(&path, &column(at)).unwrap();
        assert_eq!(data.x, array![[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]);
        assert_eq!((data.labels, data.classes), (Some(vec![0, 2, 1]), 3));
    }
    for at in [3, -4, i64::MAX, i64::MIN] {
        says(load(&path, &column(at)), &["t.csv", "does not exist", "0 to 2 or -3 to -1"]);
    }
    says(load(&path, &column(0)), &["label 7 of sample 0", "more classes than the 3 samples", "which column"]);
    let declared = LoadOptions { classes: Some(12), ..column(0) };
    assert_eq!(load(&path, &declared).unwrap().classes, 12);
    let too_few = LoadOptions { classes: Some(2), ..column(2) };
    says(load(&path, &too_few), &["label 2 of sample 1", "`classes` = 2"]);
    says(load(&folder.file("l.csv", "0\n1\n"), &column(0)), &["l.csv", "no values"]);
    says(load(&folder.file("e.csv", ""), &column(0)), &["e.csv", "no values"]);
}

#[test]
fn labels_that_are_words() {
    let folder = Folder::new();
    let path = folder.file("iris.csv", "a,b,species\n5.1,3.5,setosa\n7.0,3.2,versicolor\n");
    for label_column in [-1, 2] {
        let options = LoadOptions { label_column: Some(label_column), ..LoadOptions::default() };
        let parts = ["iris.csv", "line 2, column 3 is \"setosa\", not an integer label", "number the classes from 0"];
        says(load(&path, &options), &parts);
    }
    for label_column in [None, Some(0), Some(7)] {
        let options = LoadOptions { label_column, ..LoadOptions::default() };
        says(load(&path, &options), &["line 2, column 3 is \"setosa\", not a number"]);
    }
    let labels = Some(folder.file("y.csv", "species\nsetosa\nversicolor\n"));
    let data = folder.file("x.csv", "5.1,3.5\n7.0,3.2\n");
    let options = LoadOptions { labels, ..LoadOptions::default() };
    says(load(&data, &options), &["y.csv", "line 2, column 1 is \"setosa\", not an integer label"]);
}

#[test]
fn labels_from_a_file() {
    let folder = Folder::new();
    let data = folder.file("x.npy", npy(&array![[1.0_f32], [2.0], [3.0]]));
    let with = |labels: PathBuf| load(&data, &LoadOptions { labels: Some(labels), ..LoadOptions::default() });
    let files = [
        folder.file("y.npy", npy(&array![2_i32, 0, 1])),
        folder.file("y.csv", "label\n2\n0\n1\n"),
        folder.file("y-idx1-ubyte", idx(8, &[3], &[2, 0, 1])),
        folder.file("y.npz", npz(&[("y", npy(&array![2_u8, 0, 1]))])),
    ];
    for file in files {
        let loaded = with(file).unwrap();
        assert_eq!((loaded.labels, loaded.classes), (Some(vec![2, 0, 1]), 3));
    }
    says(with(folder.file("short.csv", "0\n1\n")), &["short.csv", "2 labels for 3 samples"]);
    says(with(folder.file("half.csv", "0\n1.5\n1\n")), &["half.csv", "label 1.5 of sample 1", "whole number"]);
    says(with(folder.file("minus.csv", "0\n1\n-1\n")), &["minus.csv", "label -1 of sample 2"]);
    says(with(folder.file("nan.npy", npy(&array![0.0, f64::NAN, 0.0]))), &["nan.npy", "label NaN of sample 1"]);
    says(with(PathBuf::from("/no/such/y.npy")), &["/no/such/y.npy"]);
    says(with(PathBuf::from("y.txt")), &["y.txt", "unknown kind"]);
}

#[test]
fn options_that_do_not_fit_the_file() {
    let folder = Folder::new();
    let path = folder.file("x.npy", npy(&array![[1.0_f32], [2.0]]));
    let table = folder.file("x.csv", "1,0\n2,1\n");
    let column = LoadOptions { label_column: Some(1), ..LoadOptions::default() };
    says(load(&path, &column), &["x.npy", "`label_column`", "CSV"]);
    says(load(&path, &LoadOptions { key: Some("x".into()), ..LoadOptions::default() }), &["`key`", ".npz"]);
    says(load(&path, &LoadOptions { labels_key: Some("y".into()), ..LoadOptions::default() }), &["`labels_key`"]);
    says(
        load(&table, &LoadOptions { labels: Some(path), ..column }),
        &["x.csv", "both by `labels` and by `label_column`"],
    );
}

#[test]
fn idx_images_and_their_errors() {
    let folder = Folder::new();
    let pixels: Vec<u8> = (0..24).collect();
    for (name, bytes) in [
        ("train-images-idx3-ubyte", idx(8, &[2, 3, 4], &pixels)),
        ("train-images-idx3-ubyte.gz", gz(&idx(8, &[2, 3, 4], &pixels))),
        ("images.idx", idx(8, &[2, 3, 4], &pixels)),
    ] {
        let data = plain(&folder.file(name, bytes)).unwrap();
        assert_eq!((data.x.dim(), data.shape), ((2, 12), vec![3, 4]), "{name}");
        assert_eq!(data.x[[1, 11]], 23.0);
    }
    let floats = idx(0x0D, &[2], &[1.5_f32.to_be_bytes(), (-2.0_f32).to_be_bytes()].concat());
    assert_eq!(plain(&folder.file("f.idx", floats)).unwrap().x, array![[1.5], [-2.0]]);

    let load_bytes = |bytes: Vec<u8>| plain(&folder.file("a.idx", bytes));
    says(load_bytes(idx(8, &[2, 3, 4], &pixels[1..])), &["a.idx", "ends after 23 bytes", "declares 24"]);
    says(load_bytes(idx(8, &[2, 3], &pixels)), &["more data"]);
    says(load_bytes(idx(7, &[2], &[0, 1])), &["dtype 0x07"]);
    says(load_bytes(vec![1, 0, 8, 1]), &["two zero bytes"]);
    says(load_bytes(vec![0, 0, 8, 0]), &["no axis"]);
    says(load_bytes(vec![0, 0, 8, 3, 0, 0]), &["byte 4", "the file ends here"]);
    says(load_bytes(idx(8, &[u32::MAX, u32::MAX], &pixels)), &["declares 18446744065119617025"]);
    says(load_bytes(idx(8, &[u32::MAX; 9], &pixels)), &["has no size"]);
    let cut = gz(&idx(8, &[200, 3, 4], &pixels.repeat(100)));
    says(plain(&folder.file("cut.idx.gz", &cut[..cut.len() - 12])), &["cut.idx.gz", "declares 2400"]);
}

#[test]
fn written_samples_read_back() {
    let folder = Folder::new();
    let path = folder.0.path().join("samples.npy");
    let samples = Array2::from_shape_vec((3, 2), PLANE.concat()).unwrap();
    write_npy(&path, &samples.clone().into_dyn()).unwrap();
    assert_eq!(plain(&path).unwrap().x, samples);
    let message = write_npy(Path::new("/no/such/folder/s.npy"), &samples.into_dyn()).unwrap_err().to_string();
    assert!(message.contains("/no/such/folder/s.npy") && message.contains("create the folder"), "{message}");
}

/// Loading must return, whatever the bytes.
fn survives(name: &str, bytes: &[u8]) {
    let folder = Folder::new();
    let path = folder.file(name, bytes);
    let key = (name == "a.npz").then(|| "y".to_owned());
    let column = name.contains(".csv").then_some(-1);
    for options in
        [LoadOptions::default(), LoadOptions { labels_key: key, label_column: column, ..LoadOptions::default() }]
    {
        if let Ok(data) = load(&path, &options) {
            assert!(data.x.nrows() >= 2 && data.x.iter().all(|v| v.is_finite()));
        }
    }
}

fn valid(name: &str) -> Vec<u8> {
    let x = npy(&array![[1.0_f32, 2.0], [3.0, 4.0]]);
    match name {
        "a.npy" => x,
        "a.npz" => npz(&[("x", x), ("y", npy(&array![0_i64, 1]))]),
        "a.csv" => b"x,y\n1,0\n2,1\n".to_vec(),
        "a.csv.gz" => gz(b"x,y\n1,0\n2,1\n"),
        "a.idx" => idx(8, &[2, 2], &[0, 1, 2, 3]),
        _ => gz(&idx(0x0C, &[2, 1], &[0, 0, 0, 1, 0, 0, 0, 2])),
    }
}

const NAMES: [&str; 6] = ["a.npy", "a.npz", "a.csv", "a.csv.gz", "a.idx", "a.idx.gz"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for name in NAMES {
            survives(name, &bytes);
        }
    }

    #[test]
    fn no_damage_makes_a_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in 0.0..1.5_f64,
    ) {
        for name in NAMES {
            let mut bytes = valid(name);
            for (at, value) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            bytes.truncate((bytes.len() as f64 * keep) as usize);
            survives(name, &bytes);
        }
    }
}
