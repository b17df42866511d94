//! Batches of times in, coefficient pairs out.
#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]

use crate::points::PointBlock;
use crate::runs::{self, BLOCK, Make};
use crate::{PathError, Prediction, Schedule, SchedulePoint};

/// The affine path `z = α(t)·x₁ + σ(t)·x₀` of a schedule.
///
/// Its methods take the times of a batch and return one coefficient pair for each, always in the order (data, noise)
/// or (state, prediction). Apply them with [`crate::nd::blend`], or use [`AffinePath::arrays`] directly.
///
/// # Errors
/// Every method reports a time outside `[0, 1]` as [`PathError::TimeOutOfRange`] and a request that the end of the
/// path makes meaningless as [`PathError::Singular`], [`PathError::SingularStep`] or [`PathError::Undefined`], each
/// with its index. No coefficient is ever infinite or NaN.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Cosine, Prediction::{V, Velocity}};
/// let [state, prediction] = AffinePath::new(Cosine).convert(V, Velocity, &[0.3])?[0];
/// // u = −(π/2)·v, at any time.
/// assert!(state.abs() < 1e-14 && (prediction + std::f64::consts::FRAC_PI_2).abs() < 1e-14);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AffinePath<S> {
    /// The schedule.
    pub schedule: S,
}

impl<S: Schedule> AffinePath<S> {
    /// The path of `schedule`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear};
    /// assert_eq!(AffinePath::new(Linear).schedule, Linear);
    /// ```
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
        self.pairs(t, make_state(), |index| PathError::NoState { t: t[index], index })
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
        self.pairs(t, make_target(wanted), |index| PathError::Undefined { wanted, t: t[index], index })
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
        let error = |index| PathError::Singular { given, wanted, t: t[index], index };
        self.pairs(t, make_conversion(given, wanted), error)
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
        self.pairs(t, self.make_step(given, r), |index| no_step(given, t, r, index))
    }

    /// The runs of [`AffinePath::transfer`]; rows with an `r` outside `[0, 1]` are not finite.
    pub(crate) fn make_step(&self, given: Prediction, r: &[f64]) -> impl Make<1> {
        #[inline(always)]
        move |first, points, [runs]| {
            let mut goals = PointBlock::new();
            self.points(&r[first..first + points.len()], &mut goals);
            runs[0][goals.len()..].fill(f64::NAN);
            runs::state(&goals, runs);
            runs::from_prediction(points, given, runs);
        }
    }

    /// The coefficient pairs that `make` has for each time.
    fn pairs(
        &self,
        t: &[f64],
        make: impl Make<1>,
        error: impl Fn(usize) -> PathError,
    ) -> Result<Vec<[f64; 2]>, PathError> {
        let mut all = vec![[0.0; 2]; t.len()];
        let done = runs::vectorised(
            #[inline(always)]
            || {
                let mut block = [[[0.0; BLOCK]; 2]];
                for (i, places) in all.chunks_mut(BLOCK).enumerate() {
                    self.fill(t, (i * BLOCK, places.len()), &mut block, &make, &error)?;
                    let [[data, noise]] = &block;
                    for ((place, &data), &noise) in places.iter_mut().zip(data).zip(noise) {
                        *place = [data, noise];
                    }
                }
                Ok(())
            },
        );
        done.map(|()| all)
    }

    /// `f` at every point of a batch of checked times.
    pub(crate) fn each<T>(
        &self,
        t: &[f64],
        f: impl Fn(usize, SchedulePoint) -> Result<T, PathError>,
    ) -> Result<Vec<T>, PathError> {
        let mut all = Vec::with_capacity(t.len());
        self.visit(t, |index, point| {
            all.push(f(index, point)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Calls `visit` at the points of the times `t`, up to the first error in their order.
    #[inline]
    pub(crate) fn visit(
        &self,
        t: &[f64],
        mut visit: impl FnMut(usize, SchedulePoint) -> Result<(), PathError>,
    ) -> Result<(), PathError> {
        let mut points = PointBlock::new();
        for first in (0..t.len()).step_by(BLOCK) {
            let times = &t[first..t.len().min(first + BLOCK)];
            self.points(times, &mut points);
            for (index, point) in (first..).zip(points.iter()) {
                visit(index, point)?;
            }
            if let Some(&t) = times.get(points.len()) {
                return Err(PathError::TimeOutOfRange { index: first + points.len(), t });
            }
        }
        Ok(())
    }

    /// The points of at most [`BLOCK`] times, up to the first time outside `[0, 1]`.
    #[inline(always)]
    pub(crate) fn points(&self, t: &[f64], points: &mut PointBlock) {
        let inside = |t: &f64| (0.0..=1.0).contains(t);
        // Without a branch for each time; where the first bad one is, only if there is one.
        let mut all = true;
        for t in t {
            all &= inside(t);
        }
        let fine = if all { t.len() } else { t.iter().take_while(|t| inside(t)).count() };
        self.schedule.at_each(&t[..fine], points.room(fine));
    }
}

/// The runs of [`AffinePath::state`].
pub(crate) fn make_state() -> impl Make<1> {
    #[inline(always)]
    |_, points, [runs]| runs::state(points, runs)
}

/// The runs of [`AffinePath::target`].
pub(crate) fn make_target(wanted: Prediction) -> impl Make<1> {
    #[inline(always)]
    move |_, points, [runs]| wanted.runs(points, runs)
}

/// The runs of [`AffinePath::convert`].
pub(crate) fn make_conversion(given: Prediction, wanted: Prediction) -> impl Make<1> {
    #[inline(always)]
    move |_, points, [runs]| {
        wanted.runs(points, runs);
        runs::from_prediction(points, given, runs);
    }
}

/// What is wrong with the step from `t[index]` to `r[index]`.
pub(crate) fn no_step(given: Prediction, t: &[f64], r: &[f64], index: usize) -> PathError {
    let singular = PathError::SingularStep { given, t: t[index], r: r[index], index };
    PathError::check_time(index, r[index]).err().unwrap_or(singular)
}
