//! A solve from validated costs to a plan: one problem for each epsilon on the way down, the last of them the one asked for.

use std::f64::consts::LOG2_E;

use pulp::Arch;

use super::costs::Costs;
use super::iterate::{self, End, Settings};
use super::kernel::Problem;
use super::marginals::Marginals;
use super::{EntropicPlan, Sinkhorn, start};
use crate::{OtError, Real, Side};

/// Weights are at most this, so that no total overflows.
const LARGEST: f64 = 1e300;

/// A smaller share of the mass counts as none: beside a larger one, single precision does not hold it.
const NEGLIGIBLE: f64 = 1e-30;

/// What the problems of all epsilons have in common.
pub(super) struct Setup<'s> {
    pub(super) solver: &'s Sinkhorn,
    pub(super) arch: Arch,
    /// Weights of sum one, and what they have to be multiplied by.
    pub(super) b: &'s [f64],
    pub(super) masses: [f64; 2],
}

impl Setup<'_> {
    /// The problem at an epsilon in the units of `costs`, for all source points or some of them.
    pub(super) fn problem<'p, A: Real>(
        &'p self,
        costs: &'p Costs<'p, A>,
        a: &'p [f64],
        epsilon: f64,
    ) -> (Problem<'p, A>, Settings) {
        let solver = self.solver;
        let [row_rule, rule] = solver.marginals.rules(epsilon * costs.unit);
        let share = if let Marginals::Partial { mass } = solver.marginals {
            Some((mass / self.masses[1]).min(1.0))
        } else {
            None
        };
        let (tolerance, max_iterations, depth) = (solver.tolerance, solver.max_iterations, solver.memory);
        let (mass, log_mass, scale) = (self.masses, self.masses.map(f64::log2), LOG2_E / epsilon);
        let problem = Problem { arch: self.arch, costs, a, b: self.b, scale, mass, log_mass, row_rule };
        (problem, Settings { tolerance, max_iterations, depth, rule, mass: share })
    }
}

impl Sinkhorn {
    #[track_caller]
    pub(super) fn run<'a, A: Real>(
        &self,
        arch: Arch,
        costs: Costs<'a, A>,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
        start: Option<(&[f64], &[f64])>,
    ) -> Result<EntropicPlan<'a, A>, OtError> {
        let (n, m) = (costs.n, costs.m);
        if let Some((f, g)) = start {
            let lengths = (f.len(), g.len());
            assert!(lengths == (n, m), "{lengths:?} potentials to start from for {n} source and {m} target points");
        }
        let (a, source_mass) = weights(a, n, Side::Source)?;
        let (b, target_mass) = weights(b, m, Side::Target)?;
        self.check(source_mass, target_mass)?;
        if n == 0 || m == 0 {
            return Ok(EntropicPlan::empty(costs, a, b));
        }
        costs.check_reachable(&a, &b)?;
        let masses = [source_mass, if self.marginals.is_balanced() { source_mass } else { target_mass }];
        let epsilon = self.epsilon.resolve(&costs)?;
        // What a potential of one in base 2 is in units of the cost.
        let unit = costs.unit * epsilon / LOG2_E;
        let setup = Setup { solver: self, arch, b: &b, masses };
        let start = match start {
            None => start::find(&setup, &costs, &a, epsilon),
            Some((_, g)) => start::Start { g: g.iter().map(|g| g / unit).collect(), ..start::Start::default() },
        };
        if let Some(column) = start.g.iter().position(|g| !g.is_finite()) {
            return Err(OtError::InvalidPotential { column, value: start.g[column] * unit });
        }
        let (problem, settings) = setup.problem(&costs, &a, epsilon);
        let max_iterations = settings.max_iterations - start.iterations;
        let end = iterate::run(&problem, Settings { max_iterations, ..settings }, start.g);
        let dual = self.dual(&problem, masses, unit * LOG2_E, &end);
        let End { f, g, errors: [source_l1, target_l1], iterations, .. } = end;
        let mut plan = EntropicPlan {
            f: f.iter().map(|f| f * unit).collect(),
            g: g.iter().map(|g| g * unit).collect(),
            epsilon: unit * LOG2_E,
            source_l1,
            target_l1,
            marginal_l1: source_l1.max(target_l1),
            converged: source_l1.max(target_l1) <= self.tolerance,
            iterations: start.iterations + iterations,
            sampled_iterations: start.sampled,
            dual,
            costs,
            a: a.iter().map(|a| a * masses[0]).collect(),
            b: b.iter().map(|b| b * masses[1]).collect(),
        };
        if self.marginals.is_balanced() {
            plan.share_constant();
        }
        Ok(plan)
    }
}

/// Weights of sum one, and their mass.
#[track_caller]
fn weights(given: Option<&[f64]>, n: usize, side: Side) -> Result<(Vec<f64>, f64), OtError> {
    let Some(given) = given else {
        return Ok((vec![1.0 / n as f64; n], if n == 0 { 0.0 } else { 1.0 }));
    };
    assert!(given.len() == n, "{} weights for {n} {side} points", given.len());
    if let Some(index) = given.iter().position(|w| !(0.0..=LARGEST).contains(w)) {
        return Err(OtError::InvalidWeight { side, index, value: given[index] });
    }
    // Relative to the largest, so that no sum of weights overflows.
    let largest = given.iter().fold(0.0, |m: f64, &w| m.max(w));
    if n > 0 && largest == 0.0 {
        return Err(OtError::NoMass { side });
    }
    let sum: f64 = given.iter().map(|w| w / largest).sum();
    let share = |w: &f64| w / largest / sum;
    Ok((given.iter().map(share).map(|w| if w < NEGLIGIBLE { 0.0 } else { w }).collect(), largest * sum))
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use crate::lanes::units;
    use crate::limited::limited;
    use crate::sinkhorn::costs::Costs;
    use crate::{Epsilon, Sinkhorn};
    use ndarray::Array2;

    /// One converges as the other does, and what both found is the optimum: two duals are apart by no more than their errors,
    /// times the range of the potentials, which is that of the costs.
    #[test]
    fn every_vector_unit_finds_the_same_plan() {
        let _limited = limited();
        for (n, m) in [(1, 1), (5, 33), (64, 50), (131, 97)] {
            let cost = Array2::from_shape_fn((n, m), |(i, j)| ((i * 7919 + j * 104_729 + i * j) % 997) as f32 / 997.0);
            for tolerance in [1e-3, 1e-6, 1e-9] {
                let solver = Sinkhorn { epsilon: Epsilon::Absolute(0.02), tolerance, ..Sinkhorn::default() };
                let solve = |arch| solver.run(arch, Costs::matrix(cost.view()).unwrap(), None, None, None).unwrap();
                let expected = solve(Arch::new());
                for arch in units() {
                    let plan = solve(arch);
                    assert!(plan.converged, "{arch:?} at {n} x {m}: {}", plan.marginal_l1);
                    let apart = (plan.dual - expected.dual).abs();
                    assert!(apart <= 4.0 * tolerance, "{arch:?} at {n} x {m}: {apart}");
                }
            }
        }
    }
}
