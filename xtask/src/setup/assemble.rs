//! Making a LibTorch folder so that it is either not there or whole.
//!
//! Everything is put together in a sibling folder, synced to disk and renamed; the rename is the only moment at which the
//! result appears. A lock keeps two set-ups apart: the second waits, then finds the work done. A killed set-up leaves a
//! partial download, which the next one continues, and a staging folder, which the next one removes.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Flavour;
use super::fetch::Fetch;
use super::wheels::{self, VERSION};

/// An installed LibTorch in the user's cache.
#[derive(Debug)]
pub(super) struct Installation {
    cache: PathBuf,
    flavour: Flavour,
}

impl Installation {
    pub(super) fn new(cache: &Path, flavour: Flavour) -> Self {
        Self { cache: cache.to_owned(), flavour }
    }

    fn name(&self) -> String {
        let suffix = match self.flavour {
            Flavour::Cpu => "cpu",
            Flavour::Cuda => "cu130",
        };
        format!("libtorch-{VERSION}-{suffix}")
    }

    fn folder(&self) -> PathBuf {
        self.cache.join(self.name())
    }

    /// What `LIBTORCH` has to say.
    pub(super) fn libtorch(&self) -> PathBuf {
        self.libtorch_below(&self.folder())
    }

    fn libtorch_below(&self, folder: &Path) -> PathBuf {
        match self.flavour {
            Flavour::Cpu => folder.to_owned(),
            Flavour::Cuda => folder.join("torch"),
        }
    }

    /// The rename made it whole; the look inside notices one that was damaged by hand.
    pub(super) fn is_complete(&self) -> bool {
        let libtorch = self.libtorch();
        ["build-version", "lib/libtorch_cpu.so", "lib/libtorch.so", "lib/libc10.so", "include/torch"]
            .iter()
            .all(|part| libtorch.join(part).exists())
    }

    /// Makes it, or waits for the set-up that is making it.
    pub(super) fn make(&self, folders: &[PathBuf]) -> Result<()> {
        fs::create_dir_all(&self.cache).with_context(|| format!("cannot create {}", self.cache.display()))?;
        let _lock = self.lock()?;
        if self.is_complete() {
            return Ok(());
        }
        let staging = self.cache.join(format!("{}.incomplete", self.name()));
        remove(&staging)?;
        fs::create_dir(&staging).with_context(|| format!("cannot create {}", staging.display()))?;
        let downloads = self.cache.join("downloads");
        let (wheels, needs) = match self.flavour {
            Flavour::Cpu => (wheels::CPU, 1_150_000_000),
            Flavour::Cuda => (wheels::CUDA, 6_700_000_000),
        };
        Fetch { wheels, downloads: &downloads, folders, into: &staging, needs }.run()?;
        self.finish(&staging)?;
        remove(&self.folder())?;
        fs::rename(&staging, self.folder()).context("cannot move LibTorch to its place")?;
        File::open(&self.cache)?.sync_all()?;
        for wheel in wheels {
            remove(&downloads.join(wheel.file))?;
        }
        Ok(())
    }

    fn lock(&self) -> Result<File> {
        let path = self.cache.join("lock");
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                println!("another set-up is at work; waiting for it");
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error).context(format!("cannot lock {}", path.display())),
        }
        Ok(file)
    }

    /// The files that no wheel has.
    fn finish(&self, staging: &Path) -> Result<()> {
        let libtorch = self.libtorch_below(staging);
        if self.flavour == Flavour::Cpu {
            // The wheel's own libtorch.so, a shell without code, asks for the CUDA libraries; ours asks for nothing.
            empty_library(&libtorch.join("lib/libtorch.so"))?;
        }
        // torch-sys links `gomp`: with this name beside the others, whatever the compiler ships is not needed.
        std::os::unix::fs::symlink("libgomp.so.1", libtorch.join("lib/libgomp.so"))?;
        let version = libtorch.join("build-version");
        fs::write(&version, format!("{VERSION}\n"))?;
        for path in [version, libtorch.join("lib/libtorch.so"), libtorch.join("lib"), libtorch] {
            File::open(path)?.sync_all()?;
        }
        Ok(())
    }
}

/// Links a shared object that has a name and nothing else, with the linker driver that rustc uses too.
fn empty_library(path: &Path) -> Result<()> {
    let name = path.file_name().context("a file name")?.to_string_lossy();
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(&compiler)
        .args(["-shared", "-nostdlib", "-x", "c", "/dev/null"])
        .arg(format!("-Wl,-soname,{name}"))
        .arg("-o")
        .arg(path)
        .output()
        .with_context(|| format!("cannot start the C compiler {}", compiler.display()))?;
    if !output.status.success() {
        bail!("{} cannot link {name}: {}", compiler.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flavours_have_folders_of_their_own() {
        let cache = Path::new("/cache");
        let cpu = Installation::new(cache, Flavour::Cpu).libtorch();
        let cuda = Installation::new(cache, Flavour::Cuda).libtorch();
        assert_eq!(cpu, cache.join("libtorch-2.11.0-cpu"));
        assert_eq!(cuda, cache.join("libtorch-2.11.0-cu130/torch"));
    }

    #[test]
    fn an_absent_installation_is_not_complete() {
        assert!(!Installation::new(Path::new("/no/such/cache"), Flavour::Cpu).is_complete());
    }

    #[test]
    fn removing_what_is_not_there_is_fine() {
        remove(Path::new("/no/such/file")).unwrap();
    }
}
