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

use ndarray::{Array1, ArrayView2, ArrayViewMut2, Axis};
use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::aligned::{Aligned, LINE};
use crate::lanes::Lanes;

mod panels;
mod rows;
use panels::Panels;
use rows::Rows;

/// An entry below this fraction of `|x|^2 + |y|^2` is recomputed, which keeps six bits of cancellation.
const CANCELLED: f64 = 1.0 / 64.0;

/// Coordinates that are multiplied in one go.
const DEPTH: usize = 1024;

/// What targets may take of the second cache.
const GROUP_BYTES: usize = 1 << 19;

/// Panels of targets whose products stay in the first cache.
const BAND: usize = 8;

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
    pub(crate) fn fill(&self, x: ArrayView2<'_, A>, mut cost: ArrayViewMut2<'_, MaybeUninit<A>>) {
        let cost = cost.as_slice_mut().expect("rows of a matrix in standard layout");
        self.arch.dispatch(Fill { product: self, x, cost });
    }
}

/// Whether a tile has room for 8 times 3 vectors of sums, or for 6 times 2. There have to be registers left for a row of targets, for
/// the coordinate that it is multiplied by, and for the next one.
const fn many_registers<S: Simd>() -> bool {
    S::REGISTER_COUNT >= 32
}

struct Targets<'a, A> {
    points: ArrayView2<'a, A>,
    centre: &'a Array1<A>,
}

impl<A: Real> WithSimd for Targets<'_, A> {
    type Output = Panels<A>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> Panels<A> {
        Panels::new(s, self.points, self.centre, if many_registers::<S>() { 3 } else { 2 })
    }
}

struct Fill<'a, A> {
    product: &'a Product<A>,
    x: ArrayView2<'a, A>,
    cost: &'a mut [MaybeUninit<A>],
}

impl<A: Real> WithSimd for Fill<'_, A> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        if many_registers::<S>() { self.fill::<S, 8, 3>(s) } else { self.fill::<S, 6, 2>(s) }
    }
}

impl<A: Real> Fill<'_, A> {
    #[inline(always)]
    fn fill<S: Simd, const ROWS: usize, const VECTORS: usize>(self, s: S) {
        let y = &self.product.targets;
        let x = Rows::new(self.x, &self.product.centre);
        let m = y.points;
        let group = (GROUP_BYTES / (y.depth * y.width * size_of::<A>())).max(1) * y.width;
        let mut band = Aligned::filled(ROWS * BAND * y.width, A::zero());
        for column in (0..m).step_by(group) {
            for row in (0..x.points).step_by(ROWS) {
                let rows = row..x.points.min(row + ROWS);
                for first in (column..m.min(column + group)).step_by(BAND * y.width) {
                    let columns = first..m.min(column + group).min(first + BAND * y.width);
                    for panel in columns.clone().step_by(y.width) {
                        let part = panel..columns.end.min(panel + y.width);
                        rows.clone().for_each(|i| claim(&mut self.cost[i * m..][part.clone()]));
                        products::<A, S, ROWS, VECTORS>(s, (&x, row), (y, panel), &mut band[panel - first..]);
                    }
                    for (i, products) in rows.clone().zip(band.chunks_exact(BAND * y.width)) {
                        distances((&x, i), (y, first), products, &mut self.cost[i * m..][columns.clone()]);
                    }
                }
            }
        }
    }
}

/// Begins to write: the lines come from memory while products are made, and are there when their distances are.
#[inline(always)]
fn claim<A: Real>(costs: &mut [MaybeUninit<A>]) {
    for line in costs.chunks_mut(LINE / size_of::<A>()) {
        line[0].write(A::zero());
    }
}

/// The products of some points with those of a panel, in rows of a band.
#[inline(always)]
fn products<A: Real, S: Simd, const ROWS: usize, const VECTORS: usize>(
    s: S,
    (x, row): (&Rows<A>, usize),
    (y, column): (&Panels<A>, usize),
    products: &mut [A],
) {
    let chunk = y.depth.div_ceil(y.depth.div_ceil(DEPTH));
    for start in (0..y.depth).step_by(chunk) {
        let coordinates = start..y.depth.min(start + chunk);
        let sums: Tile<A, S, ROWS, VECTORS> = tile(s, x.some(row, &coordinates), y.part(column, &coordinates));
        for (products, sums) in products.chunks_mut(BAND * y.width).zip(sums) {
            let (products, _) = A::vectors_mut::<S>(products);
            let products = products.first_chunk_mut::<VECTORS>().expect("a panel is as wide as a tile");
            for (product, sum) in products.iter_mut().zip(sums) {
                *product = if start == 0 { sum } else { A::sum(s, *product, sum) };
            }
        }
    }
}

/// The products of some points with those of a panel.
#[inline(always)]
fn tile<A: Real, S: Simd, const ROWS: usize, const VECTORS: usize>(
    s: S,
    left: [&[A]; ROWS],
    right: &[A],
) -> Tile<A, S, ROWS, VECTORS> {
    let mut sums = [[A::splat(s, A::zero()); VECTORS]; ROWS];
    let (right, _) = A::vectors::<S>(right);
    let right = right.as_chunks::<VECTORS>().0;
    let mut lefts = [[].as_slice(); ROWS];
    for (lefts, left) in lefts.iter_mut().zip(left) {
        *lefts = &left[..right.len()];
    }
    for (k, y) in right.iter().enumerate() {
        for (sums, x) in sums.iter_mut().zip(lefts) {
            add(s, sums, x[k], y);
        }
    }
    sums
}

/// The sums of a tile.
type Tile<A, S, const ROWS: usize, const VECTORS: usize> = [[<A as Lanes>::Vector<S>; VECTORS]; ROWS];

/// Adds the products of a coordinate with those of a panel.
#[inline(always)]
fn add<A: Real, S: Simd, const VECTORS: usize>(
    s: S,
    sums: &mut [A::Vector<S>; VECTORS],
    x: A,
    y: &[A::Vector<S>; VECTORS],
) {
    let x = A::splat(s, x);
    for (sum, &y) in sums.iter_mut().zip(y) {
        *sum = A::fused(s, x, y, *sum);
    }
}

/// The squared distances of a point to those from another on, from their products.
#[inline(always)]
fn distances<A: Real>(
    (x, i): (&Rows<A>, usize),
    (y, first): (&Panels<A>, usize),
    products: &[A],
    costs: &mut [MaybeUninit<A>],
) {
    let (norm, norms) = (x.norms[i], &y.norms[first..]);
    let mut spoilt = false;
    for ((cost, &product), &other) in costs.iter_mut().zip(products).zip(norms) {
        let (distance, cancelled) = distance(product, norm + other);
        cost.write(distance);
        spoilt |= cancelled;
    }
    if spoilt {
        restore(costs, products, norm, norms, |j| squared_distance(x.point(i), y.point(first + j)));
    }
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

/// The squared distance of two points, from differences.
fn squared_distance<'a, A: Real>(x: &[A], y: impl Iterator<Item = &'a A>) -> A {
    x.iter().zip(y).fold(A::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b))
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
