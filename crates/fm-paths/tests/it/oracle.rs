//! The oracles against calculus, brute force, numerical integration and frozen values.

use fm_paths::oracle::{Exact, GaussianMixture};
use fm_paths::{Linear, PathError, Prediction, Schedule};
use ndarray::{Array1, Array2, ArrayRef2, Axis, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::schedules::regular;

fn mixture() -> GaussianMixture {
    let means = array![[-1.5, 0.5], [1.0, 1.0], [0.5, -2.0]];
    GaussianMixture::diagonal(&[0.5, 0.3, 0.2], &means, &array![[0.3, 0.2], [0.1, 0.4], [0.5, 0.25]]).unwrap()
}

fn laws() -> Vec<(&'static str, GaussianMixture)> {
    let covariance = array![[2.0, 0.6], [0.6, 0.5]];
    let points = array![[-1.0, 0.0], [0.5, 1.0], [1.5, -0.5], [0.2, 0.3]];
    vec![
        ("gaussian", GaussianMixture::gaussian(&array![1.0, -0.5], &covariance).unwrap()),
        ("diagonal mixture", mixture()),
        ("isotropic mixture", {
            GaussianMixture::isotropic(&[0.25, 0.75], &array![[-1.0, 1.0], [2.0, 0.0]], &[0.2, 0.6]).unwrap()
        }),
        ("points", GaussianMixture::empirical(&points).unwrap()),
    ]
}

const PLACES: [[f64; 2]; 4] = [[0.0, 0.0], [0.7, -0.4], [-1.2, 0.9], [1.6, 1.1]];

/// Fourth-order central difference of `f` at 0 with step `h`.
fn difference(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    (f(-2.0 * h) - 8.0 * f(-h) + 8.0 * f(h) - f(2.0 * h)) / (12.0 * h)
}

fn shifted(z: &ArrayRef2<f64>, axis: usize, by: f64) -> Array2<f64> {
    let mut z = z.to_owned();
    z[[0, axis]] += by;
    z
}

/// For every law, schedule, time and place: `f(name, exact, t, z)`.
fn everywhere(f: impl Fn(&str, &Exact<&(dyn Schedule + Sync)>, f64, &ArrayRef2<f64>)) {
    for (schedule_name, schedule) in regular() {
        for (law_name, law) in laws() {
            let exact = Exact::new(&*schedule, law);
            for t in [0.15, 0.5, 0.8] {
                for place in PLACES {
                    f(&format!("{law_name} on {schedule_name} at {t}, {place:?}"), &exact, t, &array![place]);
                }
            }
        }
    }
}

// The differences below have h = 1e-3, truncation h⁴·f⁽⁵⁾/30 and rounding 1e-16·|f|/h. Near points (σ = 0.2) the fifth
// derivative of a log-density reaches about 24·(1/σ)^5·few: the relative tolerance 1e-6 covers both.
const H: f64 = 1e-3;

fn close(got: f64, expected: f64, scale: f64, name: &str) {
    assert!((got - expected).abs() <= 1e-6 * (1.0 + scale.abs()), "{name}: {got} for {expected}");
}

#[test]
fn score_is_the_gradient_of_the_log_density() {
    everywhere(|name, exact, t, z| {
        let score = exact.score(&[t], z).unwrap();
        for axis in 0..2 {
            let slope = difference(H, |by| exact.log_density(&[t], &shifted(z, axis, by)).unwrap()[0]);
            close(score[[0, axis]], slope, slope, name);
        }
    });
}

#[test]
fn divergence_is_that_of_the_velocity() {
    everywhere(|name, exact, t, z| {
        let slopes: f64 = (0..2)
            .map(|axis| difference(H, |by| exact.velocity(&[t], &shifted(z, axis, by)).unwrap()[[0, axis]]))
            .sum();
        close(exact.divergence(&[t], z).unwrap()[0], slopes, slopes, name);
    });
}

/// ∂p/∂t + div(p·u) = 0, divided by p: the velocity moves the density.
#[test]
fn continuity_equation() {
    everywhere(|name, exact, t, z| {
        let rate = difference(H, |by| exact.log_density(&[t + by], z).unwrap()[0]);
        let (u, score) = (exact.velocity(&[t], z).unwrap(), exact.score(&[t], z).unwrap());
        let flow = (&u * &score).sum() + exact.divergence(&[t], z).unwrap()[0];
        close(rate, -flow, flow.abs().max(rate.abs()), name);
    });
}

/// ∂p/∂t + div(p·(u + ½g²·score)) = ½g²·Δp for any g, all of it by differences of the density and of the drift.
#[test]
fn fokker_planck_equation() {
    // Far from the points the logarithm falls by up to 40 a unit: a truncation of 40⁶·h⁴/15 asks for a smaller step than H,
    // and the rounding of the second difference, 1e-16/h², for no less.
    let (g2, h) = (0.7, 3e-4);
    everywhere(|name, exact, t, z| {
        let log_p = |t: f64, z: &ArrayRef2<f64>| exact.log_density(&[t], z).unwrap()[0];
        let at_z = log_p(t, z);
        let relative = |t: f64, z: &ArrayRef2<f64>| (log_p(t, z) - at_z).exp();
        let drift = |z: &ArrayRef2<f64>, axis: usize| {
            exact.velocity(&[t], z).unwrap()[[0, axis]] + 0.5 * g2 * exact.score(&[t], z).unwrap()[[0, axis]]
        };
        let rate = difference(h, |by| relative(t + by, z));
        let (mut flow, mut spread) = (0.0, 0.0);
        for axis in 0..2 {
            flow += difference(h, |by| {
                let z = shifted(z, axis, by);
                relative(t, &z) * drift(&z, axis)
            });
            spread += difference(h, |by| {
                let z = shifted(z, axis, by);
                difference(h, |by| relative(t, &shifted(&z, axis, by)))
            });
        }
        close(rate + flow, 0.5 * g2 * spread, spread.abs().max(flow.abs()), name);
    });
}

#[test]
fn state_and_predictions_are_consistent() {
    everywhere(|name, exact, t, z| {
        let point = exact.schedule.at(t);
        let posterior = |wanted| exact.predict(wanted, &[t], z).unwrap();
        let (x1, x0) = (posterior(Prediction::Data), posterior(Prediction::Noise));
        for axis in 0..2 {
            close(point.alpha * x1[[0, axis]] + point.sigma * x0[[0, axis]], z[[0, axis]], 0.0, name);
            for wanted in Prediction::ALL {
                let row = wanted.row(point);
                let expected = row.data * x1[[0, axis]] + row.noise * x0[[0, axis]];
                close(posterior(wanted)[[0, axis]], expected, expected, name);
            }
        }
    });
}

#[test]
fn points_by_brute_force() {
    let points = array![[-1.0, 0.0], [0.5, 1.0], [1.5, -0.5], [0.2, 0.3]];
    for (name, schedule) in regular() {
        let point = schedule.at(0.6);
        let z = array![[0.4, 0.1]];
        let likelihood: Vec<f64> = points
            .rows()
            .into_iter()
            .map(|x| (-(&z.row(0) - &(&x * point.alpha)).mapv(|e| e * e).sum() / (2.0 * point.sigma.powi(2))).exp())
            .collect();
        let total: f64 = likelihood.iter().sum();
        let mean = (&points * &Array1::from(likelihood).insert_axis(Axis(1))).sum_axis(Axis(0)) / total;
        let exact = Exact::new(&*schedule, GaussianMixture::empirical(&points).unwrap());
        let got = exact.predict(Prediction::Data, &[0.6], &z).unwrap();
        assert!((&got.row(0) - &mean).iter().all(|e| e.abs() < 1e-14), "{name}: {got} for {mean}");
        let density = total / 4.0 / (std::f64::consts::TAU * point.sigma.powi(2));
        assert!((exact.log_density(&[0.6], &z).unwrap()[0] - density.ln()).abs() < 1e-13, "{name}");
    }
}

/// The trapezoidal rule is exact to rounding for a density that vanishes at the edge of the square.
#[test]
fn density_integrates_to_one_and_score_to_zero() {
    let (half, n) = (12.0, 241);
    let step = 2.0 * half / (n - 1) as f64;
    let grid = Array2::from_shape_fn((n * n, 2), |(i, j)| -half + step * (if j == 0 { i / n } else { i % n }) as f64);
    for (name, law) in laws().into_iter().take(3) {
        let exact = Exact::new(Linear, law);
        for t in [0.0, 0.4, 1.0] {
            let density = exact.log_density(&[t], &grid).unwrap().mapv(f64::exp) * step * step;
            assert!((density.sum() - 1.0).abs() < 1e-9, "{name} at {t}: {}", density.sum());
            let score = exact.score(&[t], &grid).unwrap() * &density.insert_axis(Axis(1));
            assert!(score.sum_axis(Axis(0)).iter().all(|e| e.abs() < 1e-9), "{name} at {t}");
        }
    }
}

/// Samples have the mean of the mixture, and its density explains them: E[div score + |score|²] = 0 (Stein).
#[test]
fn samples_follow_the_law() {
    let n = 40_000;
    for (name, law) in laws() {
        let exact = Exact::new(Linear, law);
        let z = exact.sample_state(0.5, n, &mut ChaCha8Rng::seed_from_u64(4)).unwrap();
        // E[z·scoreᵀ] = −I, coordinate by coordinate; five standard errors.
        let products = &z * &exact.score(&[0.5], &z).unwrap();
        for column in products.columns() {
            let error = 5.0 * column.std(1.0) / (n as f64).sqrt();
            assert!((column.mean().unwrap() + 1.0).abs() < error, "{name}: {} ± {error}", column.mean().unwrap());
        }
        let drawn = exact.law.sample(n, &mut ChaCha8Rng::seed_from_u64(5));
        let mean = exact.predict(Prediction::Data, &[0.0], &Array2::zeros((1, 2))).unwrap();
        for (column, mean) in drawn.columns().into_iter().zip(&mean) {
            let error = 5.0 * column.std(1.0) / (n as f64).sqrt();
            assert!((column.mean().unwrap() - mean).abs() < error, "{name}");
        }
    }
}

#[test]
fn full_covariance_is_sampled_with_its_correlation() {
    let covariance = array![[2.0, 0.6], [0.6, 0.5]];
    let law = GaussianMixture::gaussian(&array![1.0, -0.5], &covariance).unwrap();
    let n = 40_000;
    let centred = law.sample(n, &mut ChaCha8Rng::seed_from_u64(6)) - array![1.0, -0.5];
    for ((i, j), expected) in covariance.indexed_iter() {
        let products = &centred.column(i) * &centred.column(j);
        let error = 5.0 * products.std(1.0) / (n as f64).sqrt();
        assert!((products.mean().unwrap() - expected).abs() < error, "{i}{j}");
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
            close(u[[0, axis]], m[axis] + a * (z[axis] - t * m[axis]), 0.0, "velocity");
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
    let exact = Exact::new(Linear, GaussianMixture::ring(8, 5.0, 0.3).unwrap());
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
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(pool.install(|| exact.velocity(&t, &z).unwrap()), together);
    let mut late = t;
    late[4321] = 2.0;
    late[321] = -1.0;
    assert_eq!(exact.velocity(&late, &z), Err(PathError::TimeOutOfRange { index: 321, t: -1.0 }));
    assert_eq!(exact.velocity(&[0.5], &Array2::zeros((0, 2))).unwrap().shape(), [0, 2]);
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

#[test]
fn ends_are_exact_or_typed_errors() {
    let z = array![[0.4, -1.0]];
    for (name, schedule) in regular() {
        let exact = Exact::new(&*schedule, mixture());
        for (wanted, t) in [(Prediction::Data, 1.0), (Prediction::Noise, 0.0)] {
            let error = exact.predict(wanted, &[t], &z).unwrap() - &z;
            assert!(error.iter().all(|e| e.abs() < 2.0 * f64::EPSILON), "{wanted} on {name}: off by {error}");
        }
        assert!(exact.score(&[1.0], &z).unwrap().iter().all(|s| s.is_finite()), "{name}");
        let points = Exact::new(&*schedule, GaussianMixture::empirical(&array![[1.0, 2.0]]).unwrap());
        assert_eq!(points.velocity(&[1.0], &z), Err(PathError::Degenerate { t: 1.0, index: 0 }), "{name}");
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
}

#[test]
#[should_panic(expected = "states of shape [1, 3] for a law of dimension 2")]
fn states_must_match_the_law() {
    let _ = Exact::new(Linear, mixture()).velocity(&[0.5], &Array2::zeros((1, 3)));
}
