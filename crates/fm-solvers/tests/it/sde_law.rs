//! Weak orders and laws: what samples are usually judged by.

use fm_solvers::{BrownianPath, Calculus, Diffusion, Noise, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid};
use ndarray::Array1;

type Field = Box<dyn FnMut(Time<'_>, &Array1<f64>, &mut Array1<f64>) -> Result<(), SolveError>>;

/// `x -> factor x`.
fn linear(factor: f64) -> Field {
    Box::new(move |_, x, out| {
        out.zip_mut_with(x, |out, x| *out = factor * x);
        Ok(())
    })
}

fn solve(
    method: SdeMethod,
    sde: Sde<'_, Array1<f64>>,
    noise: &BrownianPath,
    steps: usize,
    x0: &Array1<f64>,
) -> Array1<f64> {
    let mut x = x0.clone();
    let grid = TimeGrid::uniform(0.0, 1.0, steps).unwrap();
    SdeSolver { method, ..SdeSolver::default() }.solve(sde, noise, &grid, &mut x, &mut ()).unwrap();
    x
}

fn mean_and_error(values: &Array1<f64>) -> (f64, f64) {
    (values.mean().unwrap(), values.std(1.0) / (values.len() as f64).sqrt())
}

/// `dX = X dt + X/4 dW`. On one set of paths, `E X_h - E X` is the mean of differences, whose spread is small; the slope of
/// its logarithm is 1 within the next power of the step, 0.1 for steps from 1/4 to 1/32, and four standard errors.
#[test]
fn euler_and_milstein_have_weak_order_one() {
    let (mu, sigma) = (1.0, 0.25);
    let noise = BrownianPath::new(6, &TimeGrid::uniform(0.0, 1.0, 32).unwrap());
    let x0 = Array1::ones(20_000);
    let mut w = Array1::zeros(x0.len());
    noise.increment(0.0, 1.0, &mut w, None).unwrap();
    let exact = w.mapv(|w: f64| (mu - 0.5 * sigma * sigma + sigma * w).exp());
    for method in [SdeMethod::EulerMaruyama, SdeMethod::Milstein] {
        for power in [1, 2] {
            let errors = [4, 8, 16, 32].map(|steps| {
                let (mut drift, mut diffusion) = (linear(mu), linear(sigma));
                let diffusion = Diffusion::Diagonal(&mut diffusion);
                let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion };
                let x = solve(method, sde, &noise, steps, &x0);
                if power == 1 && method == SdeMethod::EulerMaruyama {
                    // The scheme's own mean is known exactly.
                    let (mean, error) = mean_and_error(&x);
                    assert!((mean - (1.0 + mu / steps as f64).powi(steps as i32)).abs() < 4.0 * error);
                }
                mean_and_error(&(x.mapv(|x| x.powi(power)) - exact.mapv(|x| x.powi(power))))
            });
            let slope = (errors[0].0 / errors[3].0).log2() / 3.0;
            let deviation = [errors[0], errors[3]].map(|(mean, error)| error / mean).iter().map(|r| r * r).sum::<f64>();
            let deviation = deviation.sqrt() / std::f64::consts::LN_2 / 3.0;
            // The error of powers of (1 + h)^n is e h/2 (1 - 11/12 h): at steps of 1/4 and 1/32 the slope is off by 0.1.
            assert!((slope - 1.0).abs() < 0.15 + 4.0 * deviation, "{method}, moment {power}: {slope} +- {deviation}");
        }
    }
}

/// An Ornstein-Uhlenbeck process `dX = -r X dt + s dW` from 2: mean `2 e^-r`, variance `s^2 (1 - e^-2r)/(2r)`.
#[test]
fn ornstein_uhlenbeck_has_its_mean_and_variance() {
    let (rate, s): (f64, f64) = (1.5, 0.8);
    let (mean, variance) = (2.0 * (-rate).exp(), s * s * -(-2.0 * rate).exp_m1() / (2.0 * rate));
    let noise = BrownianPath::new(9, &TimeGrid::uniform(0.0, 1.0, 50).unwrap());
    for method in SdeMethod::ALL {
        let mut drift = linear(-rate);
        let g = |_: f64| s;
        let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Additive(&g) };
        let x = solve(method, sde, &noise, 50, &Array1::from_elem(20_000, 2.0));
        let first_order = matches!(method, SdeMethod::EulerMaruyama | SdeMethod::Milstein);
        // First order: relative errors of rate^2 h/2 and rate h. Second order: (rate h)^2 at most.
        let (mean_bias, variance_bias) = if first_order {
            (rate * rate / 100.0, rate / 50.0)
        } else {
            ((rate / 50.0).powi(2), (rate / 50.0).powi(2))
        };
        let (found, error) = mean_and_error(&x);
        assert!((found - mean).abs() < 4.0 * error + mean_bias * mean, "{method}: {found}, not {mean}");
        let (found, error) = mean_and_error(&x.mapv(|x| (x - mean).powi(2)));
        assert!((found - variance).abs() < 4.0 * error + variance_bias * variance, "{method}: {found}, not {variance}");
        if first_order {
            // The scheme's own law is exact: mean 2 (1 - rh)^n, variance s^2 h sum (1 - rh)^(2k).
            let decay: f64 = 1.0 - rate / 50.0;
            let (mean, error) = mean_and_error(&x);
            assert!((mean - 2.0 * decay.powi(50)).abs() < 4.0 * error);
            let scheme = s * s / 50.0 * (0..50).map(|k| decay.powi(2 * k)).sum::<f64>();
            let (found, error) = mean_and_error(&x.mapv(|x| (x - 2.0 * decay.powi(50)).powi(2)));
            assert!((found - scheme).abs() < 4.0 * error, "{method}: {found}, not {scheme}");
        }
    }
}

/// Back in time from data to noise: `dX = X/2 dt + dW` over a descending grid contracts as `dX = -X/2 ds + dW` does.
#[test]
fn a_solve_back_in_time_is_a_diffusion_in_the_reversed_time() {
    for method in SdeMethod::ALL {
        let mut drift = linear(0.5);
        let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion: Diffusion::Additive(&|_| 1.0) };
        let grid = TimeGrid::uniform(1.0, 0.0, 50).unwrap();
        let mut x = Array1::from_elem(20_000, 3.0);
        let solver = SdeSolver { method, ..SdeSolver::default() };
        let stats = solver.solve(sde, &BrownianPath::new(2, &grid), &grid, &mut x, &mut ()).unwrap();
        assert_eq!(stats.t, 0.0);
        let (mean, error) = mean_and_error(&x);
        // Steps of 0.01 in the decay: a relative error of 0.0025 at most.
        assert!((mean - 3.0 * (-0.5_f64).exp()).abs() < 4.0 * error + 0.005, "{method}: {mean}");
        let (variance, error) = mean_and_error(&x.mapv(|x| (x - mean).powi(2)));
        assert!((variance + (-1.0_f64).exp_m1()).abs() < 4.0 * error + 0.01, "{method}: {variance}");
    }
}
