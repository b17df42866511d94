//! The exact solvers under a time limit: a solve that hangs names its test and ends the run.
//!
//! A guard and not an assertion on the clock: no machine needs a minute for what takes milliseconds, and a slow one fails nothing.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use fm_ot::{Assignment, Cost, OtError, Real, TransportPlan};
use ndarray::ArrayView2;

const LIMIT: Duration = Duration::from_secs(60);

/// What `work` returns, or the end of the process.
#[expect(clippy::print_stderr, reason = "the process ends here, and nothing else would say why")]
fn limited<T>(work: impl FnOnce() -> T) -> T {
    let test = thread::current().name().unwrap_or("a thread without a name").to_owned();
    let (_working, watch) = mpsc::channel::<()>();
    thread::spawn(move || {
        if watch.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test}: a solve of more than {LIMIT:?}");
            std::process::abort();
        }
    });
    work()
}

pub(crate) fn assignment<A: Real>(cost: ArrayView2<'_, A>) -> Result<Assignment, OtError> {
    limited(|| fm_ot::assignment(cost))
}

pub(crate) fn assignment_from<A: Real>(cost: ArrayView2<'_, A>, dual_target: &[f64]) -> Result<Assignment, OtError> {
    limited(|| fm_ot::assignment_from(cost, dual_target))
}

pub(crate) fn assign_points<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    cost: Cost,
) -> Result<Assignment, OtError> {
    limited(|| fm_ot::assign_points(x, y, cost))
}

pub(crate) fn transport<A: Real>(cost: ArrayView2<'_, A>, a: &[f64], b: &[f64]) -> Result<TransportPlan, OtError> {
    limited(|| fm_ot::transport(cost, a, b))
}
