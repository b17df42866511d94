//! The seam to `fetch.py`, which downloads, checks and unpacks.
//!
//! Python rather than Rust for this one job: xtask is compiled before anything else happens, and an HTTP client with TLS,
//! proxies and zip would be some hundred crates to do what Python's standard library does; pip, whose index and
//! certificates have to be used, is Python anyway.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::wheels::Wheel;

const SCRIPT: &str = include_str!("fetch.py");

/// What to fetch and where to.
#[derive(Debug)]
pub(super) struct Fetch<'a> {
    pub(super) wheels: &'a [Wheel],
    /// Keeps whole and partial downloads between runs.
    pub(super) downloads: &'a Path,
    /// Searched before any index.
    pub(super) folders: &'a [PathBuf],
    pub(super) into: &'a Path,
    /// Bytes that have to be free.
    pub(super) needs: u64,
}

impl Fetch<'_> {
    fn request(&self) -> Value {
        let wheels: Vec<_> = self
            .wheels
            .iter()
            .map(|wheel| {
                json!({"project": wheel.project, "file": wheel.file, "sha256": wheel.sha256, "keep": wheel.keep})
            })
            .collect();
        json!({
            "wheels": wheels,
            "downloads": self.downloads,
            "folders": self.folders,
            "into": self.into,
            "needs": self.needs,
        })
    }

    /// Runs the script. Its standard input stays open until it ends: should this process be killed, the script sees the
    /// end of its input and stops, and never goes on writing to folders whose lock is gone.
    pub(super) fn run(&self) -> Result<()> {
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start python3, which downloads LibTorch")?;
        let mut lifeline = child.stdin.take().context("python3 has an input")?;
        // A script that ends at once closes the pipe; its exit code says more than the failed write.
        let sent = writeln!(lifeline, "{}", self.request());
        let status = child.wait().context("python3")?;
        if !status.success() {
            bail!("the download did not succeed");
        }
        sent.context("python3 did not read its input")
    }
}

#[cfg(test)]
mod tests {
    use super::super::wheels::{CPU, CUDA};
    use super::*;

    #[test]
    fn every_wheel_is_pinned_by_content() {
        for wheel in CPU.iter().chain(CUDA) {
            assert_eq!(wheel.sha256.len(), 64, "{}", wheel.file);
            assert!(wheel.sha256.bytes().all(|b| b.is_ascii_hexdigit()), "{}", wheel.file);
            let named = wheel.project.replace('-', "_");
            assert!(wheel.file.starts_with(&named) && wheel.file.contains("x86_64"), "{}", wheel.file);
            assert!(!wheel.keep.is_empty(), "{}", wheel.file);
        }
    }

    #[test]
    fn the_request_is_one_line() {
        let folder = Path::new("/a\nb");
        let fetch = Fetch { wheels: CPU, downloads: folder, folders: &[], into: folder, needs: 1 };
        assert_eq!(fetch.request().to_string().lines().count(), 1);
    }
}
