//! Guidance as coefficients: which mixture of two predictions is followed, and when.
//!
//! Guidance combines the outputs of one or two networks, so here it is a pair of coefficients, like everything else. The
//! pairs sum to one and conversions are affine in the prediction, so guidance may be applied to whatever the network
//! predicts, before or after a conversion. Rescaling is the exception: it measures the prediction, so it depends on what
//! is predicted.

use crate::{AffinePath, PathError, Prediction, Schedule};

/// Coefficients (unconditional, conditional) of classifier-free guidance at scale `w`.
///
/// ```text
/// û = (1 − w)·u(z, t, ∅) + w·u(z, t, y)
/// ```
///
/// `w = 1` is off, `w = 0` ignores the condition, `w > 1` exaggerates it. Papers and packages that write
/// `(1 + w)·u(y) − w·u(∅)` have `w_here = 1 + w_there`. The two weights sum to one and conversions are affine in the
/// prediction, so guidance may be applied to whatever the network predicts.
///
/// # Examples
/// ```
/// assert_eq!(fm_paths::classifier_free(1.5), [-0.5, 1.5]);
/// ```
///
/// # References
/// - J. Ho, T. Salimans, *Classifier-Free Diffusion Guidance*, 2022, Eq. 6.
pub fn classifier_free(w: f64) -> [f64; 2] {
    [1.0 - w, w]
}

/// Guidance by a second prediction: classifier-free, or autoguidance with a weaker network.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `scale` | 1 | `w`; 1 is off | finite |
/// | `interval` | `[0, 1]` | times at which the scale acts, both ends included; outside, `w = 1` | within `[0, 1]` |
/// | `rescale` | 0 | φ: how far the guided prediction is brought back to the spread of the conditional one | `[0, 1]` |
///
/// The interval is in our time: noise levels of other papers become times through the schedule's `σ/α`.
///
/// # Examples
/// ```
/// use fm_paths::Guidance;
/// let guidance = Guidance { scale: 3.0, interval: [0.2, 0.8], ..Guidance::default() };
/// assert_eq!(guidance.coefficients(&[0.1, 0.5])?, [[0.0, 1.0], [-2.0, 3.0]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - T. Kynkäänniemi et al., *Applying Guidance in a Limited Interval Improves Sample and Distribution Quality in
///   Diffusion Models*, NeurIPS 2024.
/// - T. Karras et al., *Guiding a Diffusion Model with a Bad Version of Itself*, NeurIPS 2024.
/// - S. Lin, B. Liu, J. Li, X. Yang, *Common Diffusion Noise Schedules and Sample Steps are Flawed*, WACV 2024,
///   Section 3.4 (rescale).
///
/// Conventions elsewhere (`w` is ours):
///
/// | source | formula | in terms of `w` | off |
/// |---|---|---|---|
/// | here, Imagen, EDM2, most samplers | (1 − w)·u(∅) + w·u(y) | `w` | 1 |
/// | Ho and Salimans 2022, Eq. 6 | (1 + s)·u(y) − s·u(∅) | `w = 1 + s` | 0 |
/// | autoguidance, Karras et al. 2024 | `u_bad + w·(u − u_bad)` | `w` | 1 |
/// | classifier guidance, Dhariwal and Nichol 2021 | score + s·∇log p(y given z) | `s`, see [`AffinePath::classifier`] | 0 |
///
/// Autoguidance is the same pair: a smaller or less trained network with the same condition takes the place of u(∅).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Guidance {
    /// The scale `w` inside the interval.
    pub scale: f64,
    /// The times at which it acts.
    pub interval: [f64; 2],
    /// φ of [`Guidance::rescale_factor`].
    pub rescale: f64,
}

impl Default for Guidance {
    fn default() -> Self {
        Self { scale: 1.0, interval: [0.0, 1.0], rescale: 0.0 }
    }
}

impl Guidance {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] naming the first one outside its domain.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Guidance;
    /// assert!(Guidance { interval: [0.8, 0.2], ..Guidance::default() }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        let [from, to] = self.interval;
        PathError::require(self.scale.is_finite(), "scale", self.scale, "finite")?;
        PathError::require((0.0..=1.0).contains(&from), "interval[0]", from, "a time in [0, 1]")?;
        PathError::require(from <= to && to <= 1.0, "interval[1]", to, "a time in [0, 1], not before interval[0]")?;
        PathError::require((0.0..=1.0).contains(&self.rescale), "rescale", self.rescale, "in [0, 1]")
    }

    /// Coefficients (unconditional or weak, conditional or strong) at each time; `[0, 1]` outside the interval, where the
    /// second network need not be called.
    ///
    /// # Errors
    /// As [`Guidance::validate`], and [`PathError::TimeOutOfRange`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Guidance;
    /// let guidance = Guidance { scale: 2.5, interval: [0.25, 1.0], ..Guidance::default() };
    /// assert_eq!(guidance.coefficients(&[0.0, 0.25, 1.0])?, [[0.0, 1.0], [-1.5, 2.5], [-1.5, 2.5]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn coefficients(&self, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        self.validate()?;
        t.iter().enumerate().map(|(index, &t)| self.coefficients_at(index, t)).collect()
    }

    pub(crate) fn coefficients_at(&self, index: usize, t: f64) -> Result<[f64; 2], PathError> {
        PathError::check_time(index, t)?;
        let [from, to] = self.interval;
        Ok(classifier_free(if from <= t && t <= to { self.scale } else { 1.0 }))
    }

    /// The factor for a guided prediction whose standard deviation is `guided` where the conditional one has
    /// `conditional`, each over all the elements of one sample.
    ///
    /// ```text
    /// û ← [φ·std(u(y))/std(û) + 1 − φ]·û
    /// ```
    ///
    /// φ = 1 restores the spread entirely; the paper uses 0.7. It acts on the prediction it is given: rescaling a velocity
    /// and rescaling the noise it implies are different things. A guided prediction without spread is left alone.
    ///
    /// # Examples
    /// ```
    /// let guidance = fm_paths::Guidance { rescale: 0.7, ..Default::default() };
    /// assert!((guidance.rescale_factor(1.0, 2.0) - 0.65).abs() < 1e-15);
    /// ```
    pub fn rescale_factor(&self, conditional: f64, guided: f64) -> f64 {
        if guided == 0.0 { 1.0 } else { self.rescale * conditional / guided + 1.0 - self.rescale }
    }
}

impl<S: Schedule> AffinePath<S> {
    /// Coefficients (prediction, gradient) of classifier guidance with weight `w`: how much of `∇ log p(y given z)` is
    /// added to a prediction of the kind `predicted`.
    ///
    /// The gradient is added to the **score**, and any other prediction moves by its share of the score: with rows
    /// `[z, q]` as in [`crate::solve`], `b = −σ·[z, q]/α`. For the velocity that is
    ///
    /// ```text
    /// û = u + w·b(t)·∇log p(y given z),    b = (α̇·σ² − σ̇·σ·α)/α
    /// ```
    ///
    /// It needs the score, hence an independent standard normal source.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless `w` is finite; [`PathError::TimeOutOfRange`]; [`PathError::Singular`] at α = 0 for every prediction but score and noise, whose
    /// share is finite there; [`PathError::Undefined`] where the row of the prediction is infinite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, PathError, Prediction};
    /// let path = AffinePath::new(Linear);
    /// assert_eq!(path.classifier(Prediction::Velocity, 2.0, &[0.25, 1.0])?, [[1.0, 6.0], [1.0, 0.0]]); // b = (1 − t)/t
    /// assert!(matches!(path.classifier(Prediction::Velocity, 2.0, &[0.0]), Err(PathError::Singular { .. })));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    ///
    /// # References
    /// - P. Dhariwal, A. Nichol, *Diffusion Models Beat GANs on Image Synthesis*, NeurIPS 2021, Section 4.
    /// - Q. Zheng et al., *Guided Flows for Generative Modeling and Decision Making*, 2023.
    pub fn classifier(&self, predicted: Prediction, w: f64, t: &[f64]) -> Result<Vec<[f64; 2]>, PathError> {
        PathError::require(w.is_finite(), "w", w, "finite")?;
        t.iter()
            .enumerate()
            .map(|(index, &t)| {
                PathError::check_time(index, t)?;
                let point = self.schedule.at(t);
                let share = match predicted {
                    Prediction::Score => 1.0,
                    // [z, ε] = α cancels.
                    Prediction::Noise => -point.sigma,
                    other => {
                        let row = other.row(point);
                        if !(row.data.is_finite() && row.noise.is_finite()) {
                            return Err(PathError::Undefined { wanted: predicted, t, index });
                        }
                        -point.sigma * (point.alpha * row.noise - point.sigma * row.data) / point.alpha
                    }
                };
                if share.is_finite() {
                    Ok([1.0, w * share])
                } else {
                    Err(PathError::Singular { given: Prediction::Score, wanted: predicted, t, index })
                }
            })
            .collect()
    }
}
