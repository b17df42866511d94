//! Points side by side, as tiles of a product read them.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::ops::Range;

use ndarray::{Array1, ArrayView2};

use crate::Real;
use crate::aligned::Aligned;

/// Coordinates that are rearranged in one go, which stay in the nearest cache.
const PART: usize = 64;

/// Points around a centre, `width` of them side by side: their first coordinates, their second ones, and so on. A last panel that is not
/// full has zeros.
#[derive(Debug)]
pub(super) struct Panels<A> {
    pub(super) points: usize,
    pub(super) width: usize,
    pub(super) depth: usize,
    values: Aligned<A>,
    /// Squared lengths.
    pub(super) norms: Vec<A>,
}

impl<A: Real> Panels<A> {
    #[inline(always)]
    pub(super) fn new(points: ArrayView2<'_, A>, centre: &Array1<A>, width: usize) -> Self {
        let (n, depth) = points.dim();
        let whole = n.next_multiple_of(width);
        let (mut values, mut norms) = (Aligned::filled(whole * depth, A::zero()), vec![A::zero(); whole]);
        let points = points.as_standard_layout();
        let rows = points.as_slice().expect("a matrix in standard layout");
        let centre = centre.as_slice().expect("a vector in standard layout");
        let panels = values.chunks_exact_mut(width * depth).zip(norms.chunks_exact_mut(width));
        for (rows, (panel, norms)) in rows.chunks(width * depth).zip(panels) {
            for (part, panel) in panel.chunks_mut(width * PART).enumerate() {
                let coordinates = part * PART..depth.min((part + 1) * PART);
                let centre = &centre[coordinates.clone()];
                for (point, row) in rows.chunks_exact(depth).enumerate() {
                    let row = &row[coordinates.clone()];
                    for ((values, &x), &c) in panel.chunks_exact_mut(width).zip(row).zip(centre) {
                        values[point] = x - c;
                    }
                }
                for values in panel.chunks_exact(width) {
                    for (norm, &v) in norms.iter_mut().zip(values) {
                        *norm += v * v;
                    }
                }
            }
        }
        Self { points: n, width, depth, values, norms }
    }

    /// Some coordinates of the panel that begins with a point.
    #[inline(always)]
    pub(super) fn part(&self, first: usize, coordinates: &Range<usize>) -> &[A] {
        let start = first * self.depth + coordinates.start * self.width;
        &self.values[start..start + coordinates.len() * self.width]
    }

    /// The squared distance of a point to one of others, from differences.
    pub(super) fn squared_distance(&self, point: usize, others: &Self, other: usize) -> A {
        let pairs = self.point(point).zip(others.point(other));
        pairs.fold(A::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b))
    }

    fn point(&self, index: usize) -> impl Iterator<Item = &A> {
        let place = index % self.width;
        self.part(index - place, &(0..self.depth))[place..].iter().step_by(self.width)
    }
}
