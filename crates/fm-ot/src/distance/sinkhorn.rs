//! The Sinkhorn divergence.

use ndarray::ArrayView2;

use crate::{EntropicPlan, Epsilon, Marginals, OtError, Real, Sinkhorn};

/// A Sinkhorn divergence, and how well it was computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SinkhornDivergence {
    /// The divergence, in squared units of the points.
    pub value: f64,
    /// The epsilon of all three problems, in the same units.
    pub epsilon: f64,
    /// The largest L1 marginal error of the three plans.
    pub marginal_l1: f64,
    /// Passes over the costs of all three.
    pub iterations: usize,
    /// Whether all three reached the tolerance. If not, the value is wrong by an unknown amount.
    pub converged: bool,
}

/// The debiased entropic transport cost under the squared Euclidean distance.
///
/// ```text
/// S = OT(x, y) - OT(x, x)/2 - OT(y, y)/2,   OT = min over plans of <pi, |x - y|^2> + epsilon KL(pi | a x b)
/// ```
///
/// Zero for identical samples and positive otherwise. Its root lies between [`wasserstein2`](super::wasserstein2()) (epsilon to
/// 0) and the distance of the means (epsilon to infinity, where the divergence is [`mmd`](super::mmd()) with the
/// linear kernel). A relative epsilon is resolved on the cost between `x` and `y` and then the same in all three problems;
/// compare values of one *absolute* epsilon only. Libraries whose cost is `|x - y|^2/2` have half of this value at half of
/// this epsilon. The difference of three numbers wants a
/// small tolerance: 1e-6 rather than the default, and less (passes in `f64`) where epsilon is above the costs.
///
/// # Shapes
/// `x`: `[n, d]`, `y`: `[m, d]`; the sizes may differ.
///
/// # Errors
/// [`OtError::Empty`], and as [`Sinkhorn::solve_points`].
///
/// # Panics
/// If the solver's marginals are not balanced: the formula is another one then.
///
/// # Examples
/// ```
/// # use fm_ot::{Epsilon, Sinkhorn, sinkhorn_divergence};
/// # use ndarray::array;
/// let solver = Sinkhorn { epsilon: Epsilon::Absolute(1e4), tolerance: 1e-9, ..Sinkhorn::default() };
/// let (x, y) = (array![[0.0, 1.0], [0.0, -1.0]], array![[3.0, 2.0], [3.0, -2.0]]);
/// // At a large epsilon only the means are left: (3, 0) apart.
/// let divergence = sinkhorn_divergence(x.view(), y.view(), &solver)?;
/// assert!(divergence.converged && (divergence.value - 9.0).abs() < 0.01);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - J. Feydy et al., *Interpolating between Optimal Transport and MMD using Sinkhorn Divergences*, AISTATS 2019.
#[track_caller]
pub fn sinkhorn_divergence<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    solver: &Sinkhorn,
) -> Result<SinkhornDivergence, OtError> {
    assert!(solver.marginals == Marginals::Balanced, "a Sinkhorn divergence of {:?} marginals", solver.marginals);
    if x.nrows() == 0 || y.nrows() == 0 {
        return Err(OtError::Empty);
    }
    let between = solver.solve_points(x, y, None, None)?;
    let solver = Sinkhorn { epsilon: Epsilon::Absolute(between.epsilon), ..*solver };
    let within = [solver.solve_points(x, x, None, None)?, solver.solve_points(y, y, None, None)?];
    let all = || within.iter().chain([&between]);
    let worst = |plan: &EntropicPlan<'_, A>| plan.marginal_l1;
    Ok(SinkhornDivergence {
        value: between.dual - f64::midpoint(within[0].dual, within[1].dual),
        epsilon: between.epsilon,
        marginal_l1: all().map(worst).fold(0.0, f64::max),
        iterations: all().map(|plan| plan.iterations).sum(),
        converged: all().all(|plan| plan.converged),
    })
}
