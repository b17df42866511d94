//! From points to costs.
//!
//! ```text
//! c_ij = |x_i - y_j|^2 = |x_i|^2 + |y_j|^2 - 2 x_i . y_j
//! ```
//!
//! Few coordinates are summed as differences. Many go through one matrix product, which is some five times faster and
//! loses the small entries to cancellation; the points are centred first, and every entry that has lost more than
//! [`CANCELLED`] of its terms is recomputed from differences. Identical points are therefore at distance exactly zero,
//! in any dimension.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};

use crate::{OtError, Real, Side};

/// Up to this many coordinates, differences are faster than the product.
const FEW_COORDINATES: usize = 16;

/// An entry below this fraction of `|x|^2 + |y|^2` is recomputed, which keeps six bits of cancellation.
const CANCELLED: f64 = 1.0 / 64.0;

/// Same dimension, finite coordinates.
pub(crate) fn check<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<(), OtError> {
    if x.ncols() != y.ncols() {
        return Err(OtError::DimensionMismatch { source_dim: x.ncols(), target_dim: y.ncols() });
    }
    for (side, points) in [(Side::Source, x), (Side::Target, y)] {
        if let Some(((row, column), value)) = points.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(OtError::NonFinitePoint { side, row, column, value: value.widen() });
        }
    }
    Ok(())
}

/// As [`check`], and equally many on both sides.
pub(crate) fn check_pairable<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<(), OtError> {
    check(x, y)?;
    if x.nrows() == y.nrows() {
        Ok(())
    } else {
        Err(OtError::UnequalSizes { source_len: x.nrows(), target_len: y.nrows() })
    }
}

/// Squared distances of the points times a power of two, and that power: squares neither overflow nor vanish, and no
/// coordinate is rounded. Costs of the original points are those returned, divided by the power squared.
pub(crate) fn scaled_distances<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> (Array2<A>, f64) {
    let largest = x.iter().chain(y).fold(A::zero(), |m, v| m.max(v.abs())).widen();
    let exponent = power_of_two_above(largest);
    if exponent.abs() < 16 {
        return (distances(x, y), 1.0);
    }
    let scale = (-f64::from(exponent)).exp2();
    let rescale = |points: ArrayView2<'_, A>| points.mapv(|v| A::narrow(v.widen() * scale));
    (distances(rescale(x).view(), rescale(y).view()), scale)
}

/// The exponent `e` with `2^(e-1) <= value < 2^e`, zero for zero, kept where `2^e` and `2^-e` are both normal.
pub(crate) fn power_of_two_above(value: f64) -> i32 {
    if value > 0.0 { (value.log2().floor() as i32 + 1).clamp(-1000, 1000) } else { 0 }
}

fn distances<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Array2<A> {
    if x.ncols() <= FEW_COORDINATES { by_differences(x, y) } else { by_product(x, y) }
}

/// Coordinate by coordinate, so that the inner loop runs along a row of the result.
fn by_differences<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Array2<A> {
    let columns = y.t().as_standard_layout().into_owned();
    let mut cost = Array2::zeros((x.nrows(), y.nrows()));
    for (mut row, point) in cost.outer_iter_mut().zip(x.outer_iter()) {
        for (&a, column) in point.iter().zip(columns.outer_iter()) {
            row.zip_mut_with(&column, |c, &b| *c += (a - b) * (a - b));
        }
    }
    cost
}

fn by_product<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Array2<A> {
    let centre = y.sum_axis(Axis(0)) / A::narrow(y.nrows().max(1) as f64);
    let (x, y) = (&x - &centre, &y - &centre);
    let norms = |points: &Array2<A>| -> Array1<A> { points.outer_iter().map(|p| p.dot(&p)).collect() };
    let (x_norm, y_norm) = (norms(&x), norms(&y));
    let (two, cancelled) = (A::narrow(2.0), A::narrow(CANCELLED));
    let mut cost = x.dot(&y.t());
    for (i, mut row) in cost.outer_iter_mut().enumerate() {
        let mut smallest_share = A::one();
        Zip::from(&mut row).and(&y_norm).for_each(|c, &b| {
            let terms = x_norm[i] + b;
            *c = terms - two * *c;
            let share = if *c < cancelled * terms { A::zero() } else { A::one() };
            smallest_share = smallest_share.min(share);
        });
        if smallest_share == A::zero() {
            Zip::from(&mut row).and(&y_norm).and(y.outer_iter()).for_each(|c, &b, point| {
                if *c < cancelled * (x_norm[i] + b) {
                    *c = squared_distance(x.row(i), point);
                }
            });
        }
    }
    cost
}

fn squared_distance<A: Real>(x: ArrayView1<'_, A>, y: ArrayView1<'_, A>) -> A {
    x.iter().zip(y).fold(A::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b))
}
