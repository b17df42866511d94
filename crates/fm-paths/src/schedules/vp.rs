//! Variance-preserving schedules, given by a rate of noise β.
//!
//! All of them are one formula in the cumulative rate T(s) = ∫₀ˢ β, so a member of the family is two functions, β and T,
//! and not a schedule of its own: the closed forms at the singular data end are then written and tested once.

use crate::exponential::exponential;
use crate::runs::{BLOCK, vectorised};
use crate::{Schedule, SchedulePoint, root};

/// A rate of noise in the time `s = 1 − t` of diffusion papers, 0 at the data and 1 at the noise.
///
/// # Examples
/// ```
/// use fm_paths::{Beta, Schedule, Vp};
/// struct Constant(f64);
/// impl Beta for Constant {
///     fn rate(&self, _: f64) -> f64 {
///         self.0
///     }
///     fn integral(&self, s: f64) -> f64 {
///         self.0 * s
///     }
/// }
/// assert_eq!(Vp(Constant(2.0)).at(0.0).alpha, (-1.0_f64).exp());
/// ```
pub trait Beta {
    /// β(s) ≥ 0, positive at `s = 0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// assert_eq!((beta.rate(0.0), beta.rate(0.5)), (1.0, 2.0));
    /// ```
    fn rate(&self, s: f64) -> f64;

    /// T(s) = ∫₀ˢ β, exactly 0 at `s = 0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// assert_eq!((beta.integral(0.0), beta.integral(1.0)), (0.0, 2.0));
    /// ```
    fn integral(&self, s: f64) -> f64;

    /// β(s) and T(s) together; the place for work that they share.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// assert_eq!(LinearBeta { beta_min: 1.0, beta_max: 3.0 }.rate_and_integral(1.0), [3.0, 2.0]);
    /// ```
    #[inline(always)]
    fn rate_and_integral(&self, s: f64) -> [f64; 2] {
        [self.rate(s), self.integral(s)]
    }

    /// β(s), α = e^{−T/2} and σ = √(1 − e^{−T}) at each of many `s`; the place for a closed form that needs no T. It has two
    /// loops: a processor overlaps many short computations better than a few long ones.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let mut out = [[0.0; 3]; 2];
    /// LinearBeta { beta_min: 1.0, beta_max: 3.0 }.rates_and_amplitudes(&[0.0, 1.0], &mut out);
    /// let [rate, alpha, sigma] = out[1]; // T = 2
    /// assert!(rate == 3.0 && (alpha - (-1.0_f64).exp()).abs() < 1e-15);
    /// assert!((alpha * alpha + sigma * sigma - 1.0).abs() < 1e-15);
    /// assert_eq!(out[0], [1.0, 1.0, 0.0]);
    /// ```
    #[inline(always)]
    fn rates_and_amplitudes(&self, s: &[f64], out: &mut [[f64; 3]]) {
        for (out, &s) in out.iter_mut().zip(s) {
            [out[0], out[1]] = self.rate_and_integral(s);
        }
        amplitudes_of_integrals(out);
    }

    /// The `s` with T(s) = `integral`, for a value between T(0) and T(1); the place for a closed form.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// assert_eq!(beta.inverse_integral(0.75), 0.5); // s + s²
    /// ```
    fn inverse_integral(&self, integral: f64) -> f64 {
        root::increasing(|s| self.integral(s), |s| self.rate(s), integral)
    }
}

/// The point of a rate β and its amplitudes.
#[inline(always)]
fn point([rate, alpha, sigma]: [f64; 3]) -> SchedulePoint {
    let d_alpha = 0.5 * rate * alpha;
    SchedulePoint { alpha, sigma, d_alpha, d_sigma: -d_alpha * alpha / sigma }
}

/// α and σ of a cumulative rate T, by one exponential: σ² = (1 − α)(1 + α), where 1 − α is exact to rounding if α is
/// small, and the exponential that was evaluated if it is not.
#[inline(always)]
pub(crate) fn amplitudes(integral: f64) -> [f64; 2] {
    let [alpha, less_one] = exponential(-0.5 * integral);
    let deficit = 0.0 - less_one; // not −0: σ̇ would be +∞
    [alpha, (deficit * (1.0 + alpha)).sqrt()]
}

/// The cumulative rates in the second places become α, and the third places σ.
#[inline(always)]
pub(crate) fn amplitudes_of_integrals(parts: &mut [[f64; 3]]) {
    vectorised(
        #[inline(always)]
        || {
            for parts in &mut *parts {
                [parts[1], parts[2]] = amplitudes(parts[1]);
            }
        },
    );
}

/// The variance-preserving schedule of a rate β.
///
/// ```text
/// α = e^{−T/2},  σ = √(1 − e^{−T}),  T = ∫₀ˢ β,  s = 1 − t;    f = β/2,  g² = β,  λ = −log(e^T − 1)
/// ```
///
/// `Vp(LinearBeta::default())` is the VP process of score-based models; see [`LinearBeta`](crate::LinearBeta),
/// [`DdpmBeta`](crate::DdpmBeta), [`IddpmBeta`](crate::IddpmBeta), [`BetaTable`](crate::BetaTable) and
/// [`BetaFn`](crate::BetaFn).
///
/// # Domain
/// - At `t = 0` the data amplitude is e^{−T(1)/2}, not 0 (0.0066 for the linear β from 0.1 to 20): the state is not
///   exactly the source, and sampling that starts from the source is off by that much. Conversions remain exact, and a
///   noise prediction is even regular there.
/// - At `t = 1` the amplitudes are exactly (1, 0), and σ̇ = −βα²/(2σ) is −∞. Velocities need `t_max < 1`; v is regular.
///   σσ̇ = −½βα² and g² = β are finite and stated in closed form.
///
/// # Examples
/// ```
/// use fm_paths::{LinearBeta, Schedule, Vp};
/// let vp = Vp(LinearBeta { beta_min: 0.1, beta_max: 20.0 });
/// assert!((vp.at(0.0).alpha - (-5.025_f64).exp()).abs() < 1e-17); // T(1) = (0.1 + 20)/2
/// assert_eq!((vp.at(1.0).alpha, vp.at(1.0).sigma, vp.g2(1.0)), (1.0, 0.0, 0.1));
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Eq. 11
///   (VP SDE).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Vp<B>(pub B);

impl<B: Beta> Schedule for Vp<B> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let mut parts = [[0.0; 3]];
        self.0.rates_and_amplitudes(&[1.0 - t], &mut parts);
        point(parts[0])
    }

    #[inline(always)]
    fn at_each(&self, t: &[f64], points: &mut [SchedulePoint]) {
        let (mut s, mut parts) = ([0.0; BLOCK], [[0.0; 3]; BLOCK]);
        for (t, points) in t.chunks(BLOCK).zip(points.chunks_mut(BLOCK)) {
            let (s, parts) = (&mut s[..t.len()], &mut parts[..t.len()]);
            for (s, t) in s.iter_mut().zip(t) {
                *s = 1.0 - t;
            }
            self.0.rates_and_amplitudes(s, parts);
            for (place, &parts) in points.iter_mut().zip(&*parts) {
                *place = point(parts);
            }
        }
    }

    fn log_snr(&self, t: f64) -> f64 {
        -self.0.integral(1.0 - t).exp_m1().ln()
    }

    /// dλ/dt = g²/σ².
    fn d_log_snr(&self, t: f64) -> f64 {
        let s = 1.0 - t;
        self.0.rate(s) / -(-self.0.integral(s)).exp_m1()
    }

    /// T = log(1 + e^{−λ}), without overflow.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        let integral = (-log_snr.abs()).exp().ln_1p() + (-log_snr).max(0.0);
        1.0 - self.0.inverse_integral(integral)
    }

    fn drift(&self, t: f64) -> f64 {
        0.5 * self.0.rate(1.0 - t)
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let s = 1.0 - t;
        -0.5 * self.0.rate(s) * (-self.0.integral(s)).exp()
    }

    fn g2(&self, t: f64) -> f64 {
        self.0.rate(1.0 - t)
    }
}
