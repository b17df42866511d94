//! What it costs to move a source point to a target point.
//!
//! All three costs are one matrix of squared distances: the Euclidean distance is its square root, and the cosine
//! distance is half of it between points of length one, which is exact where `1 - cos` would cancel. A cost of any other kind
//! is a matrix that the caller fills; every solver takes one.

use ndarray::{Array2, ArrayView2};

use crate::{OtError, Real, Side, points};

/// The cost of a pair of points.
///
/// | name | cost | for |
/// |---|---|---|
/// | `SquaredEuclidean` | `sum_k (x_k - y_k)^2` | couplings of flow matching, W2, the Schrödinger bridge |
/// | `Euclidean` | its square root | W1 |
/// | `Cosine` | `1 - x.y / (abs(x) abs(y))` | embeddings whose length says nothing |
///
/// # Examples
/// ```
/// # use fm_ot::Cost;
/// # use ndarray::array;
/// let (x, y) = (array![[0.0, 1.0], [1.0, 1.0]], array![[3.0, 5.0]]);
/// assert_eq!(Cost::SquaredEuclidean.matrix(x.view(), y.view())?, array![[25.0], [20.0]]);
/// assert_eq!(Cost::Euclidean.matrix(x.view(), y.view())?[[0, 0]], 5.0);
/// assert_eq!(Cost::Cosine.matrix(array![[0.0, 7.0]].view(), array![[2.0, 0.0], [0.0, 3.0]].view())?, array![[1.0, 0.0]]);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Cost {
    /// The squared distance, whose optimal transport is the straight-line one of flow matching.
    #[default]
    SquaredEuclidean,
    /// The distance.
    Euclidean,
    /// One minus the cosine of the angle, in `[0, 2]`.
    Cosine,
}

/// A matrix of costs of rescaled points.
#[derive(Debug)]
pub(crate) struct Scaled<A> {
    pub(crate) cost: Array2<A>,
    /// What one is worth, in two factors: their product may leave the range of `f64`.
    unit: [f64; 2],
}

impl<A> Scaled<A> {
    /// The cost of the points as they were given.
    pub(crate) fn restore(&self, cost: f64) -> f64 {
        cost * self.unit[0] * self.unit[1]
    }
}

impl Cost {
    /// Every cost.
    pub const ALL: [Self; 3] = [Self::SquaredEuclidean, Self::Euclidean, Self::Cosine];

    /// The cost of every pair.
    ///
    /// # Shapes
    /// `x`: `[n, d]`, `y`: `[m, d]`; returns `[n, m]`. The sizes may differ.
    ///
    /// # Domain
    /// Any finite points. A cost below the least number of their precision is zero: the square of an `f32` distance below 2.6e-23,
    /// which [`assign_points`](crate::assign_points) tells apart from others.
    ///
    /// # Errors
    /// Points that are not finite, two dimensions; [`OtError::Overflow`] where a cost is beyond the precision of the points (the
    /// square of an `f32` distance above 1.8e19), which [`assign_points`](crate::assign_points) has no trouble with;
    /// [`OtError::ZeroVector`] for a cosine with a point at the origin.
    pub fn matrix<A: Real>(self, x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<Array2<A>, OtError> {
        let largest = points::check(x, y)?;
        let mut scaled = self.scaled(x, y, largest)?;
        // Costs of rescaled points are finite.
        if scaled.unit != [1.0; 2] {
            let [a, b] = scaled.unit;
            scaled.cost.mapv_inplace(|c| A::narrow(c.widen() * a * b));
            if let Some(((row, column), _)) = scaled.cost.indexed_iter().find(|(_, c)| !c.is_finite()) {
                return Err(OtError::Overflow { row, column });
            }
        }
        Ok(scaled.cost)
    }

    /// The matrix for points that were checked and their largest coordinate, rescaled so that no square overflows or vanishes.
    pub(crate) fn scaled<A: Real>(
        self,
        x: ArrayView2<'_, A>,
        y: ArrayView2<'_, A>,
        largest: f64,
    ) -> Result<Scaled<A>, OtError> {
        if self == Self::Cosine {
            let (x, y) = (on_sphere(x, Side::Source)?, on_sphere(y, Side::Target)?);
            let (mut cost, _) = points::scaled_distances(x.view(), y.view(), 1.0);
            cost.mapv_inplace(|c| c * A::narrow(0.5));
            return Ok(Scaled { cost, unit: [1.0; 2] });
        }
        let (mut cost, scale) = points::scaled_distances(x, y, largest);
        if self == Self::Euclidean {
            cost.mapv_inplace(A::sqrt);
            return Ok(Scaled { cost, unit: [1.0 / scale, 1.0] });
        }
        Ok(Scaled { cost, unit: [1.0 / scale; 2] })
    }
}

/// The points divided by their lengths.
pub(crate) fn on_sphere<A: Real>(points: ArrayView2<'_, A>, side: Side) -> Result<Array2<A>, OtError> {
    let mut unit = points.to_owned();
    for (row, mut point) in unit.outer_iter_mut().enumerate() {
        let largest = point.fold(0.0, |m: f64, v| m.max(v.widen().abs()));
        if largest == 0.0 {
            return Err(OtError::ZeroVector { side, row });
        }
        let length = point.fold(0.0, |sum, v| sum + (v.widen() / largest).powi(2)).sqrt();
        point.mapv_inplace(|v| A::narrow(v.widen() / largest / length));
    }
    Ok(unit)
}
