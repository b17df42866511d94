//! How plain cargo finds LibTorch: a git-ignored file that `.cargo/config.toml` includes.
//!
//! It sets `LIBTORCH` for everything cargo starts in this checkout, and only where the user has not set it: `force` is
//! false. So `cargo build -p fm-cli` and `cargo install --path crates/fm-cli` work after one set-up. cargo reads
//! `include` since 1.94; an older one warns about the key and needs the variable exported.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

const BEFORE: &str = "LIBTORCH = { value = ";
const AFTER: &str = ", force = false }";

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root.join(".cargo/libtorch.toml")
}

/// The LibTorch that an earlier set-up of this checkout chose.
pub(super) fn read(workspace: &Workspace) -> Option<PathBuf> {
    parse(&fs::read_to_string(path(workspace)).ok()?)
}

/// Writes the file whole or not at all, and only when it changes.
pub(super) fn write(workspace: &Workspace, libtorch: &Path) -> Result<()> {
    if read(workspace).as_deref() == Some(libtorch) {
        return Ok(());
    }
    let path = path(workspace);
    let aside = path.with_extension(format!("toml.{}", std::process::id()));
    let write = || fs::write(&aside, render(libtorch)).and_then(|()| fs::rename(&aside, &path));
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// A JSON string is a TOML string too.
fn render(libtorch: &Path) -> String {
    let value = serde_json::Value::from(libtorch.to_string_lossy());
    format!("# Written by `cargo xtask setup`.\n[env]\n{BEFORE}{value}{AFTER}\n")
}

fn parse(text: &str) -> Option<PathBuf> {
    let line = text.lines().find_map(|line| line.strip_prefix(BEFORE)?.strip_suffix(AFTER))?;
    Some(PathBuf::from(serde_json::from_str::<String>(line).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for path in ["/home/a/.cache/libtorch", r#"/a "quoted" \ path"#] {
            assert_eq!(parse(&render(Path::new(path))), Some(path.into()));
        }
    }

    #[test]
    fn anything_else_is_no_record() {
        assert_eq!(parse("[env]\nOTHER = 1\n"), None);
    }
}
