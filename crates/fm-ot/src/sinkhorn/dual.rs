//! The dual objective.

use std::f64::consts::LN_2;

use super::iterate::End;
use super::kernel::Problem;
use super::{Marginals, Sinkhorn};
use crate::Real;

impl Sinkhorn {
    /// The dual objective, in units of the cost.
    pub(super) fn dual<A: Real>(&self, problem: &Problem<'_, A>, masses: [f64; 2], epsilon: f64, end: &End) -> f64 {
        let mean = |weights: &[f64], value: &dyn Fn(f64) -> f64, potentials: &[f64]| -> f64 {
            weights.iter().zip(potentials).map(|(w, &p)| if *w > 0.0 { w * value(p) } else { 0.0 }).sum()
        };
        let linear = |p: f64| p * LN_2;
        // Of the penalty `rho KL`, in units of epsilon; linear where rho is infinite.
        let penalised = |rho: f64| {
            let rho = rho / epsilon;
            move |p: f64| if rho.is_infinite() { p * LN_2 } else { -rho * (-p * LN_2 / rho).exp_m1() }
        };
        let [source, target] = masses;
        let of_marginals = match self.marginals {
            Marginals::Balanced => {
                source * mean(problem.a, &linear, &end.f) + target * mean(problem.b, &linear, &end.g)
            }
            Marginals::Unbalanced { source: price, target: other } => {
                source * mean(problem.a, &penalised(price), &end.f)
                    + target * mean(problem.b, &penalised(other), &end.g)
            }
            Marginals::Partial { mass } => {
                let below_cap = |p: f64| (p - end.cap) * LN_2;
                let of_points =
                    source * mean(problem.a, &linear, &end.f) + target * mean(problem.b, &below_cap, &end.g);
                of_points + mass * end.cap * LN_2
            }
        };
        epsilon * (of_marginals - source * end.mass + source * target)
    }
}
