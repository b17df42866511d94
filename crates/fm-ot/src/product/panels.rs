//! Points side by side, as tiles of a product read them.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::ops::Range;

use ndarray::{Array1, ArrayView2};
use pulp::Simd;

use crate::Real;
use crate::aligned::Aligned;
use crate::lanes::width;

/// The most lanes that a vector has.
const LANES: usize = 16;

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
    /// Panels of some vectors.
    #[inline(always)]
    pub(super) fn new<S: Simd>(s: S, points: ArrayView2<'_, A>, centre: &Array1<A>, vectors: usize) -> Self {
        let (lanes, width) = (width::<A, S>(), vectors * width::<A, S>());
        let (n, depth) = points.dim();
        let whole = n.next_multiple_of(width);
        let (mut values, mut norms) = (Aligned::filled(whole * depth, A::zero()), vec![A::zero(); whole]);
        let points = points.as_standard_layout();
        let rows = points.as_slice().expect("a matrix in standard layout");
        let centre = centre.as_slice().expect("a vector in standard layout");
        let panels = values.chunks_exact_mut(width * depth).zip(norms.chunks_exact_mut(width));
        for (rows, (panel, norms)) in rows.chunks(width * depth).zip(panels) {
            for ((place, rows), norms) in rows.chunks(lanes * depth).enumerate().zip(A::vectors_mut::<S>(norms).0) {
                *norms = spread(s, rows, centre, &mut panel[place * lanes..], width);
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

    pub(super) fn point(&self, index: usize) -> impl Iterator<Item = &A> {
        let place = index % self.width;
        self.part(index - place, &(0..self.depth))[place..].iter().step_by(self.width)
    }
}

/// Writes points around a centre side by side, each coordinate `stride` behind the one before. Returns their squared lengths.
#[inline(always)]
fn spread<A: Real, S: Simd>(s: S, rows: &[A], centre: &[A], panel: &mut [A], stride: usize) -> A::Vector<S> {
    let (lanes, depth) = (width::<A, S>(), centre.len());
    let mut norms = A::splat(s, A::zero());
    for (start, centre) in (0..depth).step_by(lanes).zip(centre.chunks(lanes)) {
        let coordinates = start..start + centre.len();
        let centre = A::part(s, centre);
        let mut block = [A::splat(s, A::zero()); LANES];
        for (vector, row) in block.iter_mut().zip(rows.chunks_exact(depth)) {
            *vector = A::difference(s, A::part(s, &row[coordinates.clone()]), centre);
        }
        for (&vector, k) in transposed::<A, S>(s, block).iter().zip(coordinates) {
            norms = A::fused(s, vector, vector, norms);
            A::vectors_mut::<S>(&mut panel[k * stride..]).0[0] = vector;
        }
    }
    norms
}

/// The first lanes as a vector, the second ones, and so on: half by half, what is off the diagonal changes sides (Eklundh 1972, *A fast
/// computer method for matrix transposing*).
#[inline(always)]
fn transposed<A: Real, S: Simd>(s: S, mut block: [A::Vector<S>; LANES]) -> [A::Vector<S>; LANES] {
    exchange::<A, S, 8>(s, &mut block);
    exchange::<A, S, 4>(s, &mut block);
    exchange::<A, S, 2>(s, &mut block);
    exchange::<A, S, 1>(s, &mut block);
    block
}

/// Exchanges the upper half of each `HALF + HALF` lanes of a vector with the lower half of those of the vector `HALF` further. A constant,
/// or the block would not stay in registers.
#[inline(always)]
fn exchange<A: Real, S: Simd, const HALF: usize>(s: S, block: &mut [A::Vector<S>; LANES]) {
    let lanes = width::<A, S>();
    if HALF >= lanes {
        return;
    }
    let mut upper = [A::zero(); LANES];
    upper.iter_mut().enumerate().filter(|(lane, _)| lane & HALF != 0).for_each(|(_, upper)| *upper = A::one());
    let lower = A::below(s, A::part(s, &upper[..lanes]), A::splat(s, A::one()));
    for i in 0..LANES {
        if i & HALF == 0 && i < lanes {
            let (a, b) = (block[i], block[i + HALF]);
            block[i] = A::choose(s, lower, a, A::turned(s, b, lanes - HALF));
            block[i + HALF] = A::choose(s, lower, A::turned(s, a, HALF), b);
        }
    }
}
