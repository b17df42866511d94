//! A validated square matrix of costs.

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};

use crate::scan::{self, LANES};
use crate::{OtError, Real};

/// Finite costs are at most this in absolute value, so that no sum along a path overflows.
const LARGEST: f64 = 1e300;

/// Rows that are read at once: memory serves several streams faster than one.
const TOGETHER: usize = 4;

/// How many rows the spread is estimated from.
pub(super) const SAMPLED_ROWS: usize = 8;

/// Square, in rows, without NaN and `-inf`; with the statistics that bids are scaled by.
#[derive(Clone, Debug)]
pub(crate) struct Costs<'a, A> {
    values: &'a [A],
    /// From one row to the next.
    stride: usize,
    /// Rows, and columns.
    pub(crate) n: usize,
    /// Mean absolute deviation of the finite costs within a row, averaged over a sample of rows: what is common to a row
    /// does not matter to an assignment.
    pub(crate) spread: f64,
    /// The largest finite cost in that sample, in absolute value: what rounding is relative to.
    pub(crate) magnitude: f64,
    /// Whether all finite costs of that sample are whole numbers: optimal potentials then are, too.
    pub(super) whole: bool,
    /// The least cost of each column.
    pub(crate) column_minima: Vec<A>,
    /// The first row that has it, as a value of the vectors that it is found with; exact up to 2^24 rows. Empty in a part.
    cheapest_row: Vec<A>,
}

impl<'a, A: Real> Costs<'a, A> {
    /// Checks a matrix that is in standard layout.
    pub(crate) fn new(arch: Arch, cost: ArrayView2<'a, A>) -> Result<Self, OtError> {
        let (n, columns) = cost.dim();
        if n != columns {
            return Err(OtError::UnequalSizes { source_len: n, target_len: columns });
        }
        let values = cost.to_slice().expect("the caller made the layout standard");
        arch.dispatch(Survey { values, n })
    }

    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &'a [A] {
        &self.values[i * self.stride..][..self.n]
    }

    /// The first rows and columns, with the statistics of all.
    pub(crate) fn leading(&self, n: usize) -> Self {
        Self { n, column_minima: self.column_minima[..n].to_vec(), cheapest_row: Vec::new(), ..*self }
    }

    /// The row in which a column is cheapest.
    pub(super) fn cheapest_row(&self, column: usize) -> usize {
        self.cheapest_row[column].widen() as usize
    }
}

/// One pass over the matrix: what is wrong with it, and what a solver wants to know.
struct Survey<'a, A> {
    values: &'a [A],
    n: usize,
}

impl<'a, A: Real> WithSimd for Survey<'a, A> {
    type Output = Result<Costs<'a, A>, OtError>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> Self::Output {
        let Self { values, n } = self;
        let (column_minima, cheapest_row) = (vec![A::infinity(); n], vec![A::zero(); n]);
        let mut costs =
            Costs { values, stride: n, n, spread: 0.0, magnitude: 0.0, whole: true, column_minima, cheapest_row };
        // An `f32` that is finite is small enough.
        let finite_suffices = A::narrow(LARGEST) == A::infinity();
        let step = n.div_ceil(SAMPLED_ROWS).max(1);
        let mut first = 0;
        while first < n {
            let together = if first + TOGETHER <= n { TOGETHER } else { 1 };
            let finite = if together == TOGETHER {
                let mut rows = [&[] as &[A]; TOGETHER];
                for (row, i) in rows.iter_mut().zip(first..) {
                    *row = costs.row(i);
                }
                scan::survey(s, first, rows, &mut costs.column_minima, &mut costs.cheapest_row)
            } else {
                let row = [costs.row(first)];
                scan::survey(s, first, row, &mut costs.column_minima, &mut costs.cheapest_row)
            };
            for i in first..first + together {
                let row = costs.row(i);
                let fine = finite && finite_suffices;
                if let Some(column) = row.iter().position(|c| !fine && invalid(c)) {
                    return Err(OtError::InvalidCost { row: i, column, value: row[column].widen() });
                }
                if i % step == 0 {
                    let (deviation, largest) = statistics(row);
                    costs.spread += deviation / n.div_ceil(step) as f64;
                    costs.magnitude = costs.magnitude.max(largest);
                    costs.whole &= row.iter().all(|c| *c == c.round() || !c.is_finite());
                }
            }
            first += together;
        }
        Ok(costs)
    }
}

fn invalid<A: Real>(cost: &A) -> bool {
    cost.is_nan() || (cost.widen().abs() > LARGEST && *cost != A::infinity())
}

/// Of the finite values, the mean absolute deviation from the mean and the largest absolute value.
#[inline(always)]
fn statistics<A: Real>(row: &[A]) -> (f64, f64) {
    let [count, sum] = sums(
        row,
        #[inline(always)]
        |c| [1.0, c],
    );
    let mean = sum / count;
    let [deviation, _] = sums(
        row,
        #[inline(always)]
        |c| [(c - mean).abs(), 0.0],
    );
    let largest = row.iter().filter(|c| c.is_finite()).fold(0.0, |most, c| c.widen().abs().max(most));
    (deviation / count, largest)
}

/// The sums of two functions of the finite values, in as many parts as keep a vector unit busy.
#[inline(always)]
fn sums<A: Real>(row: &[A], of: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
    let mut sums = [[0.0; LANES]; 2];
    for part in row.chunks(LANES) {
        for (l, &c) in part.iter().enumerate() {
            let [one, two] = if c.is_finite() { of(c.widen()) } else { [0.0; 2] };
            sums[0][l] += one;
            sums[1][l] += two;
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}
