//! A time limit on every test: one that hangs ends the run under its own name.
//!
//! A guard and not an assertion on the clock: no machine needs minutes for what takes milliseconds, and a slow one fails nothing.
//! Rejected: a limit on the calls that are known to loop, which leaves out what nobody expects to hang.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;
use std::{process, thread};

const LIMIT: Duration = Duration::from_secs(300);

/// Ends the process if it is still held after [`LIMIT`]: the first line of every test.
#[must_use = "the limit holds as long as this does"]
pub(crate) struct Limited {
    _running: Sender<()>,
}

pub(crate) fn limited() -> Limited {
    let test = thread::current().name().unwrap_or("a thread without a name").to_owned();
    let (running, watch) = mpsc::channel::<()>();
    thread::spawn(move || {
        if watch.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            // Not by `eprintln!`, which the harness keeps for a report that an aborted process does not print.
            let _ = writeln!(io::stderr(), "\n{test} does not end within {LIMIT:?}");
            process::abort();
        }
    });
    Limited { _running: running }
}
