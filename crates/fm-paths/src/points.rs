//! The points of many times, each of the four numbers in a run of its own.
//!
//! Loops over a run have a stride of one, so a vector unit takes as many times as it holds. Rejected: a slice of
//! [`SchedulePoint`], from which every such loop would first have to pick its numbers.

use crate::SchedulePoint;
use crate::runs::BLOCK;

/// Where [`Schedule::at_each`](crate::Schedule::at_each) writes: four slices, each as long as the times.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Schedule, SchedulePoints};
///
/// let (mut alpha, mut sigma, mut d_alpha, mut d_sigma) = ([0.0; 2], [0.0; 2], [0.0; 2], [0.0; 2]);
/// let points =
///     SchedulePoints { alpha: &mut alpha, sigma: &mut sigma, d_alpha: &mut d_alpha, d_sigma: &mut d_sigma };
/// Linear.at_each(&[0.25, 1.0], points);
/// assert_eq!((alpha, sigma, d_alpha, d_sigma), ([0.25, 1.0], [0.75, 0.0], [1.0, 1.0], [-1.0, -1.0]));
/// ```
#[derive(Debug)]
pub struct SchedulePoints<'a> {
    /// α of each time.
    pub alpha: &'a mut [f64],
    /// σ of each time.
    pub sigma: &'a mut [f64],
    /// dα/dt of each time.
    pub d_alpha: &'a mut [f64],
    /// dσ/dt of each time.
    pub d_sigma: &'a mut [f64],
}

impl SchedulePoints<'_> {
    /// Writes `point(t)` for each time.
    ///
    /// # Examples
    ///
    /// ```
    /// use fm_paths::{AffinePath, Cosine, Schedule, SchedulePoint, SchedulePoints};
    ///
    /// struct Loud<S>(S); // twice the noise
    /// impl<S: Schedule> Schedule for Loud<S> {
    ///     fn at(&self, t: f64) -> SchedulePoint {
    ///         let point = self.0.at(t);
    ///         SchedulePoint { sigma: 2.0 * point.sigma, d_sigma: 2.0 * point.d_sigma, ..point }
    ///     }
    ///     fn at_each(&self, t: &[f64], points: SchedulePoints<'_>) {
    ///         points.write(t, |t| self.at(t)); // what the provided version does
    ///     }
    /// }
    /// assert_eq!(AffinePath::new(Loud(Cosine)).state(&[0.0])?, [[0.0, 2.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[inline(always)]
    pub fn write(self, t: &[f64], point: impl Fn(f64) -> SchedulePoint) {
        let amplitudes = self.alpha.iter_mut().zip(self.sigma);
        let derivatives = self.d_alpha.iter_mut().zip(self.d_sigma);
        for ((t, (alpha, sigma)), (d_alpha, d_sigma)) in t.iter().zip(amplitudes).zip(derivatives) {
            let point = point(*t);
            (*alpha, *sigma, *d_alpha, *d_sigma) = (point.alpha, point.sigma, point.d_alpha, point.d_sigma);
        }
    }

    /// Replaces each point: for schedules that compute in several short loops.
    #[inline(always)]
    pub(crate) fn replace(self, by: impl Fn(SchedulePoint) -> SchedulePoint) {
        let amplitudes = self.alpha.iter_mut().zip(self.sigma);
        let derivatives = self.d_alpha.iter_mut().zip(self.d_sigma);
        for ((alpha, sigma), (d_alpha, d_sigma)) in amplitudes.zip(derivatives) {
            let point = by(SchedulePoint { alpha: *alpha, sigma: *sigma, d_alpha: *d_alpha, d_sigma: *d_sigma });
            (*alpha, *sigma, *d_alpha, *d_sigma) = (point.alpha, point.sigma, point.d_alpha, point.d_sigma);
        }
    }

    /// The same places, once more.
    #[inline(always)]
    pub(crate) fn again(&mut self) -> SchedulePoints<'_> {
        SchedulePoints { alpha: self.alpha, sigma: self.sigma, d_alpha: self.d_alpha, d_sigma: self.d_sigma }
    }
}

/// The points of at most [`BLOCK`] times.
pub(crate) struct PointBlock {
    len: usize,
    runs: [[f64; BLOCK]; 4],
}

impl PointBlock {
    /// No points yet.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { len: 0, runs: [[0.0; BLOCK]; 4] }
    }

    /// Room for `len` points.
    #[inline(always)]
    pub(crate) fn room(&mut self, len: usize) -> SchedulePoints<'_> {
        self.len = len.min(BLOCK);
        let [alpha, sigma, d_alpha, d_sigma] = self.runs.each_mut().map(|run| &mut run[..self.len]);
        SchedulePoints { alpha, sigma, d_alpha, d_sigma }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len.min(BLOCK) // what the compiler knows of no other way
    }

    #[inline(always)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = SchedulePoint> {
        let [alpha, sigma, d_alpha, d_sigma] = self.runs.each_ref().map(|run| &run[..self.len()]);
        let derivatives = d_alpha.iter().zip(d_sigma);
        alpha.iter().zip(sigma).zip(derivatives).map(|((&alpha, &sigma), (&d_alpha, &d_sigma))| SchedulePoint {
            alpha,
            sigma,
            d_alpha,
            d_sigma,
        })
    }
}
