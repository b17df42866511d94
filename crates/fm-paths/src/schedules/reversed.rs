//! Schedules and quantities of the other direction of time.
//!
//! Inside the project time runs one way. What is written the other way is turned at the edge, once, by a value that says
//! so; a sign that travels through formulas is how conventions get mixed.

use crate::{Mix, Schedule, SchedulePoint};

/// Which way the time of a paper, a package or a file runs.
///
/// Both conversions are their own inverse.
///
/// # Examples
/// ```
/// use fm_paths::TimeDirection::DataToSource;
/// assert_eq!(DataToSource.time(0.25), 0.75);
/// assert_eq!(DataToSource.velocity(2.0), -2.0); // dz/d(1 − t) = −dz/dt
/// ```
///
/// # References
/// - Y. Lipman et al., *Flow Matching for Generative Modeling*, ICLR 2023, Section 2 (data at 1).
/// - J. Ho, A. Jain, P. Abbeel, *Denoising Diffusion Probabilistic Models*, NeurIPS 2020, Section 2 (data at 0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum TimeDirection {
    /// From the source at 0 to the data at 1, as here.
    #[default]
    SourceToData,
    /// From the data at 0 to the source at 1, as in diffusion papers.
    DataToSource,
}

impl TimeDirection {
    /// Our time from a time of this direction, or the other way round.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::TimeDirection::{DataToSource, SourceToData};
    /// assert_eq!((SourceToData.time(0.25), DataToSource.time(0.25)), (0.25, 0.75));
    /// ```
    pub fn time(self, t: f64) -> f64 {
        match self {
            Self::SourceToData => t,
            Self::DataToSource => 1.0 - t,
        }
    }

    /// Our velocity, or any derivative by time, from one of this direction, or the other way round.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::TimeDirection::{DataToSource, SourceToData};
    /// assert_eq!((SourceToData.velocity(2.0), DataToSource.velocity(2.0)), (2.0, -2.0));
    /// ```
    pub fn velocity(self, u: f64) -> f64 {
        match self {
            Self::SourceToData => u,
            Self::DataToSource => -u,
        }
    }

    /// The row of the velocity `dz/dt` of this direction: on the linear path data − noise, or noise − data.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction, TimeDirection::DataToSource};
    /// let theirs = |point| DataToSource.velocity_row(point);
    /// let to_data = AffinePath::new(Linear).convert_rows(theirs, |point| Prediction::Data.row(point), &[0.25])?;
    /// assert_eq!(to_data, [[1.0, -0.75]]); // x₁ = z − s·v, s = 1 − t
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn velocity_row(self, point: SchedulePoint) -> Mix {
        Mix { data: self.velocity(point.d_alpha), noise: self.velocity(point.d_sigma) }
    }
}

/// A schedule that was written with the data at time 0 and noise at 1, as one of ours.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Reversed, Schedule, SchedulePoint};
///
/// struct Theirs; // z = (1 − s)·data + s·noise
/// impl Schedule for Theirs {
///     fn at(&self, s: f64) -> SchedulePoint {
///         SchedulePoint { alpha: 1.0 - s, sigma: s, d_alpha: -1.0, d_sigma: 1.0 }
///     }
/// }
/// assert_eq!(Reversed(Theirs).at(0.25), Linear.at(0.25));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reversed<S>(pub S);

impl<S: Schedule> Schedule for Reversed<S> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = self.0.at(1.0 - t);
        SchedulePoint { alpha, sigma, d_alpha: -d_alpha, d_sigma: -d_sigma }
    }

    fn log_snr(&self, t: f64) -> f64 {
        self.0.log_snr(1.0 - t)
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        -self.0.sigma_d_sigma(1.0 - t)
    }
}
