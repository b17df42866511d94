//! The settings of a solve, and what can be solved.

use ndarray::ArrayView2;
use pulp::Arch;

use super::costs::Costs;
use super::marginals::Marginals;
use super::{Annealing, EntropicPlan, Epsilon};
use crate::{Cost, OtError, Real};

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
/// | `max_iterations` | 10 000 | passes over the cost at all epsilons, not counting those over the sample of rows that finds a start | at least 1 |
/// | `memory` | 10 | steps that Anderson acceleration extrapolates from; 0 is the plain algorithm | |
/// | `marginals` | balanced | balanced, unbalanced or partial transport | |
/// | `annealing` | on | larger epsilons that a solve without given potentials goes through first | |
/// | `cost` | squared distance | the cost of a pair of points; a matrix has its own | |
///
/// Work is `O(n m)` for a pass. From a matrix the kernel is kept in `f32` beside it up to 256 MiB; from points, costs of more
/// than 64 MiB are made block by block in every pass, so memory is that of a few blocks. A thread that solves again and again,
/// as in training, keeps the memory of its last kernel up to 128 MiB: to get it anew takes a good part of the time of a solve. The
/// result does not depend on the number of threads.
///
/// The error is measured in each pass, in the precision of the pass: exponents and sums are `f64`, entries `f32` for tolerances
/// down to 1e-6, and `f64` at the end for smaller ones or where `f32` gets no further. [`EntropicPlan::marginals`]
/// recomputes the marginals in `f64`.
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
    /// Larger epsilons that a solve without given potentials goes through first.
    pub annealing: Option<Annealing>,
    /// The cost of a pair of points; a matrix has its own.
    pub cost: Cost,
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self {
            epsilon: Epsilon::default(),
            tolerance: 1e-3,
            max_iterations: 10_000,
            memory: 10,
            marginals: Marginals::Balanced,
            annealing: Some(Annealing::default()),
            cost: Cost::SquaredEuclidean,
        }
    }
}

impl Sinkhorn {
    /// The entropic plan for a matrix of costs; `+inf` forbids a pair.
    ///
    /// Weights default to uniform ones of sum one. Zero weights are allowed, and a weight below 1e-30 of its total counts as zero.
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
        self.run(Arch::new(), Costs::matrix(cost)?, a, b, None)
    }

    /// As [`solve`](Self::solve), starting from the potentials of a similar problem.
    ///
    /// # Errors
    /// As [`solve`](Self::solve), and [`OtError::InvalidPotential`] for a target potential that is not finite. Those of the source
    /// follow from them.
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
        self.run(Arch::new(), Costs::matrix(cost)?, a, b, Some(start))
    }

    /// The entropic plan for points, whose cost is that of the field [`cost`](Self::cost).
    ///
    /// # Shapes
    /// `x`: `[n, d]`, `y`: `[m, d]`, `a`: `n`, `b`: `m`.
    ///
    /// # Errors
    /// Points that are not finite or of two dimensions, [`OtError::ZeroVector`] for a cosine with a point at the origin, and those
    /// of [`solve`](Self::solve).
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
        self.run(Arch::new(), Costs::points(x, y, self.cost, STORED_BYTES)?, a, b, None)
    }

    /// As [`solve_points`](Self::solve_points), starting from the potentials of a similar problem.
    ///
    /// # Errors
    /// As [`solve_points`](Self::solve_points), and [`OtError::InvalidPotential`] for a target potential that is not finite. Those of the source
    /// follow from them.
    ///
    /// # Panics
    /// If the number of weights or potentials is not that of the points.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Cost, Sinkhorn};
    /// # use ndarray::array;
    /// let (x, y) = (array![[0.0, 0.0], [3.0, 4.0]], array![[0.0, 1.0], [3.0, 3.0]]);
    /// let solver = Sinkhorn { cost: Cost::Euclidean, ..Sinkhorn::default() };
    /// let first = solver.solve_points(x.view(), y.view(), None, None)?;
    /// let again = solver.solve_points_from(x.view(), y.view(), None, None, (&first.f, &first.g))?;
    /// assert_eq!(again.iterations, 1);
    /// # Ok::<(), fm_ot::OtError>(())
    /// ```
    #[track_caller]
    pub fn solve_points_from<A: Real>(
        &self,
        x: ArrayView2<'_, A>,
        y: ArrayView2<'_, A>,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
        start: (&[f64], &[f64]),
    ) -> Result<EntropicPlan<'static, A>, OtError> {
        self.run(Arch::new(), Costs::points(x, y, self.cost, STORED_BYTES)?, a, b, Some(start))
    }

    /// Refuses settings outside their range, and masses that do not fit the constraint.
    pub(super) fn check(&self, source_mass: f64, target_mass: f64) -> Result<(), OtError> {
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            let (name, value, expected) = ("tolerance", self.tolerance, "positive and finite");
            return Err(OtError::InvalidParameter { name, value, expected });
        }
        if self.max_iterations == 0 {
            return Err(OtError::InvalidParameter { name: "max_iterations", value: 0.0, expected: "at least 1" });
        }
        if let Some(Annealing { start, factor }) = self.annealing {
            OtError::require(start > 0.0 && start.is_finite(), "annealing.start", start, "positive and finite")?;
            OtError::require(factor > 0.0 && factor < 1.0, "annealing.factor", factor, "between 0 and 1")?;
        }
        self.marginals.check(source_mass, target_mass)
    }
}
