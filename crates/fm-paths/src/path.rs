//! Batches of times in, coefficient pairs out.
#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]

use std::ops::Range;

use crate::{Conversion, Mix, PathError, Prediction, Schedule, SchedulePoint, solve};

/// Points of a schedule that are held at once.
pub(crate) const BLOCK: usize = 64;

/// The affine path `z = α(t)·x₁ + σ(t)·x₀` of a schedule.
///
/// Its methods take the times of a batch and return one coefficient pair for each, always in the order (data, noise)
/// or (state, prediction). Apply them with [`crate::nd::blend`], or use [`AffinePath::arrays`] directly.
///
/// # Errors
/// Every method reports a time outside `[0, 1]` as [`PathError::TimeOutOfRange`] and a request that the end of the
/// path makes meaningless as [`PathError::Singular`], [`PathError::SingularStep`] or [`PathError::Undefined`], each
/// with its index. No coefficient is ever infinite or NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AffinePath<S> {
    /// The schedule.
    pub schedule: S,
}

impl<S: Schedule> AffinePath<S> {
    /// The path of `schedule`.
    pub fn new(schedule: S) -> Self {
        Self { schedule }
    }

    /// Coefficients (data, noise) of the state z.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear};
    /// assert_eq!(AffinePath::new(Linear).state(&[0.0, 0.25])?, [[0.0, 1.0], [0.25, 0.75]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn state(&self, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(t, |_, point| Ok(point.state().into()))
    }

    /// Coefficients (data, noise) of the regression target of a network that predicts `wanted`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// let u = AffinePath::new(Linear).target(Prediction::Velocity, &[0.3])?;
    /// assert_eq!(u, [[1.0, -1.0]]); // x₁ − x₀, at any time
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn target(&self, wanted: Prediction, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(t, |index, point| target(wanted, t, index, point).map(Into::into))
    }

    /// Coefficients (state, prediction) that turn the prediction `given` into `wanted`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, PathError, Prediction::{Noise, Velocity}};
    /// let path = AffinePath::new(Linear);
    /// assert_eq!(path.convert(Noise, Velocity, &[0.5])?, [[2.0, -2.0]]); // u = (z − ε)/t
    /// assert!(matches!(path.convert(Noise, Velocity, &[0.0]), Err(PathError::Singular { .. })));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn convert(&self, given: Prediction, wanted: Prediction, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(t, |index, point| conversion(given, wanted, t, index, point).map(Into::into))
    }

    /// Coefficients (state, prediction) of the state at times `r`, from the state and a prediction at times `t`.
    ///
    /// This is the DDIM step (Song et al. 2021, Eq. 12 with σ = 0) for any schedule and any prediction: it holds the
    /// implied data and noise fixed. On the linear path it is the Euler step.
    ///
    /// # Panics
    /// If `t` and `r` differ in length.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// let step = AffinePath::new(Linear).transfer(Prediction::Velocity, &[0.25], &[0.5])?;
    /// assert_eq!(step, [[1.0, 0.25]]); // z + (r − t)·u
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn transfer(&self, given: Prediction, t: &[f64], r: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        assert_eq!(t.len(), r.len(), "transfer needs one r for each t");
        self.each(t, |index, point| self.step(given, (t, r), index, point).map(Into::into))
    }

    /// [`AffinePath::transfer`] at one point.
    pub(crate) fn step(
        &self,
        given: Prediction,
        (t, r): (&[f64], &[f64]),
        index: usize,
        point: SchedulePoint,
    ) -> Result<Conversion, PathError> {
        PathError::check_time(index, r[index])?;
        let goal = self.schedule.at(r[index]).state();
        let singular = || PathError::SingularStep { given, t: t[index], r: r[index], index };
        solve(point.state(), given.row(point), goal).ok_or_else(singular)
    }

    /// `f` at every point of a batch of checked times.
    pub(crate) fn each<T>(
        &self,
        t: &[f64],
        f: impl Fn(usize, SchedulePoint) -> Result<T, PathError>,
    ) -> Result<Vec<T>, PathError> {
        let mut all = Vec::with_capacity(t.len());
        self.visit(t, 0..t.len(), |index, point| {
            all.push(f(index, point)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Calls `visit` at the points of the times `t[part]`, up to the first error in the order of the times.
    #[inline]
    pub(crate) fn visit(
        &self,
        t: &[f64],
        part: Range<usize>,
        mut visit: impl FnMut(usize, SchedulePoint) -> Result<(), PathError>,
    ) -> Result<(), PathError> {
        let mut points = [SchedulePoint { alpha: 0.0, sigma: 0.0, d_alpha: 0.0, d_sigma: 0.0 }; BLOCK];
        for first in part.clone().step_by(BLOCK) {
            let times = &t[first..part.end.min(first + BLOCK)];
            let inside = |t: &f64| (0.0..=1.0).contains(t);
            // Without a branch for each time; where the first bad one is, only if there is one.
            let fine = if times.iter().fold(true, |all, t| all & inside(t)) {
                times.len()
            } else {
                times.iter().take_while(|t| inside(t)).count()
            };
            self.schedule.at_each(&times[..fine], &mut points[..fine]);
            for (index, &point) in (first..).zip(&points[..fine]) {
                visit(index, point)?;
            }
            if let Some(&t) = times.get(fine) {
                return Err(PathError::TimeOutOfRange { index: first + fine, t });
            }
        }
        Ok(())
    }
}

/// [`AffinePath::target`] at one point.
pub(crate) fn target(wanted: Prediction, t: &[f64], index: usize, point: SchedulePoint) -> Result<Mix, PathError> {
    let row = wanted.row(point);
    if row.data.is_finite() && row.noise.is_finite() {
        Ok(row)
    } else {
        Err(PathError::Undefined { wanted, t: t[index], index })
    }
}

/// [`AffinePath::convert`] at one point.
pub(crate) fn conversion(
    given: Prediction,
    wanted: Prediction,
    t: &[f64],
    index: usize,
    point: SchedulePoint,
) -> Result<Conversion, PathError> {
    let singular = || PathError::Singular { given, wanted, t: t[index], index };
    solve(point.state(), given.row(point), wanted.row(point)).ok_or_else(singular)
}
