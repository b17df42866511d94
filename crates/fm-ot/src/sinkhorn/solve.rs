//! The settings of a solve, and its stages.

use std::f64::consts::{LN_2, LOG2_E};

use ndarray::ArrayView2;

use super::costs::Costs;
use super::iterate::{self, End, Settings};
use super::kernel::Problem;
use super::marginals::Marginals;
use super::{EntropicPlan, Epsilon};
use crate::{OtError, Real, Side};

/// Tolerances below this need a kernel in `f64`.
const SINGLE_TOLERANCE: f64 = 1e-6;

/// Costs of points are kept as a matrix up to this size, and made anew in every pass beyond.
const STORED_BYTES: usize = 1 << 26;

/// Entropic optimal transport by Sinkhorn's algorithm.
///
/// ```text
/// minimise  sum_ij pi_ij c_ij + epsilon KL(pi | a x b)   over plans pi with marginals a and b
/// ```
///
/// For balanced transport the divergence from `a x b` and the negative entropy `sum_ij pi_ij log pi_ij` differ by a constant, so
/// this is the problem that POT calls `reg` and OTT `epsilon`, with the full squared distance as cost. The Schrödinger bridge
/// between the marginals with a Brownian reference of standard deviation `sigma` at time one has `epsilon = 2 sigma^2`.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `epsilon` | 0.05 times the mean cost | strength of the regularisation | positive |
/// | `tolerance` | 1e-3 | L1 error of the marginals, absolute, for a total mass of one | positive |
/// | `max_iterations` | 10 000 | passes over the cost | at least 1 |
/// | `memory` | 10 | steps that Anderson acceleration extrapolates from; 0 is the plain algorithm | |
/// | `marginals` | balanced | balanced, unbalanced or partial transport | |
///
/// Work is `O(n m)` for a pass. From a matrix the kernel is kept in `f32` beside it up to 256 MiB; from points, costs of more
/// than 64 MiB are made block by block in every pass, so memory is that of a few blocks. The result does not depend on the
/// number of threads.
///
/// The error is measured in each pass, in the precision of the pass: exponents and sums are `f64`, entries `f32` for tolerances
/// down to 1e-6 (the measured error is then within some 1e-7 of the exact one) and `f64` below.
/// [`EntropicPlan::marginals`] recomputes it in `f64`.
///
/// # Examples
/// ```
/// # use fm_ot::{Epsilon, Sinkhorn};
/// # use ndarray::array;
/// let cost = array![[0.0, 1.0], [1.0, 0.0]];
/// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1.0), tolerance: 1e-9, ..Sinkhorn::default() };
/// let plan = solver.solve(cost.view(), None, None)?;
/// // Both diagonal entries are 1 / (2 + 2 / e).
/// assert!(plan.converged && (plan.plan()[[0, 0]] - 0.365529).abs() < 1e-6);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Cuturi, *Sinkhorn distances: lightspeed computation of optimal transport*, NeurIPS 2013.
/// - Peyré & Cuturi, *Computational optimal transport*, Foundations and Trends in Machine Learning 11, 2019, chapter 4.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Sinkhorn {
    /// Strength of the regularisation.
    pub epsilon: Epsilon,
    /// L1 error of the marginals at which the iteration stops, for a total mass of one. For relaxed marginals, the mass
    /// that the next step would move.
    pub tolerance: f64,
    /// Passes over the cost after which it stops in any case.
    pub max_iterations: usize,
    /// Steps that Anderson acceleration remembers.
    pub memory: usize,
    /// Balanced, unbalanced or partial transport.
    pub marginals: Marginals,
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self {
            epsilon: Epsilon::default(),
            tolerance: 1e-3,
            max_iterations: 10_000,
            memory: 10,
            marginals: Marginals::Balanced,
        }
    }
}

impl Sinkhorn {
    /// The entropic plan for a matrix of costs; `+inf` forbids a pair.
    ///
    /// Weights default to uniform ones of sum one. Zero weights are allowed.
    ///
    /// # Shapes
    /// `cost`: `[n, m]`, `a`: `n`, `b`: `m`.
    ///
    /// # Errors
    /// [`OtError::InvalidCost`], [`OtError::InvalidWeight`], [`OtError::UnequalMass`] unless the masses of balanced marginals
    /// agree to 1e-6 (the target's weights are then scaled to the source's), [`OtError::Isolated`] for a point with weight whose
    /// pairs are all forbidden, and [`OtError::InvalidParameter`]. Not converging is no error: see [`EntropicPlan::converged`].
    ///
    /// # Panics
    /// If the number of weights is not that of the points.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::Sinkhorn;
    /// # use ndarray::array;
    /// let cost = array![[0.0, 1.0, 4.0], [1.0, 0.0, f64::INFINITY]];
    /// let plan = Sinkhorn::default().solve(cost.view(), None, Some(&[0.4, 0.5, 0.1]))?;
    /// assert!(plan.converged && plan.marginal_l1 < 1e-3);
    /// assert_eq!(plan.row(1)[2], 0.0);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn solve<'a, A: Real>(
        &self,
        cost: ArrayView2<'a, A>,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
    ) -> Result<EntropicPlan<'a, A>, OtError> {
        self.run(Costs::matrix(cost)?, a, b, None)
    }

    /// As [`solve`](Self::solve), starting from the potentials of a similar problem.
    ///
    /// # Errors
    /// As [`solve`](Self::solve), and [`OtError::InvalidParameter`] for a potential that is not finite.
    ///
    /// # Panics
    /// If the number of weights or potentials is not that of the points.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::Sinkhorn;
    /// # use ndarray::array;
    /// let cost = array![[0.0, 1.0], [1.0, 0.5]];
    /// let first = Sinkhorn::default().solve(cost.view(), None, None)?;
    /// let again = Sinkhorn::default().solve_from(cost.view(), None, None, (&first.f, &first.g))?;
    /// assert_eq!(again.iterations, 1);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn solve_from<'a, A: Real>(
        &self,
        cost: ArrayView2<'a, A>,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
        start: (&[f64], &[f64]),
    ) -> Result<EntropicPlan<'a, A>, OtError> {
        self.run(Costs::matrix(cost)?, a, b, Some(start))
    }

    /// The entropic plan for the squared distances of points.
    ///
    /// # Shapes
    /// `x`: `[n, d]`, `y`: `[m, d]`, `a`: `n`, `b`: `m`.
    ///
    /// # Errors
    /// Points that are not finite or of two dimensions, and those of [`solve`](Self::solve).
    ///
    /// # Panics
    /// If the number of weights is not that of the points.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::Sinkhorn;
    /// # use ndarray::array;
    /// let (x, y) = (array![[0.0, 0.0], [3.0, 4.0]], array![[0.0, 1.0], [3.0, 3.0]]);
    /// let plan = Sinkhorn::default().solve_points(x.view(), y.view(), None, None)?;
    /// assert!((plan.transport_cost() - 1.0).abs() < 1e-3);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn solve_points<A: Real>(
        &self,
        x: ArrayView2<'_, A>,
        y: ArrayView2<'_, A>,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
    ) -> Result<EntropicPlan<'static, A>, OtError> {
        self.run(Costs::points(x, y, STORED_BYTES)?, a, b, None)
    }

    /// As [`solve_points`](Self::solve_points), starting from the potentials of a similar problem.
    ///
    /// # Errors
    /// As [`solve_points`](Self::solve_points), and [`OtError::InvalidParameter`] for a potential that is not finite.
    ///
    /// # Panics
    /// If the number of weights or potentials is not that of the points.
    #[track_caller]
    pub fn solve_points_from<A: Real>(
        &self,
        x: ArrayView2<'_, A>,
        y: ArrayView2<'_, A>,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
        start: (&[f64], &[f64]),
    ) -> Result<EntropicPlan<'static, A>, OtError> {
        self.run(Costs::points(x, y, STORED_BYTES)?, a, b, Some(start))
    }

    #[track_caller]
    fn run<'a, A: Real>(
        &self,
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
        let scale = LOG2_E / self.epsilon.resolve(&costs)?;
        let masses = [source_mass, if self.marginals.is_balanced() { source_mass } else { target_mass }];
        // What a potential of one is in units of the cost.
        let unit = costs.unit / scale;
        let epsilon = unit * LOG2_E;
        let [row_rule, rule] = self.marginals.rules(epsilon);
        let mass =
            if let Marginals::Partial { mass } = self.marginals { Some((mass / masses[1]).min(1.0)) } else { None };
        let (tolerance, max_iterations, depth) = (self.tolerance, self.max_iterations, self.memory);
        let settings = Settings { tolerance, max_iterations, depth, rule, mass };
        let problem = Problem { costs: &costs, a: &a, b: &b, scale, log_mass: masses.map(f64::log2), row_rule };
        let start = match start {
            None => vec![0.0; m],
            Some((_, g)) => g.iter().map(|g| g / unit).collect(),
        };
        if let Some(&value) = start.iter().find(|g| !g.is_finite()) {
            return Err(OtError::InvalidParameter { name: "start", value, expected: "finite potentials" });
        }
        let end = iterate(&problem, settings, start);
        let dual = self.dual(&problem, masses, epsilon, &end);
        let mut plan = EntropicPlan {
            f: end.f.iter().map(|f| f * unit).collect(),
            g: end.g.iter().map(|g| g * unit).collect(),
            epsilon,
            marginal_l1: end.error,
            converged: end.error <= self.tolerance,
            iterations: end.iterations,
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

    /// The dual objective, in units of the cost.
    fn dual<A: Real>(&self, problem: &Problem<'_, A>, masses: [f64; 2], epsilon: f64, end: &End) -> f64 {
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

    fn check(&self, source_mass: f64, target_mass: f64) -> Result<(), OtError> {
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            let (name, value, expected) = ("tolerance", self.tolerance, "positive and finite");
            return Err(OtError::InvalidParameter { name, value, expected });
        }
        if self.max_iterations == 0 {
            return Err(OtError::InvalidParameter { name: "max_iterations", value: 0.0, expected: "at least 1" });
        }
        self.marginals.check(source_mass, target_mass)
    }
}

/// In `f32` as far as that goes, the rest in `f64`. Below its precision the error that `f32` measures means nothing.
fn iterate<A: Real>(problem: &Problem<'_, A>, settings: Settings, start: Vec<f64>) -> End {
    let single = Settings { tolerance: settings.tolerance.max(SINGLE_TOLERANCE), ..settings };
    let end = iterate::run::<A, f32>(problem, single, start);
    let good = settings.tolerance >= SINGLE_TOLERANCE && end.error <= settings.tolerance;
    if good || end.iterations >= settings.max_iterations {
        return end;
    }
    let spent = end.iterations;
    let rest = Settings { max_iterations: settings.max_iterations - spent, ..settings };
    let end = iterate::run::<A, f64>(problem, rest, end.g);
    End { iterations: spent + end.iterations, ..end }
}

/// Weights of sum one, and their mass.
#[track_caller]
fn weights(given: Option<&[f64]>, n: usize, side: Side) -> Result<(Vec<f64>, f64), OtError> {
    let Some(given) = given else {
        return Ok((vec![1.0 / n as f64; n], if n == 0 { 0.0 } else { 1.0 }));
    };
    assert!(given.len() == n, "{} weights for {n} {side} points", given.len());
    if let Some(index) = given.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
        return Err(OtError::InvalidWeight { side, index, value: given[index] });
    }
    // Relative to the largest, so that no sum of weights overflows.
    let largest = given.iter().fold(0.0, |m: f64, &w| m.max(w));
    if n > 0 && largest == 0.0 {
        return Err(OtError::NoMass { side });
    }
    let sum: f64 = given.iter().map(|w| w / largest).sum();
    Ok((given.iter().map(|w| w / largest / sum).collect(), largest * sum))
}
