//! Squared distances in many dimensions, from a matrix product.
//!
//! ```text
//! c_ij = |x_i - y_j|^2 = |x_i|^2 + |y_j|^2 - 2 x_i . y_j
//! ```
//!
//! This is faster than differences and loses the small entries to cancellation; the points are centred first, and every entry that has lost
//! more than [`CANCELLED`] of its terms is recomputed from differences. Identical points are therefore at distance exactly
//! zero, in any dimension.
//!
//! A matrix product of a library reads and writes the whole matrix once more than is needed, and knows nothing of norms and centres. Here
//! products are turned into distances where they are made, in a band of a few rows that never leaves the cache. The loops are those of
//! Goto and van de Geijn (2008), *Anatomy of high-performance matrix multiplication*: a tile of sums in registers, one side in the cache of
//! the second level, the other streaming by. A product is the same whatever is computed with it.

#![expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]

use std::mem::MaybeUninit;
use std::ops::Range;

use ndarray::{Array1, ArrayView2, ArrayViewMut2, Axis, s};
use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::aligned::Aligned;
use crate::lanes::width;

mod panels;
use panels::Panels;

/// An entry below this fraction of `|x|^2 + |y|^2` is recomputed, which keeps six bits of cancellation.
const CANCELLED: f64 = 1.0 / 64.0;

/// Coordinates that are multiplied in one go.
const DEPTH: usize = 1024;

/// What targets may take of the second cache.
const GROUP_BYTES: usize = 1 << 19;

/// Panels of targets whose products stay in the first cache.
const BAND: usize = 8;

/// Vectors of a row of a tile.
const VECTORS: usize = 3;

/// Targets made ready to measure the distances of sources to them.
#[derive(Debug)]
pub(crate) struct Product<A> {
    arch: Arch,
    centre: Array1<A>,
    targets: Panels<A>,
}

impl<A: Real> Product<A> {
    pub(crate) fn new(arch: Arch, points: ArrayView2<'_, A>) -> Self {
        let centre = points.sum_axis(Axis(0)) / A::narrow(points.nrows().max(1) as f64);
        let targets = arch.dispatch(Targets { points, centre: &centre });
        Self { arch, centre, targets }
    }

    /// How many there are.
    pub(crate) fn targets(&self) -> usize {
        self.targets.points
    }

    /// Writes the squared distances of `x`, in rows.
    pub(crate) fn fill(&self, x: ArrayView2<'_, A>, cost: ArrayViewMut2<'_, MaybeUninit<A>>) {
        self.arch.dispatch(Fill { product: self, x, cost });
    }
}

struct Targets<'a, A> {
    points: ArrayView2<'a, A>,
    centre: &'a Array1<A>,
}

impl<A: Real> WithSimd for Targets<'_, A> {
    type Output = Panels<A>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Panels<A> {
        Panels::new(self.points, self.centre, VECTORS * width::<A, S>())
    }
}

struct Fill<'a, A> {
    product: &'a Product<A>,
    x: ArrayView2<'a, A>,
    cost: ArrayViewMut2<'a, MaybeUninit<A>>,
}

impl<A: Real> WithSimd for Fill<'_, A> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        // As many sums as leave registers for a row of a tile and for the factor that it is multiplied by.
        if S::REGISTER_COUNT >= 32 { self.fill::<S, 8>(s) } else { self.fill::<S, 4>(s) }
    }
}

impl<A: Real> Fill<'_, A> {
    #[inline(always)]
    fn fill<S: Simd, const ROWS: usize>(mut self, s: S) {
        let y = &self.product.targets;
        let x = Panels::new(self.x, &self.product.centre, ROWS);
        let group = (GROUP_BYTES / (y.depth * y.width * size_of::<A>())).max(1) * y.width;
        let mut band = Aligned::filled(ROWS * BAND * y.width, A::zero());
        for column in (0..y.points).step_by(group) {
            for row in (0..x.points).step_by(ROWS) {
                for first in (column..y.points.min(column + group)).step_by(BAND * y.width) {
                    let columns = first..y.points.min(column + group).min(first + BAND * y.width);
                    products::<A, S, ROWS>(s, [&x, y], row, columns.clone(), &mut band);
                    let cost = self.cost.slice_mut(s![row..x.points.min(row + ROWS), columns.clone()]);
                    distances([&x, y], [row, first], &band, cost);
                }
            }
        }
    }
}

/// The products of the points of a panel with those of some others, in rows of `BAND` panels.
#[inline(always)]
fn products<A: Real, S: Simd, const ROWS: usize>(
    s: S,
    [x, y]: [&Panels<A>; 2],
    row: usize,
    columns: Range<usize>,
    band: &mut [A],
) {
    let chunk = y.depth.div_ceil(y.depth.div_ceil(DEPTH));
    for start in (0..y.depth).step_by(chunk) {
        let coordinates = start..y.depth.min(start + chunk);
        let left = x.part(row, &coordinates);
        for first in columns.clone().step_by(y.width) {
            let right = y.part(first, &coordinates);
            let products = &mut band[first - columns.start..];
            tile::<A, S, ROWS>(s, left, right, products, BAND * y.width, start == 0);
        }
    }
}

/// The squared distances of the points from `first` on, from their products.
#[inline(always)]
fn distances<A: Real>(
    [x, y]: [&Panels<A>; 2],
    first: [usize; 2],
    band: &[A],
    mut cost: ArrayViewMut2<'_, MaybeUninit<A>>,
) {
    let norms = &y.norms[first[1]..];
    for (i, (mut costs, products)) in cost.outer_iter_mut().zip(band.chunks_exact(BAND * y.width)).enumerate() {
        let costs = costs.as_slice_mut().expect("a row of a matrix in standard layout");
        let norm = x.norms[first[0] + i];
        if expand(costs, products, norm, norms) {
            restore(costs, products, norm, norms, |j| x.squared_distance(first[0] + i, y, first[1] + j));
        }
    }
}

/// The products of the points of two panels, in rows that are `stride` apart: the first ones, or those to be added.
#[inline(always)]
fn tile<A: Real, S: Simd, const ROWS: usize>(
    s: S,
    left: &[A],
    right: &[A],
    products: &mut [A],
    stride: usize,
    first: bool,
) {
    let mut sums = [[A::splat(s, A::zero()); VECTORS]; ROWS];
    let (right, _) = A::vectors::<S>(right);
    for (x, y) in left.as_chunks::<ROWS>().0.iter().zip(right.as_chunks::<VECTORS>().0) {
        for (sums, &x) in sums.iter_mut().zip(x) {
            let x = A::splat(s, x);
            for (sum, &y) in sums.iter_mut().zip(y) {
                *sum = A::fused(s, x, y, *sum);
            }
        }
    }
    for (row, sums) in products.chunks_mut(stride).zip(sums) {
        for (product, sum) in A::vectors_mut::<S>(row).0.iter_mut().zip(sums) {
            *product = if first { sum } else { A::sum(s, *product, sum) };
        }
    }
}

/// The squared distances of a point, from its products; whether there are any that cancellation has spoilt.
#[inline(always)]
fn expand<A: Real>(costs: &mut [MaybeUninit<A>], products: &[A], norm: A, norms: &[A]) -> bool {
    let mut spoilt = false;
    for ((cost, &product), &other) in costs.iter_mut().zip(products).zip(norms) {
        let (distance, cancelled) = distance(product, norm + other);
        cost.write(distance);
        spoilt |= cancelled;
    }
    spoilt
}

/// Computes anew what cancellation has spoilt.
fn restore<A: Real>(
    costs: &mut [MaybeUninit<A>],
    products: &[A],
    norm: A,
    norms: &[A],
    from_differences: impl Fn(usize) -> A,
) {
    for (j, ((cost, &product), &other)) in costs.iter_mut().zip(products).zip(norms).enumerate() {
        if distance(product, norm + other).1 {
            cost.write(from_differences(j));
        }
    }
}

/// The squared distance of two points, and whether it is spoilt.
#[inline(always)]
fn distance<A: Real>(product: A, norms: A) -> (A, bool) {
    let distance = norms - A::narrow(2.0) * product;
    (distance, distance < A::narrow(CANCELLED) * norms)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder, s};
    use pulp::Arch;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::Product;
    use crate::Real;
    use crate::lanes::units;
    use crate::limited::limited;
    use crate::points::Targets;

    /// Points away from the origin, some of the targets on sources.
    fn points<A: Real>(n: usize, m: usize, d: usize) -> [Array2<A>; 2] {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut draw = |n| Array2::from_shape_simple_fn((n, d), || A::narrow(3.0 + rng.random_range(-1.0..1.0)));
        let (x, mut y) = (draw(n), draw(m));
        for (mut y, x) in y.outer_iter_mut().zip(x.outer_iter()).step_by(7) {
            y.assign(&x);
        }
        [x, y]
    }

    fn distances<A: Real>(arch: Arch, [x, y]: &[Array2<A>; 2]) -> Array2<A> {
        Targets::Many(Product::new(arch, y.view())).distances(x.view())
    }

    /// Points of small whole numbers, the targets with their centre at the origin: every sum is exact. The first pair is one point.
    fn whole_points<A: Real>(n: usize, m: usize, d: usize) -> [Array2<A>; 2] {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let x = Array2::from_shape_simple_fn((n, d), || A::narrow(f64::from(rng.random_range(-3..=3))));
        let mut y = Array2::zeros((m, d));
        for j in 0..m / 2 {
            let point = x.row(j % n);
            y.row_mut(j).assign(&point);
            y.row_mut(m - 1 - j).assign(&point.mapv(|v| -v));
        }
        [x, y]
    }

    fn are_distances<A: Real>() {
        // Around the widths of tiles and bands, and more coordinates than are multiplied in one go.
        for (n, m, d) in
            [(1, 1, 17), (8, 48, 64), (9, 47, 65), (7, 97, 100), (25, 385, 31), (13, 50, 1025), (5, 3, 2100)]
        {
            let sides = whole_points::<A>(n, m, d);
            for arch in units() {
                for ((i, j), &c) in distances(arch, &sides).indexed_iter() {
                    let pairs = sides[0].row(i).into_iter().zip(sides[1].row(j));
                    let exact: f64 = pairs.map(|(a, b)| (a.widen() - b.widen()).powi(2)).sum();
                    assert_eq!(c.widen(), exact, "{n}x{m}x{d} {arch:?}: {i}, {j}");
                }
            }
        }
    }

    #[test]
    fn products_are_distances() {
        let _limited = limited();
        are_distances::<f32>();
        are_distances::<f64>();
    }

    #[test]
    fn a_distance_is_the_same_in_any_company_layout_and_width() {
        let _limited = limited();
        let [x, y] = points::<f32>(30, 101, 1100);
        let fused: Vec<_> = units().into_iter().filter(|arch| !matches!(arch, Arch::Scalar)).collect();
        let all: Vec<_> = fused.iter().map(|&arch| distances(arch, &[x.clone(), y.clone()])).collect();
        assert!(all.iter().all(|cost| cost == all[0]), "units that round a product and a sum at once");
        for arch in fused {
            let mut transposed = Array2::zeros(x.dim().f());
            transposed.assign(&x);
            assert_eq!(distances(arch, &[transposed, y.clone()]), all[0]);
            let few = x.slice(s![11..14, ..]).to_owned();
            assert_eq!(distances(arch, &[few, y.clone()]), all[0].slice(s![11..14, ..]));
        }
    }
}
