//! Reading one array of NumPy's `.npz` archives, which are zip files of `.npy` files.
//!
//! Without a key the choice is made only where there is no doubt: the single array, or one with the name that NumPy
//! (`arr_0`) or custom (`x`) gives to samples. Labels are never guessed: a `y` beside an `x` may be a regression target.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::DataError;
use super::npy::{self, Numbers};
use super::source::{foreign, unreadable};

const FORMAT: &str = "npz";

/// Reads the array called `key`, or the obvious one; the array called `other` is not among the candidates.
pub(super) fn read(path: &Path, key: Option<&str>, other: Option<&str>) -> Result<Numbers, DataError> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|source| failed(path, source))?;
    let keys: Vec<String> =
        archive.file_names().filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect();
    let key = match key {
        Some(key) if keys.iter().any(|known| known == key) => key.to_owned(),
        Some(key) => return Err(DataError::KeyMissing { path: path.to_owned(), key: key.to_owned(), keys }),
        None => choose(path, keys, other)?,
    };
    let mut entry = archive.by_name(&format!("{key}.npy")).map_err(|source| failed(path, source))?;
    npy::read(&mut entry as &mut dyn Read, &path.join(&key))
}

fn choose(path: &Path, keys: Vec<String>, other: Option<&str>) -> Result<String, DataError> {
    let candidates: Vec<&String> = keys.iter().filter(|key| Some(key.as_str()) != other).collect();
    match candidates.as_slice() {
        [] => Err(DataError::Empty { path: path.to_owned() }),
        [only] => Ok((*only).clone()),
        several => match several.iter().find(|key| ["x", "arr_0"].contains(&key.as_str())) {
            Some(usual) => Ok((*usual).clone()),
            None => Err(DataError::KeyNeeded { path: path.to_owned(), keys }),
        },
    }
}

fn failed(path: &Path, source: ZipError) -> DataError {
    match source {
        ZipError::Io(source) => super::source::failed(path, FORMAT, 0, source),
        other => foreign(path, FORMAT, 0, other.to_string()),
    }
}
