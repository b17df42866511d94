//! The partial differential equations of a path, by differences of the exact density on every schedule and law.

use fm_paths::oracle::Exact;
use fm_paths::{Prediction, Schedule, SchedulePoint};
use ndarray::{Array2, ArrayRef2, array};

use super::oracle::{PLACES, laws, mixture, time_of};
use super::schedules::all;

/// A time and a state, with the units in which the density varies there on any schedule: lengths in σ, times in 1/λ̇.
struct Place {
    name: String,
    t: f64,
    z: Array2<f64>,
    length: f64,
    time: f64,
}

/// Steps of the differences, in those units.
///
/// The eighth-order difference is off by h⁸f⁽⁹⁾/630. The sharpest f is the log-density of points, a log-sum-exp over
/// numbers within ±a = 3α/(2σ) ≤ 5.3, whose ninth derivative is a ninth cumulant, below 1400·a⁹ (the bound of the
/// derivatives of tanh): 7e-10 of truncation. Rounding is 2.1·20·ε·|f|/h, for |f| ≤ 50 below 5e-11, and in a second
/// difference 2.1/h times that, 1e-8.
const H: f64 = 0.01;
const FIRST: f64 = 1e-9;
const SECOND: f64 = 1e-8;

/// Eighth-order central difference of `f` at 0 with step `h`.
fn difference(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    let side = |k: f64| f(k * h) - f(-k * h);
    (672.0 * side(1.0) - 168.0 * side(2.0) + 32.0 * side(3.0) - 3.0 * side(4.0)) / (840.0 * h)
}

fn shifted(z: &ArrayRef2<f64>, axis: usize, by: f64) -> Array2<f64> {
    let mut z = z.to_owned();
    z[[0, axis]] += by;
    z
}

type Shared<'a> = Exact<&'a (dyn Schedule + Sync)>;

/// Every law, schedule, log-SNR and place.
fn everywhere(f: impl Fn(&Shared<'_>, &Place)) {
    for (schedule_name, schedule) in all() {
        for (law_name, law) in laws() {
            let exact = Exact::new(&*schedule, law);
            for log_snr in [-1.5, 0.5, 2.5] {
                let t = time_of(schedule_name, &schedule, log_snr);
                for place in PLACES {
                    f(&exact, &Place::new(&exact, t, place, &format!("{law_name} on {schedule_name}")));
                }
            }
        }
    }
}

impl Place {
    /// `place` is that of a state whose amplitudes have squares that sum to one.
    fn new(exact: &Exact<impl Schedule>, t: f64, place: [f64; 2], name: &str) -> Self {
        let point = exact.schedule.at(t);
        Self {
            name: format!("{name} at {t}, {place:?}"),
            t,
            z: array![place] * point.alpha.hypot(point.sigma),
            length: point.sigma,
            time: exact.schedule.d_log_snr(t).recip(),
        }
    }

    /// The derivative along an axis of something at t, in units of the place.
    fn slope(&self, axis: usize, f: impl Fn(&ArrayRef2<f64>) -> f64) -> f64 {
        difference(H, |by| f(&shifted(&self.z, axis, by * self.length)))
    }

    /// The derivative by time of something at z, likewise.
    fn rate(&self, f: impl Fn(f64) -> f64) -> f64 {
        difference(H, |by| f(self.t + by * self.time))
    }

    fn assert(&self, got: f64, expected: f64, relative: f64, size: f64) {
        assert!((got - expected).abs() <= relative * (1.0 + size), "{}: {got} for {expected}", self.name);
    }
}

#[test]
fn score_is_the_gradient_of_the_log_density() {
    everywhere(|exact, place| {
        let score = exact.score(&[place.t], &place.z).unwrap() * place.length;
        for axis in 0..2 {
            let slope = place.slope(axis, |z| exact.log_density(&[place.t], z).unwrap()[0]);
            place.assert(score[[0, axis]], slope, FIRST, slope.abs());
        }
    });
}

#[test]
fn divergence_is_that_of_the_velocity() {
    everywhere(|exact, place| {
        // Of the velocity in units of length and time.
        let unit = place.time / place.length;
        let slopes: f64 =
            (0..2).map(|axis| place.slope(axis, |z| exact.velocity(&[place.t], z).unwrap()[[0, axis]] * unit)).sum();
        let divergence = exact.divergence(&[place.t], &place.z).unwrap()[0] * place.time;
        // A velocity of 10 where slopes are 1.
        place.assert(divergence, slopes, FIRST, slopes.abs() + 10.0);
    });
}

/// ∂p/∂t + div(p·u) = 0, divided by p: the two terms, in units of the place.
fn continuity(exact: &Exact<impl Schedule + Sync>, place: &Place) -> [f64; 2] {
    let (t, z) = (&[place.t], &place.z);
    let rate = place.rate(|t| exact.log_density(&[t], z).unwrap()[0]);
    let (u, score) = (exact.velocity(t, z).unwrap(), exact.score(t, z).unwrap());
    [rate, ((u * score).sum() + exact.divergence(t, z).unwrap()[0]) * place.time]
}

/// The velocity moves the density.
#[test]
fn continuity_equation() {
    everywhere(|exact, place| {
        let [rate, flow] = continuity(exact, place);
        place.assert(rate, -flow, FIRST, flow.abs());
    });
}

/// A schedule whose σ̇ is off by one part in a hundred thousand.
struct Off<S>(S);

impl<S: Schedule> Schedule for Off<S> {
    fn at(&self, t: f64) -> SchedulePoint {
        let point = self.0.at(t);
        SchedulePoint { d_sigma: 1.000_01 * point.d_sigma, ..point }
    }
}

#[test]
fn a_wrong_rate_breaks_the_continuity_equation() {
    for (name, schedule) in all() {
        let t = time_of(name, &schedule, 0.5);
        let exact = Exact::new(Off(schedule), mixture());
        let place = Place::new(&exact, t, PLACES[2], name);
        let [rate, flow] = continuity(&exact, &place);
        assert!((rate + flow).abs() > 10.0 * FIRST * (1.0 + flow.abs()), "{name}: {rate} and {flow}");
    }
}

/// Δp/p by differences of differences, in units of the place.
fn laplacian(place: &Place, relative: impl Fn(f64, &ArrayRef2<f64>) -> f64) -> f64 {
    let along =
        |axis| place.slope(axis, |z| difference(H, |by| relative(place.t, &shifted(z, axis, by * place.length))));
    along(0) + along(1)
}

/// The density relative to that at the place.
fn relative_density<'a>(exact: &'a Shared<'_>, place: &Place) -> impl Fn(f64, &ArrayRef2<f64>) -> f64 + 'a {
    let log_p = |t: f64, z: &ArrayRef2<f64>| exact.log_density(&[t], z).unwrap()[0];
    let here = log_p(place.t, &place.z);
    move |t, z| (log_p(t, z) - here).exp()
}

/// ∂p/∂t + div(p·(u + ½η²g²·score)) = ½η²g²·Δp, all of it by differences of the density and of the drift.
#[test]
fn fokker_planck_equation() {
    everywhere(|exact, place| {
        let relative = relative_density(exact, place);
        let half = 0.5 * exact.schedule.diffusion_of_eta(place.t, 0.8).powi(2);
        let rate = place.rate(|t| relative(t, &place.z));
        let flow: f64 = (0..2)
            .map(|axis| {
                place.slope(axis, |z| {
                    let (u, score) = (exact.velocity(&[place.t], z).unwrap(), exact.score(&[place.t], z).unwrap());
                    relative(place.t, z) * (u[[0, axis]] + half * score[[0, axis]]) * place.time / place.length
                })
            })
            .sum();
        // σ²λ̇ = g²: in units of the place g² is of the size of 1.
        let spread = half * place.time / place.length.powi(2) * laplacian(place, &relative);
        place.assert(rate + flow, spread, SECOND, spread.abs() + flow.abs());
    });
}

/// −∂p/∂t = div(f·z·p) + ½g²·Δp: the noising process with the schedule's f and g², from data to noise.
#[test]
fn the_noising_process_has_the_marginals() {
    everywhere(|exact, place| {
        let relative = relative_density(exact, place);
        let rate = place.rate(|t| relative(t, &place.z));
        let score = exact.score(&[place.t], &place.z).unwrap();
        let pull = exact.schedule.drift(place.t) * place.time * (2.0 + (&place.z * &score).sum());
        let noise = 0.5 * exact.schedule.g2(place.t) * place.time / place.length.powi(2);
        let spread = noise * laplacian(place, &relative);
        place.assert(-rate, pull + spread, SECOND, pull.abs() + spread.abs());
    });
}

#[test]
fn state_and_predictions_are_consistent() {
    everywhere(|exact, place| {
        let point = exact.schedule.at(place.t);
        let posterior = |wanted| exact.predict(wanted, &[place.t], &place.z).unwrap();
        let (x1, x0) = (posterior(Prediction::Data), posterior(Prediction::Noise));
        for axis in 0..2 {
            let (x1, x0, z) = (x1[[0, axis]], x0[[0, axis]], place.z[[0, axis]]);
            // Rows times expectations, both of which hold a few roundings of terms up to |z − αm|/σ.
            let near = |got: f64, [a, b]: [f64; 2]| {
                let size = a.abs() * (x1.abs() + 4.0) + b.abs() * (x0.abs() + 20.0);
                let error = (got - (a * x1 + b * x0)).abs();
                assert!(error <= 64.0 * f64::EPSILON * size, "{}: {error:e} of {size}", place.name);
            };
            near(z, [point.alpha, point.sigma]);
            for wanted in Prediction::ALL {
                let row = wanted.row(point);
                near(posterior(wanted)[[0, axis]], [row.data, row.noise]);
            }
        }
    });
}
