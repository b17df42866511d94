//! What the plan owes its marginals, and what that makes of a half step.
//!
//! With `s` the soft transform `log2 sum_j b_j 2^(g_j - c_ij)` of the other side, every kind of marginal has a closed form
//! for the potential that maximises the dual: that is all that distinguishes balanced from unbalanced and partial
//! transport, so there is one algorithm.

use crate::OtError;

/// The constraint on the two marginals of a plan.
///
/// # References
/// - Chizat, Peyré, Schmitzer & Vialard, *Scaling algorithms for unbalanced optimal transport problems*, Mathematics of
///   Computation 87, 2018 (Kullback-Leibler penalties).
/// - Benamou, Carlier, Cuturi, Nenna & Peyré, *Iterative Bregman projections for regularized transportation problems*,
///   SIAM Journal on Scientific Computing 37, 2015 (partial transport).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Marginals {
    /// Both marginals are the weights.
    #[default]
    Balanced,
    /// A marginal may differ from its weights at the price of `rho KL(marginal | weights)`; infinity makes it exact.
    Unbalanced {
        /// The price on the source side, in units of the cost.
        source: f64,
        /// The price on the target side.
        target: f64,
    },
    /// Only this much mass is moved, at most its weight from or to each point.
    Partial {
        /// The mass, at most that of either side.
        mass: f64,
    },
}

/// The potential that a soft transform asks for, in base-2 units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    Exact,
    /// `rho / (rho + epsilon)`.
    Damped(f64),
    /// A marginal of at most the weights: the potential stays below a cap.
    Capped(f64),
}

impl Rule {
    pub(super) fn potential(self, soft: f64) -> f64 {
        match self {
            Self::Exact => -soft,
            Self::Damped(share) => -share * soft,
            Self::Capped(cap) => cap.min(-soft),
        }
    }
}

impl Marginals {
    /// The rules of both sides; the cap on the target side is found anew in every step.
    pub(super) fn rules(self, epsilon: f64) -> [Rule; 2] {
        let damped = |rho: f64| if rho.is_infinite() { Rule::Exact } else { Rule::Damped(rho / (rho + epsilon)) };
        match self {
            Self::Balanced => [Rule::Exact; 2],
            Self::Unbalanced { source, target } => [damped(source), damped(target)],
            Self::Partial { .. } => [Rule::Capped(0.0); 2],
        }
    }

    /// Whether a constant can be moved from one potential to the other.
    pub(super) fn is_balanced(self) -> bool {
        match self {
            Self::Balanced => true,
            Self::Unbalanced { source, target } => source.is_infinite() && target.is_infinite(),
            Self::Partial { .. } => false,
        }
    }

    /// Refuses prices that are not positive, and masses that do not fit the constraint.
    pub(super) fn check(self, source_mass: f64, target_mass: f64) -> Result<(), OtError> {
        let price = |name, value: f64| {
            let expected = "a positive price, or infinity";
            if value > 0.0 { Ok(()) } else { Err(OtError::InvalidParameter { name, value, expected }) }
        };
        match self {
            Self::Unbalanced { source, target } => {
                price("marginals.source", source)?;
                price("marginals.target", target)?;
            }
            Self::Partial { mass } => {
                // A mass that is the sum of the weights in another order differs from it by rounding.
                let most = source_mass.min(target_mass) * (1.0 + MASS_TOLERANCE);
                if !(mass > 0.0 && mass <= most) {
                    let expected = "positive and at most the mass of either side";
                    return Err(OtError::InvalidParameter { name: "marginals.mass", value: mass, expected });
                }
            }
            Self::Balanced => {}
        }
        if self.is_balanced() && (source_mass - target_mass).abs() > MASS_TOLERANCE * source_mass.max(target_mass) {
            return Err(OtError::UnequalMass { source_mass, target_mass });
        }
        Ok(())
    }
}

/// Relative difference of two masses that is taken for rounding, of weights in single precision for example.
pub(super) const MASS_TOLERANCE: f64 = 1e-6;

/// The cap `l` at which `sum_j weight_j 2^min(0, l + soft_j)` is `mass`.
///
/// All columns are open at first; as long as the fullest open one is over its weight, it is full.
pub(super) fn cap_for_mass(weight: &[f64], soft: &[f64], mass: f64) -> f64 {
    let mut order: Vec<usize> = (0..soft.len()).filter(|&j| weight[j] > 0.0 && soft[j].is_finite()).collect();
    order.sort_by(|&i, &j| soft[i].total_cmp(&soft[j]));
    // The open mass at a cap of zero, of the first column, the first two, and so on; relative to the last of them.
    let mut open = 0.0;
    let mut previous = order.first().map_or(0.0, |&j| soft[j]);
    let relative: Vec<f64> = order
        .iter()
        .map(|&j| {
            open = open * (previous - soft[j]).exp2() + weight[j];
            previous = soft[j];
            open
        })
        .collect();
    let mut full = 0.0;
    for (&j, open) in order.iter().zip(&relative).rev() {
        let cap = ((mass - full) / open).log2() - soft[j];
        if cap + soft[j] <= 0.0 {
            return cap;
        }
        full += weight[j];
    }
    // The mass of everything.
    order.first().map_or(0.0, |&j| -soft[j])
}

#[cfg(test)]
mod tests {
    use super::cap_for_mass;
    use crate::limited::limited;

    #[test]
    fn the_cap_moves_the_mass() {
        let _limited = limited();
        let (weight, soft) = ([0.1, 0.4, 0.2, 0.3], [3.0, -20.0, 0.5, 400.0]);
        for mass in [1e-9, 0.2, 0.5, 0.7, 0.999, 1.0] {
            let cap = cap_for_mass(&weight, &soft, mass);
            let moved: f64 = weight.iter().zip(soft).map(|(w, s)| w * (cap + s).min(0.0).exp2()).sum();
            assert!((moved - mass).abs() < 1e-12, "{moved} is not {mass}");
        }
    }
}
