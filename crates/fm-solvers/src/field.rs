//! The right-hand side of an equation.
//!
//! A field writes into a buffer that the solver owns, so that an array field allocates nothing. A tensor field may
//! instead assign `*out = net(...)`: "`&mut` means becomes" (see [`State`](crate::State)).

mod samplewise;

pub use samplewise::Samplewise;

use crate::SolveError;

/// The time of an evaluation, on the host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Time<'a> {
    /// One time for the whole batch.
    All(f64),
    /// One time per sample, for solvers that give each sample its own step.
    Rows(&'a [f64]),
}

impl Time<'_> {
    /// The time of sample `row`.
    ///
    /// # Panics
    /// If the times are per sample and `row` is beyond them.
    #[track_caller]
    pub fn row(self, row: usize) -> f64 {
        match self {
            Self::All(t) => t,
            Self::Rows(times) => times[row],
        }
    }
}

/// The field `u` of `dy/dt = u(t, y)`.
///
/// Implemented by every closure `FnMut(Time<'_>, &S, &mut S) -> Result<(), SolveError>`; write out the argument types,
/// or the compiler infers a closure for one lifetime only. Implement the trait on a struct where the field has state
/// that callers want back.
pub trait VectorField<S> {
    /// Writes `u(t, y)` to `out`, which has the layout of `y` and arbitrary content.
    ///
    /// # Errors
    /// Whatever keeps the field from being evaluated; [`SolveError::field`] wraps errors of other crates.
    fn eval(&mut self, t: Time<'_>, y: &S, out: &mut S) -> Result<(), SolveError>;

    /// Told by a per-sample solve which samples of the original batch the rows of the next states are, first and
    /// whenever samples have finished. A field that knows something of each sample, its class say, selects it here.
    fn select(&mut self, samples: &[usize]) {
        let _ = samples;
    }
}

impl<S, F> VectorField<S> for F
where
    F: FnMut(Time<'_>, &S, &mut S) -> Result<(), SolveError>,
{
    fn eval(&mut self, t: Time<'_>, y: &S, out: &mut S) -> Result<(), SolveError> {
        self(t, y, out)
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn rows_pick_their_own_time() {
        assert_eq!(Time::All(0.5).row(7), 0.5);
        assert_eq!(Time::Rows(&[0.1, 0.2]).row(1), 0.2);
    }
}
