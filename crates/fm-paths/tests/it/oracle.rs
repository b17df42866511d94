//! The oracles against brute force, numerical integration, explicit formulas and frozen values.

use fm_paths::oracle::{Exact, GaussianMixture};
use fm_paths::{Cosine, Linear, PathError, Prediction, Schedule};
use ndarray::{Array1, Array2, Array3, Axis, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::schedules::all;

pub(crate) fn mixture() -> GaussianMixture {
    let means = array![[-1.5, 0.5], [1.0, 1.0], [0.5, -2.0]];
    GaussianMixture::diagonal(&[0.5, 0.3, 0.2], &means, &array![[0.3, 0.2], [0.1, 0.4], [0.5, 0.25]]).unwrap()
}

/// Weights, means and covariances of a mixture whose components lie askew; the last one is singular.
type Parameters = ([f64; 3], [[f64; 2]; 3], [[[f64; 2]; 2]; 3]);
const ASKEW: Parameters = (
    [0.5, 0.3, 0.2],
    [[-1.0, 0.5], [1.0, 1.0], [0.5, -1.5]],
    [[[0.5, 0.3], [0.3, 0.4]], [[0.2, -0.15], [-0.15, 0.6]], [[0.4, 0.2], [0.2, 0.1]]],
);

fn askew() -> GaussianMixture {
    let (weights, means, covariances) = ASKEW;
    GaussianMixture::full(&weights, &Array2::from(means.to_vec()), &Array3::from(covariances.to_vec())).unwrap()
}

pub(crate) fn laws() -> Vec<(&'static str, GaussianMixture)> {
    let covariance = array![[2.0, 0.6], [0.6, 0.5]];
    let points = array![[-1.0, 0.0], [0.5, 1.0], [1.5, -0.5], [0.2, 0.3]];
    vec![
        ("gaussian", GaussianMixture::gaussian(&array![1.0, -0.5], &covariance).unwrap()),
        ("full mixture", askew()),
        ("diagonal mixture", mixture()),
        ("isotropic mixture", {
            GaussianMixture::isotropic(&[0.25, 0.75], &array![[-1.0, 1.0], [2.0, 0.0]], &[0.2, 0.6]).unwrap()
        }),
        ("points", GaussianMixture::empirical(&points).unwrap()),
    ]
}

pub(crate) const PLACES: [[f64; 2]; 4] = [[0.0, 0.0], [0.7, -0.4], [-1.2, 0.9], [1.6, 1.1]];

/// A time of every schedule at which it has about this log-SNR.
pub(crate) fn time_of(name: &str, schedule: &dyn Schedule, log_snr: f64) -> f64 {
    let t = schedule.t_of_log_snr(log_snr).unwrap();
    // Knots of the interpolated table are kinks of the second derivative: t keeps its distance.
    if name == "table" { ((t * 5.0).floor() + 0.25 + 0.5 * (t * 5.0).fract()) / 5.0 } else { t }
}

#[test]
fn points_by_brute_force() {
    let points = array![[-1.0, 0.0], [0.5, 1.0], [1.5, -0.5], [0.2, 0.3]];
    for (name, schedule) in all() {
        let t = time_of(name, &schedule, 0.8);
        let point = schedule.at(t);
        let z = array![[0.4, 0.1]] * point.alpha.hypot(point.sigma);
        let likelihood: Vec<f64> = points
            .rows()
            .into_iter()
            .map(|x| (-(&z.row(0) - &(&x * point.alpha)).mapv(|e| e * e).sum() / (2.0 * point.sigma.powi(2))).exp())
            .collect();
        let total: f64 = likelihood.iter().sum();
        let mean = (&points * &Array1::from(likelihood).insert_axis(Axis(1))).sum_axis(Axis(0)) / total;
        let exact = Exact::new(&*schedule, GaussianMixture::empirical(&points).unwrap());
        let got = exact.predict(Prediction::Data, &[t], &z).unwrap();
        assert!((&got.row(0) - &mean).iter().all(|e| e.abs() < 1e-14), "{name}: {got} for {mean}");
        let density = total / 4.0 / (std::f64::consts::TAU * point.sigma.powi(2));
        assert!((exact.log_density(&[t], &z).unwrap()[0] - density.ln()).abs() < 1e-13, "{name}");
    }
}

/// Every width around the lanes of the sum of squares, against a plain loop.
#[test]
fn points_of_any_dimension() {
    for dim in 1..20 {
        let points = Array2::from_shape_fn((3, dim), |(i, j)| ((i * dim + j) as f64 * 0.7).sin());
        let z = Array2::from_shape_fn((1, dim), |(_, j)| (j as f64 * 0.3).cos());
        let exact = Exact::new(Linear, GaussianMixture::empirical(&points).unwrap());
        let (alpha, sigma) = (0.6, 0.4);
        let density: f64 = points
            .rows()
            .into_iter()
            .map(|x| (-(&z.row(0) - &(&x * alpha)).mapv(|e| e * e).sum() / (2.0 * sigma * sigma)).exp())
            .sum::<f64>()
            / 3.0;
        let expected = density.ln() - 0.5 * dim as f64 * (std::f64::consts::TAU * sigma * sigma).ln();
        assert!((exact.log_density(&[alpha], &z).unwrap()[0] - expected).abs() < 1e-13 * (1.0 + dim as f64), "{dim}");
    }
}

/// A square grid about the origin, and the area of a cell.
fn grid(half: f64, n: usize) -> (Array2<f64>, f64) {
    let step = 2.0 * half / (n - 1) as f64;
    let place = |i: usize| -half + step * i as f64;
    (Array2::from_shape_fn((n * n, 2), |(i, j)| place(if j == 0 { i / n } else { i % n })), step * step)
}

/// The trapezoidal rule is exact to rounding for a density that vanishes at the edge of the square and whose narrowest
/// part, σ = 0.27 beside √(α² + σ²) at the highest log-SNR, spans 1.35 cells: what it leaves out is exp(−2π²·1.35²), 2e-16.
#[test]
fn density_integrates_to_one_and_score_to_zero() {
    let (unit, cell) = grid(12.0, 121);
    for (schedule_name, schedule) in all() {
        for (name, law) in laws() {
            let exact = Exact::new(&*schedule, law);
            for log_snr in [-1.5, 2.5] {
                let t = time_of(schedule_name, &schedule, log_snr);
                let point = schedule.at(t);
                let scale = point.alpha.hypot(point.sigma);
                let z = &unit * scale;
                let density = exact.log_density(&[t], &z).unwrap().mapv(f64::exp) * (cell * scale * scale);
                assert!((density.sum() - 1.0).abs() < 1e-9, "{name} on {schedule_name} at {t}: {}", density.sum());
                let score = exact.score(&[t], &z).unwrap() * &density.insert_axis(Axis(1)) * scale;
                assert!(score.sum_axis(Axis(0)).iter().all(|e| e.abs() < 1e-9), "{name} on {schedule_name} at {t}");
            }
        }
    }
    // And at the ends, where the data have a density.
    for (name, law) in [("diagonal mixture", mixture()), ("gaussian", laws().swap_remove(0).1)] {
        let exact = Exact::new(Linear, law);
        for t in [0.0, 1.0] {
            let total = exact.log_density(&[t], &unit).unwrap().mapv(f64::exp).sum() * cell;
            assert!((total - 1.0).abs() < 1e-9, "{name} at {t}: {total}");
        }
    }
}

/// Full covariances against the formulas with inverses and determinants of 2×2 matrices written out.
#[test]
fn full_covariances_by_explicit_inverses() {
    let (weights, means, covariances) = ASKEW;
    for (name, schedule) in all() {
        let t = time_of(name, &schedule, 1.0);
        let point = schedule.at(t);
        let (a, s2) = (point.alpha, point.sigma.powi(2));
        let z = [0.7 * a.hypot(point.sigma), -0.4 * a.hypot(point.sigma)];
        let (mut total, mut mean) = (0.0, [0.0; 2]);
        for ((weight, m), c) in weights.iter().zip(means).zip(covariances) {
            let [[p, q], [_, r]] = c.map(|row| row.map(|c| a * a * c));
            let (p, r) = (p + s2, r + s2);
            let determinant = p * r - q * q;
            let e = [z[0] - a * m[0], z[1] - a * m[1]];
            let g = [(r * e[0] - q * e[1]) / determinant, (p * e[1] - q * e[0]) / determinant];
            let density = (-0.5 * (e[0] * g[0] + e[1] * g[1])).exp() / (std::f64::consts::TAU * determinant.sqrt());
            total += weight * density;
            for i in 0..2 {
                mean[i] += weight * density * (m[i] + a * (c[i][0] * g[0] + c[i][1] * g[1]));
            }
        }
        let exact = Exact::new(&*schedule, askew());
        // The determinant of the singular component cancels down to σ²: a few hundred roundings at this log-SNR.
        assert!((exact.log_density(&[t], &array![z]).unwrap()[0] - total.ln()).abs() < 1e-12, "{name}");
        let got = exact.predict(Prediction::Data, &[t], &array![z]).unwrap();
        for i in 0..2 {
            assert!((got[[0, i]] - mean[i] / total).abs() < 1e-12, "{name}: {got} for {mean:?}/{total}");
        }
    }
}

/// The posterior mean of the data and their evidence, as integrals over the data by the trapezoidal rule: nothing of it
/// knows that Gaussians are conjugate.
#[test]
fn full_covariances_by_numerical_integration() {
    let covariances = array![[[0.5, 0.3], [0.3, 0.4]], [[0.2, -0.15], [-0.15, 0.6]]];
    let means = array![[-1.0, 0.5], [1.0, 1.0]];
    let law = GaussianMixture::full(&[0.6, 0.4], &means, &covariances).unwrap();
    let (points, cell) = grid(8.0, 321);
    let prior = |x: f64, y: f64| -> f64 {
        (0..2)
            .map(|k| {
                let (p, q, r) = (covariances[[k, 0, 0]], covariances[[k, 0, 1]], covariances[[k, 1, 1]]);
                let determinant = p * r - q * q;
                let (x, y) = (x - means[[k, 0]], y - means[[k, 1]]);
                let form = (r * x * x - 2.0 * q * x * y + p * y * y) / determinant;
                [0.6, 0.4][k] * (-0.5 * form).exp() / (std::f64::consts::TAU * determinant.sqrt())
            })
            .sum()
    };
    let (t, z) = (0.6, [0.3, 0.5]);
    let (alpha, sigma) = (Cosine.at(t).alpha, Cosine.at(t).sigma);
    let (mut evidence, mut mean) = (0.0, [0.0; 2]);
    for x in points.rows() {
        let square = (z[0] - alpha * x[0]).powi(2) + (z[1] - alpha * x[1]).powi(2);
        let joint =
            prior(x[0], x[1]) * (-0.5 * square / (sigma * sigma)).exp() / (std::f64::consts::TAU * sigma * sigma);
        evidence += joint * cell;
        mean[0] += joint * cell * x[0];
        mean[1] += joint * cell * x[1];
    }
    let exact = Exact::new(Cosine, law);
    assert!((exact.log_density(&[t], &array![z]).unwrap()[0] - evidence.ln()).abs() < 1e-12);
    let got = exact.predict(Prediction::Data, &[t], &array![z]).unwrap();
    assert!((0..2).all(|i| (got[[0, i]] - mean[i] / evidence).abs() < 1e-12), "{got} for {mean:?}/{evidence}");
}

/// Covariances that are multiples of the identity, or diagonal, or turned ones of those, are the simpler laws.
#[test]
fn full_covariances_contain_the_simpler_laws() {
    let (weights, means) = ([0.5, 0.3, 0.2], array![[-1.5, 0.5], [1.0, 1.0], [0.5, -2.0]]);
    let variances = array![[0.3, 0.2], [0.1, 0.4], [0.5, 0.5]];
    let simple = Exact::new(Cosine, GaussianMixture::diagonal(&weights, &means, &variances).unwrap());
    let (sin, cos) = 0.4_f64.sin_cos();
    for turn in [array![[1.0, 0.0], [0.0, 1.0]], array![[cos, sin], [-sin, cos]]] {
        let covariance = |k: usize| turn.t().dot(&Array2::from_diag(&variances.row(k))).dot(&turn);
        let covariances = ndarray::stack(Axis(0), &[0, 1, 2].map(covariance).each_ref().map(|c| c.view())).unwrap();
        let law = GaussianMixture::full(&weights, &means.dot(&turn), &covariances).unwrap();
        let full = Exact::new(Cosine, law);
        for place in PLACES {
            let z: Array2<f64> = array![place];
            let turned = z.dot(&turn);
            for wanted in Prediction::ALL {
                let (want, got) = (simple.predict(wanted, &[0.6], &z), full.predict(wanted, &[0.6], &turned));
                let error = want.unwrap().dot(&turn) - got.unwrap();
                assert!(error.iter().all(|e| e.abs() < 1e-13), "{wanted} off by {error}");
            }
            let scalars = |exact: &Exact<Cosine>, z: &Array2<f64>| {
                [exact.log_density(&[0.6], z).unwrap()[0], exact.divergence(&[0.6], z).unwrap()[0]]
            };
            let (want, got) = (scalars(&simple, &z), scalars(&full, &turned));
            assert!(want.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-13 * (1.0 + a.abs())), "{want:?} {got:?}");
        }
    }
}

/// Inside everything is f64, so f32 states give the f64 answer for those states, rounded once.
#[test]
fn single_precision_is_rounded_once() {
    for (name, law) in laws() {
        let exact = Exact::new(Cosine, law);
        let z = exact.sample_state(0.9, 50, &mut ChaCha8Rng::seed_from_u64(1)).unwrap().mapv(|x| x as f32);
        let wide = z.mapv(f64::from);
        for wanted in Prediction::ALL {
            let expected = exact.predict(wanted, &[0.9], &wide).unwrap().mapv(|x| x as f32);
            assert_eq!(exact.predict(wanted, &[0.9], &z).unwrap(), expected, "{name}: {wanted}");
        }
        assert_eq!(exact.log_density(&[0.9], &z), exact.log_density(&[0.9], &wide), "{name}");
        assert_eq!(exact.divergence(&[0.9], &z), exact.divergence(&[0.9], &wide), "{name}");
    }
}

/// Samples have the mean of the mixture, and its density explains them: E[div score + |score|²] = 0 (Stein).
#[test]
fn samples_follow_the_law() {
    let n = 40_000;
    for (name, law) in laws() {
        for (schedule_name, schedule) in all() {
            let exact = Exact::new(&*schedule, law.clone());
            let t = time_of(schedule_name, &schedule, 0.5);
            let z = exact.sample_state(t, n / 8, &mut ChaCha8Rng::seed_from_u64(4)).unwrap();
            // E[z·scoreᵀ] = −I, coordinate by coordinate; five standard errors.
            let products = &z * &exact.score(&[t], &z).unwrap();
            for column in products.columns() {
                let (mean, error) = (column.mean().unwrap(), 5.0 * column.std(1.0) / (n as f64 / 8.0).sqrt());
                assert!((mean + 1.0).abs() < error, "{name} on {schedule_name}: {mean} ± {error}");
            }
        }
        let exact = Exact::new(Linear, law);
        let drawn = exact.law.sample(n, &mut ChaCha8Rng::seed_from_u64(5));
        let mean = exact.predict(Prediction::Data, &[0.0], &array![[0.0, 0.0]]).unwrap();
        for (column, mean) in drawn.columns().into_iter().zip(&mean) {
            let error = 5.0 * column.std(1.0) / (n as f64).sqrt();
            assert!((column.mean().unwrap() - mean).abs() < error, "{name}");
        }
    }
}

/// The covariance of a mixture: that of its components on average, and that of their means.
#[test]
fn full_covariances_are_sampled_with_their_correlations() {
    let (weights, means, covariances) = ASKEW;
    let n = 40_000;
    let x = askew().sample(n, &mut ChaCha8Rng::seed_from_u64(6));
    let average = |f: &dyn Fn(usize) -> f64| -> f64 { (0..3).map(|k| weights[k] * f(k)).sum() };
    let mean = [0, 1].map(|i| average(&|k| means[k][i]));
    for (i, j) in [(0, 0), (0, 1), (1, 1)] {
        let expected = average(&|k| covariances[k][i][j] + (means[k][i] - mean[i]) * (means[k][j] - mean[j]));
        let products = (&x.column(i) - mean[i]) * (&x.column(j) - mean[j]);
        let error = 5.0 * products.std(1.0) / (n as f64).sqrt();
        assert!((products.mean().unwrap() - expected).abs() < error, "{i}{j}: {expected} ± {error}");
    }
}

/// Classical Runge–Kutta in `n` steps from `t = 0` to 1.
fn rk4(exact: &Exact<Linear>, mut z: Array2<f64>, n: usize) -> Array2<f64> {
    let h = 1.0 / n as f64;
    for i in 0..n {
        let u = |t: f64, z: &Array2<f64>| exact.velocity(&[t], z).unwrap();
        let (t, m) = (i as f64 / n as f64, (i as f64 + 0.5) / n as f64);
        let k1 = u(t, &z);
        let k2 = u(m, &(&z + &k1 * (0.5 * h)));
        let k3 = u(m, &(&z + &k2 * (0.5 * h)));
        let k4 = u((i + 1) as f64 / n as f64, &(&z + &k3 * h));
        z += &((k1 + k2 * 2.0 + k3 * 2.0 + k4) * (h / 6.0));
    }
    z
}

/// Frozen from an independent NumPy implementation (m = 3, s = 0.25, x₀ = 1; exact 3.25), to 1e-6 relative plus rounding.
#[test]
fn gaussian_flow_has_the_frozen_rk4_errors() {
    let law = GaussianMixture::isotropic(&[1.0], &array![[3.0]], &[0.0625]).unwrap();
    let exact = Exact::new(Linear, law);
    for (n, expected) in [(16, -1.377_983e-6), (64, -3.839_441e-9), (256, -1.348_388e-11)] {
        let error = rk4(&exact, array![[1.0]], n)[[0, 0]] - 3.25;
        assert!((error - expected).abs() < 1e-6 * f64::abs(expected) + 1e-14, "{n}: {error:e} for {expected:e}");
    }
}

/// The ring of eight against its closed form written out: one variance, so r-weighted means and their covariance.
#[test]
fn ring_matches_the_one_variance_formula() {
    let (s2, t) = (0.1_f64, 0.55);
    let exact = Exact::new(Linear, GaussianMixture::ring(8, 5.0, s2.sqrt()).unwrap());
    let v = (1.0 - t) * (1.0 - t) + t * t * s2;
    let a = (t * s2 - (1.0 - t)) / v;
    for z in [[0.1, 0.2], [1.5, 1.0], [-2.0, 0.4]] {
        let centres: Vec<[f64; 2]> = (0..8)
            .map(|k| f64::from(k) * std::f64::consts::FRAC_PI_4)
            .map(|angle| [5.0 * angle.cos(), 5.0 * angle.sin()])
            .collect();
        let r: Vec<f64> = centres
            .iter()
            .map(|m| (-((z[0] - t * m[0]).powi(2) + (z[1] - t * m[1]).powi(2)) / (2.0 * v)).exp())
            .collect();
        let total: f64 = r.iter().sum();
        let mean = |f: &dyn Fn(&[f64; 2]) -> f64| centres.iter().zip(&r).map(|(m, r)| r / total * f(m)).sum::<f64>();
        let m = [mean(&|m| m[0]), mean(&|m| m[1])];
        let trace = mean(&|p| (p[0] - m[0]).powi(2) + (p[1] - m[1]).powi(2));
        let u = exact.velocity(&[t], &array![z]).unwrap();
        for axis in 0..2 {
            let expected = m[axis] + a * (z[axis] - t * m[axis]);
            assert!((u[[0, axis]] - expected).abs() < 1e-13 * (1.0 + 5.0 * a.abs()), "{u} for {expected}");
        }
        let divergence = exact.divergence(&[t], &array![z]).unwrap()[0];
        let expected = 2.0 * a + (1.0 - t * a) * (t / v) * trace;
        assert!((divergence - expected).abs() < 1e-11 * (1.0 + expected.abs()), "{divergence} for {expected}");
    }
}

/// The integral of −div u along the flow is the change of the log-density: an exact likelihood.
#[test]
fn likelihood_along_the_flow() {
    let exact = Exact::new(Linear, mixture());
    let (n, mut z, mut integral) = (2000, array![[0.3, -0.8]], 0.0);
    let start = exact.log_density(&[0.0], &z).unwrap()[0];
    // Simpson's rule on every RK4 step needs the midpoint: take steps of half the size, two at a time.
    let h = 1.0 / f64::from(n);
    let step = |t: f64, z: &Array2<f64>| {
        let u = |t: f64, z: &Array2<f64>| exact.velocity(&[t], z).unwrap();
        let k1 = u(t, z);
        let k2 = u(t + 0.5 * h, &(z + &k1 * (0.5 * h)));
        let k3 = u(t + 0.5 * h, &(z + &k2 * (0.5 * h)));
        let k4 = u((t + h).min(1.0), &(z + &k3 * h));
        z + &((k1 + k2 * 2.0 + k3 * 2.0 + k4) * (h / 6.0))
    };
    let divergence = |t: f64, z: &Array2<f64>| exact.divergence(&[t.min(1.0)], z).unwrap()[0];
    for i in (0..n).step_by(2) {
        let t = f64::from(i) * h;
        let middle = step(t, &z);
        let end = step(t + h, &middle);
        let sum = divergence(t, &z) + 4.0 * divergence(t + h, &middle) + divergence(t + 2.0 * h, &end);
        integral += h / 3.0 * sum;
        z = end;
    }
    let got = start - integral;
    let expected = exact.log_density(&[1.0], &z).unwrap()[0];
    assert!((got - expected).abs() < 1e-8, "{got} for {expected}");
}

#[test]
fn threads_times_and_layout_do_not_matter() {
    for law in [GaussianMixture::ring(8, 5.0, 0.3).unwrap(), askew(), laws().swap_remove(0).1] {
        let exact = Exact::new(Linear, law);
        let z = exact.sample_state(0.3, 5000, &mut ChaCha8Rng::seed_from_u64(7)).unwrap();
        let t: Vec<f64> = (0..5000).map(|i| f64::from(i) / 5000.0).collect();
        let together = exact.velocity(&t, &z).unwrap();
        for i in [0, 17, 4999] {
            let alone = exact.velocity(&t[i..=i], &z.slice(ndarray::s![i..=i, ..])).unwrap();
            assert_eq!(alone.row(0), together.row(i));
        }
        let mut fortran = Array2::zeros(ndarray::ShapeBuilder::f((5000, 2)));
        exact.predict_into(Prediction::Velocity, &t, &z, &mut fortran).unwrap();
        assert_eq!(fortran, together);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| exact.velocity(&t, &z).unwrap()), together);
        }
        let mut late = t;
        late[4321] = 2.0;
        late[321] = -1.0;
        assert_eq!(exact.velocity(&late, &z), Err(PathError::TimeOutOfRange { index: 321, t: -1.0 }));
        assert_eq!(exact.velocity(&[0.5], &Array2::<f32>::zeros((0, 2))).unwrap().shape(), [0, 2]);
    }
}

#[test]
fn far_away_nothing_underflows() {
    let exact = Exact::new(Linear, GaussianMixture::empirical(&array![[-1.0], [1.0]]).unwrap());
    let z = array![[50.0]];
    let t = [0.999];
    let log_p = exact.log_density(&t, &z).unwrap()[0];
    let (d, s) = (50.0 - 0.999, 0.001_f64);
    let expected = 0.5_f64.ln() - 0.5 * std::f64::consts::TAU.ln() - (1.0 - 0.999_f64).ln() - d * d / (2.0 * s * s);
    assert!((log_p / expected - 1.0).abs() < 1e-9, "{log_p} for {expected}");
    assert_eq!(exact.predict(Prediction::Data, &t, &z).unwrap(), array![[1.0]]);
}

/// At every end and beside it: an answer that is finite, or an error that says why there is none.
#[test]
fn ends_are_exact_or_typed_errors() {
    let unit = array![[0.4, -1.0]];
    for (name, schedule) in all() {
        for (law_name, law) in laws() {
            let exact = Exact::new(&*schedule, law);
            for t in [0.0, f64::MIN_POSITIVE, 1e-9, 1.0 - 1e-9, 1.0 - f64::EPSILON, 1.0] {
                let point = schedule.at(t);
                let z = &unit * point.alpha.hypot(point.sigma);
                for wanted in Prediction::ALL {
                    match exact.predict(wanted, &[t], &z) {
                        Ok(answer) => {
                            assert!(answer.iter().all(|x| x.is_finite()), "{wanted}, {law_name} on {name} at {t}");
                        }
                        Err(PathError::Undefined { .. }) => {
                            assert!(wanted == Prediction::Velocity && point.d_sigma.is_infinite(), "{name} at {t}");
                        }
                        Err(PathError::Degenerate { .. }) => {
                            // No noise, and data on points or on a line.
                            let flat = ["points", "full mixture"].contains(&law_name);
                            assert!(point.sigma == 0.0 && flat, "{law_name} on {name} at {t}");
                        }
                        Err(other) => panic!("{wanted}, {law_name} on {name} at {t}: {other}"),
                    }
                }
                if let Ok(log_p) = exact.log_density(&[t], &z) {
                    assert!(log_p[0].is_finite(), "{law_name} on {name} at {t}");
                }
            }
        }
        // Where the state is the data, or the noise, that is the answer.
        let exact = Exact::new(&*schedule, mixture());
        for (wanted, t, row) in [(Prediction::Data, 1.0, [1.0, 0.0]), (Prediction::Noise, 0.0, [0.0, 1.0])] {
            let point = schedule.at(t);
            if [point.alpha, point.sigma] == row {
                let error = exact.predict(wanted, &[t], &unit).unwrap() - &unit;
                assert!(error.iter().all(|e| e.abs() < 2.0 * f64::EPSILON), "{wanted} on {name}: off by {error}");
            }
        }
    }
}

#[test]
fn bad_laws_are_named() {
    let means = || array![[0.0, 1.0], [2.0, 3.0]];
    let parameter = |law: Result<GaussianMixture, PathError>| match law.unwrap_err() {
        PathError::Parameter { name, .. } => name,
        PathError::Dimension { what, .. } => what,
        other => panic!("{other}"),
    };
    let isotropic = |w: &[f64], v: &[f64]| parameter(GaussianMixture::isotropic(w, &means(), v));
    assert_eq!(isotropic(&[0.5, 0.6], &[1.0, 1.0]), "sum of the weights");
    assert_eq!(isotropic(&[1.5, -0.5], &[1.0, 1.0]), "weight");
    assert_eq!(isotropic(&[f64::NAN, 1.0], &[1.0, 1.0]), "weight");
    assert_eq!(isotropic(&[0.5, 0.5], &[1.0, -1.0]), "variance");
    assert_eq!(isotropic(&[0.5, 0.5], &[1.0]), "variances");
    assert_eq!(isotropic(&[1.0], &[1.0]), "rows of the means");
    assert_eq!(parameter(GaussianMixture::empirical(&Array2::zeros((0, 2)))), "number of components");
    assert_eq!(parameter(GaussianMixture::empirical(&Array2::zeros((2, 0)))), "dimension");
    assert_eq!(parameter(GaussianMixture::empirical(&array![[f64::INFINITY]])), "mean");
    let gaussian = |c: Array2<f64>| parameter(GaussianMixture::gaussian(&array![0.0, 0.0], &c));
    assert_eq!(gaussian(array![[1.0]]), "rows of the covariance");
    assert_eq!(gaussian(array![[1.0, 0.5], [0.0, 1.0]]), "covariance");
    assert_eq!(gaussian(array![[1.0, 2.0], [2.0, 1.0]]), "covariance");
    assert_eq!(gaussian(array![[1.0, f64::NAN], [2.0, 1.0]]), "covariance");
    let full = |w: &[f64], c: Array2<f64>| {
        parameter(GaussianMixture::full(w, &means(), &ndarray::stack![Axis(0), Array2::<f64>::eye(2), c]))
    };
    assert_eq!(full(&[0.5, 0.5], array![[1.0, 2.0], [2.0, 1.0]]), "covariance");
    assert_eq!(full(&[1.0], Array2::eye(2)), "covariances");
    assert_eq!(full(&[0.5, 0.6], Array2::eye(2)), "sum of the weights");
}

#[test]
#[should_panic(expected = "states of shape [1, 3] for a law of dimension 2")]
fn states_must_match_the_law() {
    let _ = Exact::new(Linear, mixture()).velocity(&[0.5], &array![[0.0, 0.0, 0.0]]);
}
