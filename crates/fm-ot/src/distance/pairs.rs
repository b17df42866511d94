//! Means of a function of the distance over all pairs of points: what the energy distance and the MMD are made of.
//!
//! The matrix of distances is never held whole: each block of rows is made, summed and dropped, on as many threads as there
//! are. Everything is `f64`, since the statistics are small differences of means.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::{OtError, Real, points};

/// Rows whose distances are held at once, by each thread.
const BLOCK: usize = 128;

/// How the means within a sample are taken.
///
/// Both converge to the same number. Take the biased one to show a distance that is never negative, the unbiased one to
/// average over samples, or to compare samples of two sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Estimator {
    /// The V-statistic: all pairs, each point with itself included. Never negative (up to rounding), zero for identical
    /// samples, and above the distance of the laws by a term of order `1/n + 1/m`.
    #[default]
    Biased,
    /// The U-statistic: pairs of two different points. Its mean is the distance of the laws, so for equal laws it is zero on
    /// average and negative half of the time. Needs two points on each side.
    Unbiased,
}

/// Two checked samples in `f64`.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) x: Array2<f64>,
    pub(super) y: Array2<f64>,
}

impl Samples {
    /// Finite points of one dimension, as many as the estimator needs.
    pub(super) fn new<A: Real>(
        x: ArrayView2<'_, A>,
        y: ArrayView2<'_, A>,
        estimator: Estimator,
    ) -> Result<Self, OtError> {
        points::check(x, y)?;
        let (needed, found) = (estimator.needs(), x.nrows().min(y.nrows()));
        if found < needed {
            return Err(OtError::TooFewPoints { needed, found });
        }
        Ok(Self { x: x.mapv(Real::widen), y: y.mapv(Real::widen) })
    }

    /// `mean f(x, x') + mean f(y, y') - 2 mean f(x, y)` for a function of the distance.
    pub(super) fn discrepancy(&self, estimator: Estimator, f: impl Fn(f64) -> f64 + Sync) -> f64 {
        let within = |points: &Array2<f64>| {
            let n = points.nrows() as f64;
            match estimator {
                Estimator::Biased => sum(points, points, &f) / n / n,
                Estimator::Unbiased => (sum(points, points, &f) - n * f(0.0)) / n / (n - 1.0),
            }
        };
        let between = sum(&self.x, &self.y, &f) / self.x.nrows() as f64 / self.y.nrows() as f64;
        within(&self.x) + within(&self.y) - 2.0 * between
    }
}

impl Estimator {
    /// The smallest sample it is defined for.
    const fn needs(self) -> usize {
        match self {
            Self::Biased => 1,
            Self::Unbiased => 2,
        }
    }
}

/// The sum of `f(|x_i - y_j|)` over all pairs. Blocks are added in order, whichever thread made them.
fn sum(x: &Array2<f64>, y: &Array2<f64>, f: impl Fn(f64) -> f64 + Sync) -> f64 {
    let largest = points::magnitude(x.view()).max(points::magnitude(y.view()));
    let blocks: Vec<ArrayView2<'_, f64>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
    let sums: Vec<f64> = blocks
        .into_par_iter()
        .map(|rows| {
            let (squared, scale) = points::scaled_distances(rows, y.view(), largest);
            squared.outer_iter().map(|row| row.iter().map(|s| f(s.sqrt() / scale)).sum::<f64>()).sum::<f64>()
        })
        .collect();
    sums.into_iter().sum()
}
