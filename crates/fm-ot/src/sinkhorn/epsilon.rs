//! How strong the regularisation is.

use super::costs::Costs;
use crate::{OtError, Real};

/// The strength of the entropic regularisation.
///
/// The right magnitude depends on the cost. In high dimension all costs are near their mean and what matters is how far they
/// differ, so the standard deviation is the better measure there.
///
/// # Examples
/// ```
/// # use fm_ot::{Epsilon, Sinkhorn};
/// # use ndarray::array;
/// let cost = array![[0.0, 4.0], [4.0, 0.0]];
/// let solver = Sinkhorn { epsilon: Epsilon::RelativeToMean(0.5), ..Sinkhorn::default() };
/// assert_eq!(solver.solve(cost.view(), None, None)?.epsilon, 1.0);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Epsilon {
    /// In units of the cost: `2 sigma^2` for a Schrödinger bridge whose reference has the standard deviation `sigma` at
    /// time one.
    Absolute(f64),
    /// Times the mean of the finite costs.
    RelativeToMean(f64),
    /// Times the standard deviation of the finite costs.
    RelativeToStd(f64),
}

impl Default for Epsilon {
    fn default() -> Self {
        Self::RelativeToMean(0.05)
    }
}

impl Epsilon {
    /// In the units of `costs`. Where all costs are the same, every epsilon gives the same plan, and a relative one is one.
    pub(super) fn resolve<A: Real>(self, costs: &Costs<'_, A>) -> Result<f64, OtError> {
        let (Self::Absolute(value) | Self::RelativeToMean(value) | Self::RelativeToStd(value)) = self;
        let refuse = |value| Err(OtError::InvalidParameter { name: "epsilon", value, expected: "positive and finite" });
        if !(value > 0.0 && value.is_finite()) {
            return refuse(value);
        }
        let resolved = match self {
            Self::Absolute(value) => value / costs.unit,
            _ if costs.is_constant() => 1.0,
            Self::RelativeToMean(share) => share * costs.mean(),
            Self::RelativeToStd(share) => share * costs.deviation(),
        };
        // Its reciprocal takes part as well.
        let in_range = resolved >= f64::MIN_POSITIVE && resolved.is_finite();
        if in_range { Ok(resolved) } else { refuse(resolved * costs.unit) }
    }
}
