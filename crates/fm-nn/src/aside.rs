//! Writing a file so that its final name never shows a part of it.
//!
//! The bytes go to a hidden file in the same folder, are flushed to the disk, and take the final name in one step. A full
//! disk, an error of the writer or a crash leaves the old file, or none, under the final name. Checking the free space
//! first would be a guess that another process can falsify.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written ({source}); {}", path.display(), remedy(source.kind()))]
pub struct WriteError {
    /// The file under its final name.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space or choose another folder",
        io::ErrorKind::FileTooLarge => "raise the file size limit or write less",
        io::ErrorKind::NotFound => "create the folder first",
        io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
            "choose a name that no folder has"
        }
        _ => "choose a folder that you may write to",
    }
}

/// Writes a file through `fill`, or leaves everything as it was.
///
/// # Errors
/// [`WriteError`] if the folder cannot be written to, the disk is full, or `fill` fails; no trace is left then.
pub fn write_aside(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    let aside = path.with_file_name(hidden);

    let file = File::create(&aside).map_err(failed)?;
    let written = fill_and_sync(file, fill).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // The first error is the one to report; if the removal fails too, the cause is the same.
        let _ = fs::remove_file(&aside);
    }
    written.and_then(|()| sync_folder(path)).map_err(failed)
}

fn fill_and_sync(file: File, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    let filled = fill(&mut writer).and_then(|()| writer.flush());
    // Taken apart, so that dropping a writer that failed does not write once more.
    let (file, _) = writer.into_parts();
    filled.and_then(|()| file.sync_all())
}

/// Makes the new name itself durable, where folders can be opened as files.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn writes_whole_files_and_replaces_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.bin");
        for content in [b"one".as_slice(), b"another"] {
            write_aside(&path, |w| w.write_all(content)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["out.bin"]);
    }

    #[test]
    fn a_failed_writer_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.bin");
        fs::write(&path, b"old").unwrap();
        let error = write_aside(&path, |w| {
            w.write_all(b"half of it")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        let message = error.unwrap_err().to_string();
        assert!(message.contains("out.bin") && message.contains("free some space"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["out.bin"]);
    }

    #[test]
    fn errors_name_the_final_path_and_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/such/folder/out.bin");
        let message = write_aside(&missing, |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("folder/out.bin") && message.contains("create the folder"), "{message}");

        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        let message = write_aside(&taken, |_| Ok(())).unwrap_err().to_string();
        assert!(message.contains("no folder has"), "{message}");
        assert_eq!(names(folder.path()), ["taken"]);
        assert!(write_aside(Path::new("/"), |_| Ok(())).is_err());
    }
}
