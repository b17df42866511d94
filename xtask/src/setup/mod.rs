//! `setup`: LibTorch, once for all checkouts of a user.
//!
//! In this order: what the user's environment names is used as it is; a choice that an earlier set-up recorded is kept;
//! otherwise the CUDA build where an NVIDIA driver is present and the CPU build elsewhere, assembled from pinned wheels in
//! the user's cache. Rejected: letting torch-sys download (no checksum, no resumption, one copy per target folder), and
//! `pip install torch` into a virtual environment (gigabytes of Python and CUDA for programs that run on a processor).

mod assemble;
mod existing;
mod fetch;
mod record;
mod wheels;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};

use self::assemble::Installation;
use self::existing::Environment;
use crate::workspace::Workspace;

/// Which build of LibTorch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Cpu,
    Cuda,
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "the CPU",
            Self::Cuda => "CUDA 13",
        })
    }
}

/// What the command line asked for.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) flavour: Option<Flavour>,
    pub(crate) wheels: Option<PathBuf>,
}

/// A LibTorch that can be built against.
#[derive(Debug)]
pub(crate) struct LibTorch {
    /// The value for `LIBTORCH`; none where torch-sys asks Python instead.
    dir: Option<PathBuf>,
    lib: PathBuf,
    origin: Origin,
}

#[derive(Debug, Clone, Copy)]
enum Origin {
    Folder,
    PyTorch,
    Cache,
}

impl LibTorch {
    /// For children that build against it. The programs of fm-nn and fm-cli carry the search path inside.
    pub(crate) fn variables(&self) -> Option<(&'static str, OsString)> {
        self.dir.as_ref().map(|dir| ("LIBTORCH", dir.into()))
    }

    /// For children that run other programs that were built against it.
    pub(crate) fn library_path(&self) -> Option<(&'static str, OsString)> {
        let mut path = vec![self.lib.clone()];
        path.extend(env::var_os("LD_LIBRARY_PATH").iter().flat_map(env::split_paths));
        path.dedup();
        // A folder whose name has a colon cannot be in a search path; the programs then rely on the path inside them.
        env::join_paths(path).ok().map(|path| ("LD_LIBRARY_PATH", path))
    }

    fn announce(&self) {
        let whose = match self.origin {
            Origin::Folder => "from LIBTORCH",
            Origin::PyTorch => "from LIBTORCH_USE_PYTORCH",
            Origin::Cache => "from the cache",
        };
        println!("LibTorch {} {whose}: {}", wheels::VERSION, self.lib.display());
    }
}

/// Finds or makes LibTorch, and records it for plain cargo.
pub(crate) fn ensure(workspace: &Workspace, request: &Request) -> Result<LibTorch> {
    let recorded = record::read(workspace);
    if let Some(found) = Environment::read(recorded.as_deref()).libtorch()? {
        if request.flavour.is_some() {
            println!("note: the environment names a LibTorch; it decides between CPU and CUDA");
        }
        found.announce();
        return Ok(found);
    }
    let cache = cache()?;
    let driver = nvidia_driver(Path::new("/"), env::var_os("PATH").as_deref());
    let flavour = choose(request.flavour, &cache, recorded.as_deref(), driver);
    let installation = Installation::new(&cache, flavour);
    if !installation.is_complete() {
        ensure!(
            cfg!(all(target_os = "linux", target_arch = "x86_64")),
            "LibTorch is assembled on x86-64 Linux only; elsewhere set LIBTORCH to a LibTorch {}",
            wheels::VERSION
        );
        println!("setting up LibTorch {} for {flavour} in {}", wheels::VERSION, cache.display());
        installation
            .make(request.wheels.as_slice())
            .map_err(|error| anyhow!("LibTorch could not be set up: {error:#}\n{}", advice(flavour)))?;
    }
    let dir = installation.libtorch();
    record::write(workspace, &dir)?;
    let found = LibTorch { lib: dir.join("lib"), dir: Some(dir), origin: Origin::Cache };
    found.announce();
    if driver && flavour == Flavour::Cpu {
        println!("note: this machine has an NVIDIA driver; `cargo xtask setup --cuda` makes use of it");
    }
    Ok(found)
}

/// The command line, else the recorded choice, else the machine.
fn choose(asked: Option<Flavour>, cache: &Path, recorded: Option<&Path>, driver: bool) -> Flavour {
    let recorded = [Flavour::Cpu, Flavour::Cuda]
        .into_iter()
        .find(|&flavour| recorded == Some(&Installation::new(cache, flavour).libtorch()));
    asked.or(recorded).unwrap_or(if driver { Flavour::Cuda } else { Flavour::Cpu })
}

fn cache() -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::home_dir().map(|home| home.join(".cache"));
    let cache = cache.or_else(home).context("no home folder; set XDG_CACHE_HOME or LIBTORCH")?;
    Ok(cache.join("flow-matching-rs"))
}

/// Whether an NVIDIA driver is installed on the system below `root`.
fn nvidia_driver(root: &Path, search: Option<&OsStr>) -> bool {
    let libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib", "usr/lib/wsl/lib"];
    root.join("proc/driver/nvidia/version").exists()
        || libraries.iter().any(|folder| root.join(folder).join("libcuda.so.1").exists())
        || search.iter().flat_map(env::split_paths).any(|folder| folder.join("nvidia-smi").exists())
}

/// What else there is, when the download does not work.
fn advice(flavour: Flavour) -> String {
    let (wheels, flag) = match flavour {
        Flavour::Cpu => (wheels::CPU, "--cpu"),
        Flavour::Cuda => (wheels::CUDA, "--cuda"),
    };
    let files = wheels.iter().map(|wheel| wheel.file).collect::<Vec<_>>().join("\n      ");
    let version = wheels::VERSION;
    format!(
        "Run the command again to continue, or\n  \
         - use one that is here: LIBTORCH=/path/to/libtorch (version {version})\n  \
         - use an installed PyTorch {version}: LIBTORCH_USE_PYTORCH=1\n  \
         - bring the wheels: `cargo xtask setup {flag} --wheels DIR`, or PIP_FIND_LINKS=DIR, with these files in DIR:\n      {files}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_before_the_record_and_the_record_before_the_machine() {
        let cache = Path::new("/cache");
        let cuda = Installation::new(cache, Flavour::Cuda).libtorch();
        let cpu = Installation::new(cache, Flavour::Cpu).libtorch();
        assert_eq!(choose(Some(Flavour::Cpu), cache, Some(&cuda), true), Flavour::Cpu);
        assert_eq!(choose(None, cache, Some(&cuda), false), Flavour::Cuda);
        assert_eq!(choose(None, cache, Some(&cpu), true), Flavour::Cpu);
        assert_eq!(choose(None, cache, None, true), Flavour::Cuda);
        assert_eq!(choose(None, cache, None, false), Flavour::Cpu);
    }

    #[test]
    fn a_record_of_another_cache_says_nothing() {
        assert_eq!(choose(None, Path::new("/cache"), Some(Path::new("/elsewhere")), false), Flavour::Cpu);
    }

    #[test]
    fn no_driver_below_an_empty_root() {
        assert!(!nvidia_driver(Path::new("/no/such/root"), None));
    }

    #[test]
    fn advice_names_the_way_out_and_every_wheel() {
        let text = advice(Flavour::Cpu);
        for part in ["LIBTORCH=", "LIBTORCH_USE_PYTORCH=1", "PIP_FIND_LINKS", "--wheels DIR", wheels::CPU[0].file] {
            assert!(text.contains(part), "{part}");
        }
    }
}
