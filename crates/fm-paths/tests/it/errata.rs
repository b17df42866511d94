//! Slips that are in print: the corrected form holds, the printed form fails.

use fm_paths::{AffinePath, FromSde, Linear, LinearBeta, LinearSigmaMin, LinearVp, Prediction, Schedule, Vp};

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
