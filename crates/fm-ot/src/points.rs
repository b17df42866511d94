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
//!
//! The product is that of the crate `gemm`, which has kernels for AVX-512 and comes near to what the processor can multiply; the one
//! behind `ndarray`'s `dot` has none and takes twice as long. Blocks of rows go to the threads of the current `rayon` pool. Their
//! size does not depend on the number of threads, so neither does the result.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the vector unit of the function that it is inlined into"
)]

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use pulp::Arch;
use rayon::prelude::*;

use crate::{OtError, Real, Side};

/// Rows of a block: enough that rearranging the other factor for its product costs little.
const BLOCK: usize = 512;

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
        if points.fold(true, |finite, v| finite & v.is_finite()) {
            continue;
        }
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
    let largest = magnitude(x).max(magnitude(y));
    let exponent = power_of_two_above(largest);
    if exponent.abs() < 16 {
        return (distances(x, y), 1.0);
    }
    let scale = (-f64::from(exponent)).exp2();
    let rescale = |points: ArrayView2<'_, A>| points.mapv(|v| A::narrow(v.widen() * scale));
    (distances(rescale(x).view(), rescale(y).view()), scale)
}

/// The largest coordinate in absolute value.
fn magnitude<A: Real>(points: ArrayView2<'_, A>) -> f64 {
    let mut largest = [A::zero(); 16];
    for row in points.as_standard_layout().outer_iter() {
        // A maximum for each of the lanes, which the compiler can take at once.
        for part in row.as_slice().expect("a row of a matrix in standard layout").chunks(largest.len()) {
            for (m, v) in largest.iter_mut().zip(part) {
                *m = if v.abs() > *m { v.abs() } else { *m };
            }
        }
    }
    largest.iter().fold(0.0, |m, v| v.widen().max(m))
}

/// The exponent `e` with `2^(e-1) <= value < 2^e`, zero for zero, kept where `2^e` and `2^-e` are both normal.
pub(crate) fn power_of_two_above(value: f64) -> i32 {
    if value > 0.0 { (value.log2().floor() as i32 + 1).clamp(-1000, 1000) } else { 0 }
}

fn distances<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Array2<A> {
    Targets::new(y).distances(x)
}

/// Points made ready to measure the distances of others to them.
#[derive(Clone, Debug)]
pub(crate) enum Targets<A> {
    /// Each coordinate of all points.
    Few { coordinates: Array2<A> },
    /// The points around their centre, and their squared lengths there.
    Many { centre: Array1<A>, points: Array2<A>, norms: Array1<A> },
}

impl<A: Real> Targets<A> {
    pub(crate) fn new(points: ArrayView2<'_, A>) -> Self {
        if points.ncols() <= FEW_COORDINATES {
            return Self::Few { coordinates: points.t().as_standard_layout().into_owned() };
        }
        let centre = points.sum_axis(Axis(0)) / A::narrow(points.nrows().max(1) as f64);
        let points = around(&centre, points);
        Self::Many { norms: norms(&points), centre, points }
    }

    /// The squared distances of `x`, in rows.
    pub(crate) fn distances(&self, x: ArrayView2<'_, A>) -> Array2<A> {
        let columns = match self {
            Self::Few { coordinates } => coordinates.ncols(),
            Self::Many { points, .. } => points.nrows(),
        };
        let mut cost = Array2::zeros((x.nrows(), columns));
        if x.nrows() <= BLOCK {
            self.fill(x, cost.view_mut());
            return cost;
        }
        cost.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter().enumerate().for_each(|(block, rows)| {
            let first = block * BLOCK;
            self.fill(x.slice(s![first..first + rows.nrows(), ..]), rows);
        });
        cost
    }

    fn fill(&self, x: ArrayView2<'_, A>, cost: ArrayViewMut2<'_, A>) {
        match self {
            Self::Few { coordinates } => by_differences(x, coordinates, cost),
            Self::Many { centre, points, norms } => by_product(&around(centre, x), points, norms, cost),
        }
    }
}

fn around<A: Real>(centre: &Array1<A>, points: ArrayView2<'_, A>) -> Array2<A> {
    (&points - centre).as_standard_layout().into_owned()
}

fn norms<A: Real>(points: &Array2<A>) -> Array1<A> {
    points.outer_iter().map(|p| p.dot(&p)).collect()
}

/// Coordinate by coordinate, so that the inner loop runs along a row of the result, which is zero at first.
fn by_differences<A: Real>(x: ArrayView2<'_, A>, coordinates: &Array2<A>, mut cost: ArrayViewMut2<'_, A>) {
    for (mut row, point) in cost.outer_iter_mut().zip(x.outer_iter()) {
        for (&a, column) in point.iter().zip(coordinates.outer_iter()) {
            row.zip_mut_with(&column, |c, &b| *c += (a - b) * (a - b));
        }
    }
}

fn by_product<A: Real>(x: &Array2<A>, y: &Array2<A>, y_norms: &Array1<A>, mut cost: ArrayViewMut2<'_, A>) {
    products(x, y, &mut cost);
    let arch = Arch::new();
    let y_norms = y_norms.as_slice().expect("a vector that was collected");
    for ((mut row, point), norm) in cost.outer_iter_mut().zip(x.outer_iter()).zip(norms(x)) {
        let costs = row.as_slice_mut().expect("a row of a matrix in standard layout");
        if !arch.dispatch(|| expand(costs, norm, y_norms)) {
            continue;
        }
        for ((c, &b), other) in costs.iter_mut().zip(y_norms).zip(y.outer_iter()) {
            if *c < A::narrow(CANCELLED) * (norm + b) {
                *c = squared_distance(point, other);
            }
        }
    }
}

/// Turns the products of a point into squared distances; whether there are any that cancellation has spoilt.
#[inline(always)]
fn expand<A: Real>(costs: &mut [A], norm: A, norms: &[A]) -> bool {
    let (two, cancelled) = (A::narrow(2.0), A::narrow(CANCELLED));
    let mut spoilt = false;
    for (c, &b) in costs.iter_mut().zip(norms) {
        let terms = norm + b;
        *c = terms - two * *c;
        spoilt |= *c < cancelled * terms;
    }
    spoilt
}

/// `x y^T` of matrices in standard layout, on one thread.
#[expect(unsafe_code, reason = "gemm takes pointers; the shapes that make them valid are checked here")]
fn products<A: Real>(x: &Array2<A>, y: &Array2<A>, product: &mut ArrayViewMut2<'_, A>) {
    let ((n, d), m) = (x.dim(), y.nrows());
    assert!(y.ncols() == d && product.dim() == (n, m), "a product of matrices that do not fit");
    assert!(x.is_standard_layout() && y.is_standard_layout() && product.is_standard_layout());
    let (row, depth) = (m as isize, d as isize);
    // SAFETY: all three are in standard layout with the dimensions checked above, so that every element of [n, m], [n, d] and [d, m] at
    // these strides is inside its array; `product` is borrowed mutably, and `A` is `f32` or `f64`, which gemm is made for.
    unsafe {
        gemm::gemm(
            n,
            m,
            d,
            product.as_mut_ptr(),
            1,
            row,
            false,
            x.as_ptr(),
            1,
            depth,
            y.as_ptr(),
            depth,
            1,
            A::zero(),
            A::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn squared_distance<A: Real>(x: ArrayView1<'_, A>, y: ArrayView1<'_, A>) -> A {
    x.iter().zip(y).fold(A::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b))
}
