//! How strong the regularisation is.

use super::costs::Costs;
use crate::{OtError, Real};

/// An epsilon below this part of the largest cost is refused: exponents, which are as large as the cost over epsilon, would be off
/// by a tenth of a per cent and more.
const SMALLEST: f64 = 1e-12;

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
    /// In the units of `costs`. Where all costs are the same, every epsilon gives the same plan, and a relative one is the cost, or
    /// one where that is less.
    pub(super) fn resolve<A: Real>(self, costs: &Costs<'_, A>) -> Result<f64, OtError> {
        let (Self::Absolute(value) | Self::RelativeToMean(value) | Self::RelativeToStd(value)) = self;
        let require = |holds, value, expected| OtError::require(holds, "epsilon", value, expected);
        require(value > 0.0 && value.is_finite(), value, "positive and finite")?;
        let resolved = match self {
            Self::Absolute(value) => value / costs.unit,
            _ if costs.is_constant() => costs.largest().max(1.0),
            Self::RelativeToMean(share) => share * costs.mean(),
            Self::RelativeToStd(share) => share * costs.deviation(),
        };
        let value = resolved * costs.unit;
        // Its reciprocal takes part as well.
        require(
            resolved >= f64::MIN_POSITIVE && resolved.is_finite(),
            value,
            "positive and finite, in units of the cost",
        )?;
        let expected = "at least 1e-12 of the largest cost, which is what double precision resolves";
        require(resolved >= SMALLEST * costs.largest(), value, expected)?;
        Ok(resolved)
    }
}
