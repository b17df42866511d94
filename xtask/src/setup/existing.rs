//! A LibTorch that the user brought: respected, and checked before a build of several minutes fails on it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::wheels::VERSION;
use super::{LibTorch, Origin};

/// The variables that torch-sys reads.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) libtorch: Option<PathBuf>,
    pub(super) libtorch_lib: Option<PathBuf>,
    pub(super) use_pytorch: bool,
    pub(super) any_version: bool,
    virtual_env: Option<OsString>,
}

impl Environment {
    /// `ours` is the value that an earlier set-up recorded: cargo hands it to this program as to any other, and it is not
    /// the user's wish.
    pub(super) fn read(ours: Option<&Path>) -> Self {
        Self {
            libtorch: env::var_os("LIBTORCH").map(PathBuf::from).filter(|path| Some(path.as_path()) != ours),
            libtorch_lib: env::var_os("LIBTORCH_LIB").map(PathBuf::from),
            use_pytorch: env::var_os("LIBTORCH_USE_PYTORCH").is_some(),
            any_version: env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some(),
            virtual_env: env::var_os("VIRTUAL_ENV"),
        }
    }

    /// The user's LibTorch, in the order in which torch-sys looks.
    pub(super) fn libtorch(&self) -> Result<Option<LibTorch>> {
        if self.use_pytorch {
            return self.pytorch().map(Some);
        }
        self.libtorch.as_deref().map(|folder| self.folder(folder)).transpose()
    }

    fn folder(&self, folder: &Path) -> Result<LibTorch> {
        let lib = self.libtorch_lib.as_deref().unwrap_or(folder).join("lib");
        let library = lib.join("libtorch_cpu.so");
        ensure!(
            library.exists(),
            "LIBTORCH={} has no LibTorch in it ({} is missing); set it to the folder that holds include/ and lib/, \
             or unset it and `cargo xtask setup` makes one",
            folder.display(),
            library.display()
        );
        match version_in(folder) {
            Some(version) => self.check_version(&version, &format!("LIBTORCH={}", folder.display()))?,
            None => println!("note: {} does not say its version; {VERSION} is needed", folder.display()),
        }
        Ok(LibTorch { dir: Some(folder.to_owned()), lib, origin: Origin::Folder })
    }

    /// Asks the interpreter that torch-sys will ask.
    fn pytorch(&self) -> Result<LibTorch> {
        let python = if self.virtual_env.is_some() { "python" } else { "python3" };
        let program =
            "import pathlib, torch; print(torch.__version__); print(pathlib.Path(torch.__file__).parent / 'lib')";
        let output =
            Command::new(python).args(["-c", program]).output().with_context(|| format!("cannot start {python}"))?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = answer.lines();
        let (Some(version), Some(lib)) = (lines.next(), lines.next()) else {
            bail!(
                "LIBTORCH_USE_PYTORCH is set, but {python} cannot import torch; install torch=={VERSION} there or unset it\n{}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        };
        self.check_version(version, &format!("the torch of {python}"))?;
        Ok(LibTorch { dir: None, lib: lib.into(), origin: Origin::PyTorch })
    }

    fn check_version(&self, version: &str, what: &str) -> Result<()> {
        let plain = version.trim().split('+').next().unwrap_or_default();
        ensure!(
            plain == VERSION || self.any_version,
            "{what} is LibTorch {plain}, and this tch needs {VERSION}; unset the variable and `cargo xtask setup` makes \
             the right one (LIBTORCH_BYPASS_VERSION_CHECK=1 tries it all the same)"
        );
        Ok(())
    }
}

/// `build-version` in a LibTorch archive, `version.py` in an installed torch.
fn version_in(folder: &Path) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(folder.join("build-version")) {
        return Some(text);
    }
    let text = std::fs::read_to_string(folder.join("version.py")).ok()?;
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    Some(line.split(['\'', '"']).nth(1)?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder that looks like LibTorch, below the target folder and removed in the end.
    struct Sample(PathBuf);

    impl Sample {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("xtask-existing-{name}-{}", std::process::id()));
            fs::create_dir_all(folder.join("lib")).unwrap();
            fs::write(folder.join("lib/libtorch_cpu.so"), "").unwrap();
            Self(folder)
        }

        fn environment(&self) -> Environment {
            Environment { libtorch: Some(self.0.clone()), ..Environment::default() }
        }
    }

    impl Drop for Sample {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn nothing_set_is_nothing_found() {
        assert!(Environment::default().libtorch().unwrap().is_none());
    }

    #[test]
    fn the_right_version_is_taken() {
        let sample = Sample::new("right");
        fs::write(sample.0.join("build-version"), "2.11.0+cpu\n").unwrap();
        let found = sample.environment().libtorch().unwrap().unwrap();
        assert_eq!(found.lib, sample.0.join("lib"));
    }

    #[test]
    fn another_version_is_refused_unless_wanted() {
        let sample = Sample::new("wrong");
        fs::write(sample.0.join("version.py"), "__version__ = '2.6.0+cu124'\n").unwrap();
        let error = sample.environment().libtorch().unwrap_err().to_string();
        assert!(error.contains("is LibTorch 2.6.0, and this tch needs 2.11.0"), "{error}");
        let environment = Environment { any_version: true, ..sample.environment() };
        assert!(environment.libtorch().is_ok());
    }

    #[test]
    fn an_empty_folder_is_refused() {
        let environment = Environment { libtorch: Some("/no/such/folder".into()), ..Environment::default() };
        let error = environment.libtorch().unwrap_err().to_string();
        assert!(error.contains("/no/such/folder/lib/libtorch_cpu.so is missing"), "{error}");
    }
}
