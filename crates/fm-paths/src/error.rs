//! What can go wrong with times, noise levels and parameters.

use crate::Prediction;

/// Why a path quantity could not be computed.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Linear, PathError};
/// let error = AffinePath::new(Linear).state(&[0.5, 1.5]).unwrap_err();
/// assert_eq!(error, PathError::TimeOutOfRange { index: 1, t: 1.5 });
/// assert_eq!(error.to_string(), "time 1.5 at index 1 is outside [0, 1]: t = 0 is the source and t = 1 the data");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// At this time the given prediction and the state do not determine the wanted quantity.
    #[error(
        "{given} does not determine {wanted} at t = {t} (index {index}): keep the times away from this end (t_min, t_max), or train with velocity or v"
    )]
    Singular {
        /// What was given besides the state.
        given: Prediction,
        /// What was asked for.
        wanted: Prediction,
        /// The time at which the two are linearly dependent on the state.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// The state at a time `r` cannot be reached from this prediction at time `t`.
    #[error(
        "{given} at t = {t} does not determine the state at r = {r} (index {index}): start away from this end, or predict velocity or v"
    )]
    SingularStep {
        /// What was given besides the state.
        given: Prediction,
        /// Where the state is.
        t: f64,
        /// Where it should go.
        r: f64,
        /// Position in the batch.
        index: usize,
    },
    /// The quantity itself is infinite at this time (the score at the data end).
    #[error("{wanted} is not defined at t = {t} (index {index}): keep the times away from this end (t_min, t_max)")]
    Undefined {
        /// What was asked for.
        wanted: Prediction,
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// A schedule of one's own whose amplitudes are not finite.
    #[error("the schedule has an amplitude at t = {t} (index {index}) that is not finite: mend its `at`")]
    NoState {
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// A coefficient of a bridge is infinite or has no meaning at this time.
    #[error("the {quantity} of this bridge is not defined at t = {t} (index {index}): {remedy}")]
    Bridge {
        /// What was asked for: velocity, score, drift.
        quantity: &'static str,
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
        /// What to do instead.
        remedy: &'static str,
    },
    /// The state has no density at this time: all of it lies on points.
    #[error(
        "the state has no density at t = {t} (index {index}): keep the times away from this end, or give the data a positive variance"
    )]
    Degenerate {
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// Two parameters that belong together differ in size.
    #[error("{found} {what}, but {expected} are needed")]
    Dimension {
        /// What was counted.
        what: &'static str,
        /// The size that the other parameters imply.
        expected: usize,
        /// The size given.
        found: usize,
    },
    /// A time outside the unit interval, or not a number.
    #[error("time {t} at index {index} is outside [0, 1]: t = 0 is the source and t = 1 the data")]
    TimeOutOfRange {
        /// Position in the batch.
        index: usize,
        /// The offending time.
        t: f64,
    },
    /// A row given by a function and the state do not determine the wanted row, or one of the three is infinite.
    #[error(
        "the given row does not determine the wanted one at t = {t} (index {index}): keep the times away from this end"
    )]
    Dependent {
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// A loss weight that is infinite or has no value at this time.
    #[error(
        "the loss weight is not finite at t = {t} (index {index}): keep the times away from this end (t_min, t_max)"
    )]
    Weight {
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// A time nearer to the data than the level at which a consistency function ends.
    #[error(
        "the noise level {level} at t = {t} (index {index}) is below level_min = {level_min}, where the consistency function ends: sample there without it, or lower level_min"
    )]
    PastBoundary {
        /// The noise level at that time.
        level: f64,
        /// The level of the boundary.
        level_min: f64,
        /// The time.
        t: f64,
        /// Position of that time in the batch.
        index: usize,
    },
    /// A log-SNR that the schedule does not have at any time.
    #[error("log-SNR {log_snr} is outside [{min}, {max}], the range of the schedule")]
    LogSnrOutOfRange {
        /// What was asked for.
        log_snr: f64,
        /// The log-SNR at the source.
        min: f64,
        /// The log-SNR at the data.
        max: f64,
    },
    /// A parameter outside its domain.
    #[error("{name} = {value} is not allowed: it must be {domain}")]
    Parameter {
        /// The parameter's name as the documentation spells it.
        name: &'static str,
        /// What was given.
        value: f64,
        /// The allowed values, in words.
        domain: &'static str,
    },
}

impl PathError {
    /// `value` if `holds`, else a [`PathError::Parameter`] that names it.
    pub(crate) fn require(holds: bool, name: &'static str, value: f64, domain: &'static str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Parameter { name, value, domain }) }
    }

    /// Nothing if the sizes agree, else a [`PathError::Dimension`].
    pub(crate) fn dimension(what: &'static str, expected: usize, found: usize) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::Dimension { what, expected, found }) }
    }

    /// Nothing if `t` lies in the unit interval, else a [`PathError::TimeOutOfRange`].
    pub(crate) fn check_time(index: usize, t: f64) -> Result<(), Self> {
        if (0.0..=1.0).contains(&t) { Ok(()) } else { Err(Self::TimeOutOfRange { index, t }) }
    }
}
