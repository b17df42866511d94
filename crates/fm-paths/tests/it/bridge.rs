//! Bridges against their closed forms, by algebra on the coefficients.

use fm_paths::bridge::{
    BridgeTarget, BrownianBridge, ConditionalPath, Constant, Ends, Gamma, Geometric, Interpolant, NamedReference,
    Numeric, OneSided, Reference,
};
use fm_paths::oracle::GaussianBridge;
use fm_paths::{AffinePath, Cosine, Linear, PathError, Prediction, nd};
use ndarray::{Array2, array};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

type Named = (&'static str, Box<dyn ConditionalPath + Sync>);

fn brownian(sigma: f64) -> BrownianBridge<Constant> {
    BrownianBridge::new(Constant::new(sigma).unwrap()).unwrap()
}

/// A `g` that varies and has a closed integral: F = t + t² + t³/3.
fn growing(t: f64) -> f64 {
    1.0 + t
}

pub(crate) fn all() -> Vec<Named> {
    let interpolant = |ends, gamma| Box::new(Interpolant::new(ends, gamma).unwrap());
    vec![
        ("no noise", interpolant(Ends::Linear, Gamma::None)),
        ("i-cfm", interpolant(Ends::Linear, Gamma::Constant { sigma: 0.3 })),
        ("brownian interpolant", interpolant(Ends::Trigonometric, Gamma::Brownian { a: 2.0 })),
        ("sin squared", interpolant(Ends::Linear, Gamma::SinSquared)),
        ("encoding-decoding", interpolant(Ends::EncodingDecoding, Gamma::SinSquared)),
        ("mirror", interpolant(Ends::Mirror, Gamma::SinSquared)),
        ("one-sided", Box::new(OneSided(Cosine))),
        ("constant g", Box::new(brownian(0.7))),
        ("geometric g", {
            let named = NamedReference::Geometric(Geometric::new(2.0, 0.1).unwrap());
            Box::new(BrownianBridge::new(named).unwrap())
        }),
        ("numeric g", Box::new(BrownianBridge::new(Numeric::new(growing).unwrap()).unwrap())),
    ]
}

proptest! {
    /// For fixed ends and noise the velocity is the time derivative of the state: fourth-order differences. Truncation is
    /// h⁴/30 times a fifth derivative below 1e5 on this interval (the Brownian γ at 0.1: 105/32·t^{-9/2}), rounding a hundred
    /// units of 1e-16/h.
    #[test]
    fn velocity_is_the_derivative_of_the_state(t in 0.1..0.9_f64) {
        let h = 1e-4;
        for (name, path) in all() {
            // The bump of the source has a kink in its second derivative in the middle.
            if name == "encoding-decoding" && (t - 0.5).abs() < 3.0 * h {
                continue;
            }
            let rate = path.velocity(&[t]).unwrap()[0];
            for (k, rate) in rate.into_iter().enumerate() {
                let at = |steps: f64| path.state(&[t + steps * h]).unwrap()[0][k];
                let slope = (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * h);
                prop_assert!((rate - slope).abs() < 1e-10, "{} [{}] at {}: {} for {}", name, k, t, rate, slope);
            }
        }
    }

    /// The printed velocity of SB-CFM, (1 − 2t)/(2t(1 − t))·(x − μ) + x₁ − x₀, is the noise form inside.
    #[test]
    fn the_quotient_form_is_the_noise_form(t in 0.01..0.99_f64, x1 in -3.0..3.0_f64, x0 in -3.0..3.0_f64, e in -3.0..3.0_f64) {
        let apply = |w: [f64; 3]| w[0] * x1 + w[1] * x0 + w[2] * e;
        let bridge = brownian(0.7);
        let (z, mean) = (apply(bridge.state(&[t]).unwrap()[0]), t * x1 + (1.0 - t) * x0);
        let quotient = (1.0 - 2.0 * t) / (2.0 * t * (1.0 - t)) * (z - mean) + x1 - x0;
        prop_assert!((apply(bridge.velocity(&[t]).unwrap()[0]) - quotient).abs() < 1e-11);
        let score = -(z - mean) / (0.49 * t * (1.0 - t));
        prop_assert!((apply(bridge.score(&[t]).unwrap()[0]) - score).abs() < 1e-10);
    }

    /// Drifts: the printed form, and velocity ± ½g²·score.
    #[test]
    fn drifts_pull_to_the_ends(t in 0.01..0.99_f64, x1 in -3.0..3.0_f64, x0 in -3.0..3.0_f64, e in -3.0..3.0_f64) {
        let apply = |w: Vec<[f64; 3]>| w[0][0] * x1 + w[0][1] * x0 + w[0][2] * e;
        let bridge = BrownianBridge::new(Geometric::new(2.0, 0.3).unwrap()).unwrap();
        let reference = Geometric::new(2.0, 0.3).unwrap();
        let (g2, energy, total) = (reference.g(t).powi(2), reference.energy(t), reference.energy(1.0));
        let (z, u, s) =
            (apply(bridge.state(&[t]).unwrap()), apply(bridge.velocity(&[t]).unwrap()), apply(bridge.score(&[t]).unwrap()));
        let (forward, backward) =
            (apply(bridge.forward_drift(&[t]).unwrap()), apply(bridge.backward_drift(&[t]).unwrap()));
        let tolerance = |x: f64| 1e-9 * (1.0 + x.abs());
        prop_assert!((forward - g2 / (total - energy) * (x1 - z)).abs() < tolerance(forward));
        prop_assert!((backward - g2 / energy * (z - x0)).abs() < tolerance(backward));
        prop_assert!((forward - (u + 0.5 * g2 * s)).abs() < tolerance(forward.abs().max(u.abs())));
        prop_assert!((backward - (u - 0.5 * g2 * s)).abs() < tolerance(backward.abs().max(u.abs())));
    }
}

/// Mean weight F(t)/F(1) and variance F(t)·(F(1) − F(t))/F(1): conditioning Brownian motion on its end.
#[test]
fn brownian_bridges_are_conditioned_brownian_motion() {
    fn check(name: &str, reference: impl Reference + Copy, energy: impl Fn(f64) -> f64) {
        let bridge = BrownianBridge::new(reference).unwrap();
        assert!((bridge.entropic_epsilon() - 2.0 * energy(1.0)).abs() < 1e-14, "{name}");
        for t in [0.0, 0.2, 0.5, 0.9, 1.0] {
            let [a, b, gamma] = bridge.state(&[t]).unwrap()[0];
            let (f, total) = (energy(t), energy(1.0));
            assert!((a - f / total).abs() < 1e-14 && (a + b - 1.0).abs() < 1e-15, "{name} at {t}");
            assert!((gamma * gamma - f * (total - f) / total).abs() < 1e-14, "{name} at {t}");
        }
    }
    check("constant", Constant::new(0.7).unwrap(), |t| 0.49 * t);
    check("equal levels", Geometric::new(0.7, 0.7).unwrap(), |t| 0.49 * t);
    check("numeric", &Numeric::new(growing).unwrap(), |t| t + t * t + t * t * t / 3.0);
    let geometric = |t: f64| 4.0 * (0.05_f64.powf(2.0 * t) - 1.0) / (2.0 * 0.05_f64.ln());
    check("geometric", Geometric::new(2.0, 0.1).unwrap(), geometric);
}

/// Over the optimal coupling of two Gaussians the Brownian bridges have the marginals, and on average the velocity and
/// the score, of the closed-form Schrödinger bridge: all by least squares on the coefficients, which is exact.
#[test]
fn gaussian_ends_give_the_gaussian_schroedinger_bridge() {
    let (s0, s1, sigma) = (0.8, 1.7, 0.6);
    let exact = GaussianBridge::new(array![-1.0], s0, array![2.0], s1, sigma).unwrap();
    let bridge = brownian(sigma);
    let c = exact.coupling_covariance();
    // Covariance of two rows in (x₁, x₀, ε).
    let covariance = |p: [f64; 3], q: [f64; 3]| {
        p[0] * q[0] * s1 * s1 + p[1] * q[1] * s0 * s0 + (p[0] * q[1] + p[1] * q[0]) * c + p[2] * q[2]
    };
    for t in [0.1, 0.4, 0.5, 0.95] {
        let state = bridge.state(&[t]).unwrap()[0];
        let variance = covariance(state, state);
        assert!((variance - exact.variance(t).unwrap()).abs() < 1e-14);
        assert!((state[0] * 2.0 - state[1] - exact.mean(t).unwrap()[0]).abs() < 1e-14);
        for (row, field) in [
            (bridge.velocity(&[t]).unwrap()[0], GaussianBridge::velocity as fn(&_, _, &_) -> _),
            (bridge.score(&[t]).unwrap()[0], GaussianBridge::score),
            (bridge.forward_drift(&[t]).unwrap()[0], GaussianBridge::drift),
        ] {
            let z = array![[0.3]];
            let regression =
                row[0] * 2.0 - row[1] + covariance(row, state) / variance * (0.3 - exact.mean(t).unwrap()[0]);
            let field: Result<Array2<f64>, PathError> = field(&exact, t, &z);
            assert!((field.unwrap()[[0, 0]] - regression).abs() < 1e-13, "{row:?} at {t}");
        }
    }
}

/// With any two Gaussian ends, however they are paired, every path has Gaussian marginals whose score is −(z − mean)/v and
/// whose velocity changes the variance at the rate v' = 2·Cov(velocity, z): least squares on the coefficients again.
#[test]
fn gaussian_ends_give_gaussian_marginals() {
    let (v1, v0, c) = (2.0, 0.6, -0.7);
    let covariance =
        |p: [f64; 3], q: [f64; 3]| p[0] * q[0] * v1 + p[1] * q[1] * v0 + (p[0] * q[1] + p[1] * q[0]) * c + p[2] * q[2];
    for (name, path) in all() {
        for t in [0.2, 0.45, 0.7] {
            let state = |t: f64| path.state(&[t]).unwrap()[0];
            let (z, variance) = (state(t), |t: f64| covariance(state(t), state(t)));
            // Fourth order: h⁴/30 of a fifth derivative below 1e5, and 1e-16/h of rounding.
            let h = 1e-4;
            let rate = (variance(t - 2.0 * h) - 8.0 * variance(t - h) + 8.0 * variance(t + h) - variance(t + 2.0 * h))
                / (12.0 * h);
            let velocity = path.target(BridgeTarget::Velocity, &[t]).unwrap()[0];
            assert!((2.0 * covariance(velocity, z) - rate).abs() < 1e-10, "{name} at {t}: {rate}");
            for (wanted, scale) in [(BridgeTarget::Score, 1.0), (BridgeTarget::ScaledScore, z[2])] {
                if name != "no noise" {
                    let row = path.target(wanted, &[t]).unwrap()[0];
                    assert!((covariance(row, z) + scale).abs() < 1e-14, "{name}: {wanted} at {t}");
                }
            }
        }
    }
}

/// The [SF]²M loss ‖λ·s + ε‖²: its minimiser, by least squares, is ½g²·score, and v + s is the drift of the bridge.
#[test]
fn the_score_loss_learns_the_rest_of_the_drift() {
    let (s0, s1, sigma) = (0.8, 1.7, 0.6);
    let exact = GaussianBridge::new(array![-1.0], s0, array![2.0], s1, sigma).unwrap();
    let bridge = brownian(sigma);
    for t in [0.1, 0.5, 0.8] {
        let ([.., gamma], factor) = (bridge.state(&[t]).unwrap()[0], bridge.score_factor(&[t]).unwrap()[0]);
        assert!((factor - 2.0 * sigma * (t * (1.0 - t)).sqrt() / (sigma * sigma)).abs() < 1e-14, "as printed");
        let z = array![[0.3]];
        // E[ε | z] = γ·(z − mean)/variance, of jointly Gaussian numbers.
        let noise = gamma * (0.3 - exact.mean(t).unwrap()[0]) / exact.variance(t).unwrap();
        let s = -noise / factor;
        let score = exact.score(t, &z).unwrap()[[0, 0]];
        assert!((s - 0.5 * sigma * sigma * score).abs() < 1e-14, "{s} at {t}");
        let drift = exact.velocity(t, &z).unwrap()[[0, 0]] + s;
        assert!((drift - exact.drift(t, &z).unwrap()[[0, 0]]).abs() < 1e-13, "{drift} at {t}");
    }
    // With a g that varies, by the rows: λ·½g²·score = −ε.
    let varying = BrownianBridge::new(Numeric::new(growing).unwrap()).unwrap();
    for t in [0.1, 0.5, 0.8] {
        let [.., noise] = varying.score(&[t]).unwrap()[0];
        let whole = varying.score_factor(&[t]).unwrap()[0] * 0.5 * growing(t).powi(2) * noise;
        assert!((whole + 1.0).abs() < 1e-14, "{whole} at {t}");
    }
    let pause = BrownianBridge::new(Numeric::new(|t| t - 0.5).unwrap()).unwrap();
    let error = pause.score_factor(&[0.3, 0.5]).unwrap_err();
    assert!(matches!(error, PathError::Bridge { index: 1, t: 0.5, .. }), "{error}");
}

/// The same through arrays: samples have the mean and variance of the coefficients, within five standard errors.
#[test]
fn samples_have_the_marginals() {
    let n = 20_000;
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let exact = GaussianBridge::new(array![-1.0], 0.8, array![2.0], 1.7, 0.6).unwrap();
    let (x0, x1) = exact.sample_ends(n, &mut rng);
    let (noise, _) = GaussianBridge::new(array![0.0], 1.0, array![0.0], 1.0, 0.0).unwrap().sample_ends(n, &mut rng);
    let w = brownian(0.6).state(&vec![0.4; n]).unwrap();
    let z = nd::blend3(&w, &x1, &x0, &noise);
    let (mean, variance) = (exact.mean(0.4).unwrap()[0], exact.variance(0.4).unwrap());
    assert!((z.mean().unwrap() - mean).abs() < 5.0 * (variance / n as f64).sqrt());
    assert!((z.var(0.0) - variance).abs() < 5.0 * variance * (2.0 / n as f64).sqrt());
}

#[test]
fn known_relations() {
    for t in [0.05, 0.3, 0.5, 0.8] {
        // Brownian γ with a = σ² and the bridge of constant g = σ are one path.
        let interpolant = Interpolant::new(Ends::Linear, Gamma::Brownian { a: 0.49 }).unwrap();
        for (p, q) in [
            (interpolant.state(&[t]), brownian(0.7).state(&[t])),
            (interpolant.velocity(&[t]), brownian(0.7).velocity(&[t])),
            (interpolant.score(&[t]), brownian(0.7).score(&[t])),
        ] {
            assert!(p.unwrap()[0].iter().zip(&q.unwrap()[0]).all(|(p, q)| (p - q).abs() < 1e-14), "{t}");
        }
        // The one-sided interpolant is the affine path.
        let path = AffinePath::new(Linear);
        let drop_source = |w: Vec<[f64; 3]>| vec![[w[0][0], w[0][2]]];
        assert_eq!(drop_source(OneSided(Linear).state(&[t]).unwrap()), path.state(&[t]).unwrap());
        assert_eq!(
            drop_source(OneSided(Linear).velocity(&[t]).unwrap()),
            path.target(Prediction::Velocity, &[t]).unwrap()
        );
        assert_eq!(drop_source(OneSided(Linear).score(&[t]).unwrap()), path.target(Prediction::Score, &[t]).unwrap());
    }
    // The mirror is the same both ways.
    let mirror = Interpolant::new(Ends::Mirror, Gamma::SinSquared).unwrap();
    for t in [0.0, 0.2, 0.4] {
        let [there, back] = [mirror.at(t), mirror.at(1.0 - t)];
        assert!((there.state[2] - back.state[2]).abs() < 1e-15 && (there.rate[2] + back.rate[2]).abs() < 1e-14, "{t}");
    }
    let middle = Interpolant::new(Ends::EncodingDecoding, Gamma::SinSquared).unwrap().state(&[0.5]).unwrap();
    assert_eq!(middle, [[0.0, 0.0, 1.0]]);
}

/// One line for each path: which of state, velocity, score, scaled score exist at t = 0, ½ and 1.
#[test]
fn what_the_ends_allow() {
    let letter = |ok: bool, letter| if ok { letter } else { '.' };
    let table: Vec<String> = all()
        .iter()
        .map(|(name, path)| {
            let at = |t: f64| -> String {
                [
                    letter(path.state(&[t]).is_ok(), 'z'),
                    letter(path.velocity(&[t]).is_ok(), 'u'),
                    letter(path.score(&[t]).is_ok(), 's'),
                    letter(path.scaled_score(&[t]).is_ok(), 'e'),
                ]
                .iter()
                .collect()
            };
            format!("{name}: {} {} {}", at(0.0), at(0.5), at(1.0))
        })
        .collect();
    assert_eq!(
        table,
        [
            "no noise: zu.e zu.e zu.e",
            "i-cfm: zuse zuse zuse",
            "brownian interpolant: z..e zuse z..e",
            "sin squared: zu.e zuse zu.e",
            "encoding-decoding: zu.e zuse zu.e",
            "mirror: zu.e zuse zu.e",
            "one-sided: zuse zuse zu.e",
            "constant g: z..e zuse z..e",
            "geometric g: z..e zuse z..e",
            "numeric g: z..e zuse z..e",
        ]
    );
}

#[test]
fn ends_are_exact_and_errors_name_the_place() {
    for (name, path) in all() {
        let [first, last] = [path.state(&[0.0]).unwrap()[0], path.state(&[1.0]).unwrap()[0]];
        let want = match name {
            "i-cfm" => [0.0, 1.0, 0.3],
            "mirror" => [1.0, 0.0, 0.0],
            "one-sided" => [0.0, 0.0, 1.0],
            _ => [0.0, 1.0, 0.0],
        };
        assert_eq!(first, want, "{name}");
        assert_eq!(last, [1.0, 0.0, if name == "i-cfm" { 0.3 } else { 0.0 }], "{name}");
        assert!(matches!(path.state(&[0.5, 1.5]), Err(PathError::TimeOutOfRange { index: 1, .. })), "{name}");
    }
    let error = brownian(1.0).velocity(&[0.5, 1.0]).unwrap_err();
    assert!(matches!(error, PathError::Bridge { quantity: "velocity", index: 1, .. }), "{error}");
    assert!(error.to_string().contains("t = 1 (index 1)") && error.to_string().contains("sin²(πt)"), "{error}");
    assert!(brownian(1.0).forward_drift(&[1.0]).is_err() && brownian(1.0).forward_drift(&[0.0]).is_ok());
    assert!(brownian(1.0).backward_drift(&[0.0]).is_err() && brownian(1.0).backward_drift(&[1.0]).is_ok());
}

#[test]
fn bad_parameters_are_named() {
    let name = |error: PathError| match error {
        PathError::Parameter { name, .. } => name,
        other => panic!("{other}"),
    };
    assert_eq!(name(Constant::new(0.0).unwrap_err()), "sigma");
    assert_eq!(name(Geometric::new(1.0, f64::NAN).unwrap_err()), "g1");
    assert_eq!(name(Numeric::new(|_| 0.0).err().unwrap()), "energy of a part");
    assert_eq!(name(Interpolant::new(Ends::Linear, Gamma::Constant { sigma: -1.0 }).unwrap_err()), "sigma");
    assert_eq!(name(Interpolant::new(Ends::Linear, Gamma::Brownian { a: 0.0 }).unwrap_err()), "a");
}

/// Distinct numbers for an array of any shape.
fn wave(rows: usize, d: usize, phase: f64) -> Array2<f32> {
    Array2::from_shape_fn((rows, d), |(i, j)| ((i * d + j) as f64 * 0.37 + phase).sin() as f32)
}

fn times(rows: usize) -> Vec<f64> {
    (0..rows).map(|i| (i as f64 + 0.5) / rows as f64).collect()
}

/// One pass, two passes and coefficients that lie in memory, whatever the size and the number of threads: the same bits.
#[test]
fn arrays_apply_the_coefficients() {
    for (name, path) in all() {
        for (rows, d) in [(1, 1), (65, 2), (130, 3), (7, 100), (60_000, 5)] {
            let (x1, x0, noise, t) = (wave(rows, d, 0.0), wave(rows, d, 1.0), wave(rows, d, 2.0), times(rows));
            let blended = |w: &[[f64; 3]]| nd::blend3(w, &x1, &x0, &noise);
            let z = blended(&path.state(&t).unwrap());
            assert_eq!(path.arrays().state(&t, &x1, &x0, &noise).unwrap(), z, "{name} {rows}x{d}");
            for wanted in BridgeTarget::ALL {
                let Ok(w) = path.target(wanted, &t) else {
                    assert_eq!(name, "no noise");
                    continue;
                };
                let target = blended(&w);
                assert_eq!(path.arrays().target(wanted, &t, &x1, &x0, &noise).unwrap(), target, "{name} {wanted}");
                for threads in if rows > 1000 { 1..4 } else { 1..2 } {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let (mut state, mut out) = (Array2::zeros((rows, d)), Array2::zeros((rows, d)));
                    let arrays = path.arrays();
                    pool.install(|| arrays.sample_into(wanted, &t, &x1, &x0, &noise, &mut state, &mut out)).unwrap();
                    assert!(state == z && out == target, "{name} {wanted} {rows}x{d}, {threads} threads");
                }
            }
        }
    }
}

#[test]
fn layout_rank_and_precision_of_arrays_do_not_matter() {
    let path = Interpolant::new(Ends::Trigonometric, Gamma::SinSquared).unwrap();
    let (rows, d, t) = (70, 6, times(70));
    let (x1, x0, noise) = (wave(rows, d, 0.0), wave(rows, d, 1.0), wave(rows, d, 2.0));
    let z = path.arrays().state(&t, &x1, &x0, &noise).unwrap();
    let turned = x1.t().as_standard_layout().into_owned().reversed_axes();
    assert_eq!(path.arrays().state(&t, &turned, &x0, &noise).unwrap(), z);
    let mut out = Array2::zeros(ndarray::ShapeBuilder::f((rows, d)));
    path.arrays().state_into(&t, &x1, &x0, &noise, &mut out).unwrap();
    assert_eq!(out, z);
    let deep = |x: &Array2<f32>| x.clone().into_shape_with_order((rows, 2, 3)).unwrap();
    assert_eq!(path.arrays().state(&t, &deep(&x1), &deep(&x0), &deep(&noise)).unwrap(), deep(&z));
    let wide = |x: &Array2<f32>| x.mapv(f64::from);
    let double = path.arrays().state(&t, &wide(&x1), &wide(&x0), &wide(&noise)).unwrap();
    // Three products and two sums of numbers below 1, in f32.
    assert!((wide(&z) - double).iter().all(|e| e.abs() < 8.0 * f64::from(f32::EPSILON)));
    assert_eq!(path.arrays().state(&[], &wave(0, 3, 0.0), &wave(0, 3, 0.0), &wave(0, 3, 0.0)).unwrap().dim(), (0, 3));
}

/// The array forms report what the coefficient forms report.
#[test]
fn array_errors_are_those_of_the_coefficients() {
    let x = wave(3, 2, 0.0);
    for (name, path) in all() {
        for t in [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0], [0.1, f64::NAN, 0.2], [0.1, -0.5, 2.0], [1.0, 0.0, 2.0]] {
            let text = |error: PathError| error.to_string();
            let arrays = path.arrays().state(&t, &x, &x, &x).err().map(text);
            assert_eq!(arrays, path.state(&t).err().map(text), "{name} {t:?}");
            for wanted in BridgeTarget::ALL {
                let want = path.target(wanted, &t).err().map(text);
                assert_eq!(path.arrays().target(wanted, &t, &x, &x, &x).err().map(text), want, "{name} {wanted} {t:?}");
                let (mut z, mut out) = (x.clone(), x.clone());
                let both = path.arrays().sample_into(wanted, &t, &x, &x, &x, &mut z, &mut out);
                assert_eq!(both.err().map(text), want, "{name} {wanted} {t:?}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "arrays differ in shape")]
fn arrays_must_match() {
    let _ = brownian(1.0).arrays().state(&[0.5], &wave(1, 2, 0.0), &wave(1, 3, 0.0), &wave(1, 2, 0.0));
}

#[cfg(feature = "serde")]
type Bridge = BrownianBridge<NamedReference>;

#[cfg(feature = "serde")]
#[test]
fn configurations_are_checked_when_they_are_read() {
    let smooth = Interpolant::new(Ends::EncodingDecoding, Gamma::SinSquared).unwrap();
    let text = serde_json::to_string(&smooth).unwrap();
    assert_eq!(text, r#"{"ends":{"kind":"encoding-decoding"},"gamma":{"kind":"sin-squared"}}"#);
    assert_eq!(serde_json::from_str::<Interpolant>(&text).unwrap(), smooth);
    assert_eq!(serde_json::from_str::<Interpolant>("{}").unwrap(), Interpolant::default());
    for (text, ok) in [
        (r#"{"reference":{"kind":"constant","sigma":0.7}}"#, brownian(0.7).entropic_epsilon()),
        (
            r#"{"reference":{"kind":"geometric","g0":2.0,"g1":0.1}}"#,
            BrownianBridge::new(Geometric::new(2.0, 0.1).unwrap()).unwrap().entropic_epsilon(),
        ),
    ] {
        let bridge: Bridge = serde_json::from_str(text).unwrap();
        assert_eq!(bridge.entropic_epsilon(), ok);
        assert_eq!(serde_json::to_string(&bridge).unwrap(), text);
    }
    let refused = |error: serde_json::Error| error.to_string();
    let bad = [
        refused(serde_json::from_str::<Interpolant>(r#"{"gamma":{"kind":"constant","sigma":-1.0}}"#).unwrap_err()),
        refused(serde_json::from_str::<Bridge>(r#"{"reference":{"kind":"constant","sigma":0.0}}"#).unwrap_err()),
        refused(serde_json::from_str::<Bridge>(r#"{"reference":{"kind":"linear"}}"#).unwrap_err()),
        refused(serde_json::from_str::<BridgeTarget>(r#""scaled_score""#).unwrap_err()),
    ];
    for (message, want) in bad.iter().zip(["sigma = -1", "sigma = 0", "linear", "scaled-score"]) {
        assert!(message.contains(want), "{message}");
    }
}
