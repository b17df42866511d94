//! Slips that are in print: the corrected form holds, the printed form fails.

use fm_paths::few_step::{Jump, MeanFlow};
use fm_paths::oracle::{Exact, GaussianMixture};
use fm_paths::{AffinePath, FromSde, Linear, LinearBeta, LinearSigmaMin, LinearVp, Prediction, Schedule, Vp};
use ndarray::{Array2, array};

/// Relative distance.
fn off(a: f64, b: f64) -> f64 {
    (a - b).abs() / b.abs().max(1e-300)
}

/// `good` agrees with `truth` and `printed` does not.
#[track_caller]
fn corrected(truth: f64, good: f64, printed: f64) {
    assert!(off(good, truth) < 1e-10, "the corrected form: {good} for {truth}");
    assert!(off(printed, truth) > 1e-2, "the printed form {printed} is no slip: {truth}");
}

/// The conditional path at a data point and a noise.
fn z(schedule: &impl Schedule, t: f64, x1: f64, x0: f64) -> f64 {
    let point = schedule.at(t);
    point.alpha * x1 + point.sigma * x0
}

/// dz/dt by a difference of eighth order.
fn rate(z: impl Fn(f64) -> f64, t: f64) -> f64 {
    let h = 1e-3;
    [(1.0, 4.0 / 5.0), (2.0, -1.0 / 5.0), (3.0, 4.0 / 105.0), (4.0, -1.0 / 280.0)]
        .iter()
        .map(|(k, c)| c * (z(t + k * h) - z(t - k * h)) / h)
        .sum()
}

#[test]
fn the_diffusion_coefficient_is_squared() {
    // Printed: g = 2ασ·∂(σ/α), in time towards the noise. It is g². And η = ε/g.
    let s = 0.4_f64;
    let printed = 2.0 * (1.0 - s) * s / (1.0 - s).powi(2);
    assert!(off(printed, 4.0 / 3.0) < 1e-14);
    corrected(printed, Linear.g2(1.0 - s), Linear.g2(1.0 - s).sqrt());
    // The truth from the process itself: the variance grows as d(σ²)/ds = 2Fσ² + g².
    let (f, sigma2_rate) = (-1.0 / (1.0 - s), 2.0 * s);
    let g2 = sigma2_rate - 2.0 * f * s * s;
    corrected(g2, printed, printed * printed);
    let eps = 0.7;
    corrected(eps / g2.sqrt(), Linear.eta_of_diffusion(1.0 - s, eps), eps / printed);
}

#[test]
fn the_noise_of_a_process_has_the_factor_alpha() {
    // f and g of the linear path in time towards the noise, up to s = 0.8 where f is still finite. (g vanishes at the
    // data, which the constructor refuses, hence the tiny term.)
    let (f, g) = (|s: f64| -0.8 / (1.0 - 0.8 * s), |s: f64| (0.8 * 2.0 * 0.8 * s / (1.0 - 0.8 * s) + 1e-300).sqrt());
    let schedule = FromSde::new(f, g).unwrap();
    let point = schedule.at(0.5); // s = 0.4 of the linear path
    corrected(0.4, point.sigma, point.sigma / point.alpha);
    assert!(off(point.sigma / point.alpha, 2.0 / 3.0) < 1e-10 && off(point.alpha, 0.6) < 1e-12);
}

#[test]
fn the_vp_velocity_has_a_factor_of_minus_one_half() {
    let (vp, t, x1, x0) = (Vp(LinearBeta { beta_min: 0.1, beta_max: 20.0 }), 0.7, 1.3, -0.4);
    let truth = rate(|t| z(&vp, t, x1, x0), t);
    let (s, x) = (1.0 - t, z(&vp, t, x1, x0));
    let (beta, integral) = (0.1 + 19.9 * s, 0.1 * s + 9.95 * s * s);
    let bracket = beta / -(-integral).exp_m1() * ((-integral).exp() * x - (-0.5 * integral).exp() * x1);
    let u = AffinePath::new(vp).convert(Prediction::Data, Prediction::Velocity, &[t]).unwrap()[0];
    assert!(off(u[0] * x + u[1] * x1, truth) < 1e-10);
    corrected(truth, -0.5 * bracket, bracket);
}

#[test]
fn the_linear_vp_velocity_diverges_at_the_data() {
    let point = LinearVp.at(0.6);
    let (x0, x1) = (0.5, 1.0);
    assert!(off(point.alpha * x1 + point.sigma * x0, 1.0) < 1e-15);
    assert!(off(point.d_alpha * x1 + point.d_sigma * x0, 0.625) < 1e-15);
    // Printed: "approaches 0".
    let near = LinearVp.at(1.0 - 1e-10);
    assert!((near.d_alpha * x1 + near.d_sigma * x0) < -1e4);
    assert_eq!(LinearVp.at(1.0).d_sigma, f64::NEG_INFINITY);
    assert!(AffinePath::new(LinearVp).target(Prediction::Velocity, &[1.0]).is_err());
}

#[test]
fn the_sigma_min_path_is_not_the_variance_preserving_one() {
    let sigma_min = 0.1;
    corrected(sigma_min, LinearSigmaMin { sigma_min }.at(1.0).sigma, LinearVp.at(1.0).sigma);
}

#[test]
fn the_variance_of_the_linear_path_is_a_square() {
    let t = 0.3;
    // x = t·z + (1 − t)·ε: printed (1 − t²).
    corrected((1.0_f64 - t).powi(2), Linear.at(t).sigma.powi(2), 1.0 - t * t);
}

/// Errata 7, 8 and 9 are signs and symbols in losses: a perfect network has a loss of zero under the corrected form.
#[test]
fn a_perfect_network_has_no_loss() {
    let (t, x1, x0) = (0.3, 1.3, -0.4);
    let (path, point) = (AffinePath::new(Linear), Linear.at(0.3));
    let (alpha, sigma) = (point.alpha, point.sigma);
    let x = alpha * x1 + sigma * x0;
    let score = -(x - alpha * x1) / (sigma * sigma); // the gradient of the log-density of N(αx₁, σ²)
    let by_row = Prediction::Score.row(point);
    assert!(off(by_row.data * x1 + by_row.noise * x0, score) < 1e-14);
    let network = -sigma * score; // ε_θ
    assert!((network - x0).abs() < 1e-14, "‖ε_θ − ε‖²");
    assert!((network + x0).abs() > 0.1, "as printed: ‖ε_θ + ε‖²");
    assert!((score + x0 / sigma).abs() < 1e-14, "‖s_θ + ε/σ‖²");
    assert!((score - x0 / sigma).abs() > 0.1, "as printed: ‖s_θ − ε/σ‖²");
    // The input of that loss is αz + σε; printed with x in the place of ε it is not on the path.
    let [state, prediction] = path.convert(Prediction::Noise, Prediction::Data, &[t]).unwrap()[0];
    assert!((state * (alpha * x1 + sigma * x0) + prediction * x0 - x1).abs() < 1e-14);
    assert!((state * (alpha * x1 + sigma * x) + prediction * x0 - x1).abs() > 0.1);
}

#[test]
fn guidance_has_a_and_b() {
    // u = a·x + b·score with a = α̇/α and b = (α̇σ² − σ̇σα)/α; printed, the second is named like the noise amplitude.
    let t = 0.3;
    let point = Linear.at(t);
    let b = (point.d_alpha * point.sigma.powi(2) - point.d_sigma * point.sigma * point.alpha) / point.alpha;
    let [state, prediction] =
        AffinePath::new(Linear).convert(Prediction::Score, Prediction::Velocity, &[t]).unwrap()[0];
    corrected(prediction, b, point.sigma);
    assert!(off(state, Linear.drift(t)) < 1e-14 && off(b, 0.5 * Linear.g2(t)) < 1e-14);
}

#[test]
fn the_vp_variance_is_one_less_the_square() {
    let point = Vp(LinearBeta::default()).at(0.8);
    corrected(point.sigma.powi(2), 1.0 - point.alpha.powi(2), 1.0 - point.alpha);
}

/// Data N(0, s²) on the linear path: standard deviation of the state, and the rate of its logarithm.
fn linear_gaussian(s: f64, t: f64) -> [f64; 2] {
    let variance = (s * t).powi(2) + (1.0 - t).powi(2);
    [variance.sqrt(), (s * s * t - (1.0 - t)) / variance]
}

#[test]
fn the_mean_flow_integral_runs_along_the_trajectory() {
    // Printed: ∫ v(x_t, τ) dτ, with the state of one time under the integral.
    let (s, z, jump) = (0.4, 0.9, Jump { from: 0.2, to: 0.8 });
    let [std, _] = linear_gaussian(s, jump.from);
    let on_trajectory = |tau: f64| linear_gaussian(s, tau)[0] / std * z;
    let velocity = |x: f64, tau: f64| linear_gaussian(s, tau)[1] * x;
    let n = 2000;
    let h = jump.length() / f64::from(n);
    let simpson = |f: &dyn Fn(f64) -> f64| -> f64 {
        let weight = |i: i32| f64::from(if i == 0 || i == n { 1 } else { 2 + 2 * (i % 2) });
        (0..=n).map(|i| weight(i) * f(jump.from + f64::from(i) * h)).sum::<f64>() * h / 3.0
    };
    let displacement = on_trajectory(jump.to) - z;
    let along = simpson(&|tau| velocity(on_trajectory(tau), tau));
    let fixed = simpson(&|tau| velocity(z, tau));
    corrected(displacement, along, fixed);
    // The oracle's velocity is the one under the integral.
    let exact = Exact::new(Linear, GaussianMixture::gaussian(&array![0.0], &array![[s * s]]).unwrap());
    assert!(off(exact.velocity(&[0.5], &array![[z]]).unwrap()[[0, 0]], velocity(z, 0.5)) < 1e-14);
}

#[test]
fn the_mean_flow_target_carries_no_gradient() {
    // Networks θ·ū, of which θ = 1 is right. The gradient of the loss at θ = 1 vanishes if the target is held fixed, and
    // not (one slide has it so) if the gradient also runs through the derivative in the target.
    let (s, jump) = (0.4, Jump { from: 0.2, to: 0.8 });
    let ([std, rate], [goal, _]) = (linear_gaussian(s, jump.from), linear_gaussian(s, jump.to));
    let rule = MeanFlow::default();
    let ([a, b], along) = (rule.target(&[jump]).unwrap()[0], rule.tangents());
    // ū = slope·z, and its partial derivative by `from` is turn·z.
    let slope = (goal / std - 1.0) / jump.length();
    let turn = (slope - goal / std * rate) / jump.length();
    let (mut fixed, mut through, mut size) = (0.0, 0.0, 0.0);
    // Two nodes of Gauss and Hermite in each of data and noise: exact, the integrands are quadratic forms.
    for (x1, x0) in [(s, 1.0), (s, -1.0), (-s, 1.0), (-s, -1.0)] {
        let (z, u) = (jump.from * x1 + (1.0 - jump.from) * x0, x1 - x0);
        let derivative = slope * along.state * u + turn * z * along.from;
        let error = slope * z - (a * u + b * derivative);
        fixed += error * slope * z / 4.0;
        through += error * (slope * z - b * derivative) / 4.0;
        size += error * error / 4.0;
    }
    assert!(fixed.abs() < 1e-15, "{fixed}");
    assert!(through.abs() > 0.05 * size, "{through} of {size}");
}

#[test]
fn forward_and_backward_processes_run_on_one_clock() {
    // The slope of a drift that is linear in the state gives the rate of the variance: dV/dt = 2·slope·V + g².
    let (s, t, g) = (0.4, 0.35, 0.8);
    let exact = Exact::new(Linear, GaussianMixture::gaussian(&array![0.0], &array![[s * s]]).unwrap());
    let z = array![[1.0]];
    let (u, score) = (exact.velocity(&[t], &z).unwrap()[[0, 0]], exact.score(&[t], &z).unwrap()[[0, 0]]);
    let variance = |t: f64| linear_gaussian(s, t)[0].powi(2);
    let growth = rate(variance, t);
    let moves = |slope: f64, g: f64| 2.0 * slope * variance(t) + g * g;
    // Forward, and the same from the crate's coefficients.
    corrected(growth, moves(u + 0.5 * g * g * score, g), moves(u - 0.5 * g * g * score, g));
    let [state, prediction] = AffinePath::new(Linear).sde_drift(Prediction::Velocity, &[t], &[g]).unwrap()[0];
    assert!(off(moves(state + prediction * u, g), growth) < 1e-10);
    // Backward with the clock 1 − t, which like the ODE −u of the same slide has a positive step: drift −u + ½g²·score.
    // Printed u − ½g²·score, which belongs to a negative step of the forward clock.
    corrected(-growth, moves(-u + 0.5 * g * g * score, g), moves(u - 0.5 * g * g * score, g));
    corrected(-growth, moves(-u, 0.0), moves(u, 0.0));
    // That is what it means: −2·slope·V + g² for a step of −dt.
    assert!(off(-2.0 * (u - 0.5 * g * g * score) * variance(t) + g * g, -growth) < 1e-10);
}

/// The flow of the linear path from N(0, I) to N(0, C), as a matrix.
fn flow_matrix(covariance: &Array2<f64>) -> Array2<f64> {
    let exact = Exact::new(Linear, GaussianMixture::gaussian(&array![0.0, 0.0], covariance).unwrap());
    let u = |t: f64, z: &Array2<f64>| exact.velocity(&[t], z).unwrap();
    let (n, mut z) = (400, Array2::eye(2));
    let h = 1.0 / f64::from(n);
    for i in 0..n {
        let t = f64::from(i) * h;
        let k1 = u(t, &z);
        let k2 = u(t + 0.5 * h, &(&z + &(&k1 * (0.5 * h))));
        let k3 = u(t + 0.5 * h, &(&z + &(&k2 * (0.5 * h))));
        let k4 = u((t + h).min(1.0), &(&z + &(&k3 * h)));
        z = z + (k1 + (k2 + k3) * 2.0 + k4) * (h / 6.0);
    }
    z.reversed_axes() // the rows were the images of the unit vectors
}

#[test]
fn the_marginal_flow_is_not_optimal_transport() {
    // From N(0, A) to N(0, B), independent ends: scaled by A^{-1/2} it is the path from N(0, I) to N(0, A^{-1/2}BA^{-1/2}),
    // so its flow is A^{1/2}QA^{-1/2} with Q the flow of that one. The cost of a linear map M is tr A + tr B − 2 tr(MA).
    let root = array![[2.0, 0.0], [0.0, 1.0]];
    let inverse = array![[0.5, 0.0], [0.0, 1.0]];
    let trace = |m: &Array2<f64>| m[[0, 0]] + m[[1, 1]];
    let det = |m: &Array2<f64>| m[[0, 0]] * m[[1, 1]] - m[[0, 1]] * m[[1, 0]];
    let excess = |b: &Array2<f64>| {
        let q = flow_matrix(&inverse.dot(b).dot(&inverse));
        let m = root.dot(&q).dot(&inverse);
        let a = root.dot(&root);
        let reached = m.dot(&a).dot(&m.t());
        assert!((&reached - b).iter().all(|e| e.abs() < 1e-8), "the flow reaches its end: {reached}");
        // The square of the Wasserstein distance has the trace of (A^{1/2}BA^{1/2})^{1/2}, √(tr + 2√det) in the plane.
        let p = root.dot(b).dot(&root);
        2.0 * ((trace(&p) + 2.0 * det(&p).sqrt()).sqrt() - trace(&m.dot(&a)))
    };
    let (commuting, turned) = (array![[0.5, 0.0], [0.0, 3.0]], array![[2.0, 1.5], [1.5, 2.0]]);
    assert!(excess(&commuting).abs() < 1e-8, "optimal, since in one dimension every increasing map is");
    assert!(excess(&turned) > 0.05, "printed: optimal; it costs {} more", excess(&turned));
    // What is right of the claim: the conditional path to one point moves the source straight to it.
    let point = Exact::new(Linear, GaussianMixture::empirical(&array![[1.5, -0.5]]).unwrap());
    for t in [0.0, 0.3, 0.8] {
        let start = array![[0.4, 0.7]];
        let z = &start * (1.0 - t) + &array![[1.5, -0.5]] * t;
        let u = point.velocity(&[t], &z).unwrap();
        assert!((u - (array![[1.5, -0.5]] - start)).iter().all(|e| e.abs() < 1e-14), "constant at {t}");
    }
}
