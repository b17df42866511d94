//! What a generator is asked for, and what it answers.

use ndarray::{Array2, Array3};

use crate::{SolverConfig, Work};

/// Which of the two sets of weights to sample from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightSet {
    /// The moving average.
    #[default]
    Ema,
    /// The raw weights of the last step.
    Raw,
}

/// The precision in which a network is evaluated and its states are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// `f32`, in which it was trained.
    #[default]
    Single,
    /// `f64`, for references: the same weights, without the rounding of what is computed with them.
    Double,
}

/// What to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// How many samples.
    pub n: usize,
    /// Seed of the source samples and of the noise of a stochastic solver. Sample i is the same however many are drawn, unless the source spreads its samples
    /// evenly, as the moons do.
    pub seed: u64,
    /// The class of each sample; `None` for no class.
    pub labels: Option<Vec<u32>>,
    /// Guidance scale; 1 is off.
    pub guidance: f64,
    /// How they are integrated.
    pub solver: SolverConfig,
    /// Whether states on the way are kept: that of each step, or those at 51 times of an adaptive solve.
    pub trajectory: bool,
    /// Whether an adaptive solve that reached its limit answers with the states as they are; it is an error otherwise.
    pub partial: bool,
}

/// What was generated, in the user's units.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The samples, `[n, d]`.
    pub x: Array2<f32>,
    /// The time of each sample: the last one of the solve, but for those of a partial result that did not get there.
    pub t: Vec<f64>,
    /// The source samples they grew from, `[n, d]`.
    pub source: Array2<f32>,
    /// The times of the trajectory, if it was asked for.
    pub times: Vec<f64>,
    /// The states at those times, `[times, n, d]`, if asked for; empty otherwise.
    pub trajectory: Array3<f32>,
    /// What it took, the evaluation after the last step included.
    pub work: Work,
    /// Network evaluations in one evaluation of the field: 2 under guidance, else 1.
    pub evaluations_each: u64,
}

impl Generated {
    /// Network evaluations for each sample: the most that any took.
    pub fn network_evaluations(&self) -> u64 {
        self.work.nfe * self.evaluations_each
    }

    /// Their mean over the samples.
    pub fn mean_network_evaluations(&self) -> f64 {
        self.work.mean_nfe * self.evaluations_each as f64
    }
}
