//! A model trained on one schedule, sampled on another.
//!
//! Two affine paths at the same log-SNR hold data and noise in the same proportion, so their states differ by a factor:
//! a network can be asked at the matched time about the rescaled state. What it says is a row of *its* schedule in the
//! same basis of data and noise, so the conversion to a row of the other schedule is [`solve`] again.

use crate::{AffinePath, PathError, Prediction, Schedule, SchedulePoint, solve};

/// What to ask a network of the trained schedule for the state of the sampled one.
///
/// # Examples
/// ```
/// use fm_paths::{Edm, Linear, Matched, ScheduleChange};
/// let change = ScheduleChange { trained: Edm { sigma_max: 2.0 }, sampled: Linear };
/// assert_eq!(change.matched(&[0.5])?, [Matched { time: 0.5, scale: 2.0 }]); // both at level 1
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// The time of the trained schedule with the same log-SNR.
    pub time: f64,
    /// The factor from the sampled state to the trained one.
    pub scale: f64,
}

/// A change of schedule after training.
///
/// ```text
/// λ_trained(τ) = λ_sampled(t),  z_trained = c·z_sampled,  c = α_trained(τ)/α_sampled(t) = σ_trained(τ)/σ_sampled(t)
/// ```
///
/// With one and the same network the marginal at t is the marginal at τ rescaled, so exact integration gives the same
/// samples, up to the scale at the ends; what changes is which steps a solver takes.
///
/// # Examples
/// ```
/// use fm_paths::{Cosine, Linear, Prediction, Schedule, ScheduleChange};
///
/// let change = ScheduleChange { trained: Cosine, sampled: Linear };
/// let ask = change.matched(&[0.5])?[0];
/// assert!((ask.time - 0.5).abs() < 1e-15 && (ask.scale - 2.0_f64.sqrt()).abs() < 1e-15);
/// // The velocity of the linear path from the v of the cosine one: here −√2·v.
/// let [state, prediction] = change.convert(Prediction::V, Prediction::Velocity, &[0.5])?[0];
/// assert!(state.abs() < 1e-15 && (prediction + 2.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Lipman et al., *Flow Matching Guide and Code*, 2024 (post-training scheduler change).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScheduleChange<A, B> {
    /// The schedule of the network.
    pub trained: A,
    /// The schedule of the sampler.
    pub sampled: B,
}

impl<A: Schedule, B: Schedule> ScheduleChange<A, B> {
    /// Where to ask the network, for each time of the sampler.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`], and [`PathError::LogSnrOutOfRange`] where the network never saw so much, or so
    /// little, noise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Edm, Linear, ScheduleChange};
    /// let change = ScheduleChange { trained: Edm { sigma_max: 3.0 }, sampled: Linear };
    /// let ask = change.matched(&[0.25])?[0]; // level 3: the source end of the trained schedule
    /// assert!(ask.time.abs() < 1e-15 && (ask.scale - 4.0).abs() < 1e-14); // z = x₁/4 + 3x₀/4
    /// assert!(change.matched(&[0.0]).is_err()); // it never saw so much noise
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn matched(&self, t: &[f64]) -> Result<Vec<Matched>, PathError> {
        AffinePath::new(&self.sampled).each(t, |index, point| Ok(self.matched_point(t[index], point)?.0))
    }

    /// Coefficients (sampled state, prediction) of `wanted` on the sampled schedule, from the network's prediction
    /// `given` at [`ScheduleChange::matched`].
    ///
    /// # Errors
    /// As [`ScheduleChange::matched`], and [`PathError::Singular`] with the time of the sampled schedule.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Cosine, Linear, Prediction::{Data, Velocity}, ScheduleChange};
    /// let change = ScheduleChange { trained: Cosine, sampled: Linear };
    /// let [state, prediction] = change.convert(Data, Velocity, &[0.5])?[0];
    /// assert!((state + 2.0).abs() < 1e-15 && (prediction - 2.0).abs() < 1e-15); // u = (x₁ − z)/(1 − t)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn convert(&self, given: Prediction, wanted: Prediction, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        AffinePath::new(&self.sampled).each(t, |index, point| {
            let (_, trained) = self.matched_point(t[index], point)?;
            let singular = PathError::Singular { given, wanted, t: t[index], index };
            solve(point.state(), given.row(trained), wanted.row(point)).ok_or(singular).map(Into::into)
        })
    }

    /// The match of one time, and the point of the trained schedule there.
    fn matched_point(&self, t: f64, point: SchedulePoint) -> Result<(Matched, SchedulePoint), PathError> {
        let time = self.trained.t_of_log_snr(self.sampled.log_snr(t))?;
        let trained = self.trained.at(time);
        // The larger amplitude is not zero, and neither is that of the other schedule.
        let scale = if point.alpha > point.sigma { trained.alpha / point.alpha } else { trained.sigma / point.sigma };
        Ok((Matched { time, scale }, trained))
    }
}
