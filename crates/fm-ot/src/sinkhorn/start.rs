//! Where a solve without given potentials starts.
//!
//! Two things make a start from zero slow, and each has its remedy: a small epsilon, which [`Annealing`](super::Annealing)
//! approaches from above, and many points, of which a sample of the source says most about the target's potentials: at a
//! fraction of the cost of a pass, and from the cache. A guess cannot make the result wrong.

use super::Sinkhorn;
use super::costs::Costs;
use super::iterate::{self, Settings};
use super::solve::Setup;
use crate::Real;

/// From this many source points on, a start is sought on a sample of them.
const SAMPLED_ROWS: usize = 1024;

/// At most one of so many is in the sample.
const SAMPLING: usize = 8;

/// Entries of the sample at most.
const SAMPLE_SIZE: usize = 1 << 22;

/// How well the sample is solved: about as well as it represents the rest.
const SAMPLE_TOLERANCE: f64 = 1e-2;

/// Passes over the sample at the last epsilon, which together are a few over the whole.
const SAMPLE_ITERATIONS: usize = 24;

/// How well the problem of an epsilon on the way is solved.
const STAGE_TOLERANCE: f64 = 0.05;

/// Passes for each of them.
const STAGE_ITERATIONS: usize = 12;

/// Column potentials in base-2 units of epsilon, and the passes they took over the costs and over a sample of their rows.
#[derive(Debug, Default)]
pub(super) struct Start {
    pub(super) g: Vec<f64>,
    pub(super) iterations: usize,
    pub(super) sampled: usize,
}

pub(super) fn find<A: Real>(setup: &Setup<'_>, costs: &Costs<'_, A>, a: &[f64], epsilon: f64) -> Start {
    let step = SAMPLING.max((costs.n * costs.m).div_ceil(SAMPLE_SIZE));
    let chosen: Vec<f64> = a.iter().step_by(step).copied().collect();
    let sum: f64 = chosen.iter().sum();
    if costs.n < SAMPLED_ROWS || sum == 0.0 {
        // One pass is left for the epsilon asked for.
        let budget = setup.solver.max_iterations - 1;
        let (g, iterations) = anneal(setup, costs, a, epsilon, budget);
        return Start { g, iterations, sampled: 0 };
    }
    let (sample, a) = (costs.sample(step), chosen.iter().map(|a| a / sum).collect::<Vec<_>>());
    let (g, annealed) = anneal(setup, &sample, &a, epsilon, usize::MAX);
    let (problem, settings) = setup.problem(&sample, &a, epsilon);
    let tolerance = settings.tolerance.max(SAMPLE_TOLERANCE);
    let end = iterate::run(&problem, Settings { tolerance, max_iterations: SAMPLE_ITERATIONS, ..settings }, g);
    Start { g: end.g, iterations: 0, sampled: annealed + end.iterations }
}

/// The potentials at the last epsilon above the one asked for, in units of the latter, and the passes they took.
fn anneal<A: Real>(
    setup: &Setup<'_>,
    costs: &Costs<'_, A>,
    a: &[f64],
    epsilon: f64,
    budget: usize,
) -> (Vec<f64>, usize) {
    let &Sinkhorn { annealing, .. } = setup.solver;
    let (mut g, mut spent, mut previous) = (vec![0.0; costs.m], 0, epsilon);
    for stage in annealing.map_or_else(Vec::new, |annealing| annealing.above(epsilon, costs.spread())) {
        let max_iterations = STAGE_ITERATIONS.min(budget - spent);
        if max_iterations == 0 {
            break;
        }
        g = in_units(g, previous / stage);
        let (problem, settings) = setup.problem(costs, a, stage);
        let tolerance = settings.tolerance.max(STAGE_TOLERANCE);
        let end = iterate::run(&problem, Settings { tolerance, max_iterations, ..settings }, g);
        (g, spent, previous) = (end.g, spent + end.iterations, stage);
    }
    (in_units(g, previous / epsilon), spent)
}

fn in_units(g: Vec<f64>, ratio: f64) -> Vec<f64> {
    g.into_iter().map(|g| g * ratio).collect()
}
