//! Rows beyond those of [`Prediction`], and conversions between any two.
//!
//! A [`Prediction`] is a quantity that needs nothing but the schedule. Others have a parameter of their own (a diffusion
//! coefficient, a preconditioning) or are another convention for something that has a name already. They are functions
//! that return a row, and [`AffinePath::convert_rows`] takes any such function: a variant for each would multiply the
//! places that have to know all of them.

use crate::{AffinePath, Mix, PathError, Prediction, Schedule, SchedulePoint, solve};

/// data − noise: the velocity of the linear path in our time, whatever the schedule.
///
/// Networks of rectified flow predict it also on other schedules, where it is not the velocity α̇·x₁ + σ̇·x₀.
///
/// # Examples
/// ```
/// use fm_paths::{Cosine, Linear, Prediction, Schedule, rows};
/// assert_eq!(rows::data_minus_noise(Linear.at(0.3)), Prediction::Velocity.row(Linear.at(0.3)));
/// assert_ne!(rows::data_minus_noise(Cosine.at(0.3)), Prediction::Velocity.row(Cosine.at(0.3)));
/// ```
pub fn data_minus_noise(_: SchedulePoint) -> Mix {
    Mix { data: 1.0, noise: -1.0 }
}

/// noise − data: the "u" or flow prediction of the diffusion literature, whose time runs from data to noise.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Schedule, TimeDirection, rows};
/// assert_eq!(rows::noise_minus_data(Linear.at(0.3)), TimeDirection::DataToSource.velocity_row(Linear.at(0.3)));
/// ```
pub fn noise_minus_data(_: SchedulePoint) -> Mix {
    Mix { data: -1.0, noise: 1.0 }
}

/// The drift `u + ½g²·score` of the stochastic process with diffusion coefficient g and the marginals of the path.
///
/// ```text
/// dX = (u + ½g²·score) dt + g dW;    row (α̇, σ̇ − ½g²/σ)
/// ```
///
/// Any `g ≥ 0` is allowed, and `g = 0` is the flow, also where the score is undefined. The source must be a standard
/// normal one, drawn independently of the data.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Mix, Schedule, rows};
/// assert_eq!(rows::sde_drift(Linear.at(0.5), 1.0), Mix { data: 1.0, noise: -2.0 });
/// assert_eq!(rows::sde_drift(Linear.at(1.0), 0.0), Mix { data: 1.0, noise: -1.0 }); // the flow, also at the data
/// ```
///
/// # References
/// - M. S. Albergo, N. M. Boffi, E. Vanden-Eijnden, *Stochastic Interpolants*, 2023.
pub fn sde_drift(point: SchedulePoint, diffusion: f64) -> Mix {
    let velocity = Prediction::Velocity.row(point);
    if diffusion == 0.0 {
        return velocity;
    }
    Mix { data: velocity.data, noise: velocity.noise - 0.5 * diffusion * diffusion / point.sigma }
}

impl<S: Schedule> AffinePath<S> {
    /// Coefficients (state, prediction) that turn a prediction with the row `given` into the quantity with the row `wanted`.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`], and [`PathError::Dependent`] where the rows do not determine the answer.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, LinearVp, Prediction, rows};
    /// let path = AffinePath::new(LinearVp);
    /// let c = path.convert_rows(rows::noise_minus_data, |point| Prediction::Data.row(point), &[0.6])?;
    /// let [state, prediction] = c[0];
    /// assert!((state - 1.0 / 1.4).abs() < 1e-15 && (prediction + 0.8 / 1.4).abs() < 1e-15); // (z − σ·p)/(α + σ)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn convert_rows(
        &self,
        given: impl Fn(SchedulePoint) -> Mix,
        wanted: impl Fn(SchedulePoint) -> Mix,
        t: &[f64],
    ) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(t, |index, point| {
            let dependent = PathError::Dependent { t: t[index], index };
            solve(point.state(), given(point), wanted(point)).ok_or(dependent).map(Into::into)
        })
    }

    /// Coefficients (state, prediction) of the drift `u + ½g²·score` at diffusion coefficients `g`, one for each time.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`], [`PathError::Parameter`] for a `g` that is negative or NaN, and [`PathError::Dependent`]
    /// where the drift is not determined or infinite: at the data end, for `g > 0`.
    ///
    /// # Panics
    /// If `t` and `g` differ in length.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// let path = AffinePath::new(Linear);
    /// assert_eq!(path.sde_drift(Prediction::Velocity, &[1.0], &[0.0])?, [[0.0, 1.0]]); // the flow
    /// assert_eq!(path.sde_drift(Prediction::Velocity, &[0.5], &[1.0])?, [[-1.0, 1.5]]); // u + ½(u − 2z)
    /// assert!(path.sde_drift(Prediction::Velocity, &[0.5], &[f64::NAN]).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn sde_drift(&self, given: Prediction, t: &[f64], g: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        assert_eq!(t.len(), g.len(), "sde_drift needs one g for each t");
        self.each(t, |index, point| {
            PathError::require(g[index] >= 0.0, "g", g[index], "zero or positive")?;
            let dependent = PathError::Dependent { t: t[index], index };
            solve(point.state(), given.row(point), sde_drift(point, g[index])).ok_or(dependent).map(Into::into)
        })
    }

    /// The times at which the noise level σ/α has the given values, for schedules and laws that are written in levels.
    ///
    /// # Errors
    /// [`PathError::LogSnrOutOfRange`] for a level that the schedule does not have.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear};
    /// let t = AffinePath::new(Linear).times_of_levels(&[0.25, 4.0])?;
    /// assert!((t[0] - 0.8).abs() < 1e-15 && (t[1] - 0.2).abs() < 1e-15); // 1/(1 + level)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn times_of_levels(&self, levels: &[f64]) -> Result<Vec<f64>, PathError> {
        levels.iter().map(|level| self.schedule.t_of_log_snr(-2.0 * level.ln())).collect()
    }
}
