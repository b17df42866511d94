//! Every schedule, named and composed.

use fm_paths::{
    BetaFn, BetaNumeric, BetaTable, Cosine, Edm, FromLogSnr, FromSde, LinearSigmaMin, LinearVp, NamedSchedule,
    Polynomial, Reparametrised, Rescaled, Reversed, Schedule, SchedulePoint, Ve, Vp,
};

/// Linear, written with the data at time 0.
struct Backwards;

impl Schedule for Backwards {
    fn at(&self, s: f64) -> SchedulePoint {
        SchedulePoint { alpha: 1.0 - s, sigma: s, d_alpha: -1.0, d_sigma: 1.0 }
    }
}

/// The schedules that a configuration can name, as a configuration holds them, and one composed in every way there is.
///
/// # Panics
/// If fm-paths refuses parameters that it documents as allowed.
pub fn schedules() -> Vec<(&'static str, Box<dyn Schedule>)> {
    let named = [
        ("linear", NamedSchedule::Linear),
        ("linear-sigma-min", NamedSchedule::LinearSigmaMin(LinearSigmaMin::default())),
        ("cosine", NamedSchedule::Cosine),
        ("polynomial", NamedSchedule::Polynomial(Polynomial { power: 2.5 })),
        ("linear-vp", NamedSchedule::LinearVp),
        ("vp", NamedSchedule::Vp(Vp::default())),
        ("ddpm", NamedSchedule::Ddpm(Vp::default())),
        ("iddpm", NamedSchedule::Iddpm(Vp::default())),
        ("ve", NamedSchedule::Ve(Ve::default())),
        ("edm", NamedSchedule::Edm(Edm::default())),
    ];
    let mut all: Vec<(_, Box<dyn Schedule>)> = Vec::new();
    for (name, schedule) in named {
        all.push((name, Box::new(schedule)));
    }
    let allowed = "parameters inside their domain";
    let beta = |s: f64| 0.1 + 19.9 * s;
    let betas: Vec<f64> = (0..1000).map(|i| 1e-4 + 2e-5 * f64::from(i)).collect();
    all.push(("vp-function", Box::new(Vp(BetaFn::new(beta, |s: f64| s * (0.1 + 9.95 * s)).expect(allowed)))));
    all.push(("vp-quadrature", Box::new(Vp(BetaNumeric::new(beta).expect(allowed)))));
    all.push(("vp-table", Box::new(Vp(BetaTable::from_betas(&betas).expect(allowed)))));
    all.push(("log-snr", Box::new(FromLogSnr::new(|t| -9.0 + 20.0 * t, |_| 20.0).expect(allowed))));
    all.push(("sde", Box::new(FromSde::new(move |s| -0.5 * beta(s), move |s| beta(s).sqrt()).expect(allowed))));
    all.push(("rescaled", Box::new(Rescaled::new(Cosine, |t: f64| [1.0 + t, 1.0]))));
    all.push(("reparametrised", Box::new(Reparametrised::new(LinearVp, |t| [0.5 * t * (1.0 + t), 0.5 + t]))));
    all.push(("reversed", Box::new(Reversed(Backwards))));
    all
}
