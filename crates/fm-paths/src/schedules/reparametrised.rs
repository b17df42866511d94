//! A schedule run on another clock.

use std::fmt;

use crate::{Schedule, SchedulePoint};

/// A schedule read at τ(t), for an increasing change of time τ from `[0, 1]` into `[0, 1]`.
///
/// ```text
/// α(t) = α₀(τ(t)),  α̇ = τ̇·α̇₀(τ),  and so on for σ, f, σσ̇, g² and dλ/dt
/// ```
///
/// The path is the same curve at another pace: a shift of the resolution, a warp that makes the log-SNR linear, or a part
/// of a schedule.
///
/// # Domain
/// That of the schedule inside. Where τ̇ = 0 meets an infinite derivative the product has no value that the two
/// determine, and the derivative stays infinite: requests that need it are errors, as inside.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Reparametrised, Schedule};
/// let squared = Reparametrised::new(Linear, |t| [t * t, 2.0 * t]); // τ and τ̇
/// assert_eq!((squared.at(0.5).alpha, squared.at(0.5).d_alpha), (0.25, 1.0));
/// ```
///
/// # References
/// - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, NeurIPS 2022, Section 2 (scaling
///   and time change of a path).
#[derive(Clone, Copy)]
pub struct Reparametrised<S, C> {
    /// The schedule inside.
    pub schedule: S,
    /// The pair (τ, τ̇) at a time.
    pub clock: C,
}

impl<S: fmt::Debug, C> fmt::Debug for Reparametrised<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reparametrised").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

impl<S: Schedule, C: Fn(f64) -> [f64; 2]> Reparametrised<S, C> {
    /// `schedule` at τ, with `clock` returning the pair (τ, τ̇).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Reparametrised, Schedule, shift_time};
    /// // The shift of SD3 as a schedule: τ = t/(t + 3(1 − t)), τ̇ = 3/(t + 3(1 − t))².
    /// let shifted = Reparametrised::new(Linear, |t| [shift_time(t, 3.0), 3.0 / (3.0 - 2.0 * t).powi(2)]);
    /// assert_eq!((shifted.at(0.5).alpha, shifted.at(0.5).d_alpha), (0.25, 0.75));
    /// ```
    pub fn new(schedule: S, clock: C) -> Self {
        Self { schedule, clock }
    }

    /// A quantity of the schedule inside that is a rate, by the chain rule.
    fn rate(&self, t: f64, of: impl Fn(&S, f64) -> f64) -> f64 {
        let [time, pace] = (self.clock)(t);
        chain(pace, of(&self.schedule, time))
    }
}

/// `pace·rate`, and infinite where that is 0·∞.
fn chain(pace: f64, rate: f64) -> f64 {
    if rate.is_infinite() && pace == 0.0 { rate } else { pace * rate }
}

impl<S: Schedule, C: Fn(f64) -> [f64; 2]> Schedule for Reparametrised<S, C> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let [time, pace] = (self.clock)(t);
        let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = self.schedule.at(time);
        SchedulePoint { alpha, sigma, d_alpha: chain(pace, d_alpha), d_sigma: chain(pace, d_sigma) }
    }

    fn log_snr(&self, t: f64) -> f64 {
        self.schedule.log_snr((self.clock)(t)[0])
    }

    fn d_log_snr(&self, t: f64) -> f64 {
        self.rate(t, S::d_log_snr)
    }

    fn drift(&self, t: f64) -> f64 {
        self.rate(t, S::drift)
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        self.rate(t, S::sigma_d_sigma)
    }

    fn g2(&self, t: f64) -> f64 {
        self.rate(t, S::g2)
    }
}
