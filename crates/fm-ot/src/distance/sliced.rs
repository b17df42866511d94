//! The sliced Wasserstein distance.

use ndarray::{Array2, ArrayView2};
use rand::{Rng, RngCore};
use rand_distr::StandardNormal;
use rayon::prelude::*;

use crate::{OtError, Real, points};

/// Directions that are projected on together, in one matrix product.
const BLOCK: usize = 16;

/// The power of the distances that a Wasserstein distance adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Order {
    /// The mean distance: W1.
    One,
    /// The root of the mean squared distance: W2.
    #[default]
    Two,
}

impl Order {
    fn power(self, value: f64) -> f64 {
        match self {
            Self::One => value,
            Self::Two => value * value,
        }
    }

    fn root(self, value: f64) -> f64 {
        match self {
            Self::One => value,
            Self::Two => value.sqrt(),
        }
    }
}

/// The sliced Wasserstein distance: the mean over random directions of the distance of the projections.
///
/// ```text
/// SW_p = (mean over directions of W_p(direction . x, direction . y)^p)^(1/p)
/// ```
///
/// A Monte Carlo estimate with `projections` directions, uniform on the sphere and drawn from `rng`: its relative error is
/// about `1/sqrt(projections)` where directions differ much. For p = 2 it is at most `W2/sqrt(d)`. Unlike `W2` its floor for
/// two samples of one law falls as `n^(-1/2)` in any dimension (Nadjahi et al. 2020), and it costs a sort for each direction.
///
/// # Shapes
/// `x`: `[n, d]`, `y`: `[m, d]`; the sizes may differ.
///
/// # Errors
/// [`OtError::Empty`], points that are not finite or of two dimensions, and [`OtError::InvalidParameter`] for no projections.
///
/// # Examples
/// ```
/// # use fm_ot::{Order, sliced_wasserstein};
/// # use ndarray::array;
/// # use rand::{SeedableRng, rngs::StdRng};
/// // Every direction of the line is the same: two points at 0 against three at 0, 3 and 3.
/// let (x, y) = (array![[0.0], [0.0]], array![[3.0], [0.0], [3.0]]);
/// let distance = sliced_wasserstein(x.view(), y.view(), Order::One, 10, &mut StdRng::seed_from_u64(0))?;
/// assert!((distance - 2.0).abs() < 1e-12);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - N. Bonneel et al., *Sliced and Radon Wasserstein Barycenters of Measures*, Journal of Mathematical Imaging and Vision
///   51, 2015.
/// - K. Nadjahi et al., *Statistical and Topological Properties of Sliced Probability Divergences*, NeurIPS 2020.
pub fn sliced_wasserstein<A: Real>(
    x: ArrayView2<'_, A>,
    y: ArrayView2<'_, A>,
    order: Order,
    projections: usize,
    rng: &mut dyn RngCore,
) -> Result<f64, OtError> {
    points::check(x, y)?;
    if x.nrows() == 0 || y.nrows() == 0 {
        return Err(OtError::Empty);
    }
    OtError::require(projections > 0, "projections", 0.0, "at least 1")?;
    // A common power of two is taken out, so that no square overflows or vanishes.
    let largest = x.iter().chain(y).fold(0.0, |m: f64, v| m.max(v.widen().abs()));
    let scale = (-f64::from(points::power_of_two_above(largest))).exp2();
    let (x, y) = (x.mapv(|v| v.widen() * scale), y.mapv(|v| v.widen() * scale));

    // Drawn before anything runs in parallel, so that threads cannot matter.
    let count = projections.div_ceil(BLOCK);
    let blocks: Vec<Array2<f64>> =
        (0..count).map(|k| directions(x.ncols(), BLOCK.min(projections - k * BLOCK), rng)).collect();
    let sums: Vec<f64> = blocks
        .into_par_iter()
        .map(|directions| {
            let sorted = |points: &Array2<f64>| -> Vec<Vec<f64>> {
                let projected = directions.dot(&points.t());
                projected
                    .outer_iter()
                    .map(|line| {
                        let mut line = line.to_vec();
                        line.sort_unstable_by(f64::total_cmp);
                        line
                    })
                    .collect()
            };
            sorted(&x).iter().zip(&sorted(&y)).map(|(x, y)| on_a_line(x, y, order)).sum()
        })
        .collect();
    Ok(order.root(sums.into_iter().sum::<f64>() / projections as f64) / scale)
}

/// Unit vectors, uniform on the sphere: `[count, d]`.
fn directions(d: usize, count: usize, rng: &mut dyn RngCore) -> Array2<f64> {
    let mut directions: Array2<f64> = Array2::from_shape_simple_fn((count, d), || rng.sample(StandardNormal));
    for mut direction in directions.outer_iter_mut() {
        let length = direction.dot(&direction).sqrt();
        // A normal vector of length zero does not occur; without coordinates there is nothing to divide.
        direction /= length;
    }
    directions
}

/// `W_p^p` of two sorted samples: the quantile functions are compared where either of them jumps.
fn on_a_line(x: &[f64], y: &[f64], order: Order) -> f64 {
    let (n, m) = (x.len(), y.len());
    if n == m {
        return x.iter().zip(y).map(|(a, b)| order.power((a - b).abs())).sum::<f64>() / n as f64;
    }
    // Masses are counted in units of 1/(n m), so that the jumps are integers.
    let (mut i, mut j, mut at, mut sum) = (0, 0, 0, 0.0);
    while at < n * m {
        let next = ((i + 1) * m).min((j + 1) * n);
        sum += (next - at) as f64 * order.power((x[i] - y[j]).abs());
        i += usize::from(next == (i + 1) * m);
        j += usize::from(next == (j + 1) * n);
        at = next;
    }
    sum / (n * m) as f64
}
