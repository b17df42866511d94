//! Everything that can go wrong in a solve.

use std::error::Error;

use crate::{FixedMethod, Layout};

/// Why a time grid was refused or a solve ended before its last time.
///
/// After an error the state holds what the last completed step left in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SolveError {
    /// A grid without a single step.
    #[error("a time grid needs at least two points and got {points}; give the number of steps, it has no default")]
    NoSteps {
        /// How many points the grid has.
        points: usize,
    },
    /// A time that is NaN or infinite.
    #[error("grid time {t} at index {index} is not finite")]
    NonFiniteTime {
        /// Position in the grid.
        index: usize,
        /// The offending time.
        t: f64,
    },
    /// Two neighbouring times that are equal, or that run against the grid's direction.
    #[error("grid times must be strictly monotone: index {index} holds {t} after {previous}")]
    NotMonotone {
        /// Position of the second of the two times.
        index: usize,
        /// The time before it.
        previous: f64,
        /// The time at `index`.
        t: f64,
    },
    /// A state without samples.
    #[error("the state {layout} holds no samples; a batch needs at least one")]
    EmptyBatch {
        /// The state's layout.
        layout: Layout,
    },
    /// The field returned something of another shape, element type or device than the state.
    #[error("the field returned {found} at t = {t}, the state is {expected}")]
    LayoutMismatch {
        /// Time of the evaluation.
        t: f64,
        /// Layout of the state.
        expected: Box<Layout>,
        /// Layout of the derivative.
        found: Box<Layout>,
    },
    /// NaN or infinity in the state.
    #[error(
        "sample {sample} is not finite at t = {t}, after {step} steps; \
         check the initial state, or use FiniteCheck::Every(1) to find the first bad step"
    )]
    NonFiniteState {
        /// Time at which it was found.
        t: f64,
        /// Completed steps when it was found.
        step: usize,
        /// First offending sample of the batch.
        sample: usize,
    },
    /// The field failed.
    #[error("the field failed at t = {t}")]
    Field {
        /// Time of the evaluation.
        t: f64,
        /// What the field reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A method name that is not in the list.
    #[error("unknown method `{name}`; known are {}", FixedMethod::ALL.map(FixedMethod::name).join(", "))]
    UnknownMethod {
        /// The name as given.
        name: String,
    },
}

impl SolveError {
    /// Wraps an error of a field's own, with the time of the evaluation.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::SolveError;
    /// let error = SolveError::field(0.25, "device lost");
    /// assert_eq!(error.to_string(), "the field failed at t = 0.25");
    /// ```
    pub fn field(t: f64, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Field { t, source: source.into() }
    }
}
