//! Pairs drawn from an entropic plan.

use rand::RngCore;

use super::{Coupling, Endpoints, Pairing};
use crate::{Epsilon, Marginals, OtError, Sinkhorn, points};

/// Entropic optimal transport under the squared Euclidean cost: each source point draws its target from its row of the plan.
///
/// Every source point is used exactly once; how often a target point is used is random, once on average. The plan is never
/// stored: a draw recomputes one row, in `O(m)`. Between the exact coupling (epsilon to 0) and the independent one (epsilon to
/// infinity), and like both of them consistent: with larger batches it tends to the entropic coupling of the laws. The batches
/// may differ in size. With relaxed [`Marginals`] the source points are drawn too, by their mass in the plan.
///
/// # Errors
/// As [`Sinkhorn::solve_points`], and [`OtError::NotConverged`]: pairs of an unfinished plan would come from another coupling
/// without anyone knowing.
///
/// # Examples
/// ```
/// # use fm_ot::{Coupling, Endpoints, SinkhornOt};
/// # use ndarray::array;
/// # use rand::{SeedableRng, rngs::StdRng};
/// let (x0, x1) = (array![[0.0], [9.0]], array![[9.0], [9.5], [0.0], [0.5]]);
/// let pairing = SinkhornOt::default().couple(Endpoints::new(x0.view(), x1.view()), &mut StdRng::seed_from_u64(0))?;
/// // Each source point has half of the mass, and two targets within reach.
/// assert!(pairing.source == [0, 1] && pairing.target[0] >= 2 && pairing.target[1] < 2);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3.
/// - Tong et al., *Simulation-free Schrödinger bridges via score and flow matching*, AISTATS 2024 (`epsilon = 2 sigma^2`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SinkhornOt {
    /// How the plan is found.
    pub solver: Sinkhorn,
}

impl SinkhornOt {
    /// The coupling of the Schrödinger bridge whose reference is a Brownian motion of standard deviation `sigma` at time one.
    ///
    /// ```text
    /// epsilon = 2 sigma^2   for the cost |x - y|^2
    /// ```
    ///
    /// For a reference with time-dependent diffusion `g(t)`, `sigma^2` is the integral of `g^2` over the whole time. The bridge
    /// itself is this coupling together with a Brownian bridge of the same `sigma` as path. With `sigma` far below the
    /// distances of neighbouring points the plan is nearly a permutation and [`ExactOt`](super::ExactOt) is faster; that does
    /// not make the path deterministic.
    ///
    /// # Examples
    /// ```
    /// # use fm_ot::{Epsilon, SinkhornOt};
    /// assert_eq!(SinkhornOt::schrodinger_bridge(0.5).solver.epsilon, Epsilon::Absolute(0.5));
    /// ```
    pub fn schrodinger_bridge(sigma: f64) -> Self {
        Self { solver: Sinkhorn { epsilon: Epsilon::Absolute(2.0 * sigma * sigma), ..Sinkhorn::default() } }
    }
}

impl Coupling for SinkhornOt {
    fn couple(&self, ends: Endpoints<'_>, rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        let (n, m) = (ends.x0.nrows(), ends.x1.nrows());
        if n == 0 || m == 0 {
            points::check(ends.x0, ends.x1)?;
            return if n == m { Ok(Pairing::default()) } else { Err(OtError::Empty) };
        }
        let plan = self.solver.solve_points(ends.x0, ends.x1, None, None)?;
        if !plan.converged {
            let (iterations, marginal_l1) = (plan.iterations, plan.marginal_l1);
            return Err(OtError::NotConverged { iterations, marginal_l1, tolerance: self.solver.tolerance });
        }
        Ok(match self.solver.marginals {
            Marginals::Balanced => Pairing::from_targets(plan.draw_targets(rng)),
            Marginals::Unbalanced { .. } | Marginals::Partial { .. } => plan.draw(n, rng),
        })
    }
}
