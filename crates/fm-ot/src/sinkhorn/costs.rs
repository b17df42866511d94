//! Where the rows of the cost come from: a matrix, or points whose costs are made block by block whenever they are read.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use crate::{OtError, Real, Side, points};

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
}

#[derive(Clone, Debug)]
enum Source<'a, A: Real> {
    /// Row by row.
    Matrix(Cow<'a, [A]>),
    /// Squared distances.
    Points { x: Array2<A>, y: Array2<A> },
}

/// What a relative epsilon is relative to, over the finite costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Statistics {
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// Whether all are the same.
    pub(super) constant: bool,
}

impl<'a, A: Real> Costs<'a, A> {
    /// A matrix without NaN, `-inf`, and finite values beyond 1e300.
    pub(super) fn matrix(cost: ArrayView2<'a, A>) -> Result<Self, OtError> {
        let (n, m) = cost.dim();
        let matrix = match cost.to_slice() {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(cost.iter().copied().collect()),
        };
        let costs = Self { source: Source::Matrix(matrix), n, m, unit: 1.0 };
        let invalid = |c: &A| c.is_nan() || (c.widen().abs() > LARGEST && *c != A::infinity());
        let mut found = None;
        costs.each_row(|row, costs| {
            if found.is_none() && costs.iter().filter(|c| invalid(c)).count() > 0 {
                found = costs.iter().position(invalid).map(|column| (row, column, costs[column].widen()));
            }
        });
        if let Some((row, column, value)) = found {
            return Err(OtError::InvalidCost { row, column, value });
        }
        Ok(costs)
    }

    /// The squared distances of finite points, which are scaled so that no square overflows or vanishes.
    pub(super) fn points(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<Self, OtError> {
        points::check(x, y)?;
        let largest = x.iter().chain(y).fold(A::zero(), |m, v| m.max(v.abs())).widen();
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
        Ok(Self { n, m, unit: unit * unit, source: Source::Points { x: rescale(x), y: rescale(y) } })
    }

    /// Makes the matrix, once and for all.
    pub(super) fn stored(self) -> Self {
        let Source::Points { x, y } = &self.source else { return self };
        let matrix = block(x.view(), y.view()).into_iter().collect();
        Self { source: Source::Matrix(Cow::Owned(matrix)), ..self }
    }

    /// The rows of `range`, one after the other; `scratch` holds them where they have to be made.
    pub(super) fn block<'s>(&'s self, range: Range<usize>, scratch: &'s mut Vec<A>) -> &'s [A] {
        match &self.source {
            Source::Matrix(rows) => &rows[range.start * self.m..range.end * self.m],
            Source::Points { x, y } => {
                scratch.clear();
                scratch.extend(block(x.slice(s![range, ..]), y.view()));
                scratch
            }
        }
    }

    /// Every row in turn.
    pub(super) fn each_row(&self, mut visit: impl FnMut(usize, &[A])) {
        const ROWS: usize = 64;
        let mut scratch = Vec::new();
        for first in (0..self.n).step_by(ROWS) {
            let last = (first + ROWS).min(self.n);
            let rows = self.block(first..last, &mut scratch);
            (first..last).for_each(|i| visit(i, &rows[(i - first) * self.m..][..self.m]));
        }
    }

    /// Whether every point that has weight has a pair that is not forbidden.
    pub(super) fn check_reachable(&self, a: &[f64], b: &[f64]) -> Result<(), OtError> {
        if !self.is_matrix() {
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

    /// Two passes: the deviation is that from the mean.
    pub(super) fn statistics(&self) -> Statistics {
        let (mut count, mut least, mut most) = (0_usize, f64::INFINITY, f64::NEG_INFINITY);
        let mut row_sums = Vec::with_capacity(self.n);
        self.each_row(|_, row| {
            let (mut sum, mut finite) = ([0.0; 8], [0.0; 8]);
            for chunk in row.chunks(8) {
                for (l, c) in chunk.iter().enumerate() {
                    let c = c.widen();
                    let allowed = c <= LARGEST;
                    sum[l] += if allowed { c } else { 0.0 };
                    finite[l] += if allowed { 1.0 } else { 0.0 };
                    least = if c < least { c } else { least };
                    most = if allowed && c > most { c } else { most };
                }
            }
            count += finite.iter().sum::<f64>() as usize;
            row_sums.push(sum.iter().sum::<f64>());
        });
        let total = count.max(1) as f64;
        let mean: f64 = row_sums.iter().map(|sum| sum / total).sum();
        let widest = (most - mean).max(mean - least);
        let mut variance = 0.0;
        if widest > 0.0 && widest.is_finite() {
            self.each_row(|_, row| {
                let finite = row.iter().map(|c| c.widen()).filter(|c| *c <= LARGEST);
                variance += finite.map(|c| ((c - mean) / widest).powi(2)).sum::<f64>() / total;
            });
        }
        Statistics {
            mean,
            deviation: if variance > 0.0 { widest * variance.sqrt() } else { 0.0 },
            constant: least >= most,
        }
    }
}

fn block<A: Real>(x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Array2<A> {
    let (mut cost, scale) = points::scaled_distances(x, y);
    if scale != 1.0 {
        cost.mapv_inplace(|c| A::narrow(c.widen() / scale / scale));
    }
    cost
}
