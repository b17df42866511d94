//! Data files of every kind, and reading back what the program wrote.

use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{Array2, ArrayD};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The 1,797 digits that come with the project.
pub(crate) const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/digits/digits.csv.gz");

/// Sixty points of the plane in three groups, with whole coordinates, so that every format holds the same.
pub(crate) fn points() -> (Array2<f32>, Vec<u8>) {
    let labels: Vec<u8> = (0..60).map(|i| i % 3).collect();
    let x = Array2::from_shape_fn((60, 2), |(i, axis)| {
        let (group, i) = (i % 3, i / 3);
        let value = if axis == 0 { 60 * group + (i * 7) % 20 } else { 40 * ((group + 1) % 3) + (i * 3) % 11 };
        value as f32
    });
    (x, labels)
}

/// The points as text, with the label in the last column.
pub(crate) fn points_csv() -> String {
    let (x, labels) = points();
    let lines = x.outer_iter().zip(labels).map(|(row, label)| format!("{},{},{label}\n", row[0], row[1]));
    lines.collect::<Vec<_>>().concat()
}

pub(crate) fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    bytes
}

pub(crate) fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// IDX of unsigned bytes.
pub(crate) fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, u8::try_from(shape.len()).unwrap()];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

#[track_caller]
pub(crate) fn read_npy(path: &Path) -> ArrayD<f32> {
    ArrayD::<f32>::read_npy(std::fs::File::open(path).unwrap()).unwrap()
}

/// That a file is a whole picture of a readable size with something in it; its width and height.
#[track_caller]
pub(crate) fn picture(path: &Path) -> (u32, u32) {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{}", path.display());
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let mut shades = pixels[..info.buffer_size()].to_vec();
    shades.sort_unstable();
    shades.dedup();
    assert!(shades.len() > 10, "{} has {} shades only", path.display(), shades.len());
    assert!(info.width >= 60 && info.height >= 60, "{}: {} x {}", path.display(), info.width, info.height);
    (info.width, info.height)
}
