//! A validated square matrix of costs.

use ndarray::ArrayView2;

use crate::{OtError, Real};

/// Finite costs are at most this in absolute value, so that no sum along a path overflows.
const LARGEST: f64 = 1e300;

/// How many rows the spread is estimated from.
const SAMPLED_ROWS: usize = 32;

/// Square, in rows, without NaN and `-inf`; with the statistics that bids are scaled by.
pub(crate) struct Costs<'a, A> {
    values: &'a [A],
    /// Rows, and columns.
    pub(crate) n: usize,
    /// Standard deviation of the finite costs within a row, averaged over a sample of rows: what is common to a row
    /// does not matter to an assignment.
    pub(crate) spread: f64,
    /// The largest finite cost in that sample, in absolute value: what rounding is relative to.
    pub(crate) magnitude: f64,
}

impl<'a, A: Real> Costs<'a, A> {
    /// Checks a matrix that is in standard layout.
    pub(crate) fn new(cost: ArrayView2<'a, A>) -> Result<Self, OtError> {
        let (n, columns) = cost.dim();
        if n != columns {
            return Err(OtError::UnequalSizes { source_len: n, target_len: columns });
        }
        let values = cost.to_slice().expect("the caller made the layout standard");
        let invalid = |c: &A| c.is_nan() || (c.widen().abs() > LARGEST && *c != A::infinity());
        for (row, costs) in values.chunks(n.max(1)).enumerate() {
            if costs.iter().filter(|c| invalid(c)).count() > 0 {
                let column = costs.iter().position(invalid).expect("counted above");
                return Err(OtError::InvalidCost { row, column, value: costs[column].widen() });
            }
        }
        let sample = || values.chunks(n.max(1)).step_by(n.div_ceil(SAMPLED_ROWS).max(1));
        let spread = sample().map(deviation).sum::<f64>() / sample().len().max(1) as f64;
        let finite = sample().flatten().filter(|c| c.is_finite());
        let magnitude = finite.fold(A::zero(), |m, c| m.max(c.abs())).widen();
        Ok(Self { values, n, spread, magnitude })
    }

    pub(crate) fn row(&self, i: usize) -> &'a [A] {
        &self.values[i * self.n..][..self.n]
    }
}

/// The standard deviation of the finite values, relative to the widest so that squares of costs of 1e300 stay finite.
fn deviation<A: Real>(values: &[A]) -> f64 {
    let finite = || values.iter().filter(|c| c.is_finite()).map(|c| c.widen());
    let count = finite().count().max(1) as f64;
    let mean = finite().map(|c| c / count).sum::<f64>();
    let widest = finite().fold(0.0, |w: f64, c| w.max((c - mean).abs()));
    if widest == 0.0 {
        return 0.0;
    }
    widest * (finite().map(|c| ((c - mean) / widest).powi(2)).sum::<f64>() / count).sqrt()
}
