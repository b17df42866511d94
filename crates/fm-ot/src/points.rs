//! From points to costs.
//!
//! Few coordinates are summed as differences, many go through a product ([`product`](crate::product)). Blocks of rows go to the threads of the
//! current `rayon` pool. Their size does not depend on the number of threads, so neither does the result.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::mem::MaybeUninit;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::product::Product;
use crate::{OtError, Real, Side};

/// Rows of a block, which is what a thread takes.
const BLOCK: usize = 512;

/// Targets whose sums are made together, in the nearest cache.
const TARGETS: usize = 256;

/// Up to this many coordinates, differences are faster than the product.
const FEW_COORDINATES: usize = 8;

/// Same dimension, finite coordinates. Returns the largest one in absolute value.
pub(crate) fn check<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<f64, OtError> {
    if x.ncols() != y.ncols() {
        return Err(OtError::DimensionMismatch { source_dim: x.ncols(), target_dim: y.ncols() });
    }
    let largest = magnitude(x).max(magnitude(y));
    if largest.is_finite() {
        return Ok(largest);
    }
    for (side, points) in [(Side::Source, x), (Side::Target, y)] {
        if let Some(((row, column), value)) = points.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(OtError::NonFinitePoint { side, row, column, value: value.widen() });
        }
    }
    Ok(largest)
}

/// As [`check`], and equally many on both sides.
pub(crate) fn check_pairable<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<f64, OtError> {
    let largest = check(x, y)?;
    if x.nrows() == y.nrows() {
        Ok(largest)
    } else {
        Err(OtError::UnequalSizes { source_len: x.nrows(), target_len: y.nrows() })
    }
}

/// Squared distances of the points times a power of two, which is chosen for the largest coordinate, and that power: squares neither overflow nor vanish, and no
/// coordinate is rounded. Costs of the original points are those returned, divided by the power squared.
pub(crate) fn scaled_distances<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>, largest: f64) -> (Array2<A>, f64) {
    let exponent = power_of_two_above(largest);
    if exponent.abs() < 16 {
        return (distances(x, y), 1.0);
    }
    let scale = (-f64::from(exponent)).exp2();
    let rescale = |points: ArrayView2<'_, A>| points.mapv(|v| A::narrow(v.widen() * scale));
    (distances(rescale(x).view(), rescale(y).view()), scale)
}

/// The largest coordinate in absolute value, infinite where one is infinite or NaN.
pub(crate) fn magnitude<A: Real>(points: ArrayView2<'_, A>) -> f64 {
    let points = points.as_standard_layout();
    Arch::new().dispatch(Magnitude(points.as_slice().expect("a matrix in standard layout")))
}

struct Magnitude<'a, A>(&'a [A]);

impl<A: Real> WithSimd for Magnitude<'_, A> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        // A maximum for each of the lanes, which the compiler can take at once.
        let mut largest = [A::zero(); 64];
        let raise = |m: &mut A, v: &A| *m = if v.abs() > *m || v.is_nan() { v.abs() } else { *m };
        let (parts, rest) = self.0.as_chunks::<64>();
        for part in parts {
            largest.iter_mut().zip(part).for_each(|(m, v)| raise(m, v));
        }
        largest.iter_mut().zip(rest).for_each(|(m, v)| raise(m, v));
        largest.iter().fold(0.0, |m, v| if v.is_finite() { v.widen().max(m) } else { f64::INFINITY })
    }
}

/// The exponent `e` with `2^(e-1) <= value < 2^e`, zero for zero, kept where `2^e` and `2^-e` are both normal.
pub(crate) fn power_of_two_above(value: f64) -> i32 {
    if value > 0.0 { (value.log2().floor() as i32 + 1).clamp(-1000, 1000) } else { 0 }
}

fn distances<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Array2<A> {
    Targets::new(y).distances(x)
}

/// Points made ready to measure the distances of others to them.
#[derive(Debug)]
pub(crate) enum Targets<A> {
    /// Each coordinate of all points.
    Few { coordinates: Array2<A> },
    /// The points around their centre.
    Many(Product<A>),
}

impl<A: Real> Targets<A> {
    pub(crate) fn new(points: ArrayView2<'_, A>) -> Self {
        if points.ncols() <= FEW_COORDINATES {
            return Self::Few { coordinates: points.t().as_standard_layout().into_owned() };
        }
        Self::Many(Product::new(Arch::new(), points))
    }

    /// The squared distances of `x`, in rows.
    #[expect(unsafe_code, reason = "clearing a matrix before it is written takes as long as writing it")]
    pub(crate) fn distances(&self, x: ArrayView2<'_, A>) -> Array2<A> {
        let columns = match self {
            Self::Few { coordinates } => coordinates.ncols(),
            Self::Many(product) => product.targets(),
        };
        let mut cost = Array2::uninit((x.nrows(), columns));
        let fill = |(block, rows): (usize, ArrayViewMut2<'_, MaybeUninit<A>>)| {
            let first = block * BLOCK;
            self.fill(x.slice(s![first..first + rows.nrows(), ..]), rows);
        };
        // A pool of one thread is another thread, with caches of its own.
        if x.nrows() <= BLOCK || rayon::current_num_threads() == 1 {
            cost.axis_chunks_iter_mut(Axis(0), BLOCK).enumerate().for_each(fill);
        } else {
            cost.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter().enumerate().for_each(fill);
        }
        // SAFETY: the blocks are the whole matrix, and `fill` writes every entry of its block.
        unsafe { cost.assume_init() }
    }

    /// Writes every entry.
    fn fill(&self, x: ArrayView2<'_, A>, cost: ArrayViewMut2<'_, MaybeUninit<A>>) {
        match self {
            Self::Few { coordinates } => Arch::new().dispatch(Differences { x, coordinates, cost }),
            Self::Many(product) => product.fill(x, cost),
        }
    }
}

/// Squared distances, coordinate by coordinate for some targets at a time.
struct Differences<'a, A> {
    x: ArrayView2<'a, A>,
    coordinates: &'a Array2<A>,
    cost: ArrayViewMut2<'a, MaybeUninit<A>>,
}

impl<A: Real> WithSimd for Differences<'_, A> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let mut sums = [A::zero(); TARGETS];
        for (costs, point) in self.cost.outer_iter_mut().zip(self.x.outer_iter()) {
            let costs = costs.into_slice().expect("a row of a matrix in standard layout");
            for (part, costs) in costs.chunks_mut(TARGETS).enumerate() {
                let sums = &mut sums[..costs.len()];
                sums.fill(A::zero());
                for (&a, column) in point.iter().zip(self.coordinates.outer_iter()) {
                    let column = column.to_slice().expect("a row of a matrix in standard layout");
                    for (sum, &b) in sums.iter_mut().zip(&column[part * TARGETS..]) {
                        *sum += (a - b) * (a - b);
                    }
                }
                for (cost, &sum) in costs.iter_mut().zip(&*sums) {
                    cost.write(sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::magnitude;
    use crate::limited::limited;

    #[test]
    fn a_number_that_is_none_is_seen_wherever_it_is() {
        let _limited = limited();
        let points = Array2::from_shape_fn((9, 41), |(i, j)| -((i * 41 + j) as f32));
        assert_eq!(magnitude(points.view()), 368.0);
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, 63, 64, 200, 368] {
                let mut points = points.clone();
                points[[place / 41, place % 41]] = value;
                assert_eq!(magnitude(points.view()), f64::INFINITY, "{value} at {place}");
                assert_eq!(magnitude(points.t()), f64::INFINITY, "{value} at {place}");
            }
        }
    }
}
