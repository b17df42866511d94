//! Where the rows of the cost come from: a matrix, or points whose costs are made block by block whenever they are read.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, s};
use pulp::Arch;

use super::survey::survey;
use crate::points::{self, Targets};
use crate::{Cost, OtError, Real, Side, cost};

/// Finite costs are at most this in absolute value, so that sums stay finite.
const LARGEST: f64 = 1e300;

/// Coordinates are below two to this, so that squares are finite and not zero.
const LARGEST_EXPONENT: i32 = 500;

/// A validated cost.
#[derive(Clone, Debug)]
pub(crate) struct Costs<'a, A: Real> {
    source: Source<'a, A>,
    pub(super) n: usize,
    pub(super) m: usize,
    /// The cost of the caller is that in here, times this.
    pub(super) unit: f64,
    /// The sum of the finite costs, and how many there are.
    sum: f64,
    finite: usize,
    /// The least and the largest finite cost.
    range: [f64; 2],
}

#[derive(Clone, Debug)]
enum Source<'a, A: Real> {
    /// Row by row.
    Matrix(Cow<'a, [A]>),
    /// Squared distances, or their roots.
    Points { x: Array2<A>, y: Arc<Targets<A>>, root: bool },
}

impl<'a, A: Real> Costs<'a, A> {
    /// A matrix without NaN, `-inf`, and finite values beyond 1e300.
    pub(super) fn matrix(cost: ArrayView2<'a, A>) -> Result<Self, OtError> {
        let (n, m) = cost.dim();
        let matrix = match cost.to_slice() {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(cost.iter().copied().collect()),
        };
        let mut costs = Self::unseen(Source::Matrix(matrix), n, m, 1.0);
        costs.survey()?;
        Ok(costs)
    }

    /// The squared distances of finite points, which are scaled so that no square overflows or vanishes. They
    /// are made once and for all if they fit into `stored_bytes`.
    pub(super) fn points(
        x: ArrayView2<'_, A>,
        y: ArrayView2<'_, A>,
        cost: Cost,
        stored_bytes: usize,
    ) -> Result<Self, OtError> {
        let largest = points::check(x, y)?;
        let exponent = points::power_of_two_above(largest);
        if exponent > LARGEST_EXPONENT {
            let row_of =
                |points: ArrayView2<'_, A>| points.indexed_iter().position(|(_, v)| v.widen().abs() == largest);
            let point = |at: Option<usize>| at.map_or(0, |at| at / x.ncols().max(1));
            return Err(OtError::Overflow { row: point(row_of(x)), column: point(row_of(y)) });
        }
        let unit = f64::from(exponent.max(-LARGEST_EXPONENT)).exp2();
        let rescale = |points: ArrayView2<'_, A>| points.mapv(|v| A::narrow(v.widen() / unit));
        let (n, m) = (x.nrows(), y.nrows());
        let (x, y, unit) = match cost {
            Cost::SquaredEuclidean => (rescale(x), rescale(y), unit * unit),
            Cost::Euclidean => (rescale(x), rescale(y), unit),
            // Half of the squared distance between points of length one.
            Cost::Cosine => (cost::on_sphere(x, Side::Source)?, cost::on_sphere(y, Side::Target)?, 0.5),
        };
        let (y, root) = (Targets::new(y.view()), cost == Cost::Euclidean);
        let source = if n * m * size_of::<A>() <= stored_bytes {
            Source::Matrix(Cow::Owned(block(x.view(), &y, root).into_raw_vec_and_offset().0))
        } else {
            Source::Points { x, y: Arc::new(y), root }
        };
        let mut costs = Self::unseen(source, n, m, unit);
        costs.survey()?;
        Ok(costs)
    }

    fn unseen(source: Source<'a, A>, n: usize, m: usize, unit: f64) -> Self {
        Self { source, n, m, unit, sum: 0.0, finite: 0, range: [f64::INFINITY, f64::NEG_INFINITY] }
    }

    /// Finds what is no cost, and fills in what relative epsilons need: in one cheap pass where all costs
    /// are finite, entry by entry where some are not.
    fn survey(&mut self) -> Result<(), OtError> {
        let (m, mut sum, mut finite, mut range) = (self.m, 0.0, 0, self.range);
        let mut invalid = None;
        self.each_block(|first, costs| {
            let (mut block_sum, least, most) = Arch::new().dispatch(|| survey(costs));
            let (mut least, mut most) = (least.widen(), most.widen());
            if !block_sum.is_finite() || least < -LARGEST || most > LARGEST {
                (block_sum, least, most) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
                for (at, value) in costs.iter().map(|c| c.widen()).enumerate() {
                    if value == f64::INFINITY {
                        continue;
                    }
                    if value.is_nan() || value.abs() > LARGEST {
                        invalid = invalid.or(Some((first + at / m, at % m, value)));
                    }
                    block_sum += value;
                    finite += 1;
                    (least, most) = (least.min(value), most.max(value));
                }
            } else {
                finite += costs.len();
            }
            sum += block_sum;
            range = [range[0].min(least), range[1].max(most)];
        });
        (self.sum, self.finite, self.range) = (sum, finite, range);
        let error = |(row, column, value)| Err(OtError::InvalidCost { row, column, value });
        invalid.map_or(Ok(()), error)
    }

    /// The rows of `range`, one after the other; `scratch` holds them where they have to be made.
    pub(super) fn block<'s>(&'s self, range: Range<usize>, scratch: &'s mut Vec<A>) -> &'s [A] {
        match &self.source {
            Source::Matrix(rows) => &rows[range.start * self.m..range.end * self.m],
            Source::Points { x, y, root } => {
                *scratch = block(x.slice(s![range, ..]), y, *root).into_raw_vec_and_offset().0;
                scratch
            }
        }
    }

    /// Every row in turn.
    pub(super) fn each_row(&self, mut visit: impl FnMut(usize, &[A])) {
        self.each_block(|first, rows| rows.chunks(self.m).enumerate().for_each(|(i, row)| visit(first + i, row)));
    }

    /// Some rows at a time, and the index of the first.
    fn each_block(&self, mut visit: impl FnMut(usize, &[A])) {
        const ROWS: usize = 64;
        let mut scratch = Vec::new();
        for first in (0..self.n).step_by(ROWS) {
            visit(first, self.block(first..(first + ROWS).min(self.n), &mut scratch));
        }
    }

    /// Whether every point that has weight has a pair that is not forbidden.
    pub(super) fn check_reachable(&self, a: &[f64], b: &[f64]) -> Result<(), OtError> {
        if self.finite == self.n * self.m {
            return Ok(());
        }
        let mut sources = vec![false; self.n];
        let mut targets = vec![0_u32; self.m];
        self.each_row(|i, row| {
            let mut reached = 0_u32;
            for ((c, &b), target) in row.iter().zip(b).zip(&mut targets) {
                let allowed = u32::from(*c < A::infinity());
                reached |= allowed & u32::from(b > 0.0);
                *target |= allowed & u32::from(a[i] > 0.0);
            }
            sources[i] = reached != 0;
        });
        let isolated =
            |side, index: Option<usize>| index.map_or(Ok(()), |index| Err(OtError::Isolated { side, index }));
        isolated(Side::Source, (0..self.n).find(|&i| a[i] > 0.0 && !sources[i]))?;
        isolated(Side::Target, (0..self.m).find(|&j| b[j] > 0.0 && targets[j] == 0))
    }

    pub(super) fn is_matrix(&self) -> bool {
        matches!(self.source, Source::Matrix(_))
    }

    /// Every `step`-th row.
    pub(super) fn sample(&self, step: usize) -> Costs<'static, A> {
        let n = self.n.div_ceil(step);
        let matrix = match &self.source {
            Source::Matrix(rows) => {
                let mut matrix = Vec::with_capacity(n * self.m);
                rows.chunks(self.m).step_by(step).for_each(|row| matrix.extend_from_slice(row));
                matrix
            }
            Source::Points { x, y, root } => block(x.slice(s![..;step, ..]), y, *root).into_raw_vec_and_offset().0,
        };
        Costs { range: self.range, ..Costs::unseen(Source::Matrix(Cow::Owned(matrix)), n, self.m, self.unit) }
    }

    /// The mean is known; the deviation from it takes a pass.
    pub(super) fn mean(&self) -> f64 {
        self.sum / self.finite.max(1) as f64
    }

    /// The standard deviation of the finite costs, relative to the widest so that squares of costs of 1e300 stay finite.
    pub(super) fn deviation(&self) -> f64 {
        let mean = self.mean();
        let widest = (self.range[1] - mean).max(mean - self.range[0]);
        if self.is_constant() {
            return 0.0;
        }
        let mut squares = 0.0;
        self.each_row(|_, row| {
            let finite = row.iter().map(|c| c.widen()).filter(|c| *c <= LARGEST);
            squares += finite.map(|c| ((c - mean) / widest).powi(2)).sum::<f64>();
        });
        widest * (squares / self.finite as f64).sqrt()
    }

    /// The largest absolute value of a finite cost.
    pub(super) fn largest(&self) -> f64 {
        self.range[1].abs().max(self.range[0].abs())
    }

    /// The largest finite cost minus the least.
    pub(super) fn spread(&self) -> f64 {
        self.range[1] - self.range[0]
    }

    /// Whether all finite costs are the same.
    pub(super) fn is_constant(&self) -> bool {
        self.range[0] >= self.range[1]
    }
}

fn block<A: Real>(x: ArrayView2<'_, A>, y: &Targets<A>, root: bool) -> Array2<A> {
    let mut cost = y.distances(x);
    if root {
        cost.mapv_inplace(A::sqrt);
    }
    cost
}
