//! Larger epsilons on the way to the one that is asked for.
//!
//! An option of its own beside acceleration: annealing finds the neighbourhood of the solution, which extrapolation
//! cannot, and extrapolation finishes, which annealing cannot. Rejected: a schedule of epsilons by pass, as in OTT, which leaves
//! a stage whether or not it has got anywhere.

/// Solves at larger epsilons first, each time from the potentials of the one before.
///
/// ```text
/// epsilon_0 = start * (largest cost - least cost),   epsilon_k+1 = factor * epsilon_k   down to the one asked for
/// ```
///
/// For a small epsilon the plain iteration moves potentials by about epsilon a pass, and from zero they have a distance of the
/// order of the costs to go; larger epsilons make the first part of it in a few passes each. Where epsilon is above
/// `epsilon_0` nothing happens. Costs of few source points are annealed themselves; from many, a sample of them that is
/// small enough for the cache.
///
/// # Examples
/// ```
/// # use fm_ot::{Annealing, Epsilon, Sinkhorn};
/// # use ndarray::array;
/// let cost = array![[81.0, 0.0, 90.25], [0.0, 81.0, 0.25]];
/// let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(0.001), memory: 0, ..Sinkhorn::default() };
/// let annealed = Sinkhorn { annealing: Some(Annealing::default()), ..solver }.solve(cost.view(), None, None)?;
/// let plain = Sinkhorn { annealing: None, ..solver }.solve(cost.view(), None, None)?;
/// assert!(annealed.converged && annealed.iterations < plain.iterations);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Schmitzer, *Stabilized sparse scaling algorithms for entropy regularized transport problems*, SIAM Journal on Scientific
///   Computing 41, 2019 (scaling of epsilon, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Annealing {
    /// The first epsilon, in units of the range of the finite costs. Positive.
    pub start: f64,
    /// Each epsilon divided by the one before; between 0 and 1.
    pub factor: f64,
}

impl Default for Annealing {
    fn default() -> Self {
        Self { start: 0.05, factor: 0.25 }
    }
}

impl Annealing {
    /// The epsilons above `epsilon`, from the largest; `range` is that of the costs.
    pub(super) fn above(self, epsilon: f64, range: f64) -> Vec<f64> {
        let mut stages = Vec::new();
        let mut stage = self.start * range;
        // The last step may be a short one, and not be worth a stage.
        while stage * self.factor.sqrt() > epsilon && stage.is_finite() {
            stages.push(stage);
            stage *= self.factor;
        }
        stages
    }
}
