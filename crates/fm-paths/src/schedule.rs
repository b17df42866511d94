//! What a schedule is: two amplitudes and their derivatives at one time.
//!
//! A schedule returns four host numbers and knows no arrays. Everything that papers list next to a schedule (log-SNR,
//! drift, diffusion, conversions, loss weights) follows from the four. Where a combination is finite although one of the
//! four is not (σσ̇ at the data end of a variance-preserving path), the schedule states the combination itself: taking
//! products of the four would be 0·∞ there, and clamping the time, as many codes do, moves the end silently.

use crate::{Mix, PathError, SchedulePoints, root};

/// α and σ with their time derivatives, at one time.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Mix, Schedule};
/// let point = Linear.at(0.25);
/// assert_eq!(point.state(), Mix { data: 0.25, noise: 0.75 });
/// assert_eq!((point.level(), point.log_snr()), (3.0, -2.0 * 3.0_f64.ln()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SchedulePoint {
    /// α(t), the amplitude of the data (never the cumulative product ᾱ = α²).
    pub alpha: f64,
    /// σ(t), the amplitude of the noise.
    pub sigma: f64,
    /// dα/dt.
    pub d_alpha: f64,
    /// dσ/dt; −∞ at the data end of variance-preserving schedules with β > 0 there.
    pub d_sigma: f64,
}

impl SchedulePoint {
    /// The log signal-to-noise ratio λ = log(α²/σ²); −∞ where α = 0 and +∞ where σ = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!([0.0, 0.5, 1.0].map(|t| Linear.at(t).log_snr()), [f64::NEG_INFINITY, 0.0, f64::INFINITY]);
    /// ```
    ///
    /// # References
    /// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021.
    pub fn log_snr(self) -> f64 {
        2.0 * (self.alpha / self.sigma).ln()
    }

    /// The row of the state itself, (α, σ).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Mix, Schedule};
    /// assert_eq!(Linear.at(0.25).state(), Mix { data: 0.25, noise: 0.75 });
    /// ```
    pub fn state(self) -> Mix {
        Mix { data: self.alpha, noise: self.sigma }
    }

    /// The noise level σ/α, what EDM calls σ; +∞ where α = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!([0.0, 0.25, 1.0].map(|t| Linear.at(t).level()), [f64::INFINITY, 3.0, 0.0]);
    /// ```
    pub fn level(self) -> f64 {
        self.sigma / (self.alpha + 0.0) // −0, as of a time −0, is 0
    }
}

/// A path `z = α(t)·x₁ + σ(t)·x₀` on `t ∈ [0, 1]`.
///
/// The contract, tested for every schedule here: the log-SNR grows, the derivatives are those of α and σ, and unless the
/// schedule documents otherwise α grows from 0 to 1 and σ falls from 1 to 0, **exactly** 0 and 1 at the ends (6e-17 in
/// place of 0 turns a clean [`crate::PathError::Singular`] into a silent factor of 1e16). An amplitude is always finite;
/// a derivative may be infinite at an end, never NaN.
///
/// # The diffusion process of a schedule
///
/// The noising process runs in the time `s = 1 − t` of diffusion papers, from data to noise, and has z as its marginals:
///
/// ```text
/// dX = −f·X ds + g dW,    f = d log α/dt ≥ 0,    g² = −2ασ·d(σ/α)/dt = 2(σ²f − σσ̇) = σ²·dλ/dt ≥ 0
/// ```
///
/// With `f` and `g` of this formula, both functions of our `t`, generation in our time, from noise to data, is
///
/// ```text
/// dX = (f·X + ½g²·score) dt = u dt                       the probability flow
/// dX = (f·X + ½(1 + η²)g²·score) dt + η·g dW             any η ≥ 0; η = 1 is the reversal of the noising process
/// ```
///
/// Papers that write `d log α` with their time from data to noise have the opposite sign of `f` and the same `g`.
/// These formulas, as the score itself, belong to a standard normal source drawn independently of the data.
///
/// # Examples
///
/// A schedule of one's own is one function:
///
/// ```
/// use fm_paths::{AffinePath, Prediction, Schedule, SchedulePoint};
///
/// struct Square; // α = t², σ = 1 − t²
/// impl Schedule for Square {
///     fn at(&self, t: f64) -> SchedulePoint {
///         SchedulePoint { alpha: t * t, sigma: 1.0 - t * t, d_alpha: 2.0 * t, d_sigma: -2.0 * t }
///     }
/// }
/// let target = AffinePath::new(Square).target(Prediction::Velocity, &[0.5])?;
/// assert_eq!(target, [[1.0, -1.0]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Eq. 6 (the
///   reversal) and 13 (the probability flow).
/// - D. P. Kingma et al., *Variational Diffusion Models*, NeurIPS 2021.
pub trait Schedule {
    /// The amplitudes and their derivatives at `t ∈ [0, 1]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule, SchedulePoint};
    /// assert_eq!(Linear.at(0.25), SchedulePoint { alpha: 0.25, sigma: 0.75, d_alpha: 1.0, d_sigma: -1.0 });
    /// ```
    fn at(&self, t: f64) -> SchedulePoint;

    /// [`Schedule::at`] for each of many times, into as many places of `points`: what a batch calls.
    ///
    /// The provided version is the definition. It is a method so that a schedule behind a pointer is looked up once for a
    /// batch, and the loop over the times is compiled for the schedule.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule, SchedulePoints};
    /// let [mut alpha, mut sigma, mut d_alpha, mut d_sigma] = [[0.0; 2]; 4];
    /// let points = SchedulePoints { alpha: &mut alpha, sigma: &mut sigma, d_alpha: &mut d_alpha, d_sigma: &mut d_sigma };
    /// Linear.at_each(&[0.25, 1.0], points);
    /// assert_eq!((alpha, sigma), ([0.25, 1.0], [0.75, 0.0]));
    /// ```
    #[inline(always)]
    fn at_each(&self, t: &[f64], points: SchedulePoints<'_>) {
        points.write(t, |t| self.at(t));
    }

    /// The log signal-to-noise ratio λ = log(α²/σ²) at `t`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Edm, Schedule};
    /// let edm = Edm { sigma_max: 4.0 };
    /// assert_eq!((edm.log_snr(0.75), edm.log_snr(1.0)), (0.0, f64::INFINITY)); // the levels are 1 and 0
    /// ```
    fn log_snr(&self, t: f64) -> f64 {
        self.at(t).log_snr()
    }

    /// The signal-to-noise ratio α²/σ²; +∞ where σ = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!((Linear.snr(0.0), Linear.snr(0.5), Linear.snr(1.0)), (0.0, 1.0, f64::INFINITY));
    /// ```
    fn snr(&self, t: f64) -> f64 {
        self.log_snr(t).exp()
    }

    /// `dλ/dt = 2(α̇/α − σ̇/σ) = g²/σ²`; +∞ where α or σ is 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!(Linear.d_log_snr(0.5), 8.0); // 2/(t(1 − t))
    /// ```
    fn d_log_snr(&self, t: f64) -> f64 {
        let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = self.at(t);
        if alpha == 0.0 || sigma == 0.0 { f64::INFINITY } else { 2.0 * (d_alpha / alpha - d_sigma / sigma) }
    }

    /// The time at which the log-SNR is `log_snr`.
    ///
    /// # Errors
    /// [`PathError::LogSnrOutOfRange`] if the schedule never has this log-SNR. An infinite one is found where the schedule
    /// has it.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!(Linear.t_of_log_snr(0.0)?, 0.5);
    /// assert_eq!(Linear.t_of_log_snr(f64::INFINITY)?, 1.0);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn t_of_log_snr(&self, log_snr: f64) -> Result<f64, PathError> {
        let (min, max) = (self.log_snr(0.0), self.log_snr(1.0));
        match log_snr {
            _ if log_snr == min => Ok(0.0),
            _ if log_snr == max => Ok(1.0),
            _ if min < log_snr && log_snr < max => Ok(self.inverse_log_snr(log_snr).clamp(0.0, 1.0)),
            _ => Err(PathError::LogSnrOutOfRange { log_snr, min, max }),
        }
    }

    /// [`Schedule::t_of_log_snr`] for a value strictly between those of the ends; the place for a closed form.
    ///
    /// The provided version is a bracketed Newton iteration, right to the spacing of floating-point numbers.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Cosine, Schedule};
    /// assert!((Cosine.inverse_log_snr(0.0) - 0.5).abs() < 1e-15); // as much data as noise
    /// ```
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        root::increasing(|t| self.log_snr(t), |t| self.d_log_snr(t), log_snr)
    }

    /// `f = d log α/dt`, of the diffusion process above; +∞ where α = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!((Linear.drift(0.25), Linear.drift(0.0)), (4.0, f64::INFINITY)); // 1/t
    /// ```
    fn drift(&self, t: f64) -> f64 {
        let point = self.at(t);
        if point.alpha == 0.0 { f64::INFINITY } else { point.d_alpha / point.alpha }
    }

    /// σσ̇, half the rate of the noise variance. Finite also where σ̇ is not.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{LinearBeta, Schedule, Vp};
    /// let vp = Vp(LinearBeta { beta_min: 0.1, beta_max: 20.0 });
    /// assert_eq!((vp.at(1.0).d_sigma, vp.sigma_d_sigma(1.0)), (f64::NEG_INFINITY, -0.05)); // −½β
    /// ```
    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let point = self.at(t);
        point.sigma * point.d_sigma
    }

    /// `g² = 2(σ²f − σσ̇)`, of the diffusion process above; +∞ where α = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert!((Linear.g2(0.6) - 4.0 / 3.0).abs() < 1e-15); // 2σ(σ/α + 1) = 2(1 − t)/t
    /// ```
    fn g2(&self, t: f64) -> f64 {
        let sigma = self.at(t).sigma;
        2.0 * (sigma * sigma * self.drift(t) - self.sigma_d_sigma(t))
    }

    /// The diffusion coefficient `η·g(t)` of generation at stochasticity η: 0 is the flow, 1 the reversed noising process.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Schedule, Ve};
    /// let ve = Ve::default();
    /// assert_eq!(ve.diffusion_of_eta(0.3, 0.5), 0.5 * ve.g2(0.3).sqrt());
    /// assert_eq!(ve.eta_of_diffusion(0.3, ve.g2(0.3).sqrt()), 1.0);
    /// ```
    fn diffusion_of_eta(&self, t: f64, eta: f64) -> f64 {
        if eta == 0.0 { 0.0 } else { eta * self.g2(t).sqrt() }
    }

    /// The stochasticity η of a diffusion coefficient, the inverse of [`Schedule::diffusion_of_eta`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Schedule};
    /// assert_eq!(Linear.eta_of_diffusion(0.5, 2.0_f64.sqrt()), 1.0); // g² = 2(1 − t)/t
    /// ```
    fn eta_of_diffusion(&self, t: f64, diffusion: f64) -> f64 {
        if diffusion == 0.0 { 0.0 } else { diffusion / self.g2(t).sqrt() }
    }
}

/// A pointer to a schedule is a schedule, with all of its closed forms.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<S: Schedule + ?Sized> Schedule for $pointer {
            fn at(&self, t: f64) -> SchedulePoint {
                (**self).at(t)
            }
            fn at_each(&self, t: &[f64], points: SchedulePoints<'_>) {
                (**self).at_each(t, points);
            }
            fn log_snr(&self, t: f64) -> f64 {
                (**self).log_snr(t)
            }
            fn d_log_snr(&self, t: f64) -> f64 {
                (**self).d_log_snr(t)
            }
            fn inverse_log_snr(&self, log_snr: f64) -> f64 {
                (**self).inverse_log_snr(log_snr)
            }
            fn drift(&self, t: f64) -> f64 {
                (**self).drift(t)
            }
            fn sigma_d_sigma(&self, t: f64) -> f64 {
                (**self).sigma_d_sigma(t)
            }
            fn g2(&self, t: f64) -> f64 {
                (**self).g2(t)
            }
        }
    )*};
}

forward!(&S, Box<S>);
