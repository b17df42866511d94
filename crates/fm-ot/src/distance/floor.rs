//! How far two samples of one law are apart: what a distance between samples has to be compared with.

use ndarray::{ArrayView2, Axis};
use rand::RngCore;
use rand::seq::index;

use crate::{OtError, Real};

/// The distance between independent samples of one law, as measured on a sample of that law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// The mean over the draws.
    pub mean: f64,
    /// The standard deviation over the draws; zero for a single one.
    pub std: f64,
    /// The sizes of the two samples.
    pub sizes: [usize; 2],
    /// The number of draws.
    pub draws: usize,
}

/// Estimates the distance between two independent samples of a law from a sample `target` of it.
///
/// Each draw splits off two disjoint sets of rows, of the given sizes, without replacement, and measures their distance.
/// Disjoint sets of an independent sample *are* two independent samples, so each draw is one value of the distance that a
/// perfect generator has, and the [`mean`](Floor::mean) is an unbiased estimate of its expectation, for any distance.
/// [`std`](Floor::std) is how much one measured distance scatters. Draws share rows, so the error of the mean does not fall
/// as `1/sqrt(draws)` for ever: more draws than `rows/(sizes[0] + sizes[1])` add little.
///
/// A distance to `target` is to be compared with the floor at its own sizes, which takes `sizes[0] + sizes[1]` rows. With
/// fewer rows only a smaller floor can be measured, for instance at two halves, and it is *above* the one that is
/// wanted for every distance here but the unbiased estimates, whose floor is zero on average. Bootstrap samples are no way
/// out: they share rows, at distance zero, and put the floor of a transport distance too low.
///
/// # Errors
/// [`OtError::TooFewPoints`] if the two sets do not fit into the rows, [`OtError::InvalidParameter`] for no draws, and what
/// `distance` returns.
///
/// # Examples
/// ```
/// # use fm_ot::{sample_floor, wasserstein2};
/// # use ndarray::Array2;
/// # use rand::{SeedableRng, rngs::StdRng};
/// let target = Array2::from_shape_fn((40, 2), |(i, j)| ((i * (7 + 4 * j)) % 40) as f64);
/// let floor = sample_floor(target.view(), [20, 20], 5, &mut StdRng::seed_from_u64(0), wasserstein2)?;
/// assert!(floor.mean > 0.0 && floor.std < floor.mean);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
pub fn sample_floor<A: Real>(
    target: ArrayView2<'_, A>,
    sizes: [usize; 2],
    draws: usize,
    rng: &mut dyn RngCore,
    mut distance: impl FnMut(ArrayView2<'_, A>, ArrayView2<'_, A>) -> Result<f64, OtError>,
) -> Result<Floor, OtError> {
    let (needed, found) = (sizes[0].saturating_add(sizes[1]), target.nrows());
    if found < needed {
        return Err(OtError::TooFewPoints { needed, found });
    }
    OtError::require(draws > 0, "draws", 0.0, "at least 1")?;
    let mut values = Vec::with_capacity(draws);
    for _ in 0..draws {
        let rows = index::sample(rng, found, needed).into_vec();
        let (first, second) = rows.split_at(sizes[0]);
        let (first, second) = (target.select(Axis(0), first), target.select(Axis(0), second));
        values.push(distance(first.view(), second.view())?);
    }
    let mean = values.iter().sum::<f64>() / draws as f64;
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    let std = if draws > 1 { (squares / (draws - 1) as f64).sqrt() } else { 0.0 };
    Ok(Floor { mean, std, sizes, draws })
}
