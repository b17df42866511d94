//! Everything that can go wrong in a solve.

use std::error::Error;

use crate::{Calculus, Layout, SdeMethod};

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
    /// Two ends and no number of steps, for a method that chooses none itself.
    #[error(
        "the grid says that the solve goes from {start} to {end}, and not in how many steps; a fixed method needs \
         TimeGrid::uniform({start:?}, {end:?}, steps), or all of its times"
    )]
    NoStepCount {
        /// Where the solve begins.
        start: f64,
        /// Where it ends.
        end: f64,
    },
    /// A time to be saved that a fixed-step solve does not visit.
    #[error(
        "the state at t = {t} is to be saved, and the grid visits {before} and {after}; add the time to the grid, save \
         another, or use an adaptive solver, which interpolates"
    )]
    NotOnGrid {
        /// The time to be saved.
        t: f64,
        /// The grid's last time before it.
        before: f64,
        /// The grid's first time after it.
        after: f64,
    },
    /// A time that is NaN or infinite.
    #[error("grid time {t} at index {index} is not finite; every time must be a number")]
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
    #[error("the field returned {found} at t = {t}, the state is {expected}; a derivative is laid out as its state")]
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
    /// Trial steps that hold NaN or infinity, however small they are made.
    #[error(
        "a step of {h} from t = {t}, after {step} steps, makes sample {sample} not finite, as did longer ones; \
         check the field there, or raise `retries`"
    )]
    NonFiniteStep {
        /// Where the step began.
        t: f64,
        /// Completed steps before it; of that sample, where samples take their own.
        step: usize,
        /// First offending sample of the batch.
        sample: usize,
        /// The length of the last trial, with its sign.
        h: f64,
    },
    /// The tolerance asks for a step below the smallest.
    #[error(
        "the tolerance asks for a step of {h} at t = {t}, after {step} steps, for sample {sample}; \
         loosen the tolerance, lower `h_min`, or check whether the field jumps there"
    )]
    StepUnderflow {
        /// Where the step begins.
        t: f64,
        /// Completed steps before it; of that sample, where samples take their own.
        step: usize,
        /// The sample with the largest error.
        sample: usize,
        /// The step asked for, with its sign.
        h: f64,
    },
    /// Tolerances that no step can be measured by.
    #[error("rtol {rtol} and atol {atol} are no tolerance: both must be finite, rtol not negative and atol above zero")]
    InvalidTolerance {
        /// The relative tolerance as given.
        rtol: f64,
        /// The absolute tolerance as given.
        atol: f64,
    },
    /// An option of an adaptive solve outside its range.
    #[error("{option} is {value}; it must be {range}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// Its value as given.
        value: f64,
        /// The values it may have.
        range: &'static str,
    },
    /// A stochastic method that integrates in another sense than the equation.
    #[error(
        "`{method}` integrates in the sense of {needs} and the equation is one of {found}; choose another method, or \
         convert the drift: that of Stratonovich is that of Ito less g g'/2"
    )]
    WrongCalculus {
        /// The method.
        method: SdeMethod,
        /// Its calculus.
        needs: Calculus,
        /// The calculus of the equation.
        found: Calculus,
    },
    /// Noise of a time that it is not defined at.
    #[error("the noise is defined from {start} to {end} and was asked for t = {t}; make its path as long as the solve")]
    OutsidePath {
        /// The time asked for.
        t: f64,
        /// Where the noise begins.
        start: f64,
        /// Where it ends.
        end: f64,
    },
    /// A gradient of another shape, element type or device than the state it belongs to.
    #[error("the gradient at the end is {found}, the state there is {expected}; a gradient is laid out as its state")]
    GradientLayout {
        /// Layout of the state.
        expected: Box<Layout>,
        /// Layout of the gradient.
        found: Box<Layout>,
    },
    /// A parameter of an adjoint solve that autograd does not follow.
    #[error("parameter {parameter} does not require a gradient; make it do so, or leave it out")]
    ParameterWithoutGradient {
        /// Its place in the list.
        parameter: usize,
    },
    /// A field of an adjoint solve that autograd recorded nothing of.
    #[error(
        "the field at t = {t} has no graph, so that it cannot be differentiated; \
         compute it from the state or the parameters, outside `no_grad` and without `detach`"
    )]
    NoGraph {
        /// Time of the evaluation.
        t: f64,
    },
    /// An adjoint solve whose result is to be differentiated again.
    #[error(
        "the gradient at the end carries a graph, and an adjoint solve cannot continue it; \
         for second derivatives differentiate the forward solve, otherwise detach the gradient"
    )]
    SecondDerivative,
    /// NaN or infinity in the state at the start, as an adjoint solve found it.
    #[error("sample {sample} is not finite at the start; `state_weight` above zero finds the first bad step")]
    NonFiniteStart {
        /// First offending sample of the batch.
        sample: usize,
    },
    /// NaN or infinity in the gradient with respect to a parameter.
    #[error(
        "the gradient of parameter {parameter} is not finite; `parameter_weight` above zero finds the first bad step"
    )]
    NonFiniteGradient {
        /// Its place in the list.
        parameter: usize,
    },
    /// A method name that is not in the list.
    #[error("unknown method `{name}`; known are {known}")]
    UnknownMethod {
        /// The name as given.
        name: String,
        /// The names to choose from.
        known: String,
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

    /// The error as the caller of several batches sees it: `first` samples came before this one.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::SolveError;
    /// let error = SolveError::NonFiniteState { t: 1.0, step: 8, sample: 3 }.behind(4096);
    /// assert!(error.to_string().starts_with("sample 4099 is not finite at t = 1"));
    /// ```
    #[must_use]
    pub fn behind(mut self, first: usize) -> Self {
        if let Self::NonFiniteState { sample, .. }
        | Self::NonFiniteStep { sample, .. }
        | Self::StepUnderflow { sample, .. } = &mut self
        {
            *sample += first;
        }
        self
    }
}
