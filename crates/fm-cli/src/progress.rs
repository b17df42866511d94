//! What a person sees while something runs: a bar on a terminal, an occasional line elsewhere.
//!
//! Progress goes to standard error and results to standard output, so that `fm eval --json > file` is a clean file.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Prints a line for the person at the terminal. A closed standard error is no reason to fail.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints a result. A closed pipe is no reason to fail.
pub fn show(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs something whose progress cannot be counted. Says what it is when it takes longer than two seconds, and then every
/// ten seconds for how long it has been running.
pub fn patiently<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let began = Instant::now();
            let mut pause = Duration::from_secs(2);
            while waiting.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                say(&format!("{what}: {:.0} s so far", began.elapsed().as_secs_f64()));
                pause = Progress::INTERVAL;
            }
        });
        // Dropped at the end of the work, also when it panics, which ends the thread.
        let _done = done;
        work()
    })
}

/// The progress of something that takes a known number of steps.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    line: Option<Lines>,
}

/// The state of the plain lines that stand in for a bar.
#[derive(Debug)]
struct Lines {
    name: &'static str,
    started: Instant,
    printed: Instant,
    first: u64,
}

impl Progress {
    /// Seconds between two plain lines.
    const INTERVAL: Duration = Duration::from_secs(10);

    /// A bar over `total` steps of which `done` are done; `unit` names them.
    pub fn new(name: &'static str, unit: &str, done: u64, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template = format!("{name} {{bar:32}} {{pos}}/{{len}} {unit}  {{rate}}/s  ETA {{eta}}  {{msg}}");
        let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = write!(out, "{:.0}", state.per_sec());
        };
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style.with_key("rate", rate);
        let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style).with_position(done);
        bar.reset_eta();
        let now = Instant::now();
        let line = (!terminal).then_some(Lines { name, started: now, printed: now, first: done });
        Self { bar, line }
    }

    /// Reports that `done` steps are done.
    pub fn at(&mut self, done: u64, message: impl FnOnce() -> String) {
        self.bar.set_position(done);
        let Some(lines) = &mut self.line else {
            self.bar.set_message(message());
            return;
        };
        if lines.printed.elapsed() < Self::INTERVAL || done == lines.first {
            return;
        }
        lines.printed = Instant::now();
        let total = self.bar.length().unwrap_or(done);
        let rate = (done - lines.first) as f64 / lines.started.elapsed().as_secs_f64();
        let eta = (total.saturating_sub(done) as f64 / rate).round();
        say(&format!("{} {done}/{total}  {rate:.0}/s  ETA {eta:.0}s  {}", lines.name, message()));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
