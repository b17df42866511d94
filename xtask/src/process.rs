//! One child process: announced, run, and its failure passed on.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// A child process that ran and did not succeed. Its exit code becomes ours.
#[derive(Debug)]
pub(crate) struct Failed {
    line: String,
    pub(crate) code: u8,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed with exit code {}", self.line, self.code)
    }
}

impl std::error::Error for Failed {}

/// A command that prints itself, with the environment it changes, before it runs.
#[derive(Debug)]
pub(crate) struct Step(Command);

impl Step {
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder);
        Self(command)
    }

    /// The cargo that runs us, so that `cargo +toolchain xtask` stays on that toolchain.
    pub(crate) fn cargo(folder: &Path) -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), folder)
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    /// Arguments separated by blanks, as one would type them.
    pub(crate) fn words(mut self, words: &str) -> Self {
        self.0.args(words.split_whitespace());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, variables: impl IntoIterator<Item = (&'static str, OsString)>) -> Self {
        self.0.envs(variables);
        self
    }

    /// Runs with our own input and output.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        println!("\n$ {line}");
        let status = self.0.status().with_context(|| format!("cannot start `{line}`"))?;
        check(line, status)
    }

    /// Runs and returns what the child wrote to its standard output; its errors stay visible.
    pub(crate) fn read(mut self) -> Result<String> {
        let line = self.line();
        println!("$ {line}");
        let output = self.0.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start `{line}`"))?;
        check(line, output.status)?;
        String::from_utf8(output.stdout).context("the output is not UTF-8")
    }

    /// Runs and hands on each line that the child writes to its standard output, as it comes; its errors stay visible.
    pub(crate) fn lines(mut self, mut visit: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let line = self.line();
        println!("$ {line}");
        let mut child = self.0.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{line}`"))?;
        let output = child.stdout.take().context("the output is a pipe")?;
        // To its end even after an error, so that the child is not stopped by a full pipe.
        let mut visited = Ok(());
        for text in BufReader::new(output).lines() {
            let text = text.context("the output is not UTF-8")?;
            visited = visited.and_then(|()| visit(&text));
        }
        check(line, child.wait()?)?;
        visited
    }

    /// The command as one would type it.
    pub(crate) fn line(&self) -> String {
        let variables = self
            .0
            .get_envs()
            .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
        let program = Path::new(self.0.get_program());
        let program = if program.is_absolute() && program.file_stem().is_some_and(|stem| stem == "cargo") {
            "cargo".to_owned()
        } else {
            // Our own programs as seen from the folder they run in.
            let folder = self.0.get_current_dir().unwrap_or(Path::new(""));
            quoted(program.strip_prefix(folder).unwrap_or(program).as_os_str())
        };
        variables.chain([program]).chain(self.0.get_args().map(quoted)).collect::<Vec<_>>().join(" ")
    }
}

fn check(line: String, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    // A child killed by a signal has no code of its own; shells say 128 + signal, and 1 is enough here.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failed { line, code }.into())
}

fn quoted(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let step = Step::new("/usr/bin/cargo", Path::new("/")).words("test -p fm-nn").arg("it's").env("A", "b c");
        assert_eq!(step.line(), r"A='b c' cargo test -p fm-nn 'it'\''s'");
    }

    #[test]
    fn the_exit_code_of_the_child_is_kept() {
        let error = Step::new("sh", Path::new("/")).arg("-c").arg("exit 7").run().unwrap_err();
        assert_eq!(error.downcast_ref::<Failed>().map(|failed| failed.code), Some(7));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Step::new("no-such-program", Path::new("/")).run().unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program"));
    }
}
