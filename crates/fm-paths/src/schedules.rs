//! The schedules, one file each, and the list of those that a configuration can name.

mod alpha_table;
mod beta;
mod cosine;
mod edm;
mod from_log_snr;
mod from_sde;
mod linear;
mod linear_sigma_min;
mod linear_vp;
mod polynomial;
mod reparametrised;
mod rescaled;
mod reversed;
mod ve;
mod vp;

pub use alpha_table::AlphaTable;
pub use beta::{BetaFn, BetaNumeric, BetaTable, DdpmBeta, IddpmBeta, LinearBeta};
pub use cosine::Cosine;
pub use edm::Edm;
pub use from_log_snr::FromLogSnr;
pub use from_sde::FromSde;
pub use linear::Linear;
pub use linear_sigma_min::LinearSigmaMin;
pub use linear_vp::LinearVp;
pub use polynomial::Polynomial;
pub use reparametrised::Reparametrised;
pub use rescaled::Rescaled;
pub use reversed::{Reversed, TimeDirection};
pub use ve::Ve;
pub use vp::{Beta, Vp};

use crate::{PathError, Schedule, SchedulePoint, SchedulePoints};

/// A schedule that a configuration names; dispatches to the type of the same name, whose parameters it holds.
///
/// | `kind` | schedule | parameters (default) | ends (α, σ) at 0 and 1 |
/// |---|---|---|---|
/// | `linear` (default) | [`Linear`]: α = t, σ = 1 − t | | (0, 1), (1, 0) |
/// | `linear-sigma-min` | [`LinearSigmaMin`]: α = t, `σ = 1 − (1 − σ_min)·t` | `sigma_min` (1e-4) | (0, 1), (1, `sigma_min`) |
/// | `cosine` | [`Cosine`]: α = sin(πt/2), σ = cos(πt/2) | | (0, 1), (1, 0) |
/// | `polynomial` | [`Polynomial`]: α = tⁿ, σ = 1 − tⁿ | `power` (2) | (0, 1), (1, 0) |
/// | `linear-vp` | [`LinearVp`]: α = t, σ = √(1 − t²) | | (0, 1), (1, 0), σ̇ = −∞ at 1 |
/// | `vp` | [`Vp`] of [`LinearBeta`] | `beta_min` (0.1), `beta_max` (20) | (0.0066, 1.0), (1, 0), σ̇ = −∞ at 1 |
/// | `ddpm` | [`Vp`] of [`DdpmBeta`] | `steps` (1000), `beta_start` (1e-4), `beta_end` (0.02) | (0.0064, 1.0), (1, 0), σ̇ = −∞ at 1 |
/// | `iddpm` | [`Vp`] of [`IddpmBeta`] | `steps` (1000), `offset` (0.008) | (5e-5, 1.0), (1, 0), σ̇ = −∞ at 1 |
/// | `ve` | [`Ve`]: α = 1, geometric σ | `sigma_min` (0.02), `sigma_max` (100) | (1, `sigma_max`), (1, `sigma_min`) |
/// | `edm` | [`Edm`]: α = 1, `σ = σ_max·(1 − t)` | `sigma_max` (80) | (1, `sigma_max`), (1, 0) |
///
/// Where the table has another source end than (0, 1), the state at `t = 0` is not the source sample: sampling starts from
/// σ(0) times it, and is off by the data that α(0) leaves in. Where σ̇ is infinite at 1, so is the velocity.
///
/// # Examples
/// ```
/// use fm_paths::{NamedSchedule, Polynomial, Schedule};
/// let schedule = NamedSchedule::Polynomial(Polynomial { power: 2.0 });
/// assert_eq!((schedule.at(0.5).alpha, NamedSchedule::default().at(0.5).alpha), (0.25, 0.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum NamedSchedule {
    /// [`Linear`].
    #[default]
    Linear,
    /// [`LinearSigmaMin`].
    LinearSigmaMin(LinearSigmaMin),
    /// [`Cosine`].
    Cosine,
    /// [`Polynomial`].
    Polynomial(Polynomial),
    /// [`LinearVp`].
    LinearVp,
    /// [`Vp`] of [`LinearBeta`].
    Vp(Vp<LinearBeta>),
    /// [`Vp`] of [`DdpmBeta`].
    Ddpm(Vp<DdpmBeta>),
    /// [`Vp`] of [`IddpmBeta`].
    Iddpm(Vp<IddpmBeta>),
    /// [`Ve`].
    Ve(Ve),
    /// [`Edm`].
    Edm(Edm),
}

impl NamedSchedule {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] naming the first one outside its domain.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{NamedSchedule, Ve};
    /// let error = NamedSchedule::Ve(Ve { sigma_min: 0.0, sigma_max: 1.0 }).validate().unwrap_err();
    /// assert_eq!(error.to_string(), "sigma_min = 0 is not allowed: it must be positive and finite");
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        match self {
            Self::Linear | Self::Cosine | Self::LinearVp => Ok(()),
            Self::LinearSigmaMin(schedule) => schedule.validate(),
            Self::Polynomial(schedule) => schedule.validate(),
            Self::Vp(schedule) => schedule.0.validate(),
            Self::Ddpm(schedule) => schedule.0.validate(),
            Self::Iddpm(schedule) => schedule.0.validate(),
            Self::Ve(schedule) => schedule.validate(),
            Self::Edm(schedule) => schedule.validate(),
        }
    }

    /// The schedule of that name.
    fn named(&self) -> &dyn Schedule {
        match self {
            Self::Linear => &Linear,
            Self::LinearSigmaMin(schedule) => schedule,
            Self::Cosine => &Cosine,
            Self::Polynomial(schedule) => schedule,
            Self::LinearVp => &LinearVp,
            Self::Vp(schedule) => schedule,
            Self::Ddpm(schedule) => schedule,
            Self::Iddpm(schedule) => schedule,
            Self::Ve(schedule) => schedule,
            Self::Edm(schedule) => schedule,
        }
    }
}

impl Schedule for NamedSchedule {
    fn at(&self, t: f64) -> SchedulePoint {
        self.named().at(t)
    }

    fn at_each(&self, t: &[f64], points: SchedulePoints<'_>) {
        self.named().at_each(t, points);
    }

    fn log_snr(&self, t: f64) -> f64 {
        self.named().log_snr(t)
    }

    fn d_log_snr(&self, t: f64) -> f64 {
        self.named().d_log_snr(t)
    }

    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        self.named().inverse_log_snr(log_snr)
    }

    fn drift(&self, t: f64) -> f64 {
        self.named().drift(t)
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        self.named().sigma_d_sigma(t)
    }

    fn g2(&self, t: f64) -> f64 {
        self.named().g2(t)
    }
}
