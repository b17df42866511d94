//! What a solve did.

/// Counts and the way a solve ended. None of the ends is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Evaluations of the field, or of the drift, each for the whole batch.
    pub nfe: u64,
    /// Evaluations of the diffusion of a stochastic equation on states, each for the whole batch.
    pub diffusion_nfe: u64,
    /// Completed steps.
    pub steps: usize,
    /// Trial steps that were rejected; none in a fixed-step solve.
    pub rejected: usize,
    /// Steps of length [`h_min`](crate::AdaptiveSolver::h_min) that were accepted with an error above the tolerance; see
    /// [`AtSmallestStep::Accept`](crate::AtSmallestStep::Accept).
    pub forced: usize,
    /// The time of the final state: the grid's last time, unless the solve ended before.
    pub t: f64,
    /// Whether an observer stopped the solve.
    pub stopped_early: bool,
    /// Whether an adaptive solve reached its budget of steps.
    pub out_of_steps: bool,
    /// The step that an adaptive solve would have tried next, had it not ended before the last time: the
    /// [`first_step`](crate::AdaptiveSolver::first_step) of a solve that goes on from here.
    pub next_step: Option<f64>,
}
