//! Points one after the other, as tiles of a product read those of the other side.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::hint::black_box;
use std::ops::Range;

use ndarray::{Array1, ArrayView2};

use crate::Real;

/// An odd number of them lies between rows, which would share their places in a cache otherwise.
const APART: usize = 16;

/// Points around a centre.
#[derive(Debug)]
pub(super) struct Rows<A> {
    pub(super) points: usize,
    depth: usize,
    stride: usize,
    values: Vec<A>,
    /// Squared lengths.
    pub(super) norms: Vec<A>,
}

impl<A: Real> Rows<A> {
    #[inline(always)]
    pub(super) fn new(points: ArrayView2<'_, A>, centre: &Array1<A>) -> Self {
        let (n, depth) = points.dim();
        let stride = depth.next_multiple_of(APART) | APART;
        let (mut values, mut norms) = (Vec::with_capacity(n * stride), Vec::with_capacity(n));
        let points = points.as_standard_layout();
        let centre = centre.as_slice().expect("a vector in standard layout");
        for row in points.as_slice().expect("a matrix in standard layout").chunks_exact(depth) {
            let start = values.len();
            values.extend(row.iter().zip(centre).map(|(&x, &c)| x - c));
            norms.push(squared_length(&values[start..]));
            values.resize(start + stride, A::zero());
        }
        Self { points: n, depth, stride, values, norms }
    }

    pub(super) fn point(&self, index: usize) -> &[A] {
        &self.values[index * self.stride..][..self.depth]
    }

    /// Some coordinates of some points, the last one again where there are no more.
    #[inline(always)]
    pub(super) fn some<const N: usize>(&self, first: usize, coordinates: &Range<usize>) -> [&[A]; N] {
        let mut rows = [[].as_slice(); N];
        for (i, row) in rows.iter_mut().enumerate() {
            let start = (first + i).min(self.points - 1) * self.stride;
            *row = &self.values[start + coordinates.start..start + coordinates.end];
        }
        rows
    }
}

/// The sum of squares, in the same order on every vector unit.
#[inline(always)]
fn squared_length<A: Real>(point: &[A]) -> A {
    let mut sums = [A::zero(); 16];
    let (parts, rest) = point.as_chunks::<16>();
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, &v)| *sum += v * v);
    }
    sums.iter_mut().zip(rest).for_each(|(sum, &v)| *sum += v * v);
    // Behind a barrier: the compiler makes pairs of lanes of the loop otherwise, for their sum.
    black_box(sums).iter().fold(A::zero(), |sum, &v| sum + v)
}
