//! Measured strong and weak orders, and the two calculi, on equations with solutions path by path.

use std::collections::HashMap;

use fm_solvers::{BrownianPath, Calculus, Diffusion, Noise, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid};
use ndarray::{Array1, Array2, ArrayView2, Axis, s, stack};

/// An equation in Ito's sense.
struct Problem {
    name: &'static str,
    start: f64,
    ito: fn(f64, f64) -> f64,
    /// The drift of the same process in the sense of Stratonovich.
    stratonovich: fn(f64, f64) -> f64,
    diffusion: Noisy,
    /// The solution at time 1 as a function of `W(1)`, where there is one.
    exact: Option<fn(f64) -> f64>,
}

#[derive(Clone, Copy)]
enum Noisy {
    Additive(fn(f64) -> f64),
    Diagonal(fn(f64) -> f64),
}

const MU: f64 = 0.4;
const SIGMA: f64 = 0.7;

/// `dX = mu X dt + sigma X dW`.
const GEOMETRIC: Problem = Problem {
    name: "geometric",
    start: 1.0,
    ito: |_, x| MU * x,
    stratonovich: |_, x| (MU - 0.5 * SIGMA * SIGMA) * x,
    diffusion: Noisy::Diagonal(|x| SIGMA * x),
    exact: Some(|w| (MU - 0.5 * SIGMA * SIGMA + SIGMA * w).exp()),
};

/// `dX = -p^2 sin X cos^3 X dt + p cos^2 X dW`, with `p = 0.8`.
const ARCTANGENT: Problem = Problem {
    name: "arctangent",
    start: 0.5,
    ito: |_, x| -0.64 * x.sin() * x.cos().powi(3),
    stratonovich: |_, _| 0.0,
    diffusion: Noisy::Diagonal(|x| 0.8 * x.cos().powi(2)),
    exact: Some(|w| (0.8 * w + 0.5_f64.tan()).atan()),
};

/// `dX = (b/sqrt(1+t) - X/(2+2t)) dt + a b/sqrt(1+t) dW`, with `b = 1` and `a = 0.5`.
const ADDITIVE: Problem = Problem {
    name: "additive",
    start: 1.0,
    ito: |t, x| 1.0 / (1.0 + t).sqrt() - x / (2.0 + 2.0 * t),
    stratonovich: |t, x| 1.0 / (1.0 + t).sqrt() - x / (2.0 + 2.0 * t),
    diffusion: Noisy::Additive(|t| 0.5 / (1.0 + t).sqrt()),
    exact: Some(|w| (2.0 + 0.5 * w) / 2.0_f64.sqrt()),
};

/// `dX = sin(2X)/2 dt + dW`: a drift weak enough for its own error, of order 2, not to hide that of the noise.
const RIPPLE: Problem = Problem {
    name: "ripple",
    start: 0.3,
    ito: |_, x| 0.5 * (2.0 * x).sin(),
    stratonovich: |_, x| 0.5 * (2.0 * x).sin(),
    diffusion: Noisy::Additive(|_| 1.0),
    exact: None,
};

/// The increments of a path over the steps of some grids, so that every method need not draw them again.
struct Recorded(HashMap<[u64; 2], [Array1<f64>; 2]>);

impl Recorded {
    fn new(seed: u64, levels: &[usize], values: usize) -> Self {
        let uniform = |steps| TimeGrid::uniform(0.0, 1.0, steps).unwrap();
        let path = BrownianPath::new(seed, &uniform(levels.iter().copied().max().unwrap()));
        let mut steps = HashMap::new();
        for grid in [1].iter().chain(levels).map(|&steps| uniform(steps)) {
            for ends in grid.times().windows(2) {
                let [mut dw, mut area] = [Array1::zeros(values), Array1::zeros(values)];
                path.increment(ends[0], ends[1], &mut dw, Some(&mut area)).unwrap();
                steps.insert([ends[0].to_bits(), ends[1].to_bits()], [dw, area]);
            }
        }
        Self(steps)
    }
}

impl Noise<Array1<f64>> for Recorded {
    fn increment(
        &self,
        t0: f64,
        t1: f64,
        dw: &mut Array1<f64>,
        area: Option<&mut Array1<f64>>,
    ) -> Result<(), SolveError> {
        let [recorded, recorded_area] = &self.0[&[t0.to_bits(), t1.to_bits()]];
        dw.assign(recorded);
        if let Some(area) = area {
            area.assign(recorded_area);
        }
        Ok(())
    }
}

/// The states at time 1.
fn solve(
    problem: &Problem,
    (method, calculus): (SdeMethod, Calculus),
    noise: &dyn Noise<Array1<f64>>,
    steps: usize,
    samples: usize,
) -> Array1<f64> {
    let drift = if calculus == Calculus::Ito { problem.ito } else { problem.stratonovich };
    let mut drift = |t: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        out.zip_mut_with(x, |f, &x| *f = drift(t.row(0), x));
        Ok(())
    };
    let mut diagonal = |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        let Noisy::Diagonal(g) = problem.diffusion else { unreachable!() };
        out.zip_mut_with(x, |out, &x| *out = g(x));
        Ok(())
    };
    let additive;
    let diffusion = match problem.diffusion {
        Noisy::Additive(g) => {
            additive = g;
            Diffusion::Additive(&additive)
        }
        Noisy::Diagonal(_) => Diffusion::Diagonal(&mut diagonal),
    };
    let sde = Sde { calculus, drift: &mut drift, diffusion };
    let grid = TimeGrid::uniform(0.0, 1.0, steps).unwrap();
    let mut x = Array1::from_elem(samples, problem.start);
    let solver = SdeSolver { method, ..SdeSolver::default() };
    solver.solve(sde, noise, &grid, &mut x, &mut ()).unwrap();
    x
}

const LEVELS: [usize; 6] = [8, 16, 32, 64, 128, 256];
/// Where there is no formula, the solution is that of four times as many steps by the method of order 3/2, whose error is
/// an eighth of its own at the finest level.
const FINE: usize = 1024;
const SAMPLES: usize = 2000;
const GROUPS: usize = 20;

/// The errors of every sample, one row for each level, all on the same paths.
fn errors(problem: &Problem, method: SdeMethod, noise: &Recorded) -> Array2<f64> {
    let exact = match problem.exact {
        Some(exact) => {
            let mut w = Array1::zeros(SAMPLES);
            noise.increment(0.0, 1.0, &mut w, None).unwrap();
            w.mapv(exact)
        }
        None => solve(problem, (SdeMethod::Srk, Calculus::Ito), noise, FINE, SAMPLES),
    };
    let rows = LEVELS.map(|steps| solve(problem, (method, method.calculus()), noise, steps, SAMPLES) - &exact);
    stack(Axis(0), &rows.each_ref().map(|row| row.view())).unwrap()
}

/// The slope of the logarithm of the root mean square error by least squares.
fn slope(errors: &ArrayView2<'_, f64>) -> f64 {
    let mean_level = 0.5 * (LEVELS.len() as f64 - 1.0);
    let points =
        errors.rows().into_iter().enumerate().map(|(i, row)| (mean_level - i as f64, 0.5 * row.dot(&row).log2()));
    let (covariance, variance) = points.fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + x * y, xx + x * x));
    covariance / variance
}

/// The slope as the mean over groups of samples, and its standard error.
fn order(errors: &Array2<f64>) -> (f64, f64) {
    let slopes: Array1<f64> = errors.axis_chunks_iter(Axis(1), SAMPLES / GROUPS).map(|group| slope(&group)).collect();
    (slopes.mean().unwrap(), slopes.std(1.0) / (GROUPS as f64).sqrt())
}

/// The slope over steps from 1/8 to 1/256 differs from the order by the next power of the step, which weighs 0.1 where the
/// coefficients are of one size, and by four standard errors. That of the error of all samples, which are 2000, is within 0.15.
#[test]
fn every_method_has_the_strong_order_that_it_claims() {
    use SdeMethod::{EulerMaruyama, Heun, Milstein, ReversibleHeun, Srk};
    let claims = [
        (&GEOMETRIC, [(EulerMaruyama, 0.5), (Milstein, 1.0), (Srk, 1.5), (Heun, 1.0), (ReversibleHeun, 1.0)]),
        (&ARCTANGENT, [(EulerMaruyama, 0.5), (Milstein, 1.0), (Srk, 1.5), (Heun, 1.0), (ReversibleHeun, 1.0)]),
        (&RIPPLE, [(EulerMaruyama, 1.0), (Milstein, 1.0), (Srk, 1.5), (Heun, 1.0), (ReversibleHeun, 1.0)]),
        // In the variable sqrt(1+t) X the noise is W itself: what has order 2 without noise has order 2.
        (&ADDITIVE, [(EulerMaruyama, 1.0), (Milstein, 1.0), (Srk, 2.0), (Heun, 2.0), (ReversibleHeun, 2.0)]),
    ];
    let levels: Vec<usize> = LEVELS.into_iter().chain([FINE]).collect();
    for seed in [1, 2, 3] {
        let noise = Recorded::new(seed, &levels, SAMPLES);
        for (problem, methods) in claims {
            for (method, claimed) in methods {
                let errors = errors(problem, method, &noise);
                let ((found, deviation), whole) = (order(&errors), slope(&errors.view()));
                assert!((whole - claimed).abs() < 0.15, "{} {method}, seed {seed}: {whole:.3}", problem.name);
                assert!(
                    (found - claimed).abs() < 0.1 + 4.0 * deviation,
                    "{} {method}, seed {seed}: {found:.3} +- {deviation:.3}",
                    problem.name
                );
            }
        }
    }
}

/// The mean of `log(X_a / X_b)` at time 1 on the same paths.
fn log_ratio(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    (a / b).mapv(f64::ln).mean().unwrap()
}

/// With the other calculus, geometric Brownian motion misses its solution by the factor `exp(sigma^2 T/2)`, on every path.
#[test]
fn the_wrong_calculus_has_the_wrong_limit() {
    let noise = Recorded::new(4, &[256], SAMPLES);
    let mut w = Array1::zeros(SAMPLES);
    noise.increment(0.0, 1.0, &mut w, None).unwrap();
    let exact = w.mapv(GEOMETRIC.exact.unwrap());
    let factor = 0.5 * SIGMA * SIGMA;
    for method in SdeMethod::ALL {
        let right = solve(&GEOMETRIC, (method, method.calculus()), &noise, 256, SAMPLES);
        // The same f and g as the other calculus would have them.
        let drift = if method.calculus() == Calculus::Ito { GEOMETRIC.stratonovich } else { GEOMETRIC.ito };
        let confused = Problem { ito: drift, stratonovich: drift, ..GEOMETRIC };
        let wrong = solve(&confused, (method, method.calculus()), &noise, 256, SAMPLES);
        let sign = if method.calculus() == Calculus::Ito { -1.0 } else { 1.0 };
        // The mean of the strong error: at order 1/2, four standard errors of sqrt(h sigma^4/2) over the samples, and h.
        let tolerance = 4.0 * (SIGMA.powi(4) / 2.0 / 256.0 / SAMPLES as f64).sqrt() + 1.0 / 256.0;
        assert!(log_ratio(&right, &exact).abs() < tolerance, "{method}: {}", log_ratio(&right, &exact));
        assert!((log_ratio(&wrong, &exact) - sign * factor).abs() < tolerance, "{method}");
    }
}

/// Noise that does not commute, in the plane: `X = W_1` and `dY = X o dW_2`. The increments of both say nothing of the area
/// that the two motions enclose within a step, so that no method that asks for nothing else can be better than order 1/2:
///
/// ```text
/// Y(1) - Y_h = sum of the areas of the steps,    E area^2 = h^2/4,    E |Y(1) - Y_h|^2 = h/4
/// ```
///
/// The solution is that of a fine grid, whose areas the coarse ones hold: of `h/4` its own part is missing. Four standard
/// errors of a mean of 2000 squares, whose spread is `sqrt(2)` for normal ones and, for the areas of eight steps (each with
/// kurtosis 5), `sqrt(2.25)`. Over all levels the slope is 1/2 within 0.15.
///
/// # References
/// Levy 1951, *Wiener's random function, and other Laplacian random functions* (the area and its law).
#[test]
fn noise_that_does_not_commute_leaves_order_one_half() {
    let levels: Vec<usize> = LEVELS.into_iter().chain([FINE]).collect();
    // First all X, then all Y.
    let noise = Recorded::new(5, &levels, 2 * SAMPLES);
    let solve = |method, steps| {
        let mut still = |_: Time<'_>, _: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
            out.fill(0.0);
            Ok(())
        };
        let mut diffusion = |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
            let (mut of_x, mut of_y) = out.view_mut().split_at(Axis(0), SAMPLES);
            of_x.fill(1.0);
            of_y.assign(&x.slice(s![..SAMPLES]));
            Ok(())
        };
        let diffusion = Diffusion::Diagonal(&mut diffusion);
        let sde = Sde { calculus: Calculus::Stratonovich, drift: &mut still, diffusion };
        let mut x = Array1::zeros(2 * SAMPLES);
        let grid = TimeGrid::uniform(0.0, 1.0, steps).unwrap();
        SdeSolver { method, ..SdeSolver::default() }.solve(sde, &noise, &grid, &mut x, &mut ()).unwrap();
        x.slice(s![SAMPLES..]).to_owned()
    };
    for method in [SdeMethod::Heun, SdeMethod::ReversibleHeun] {
        let exact = solve(method, FINE);
        let rows = LEVELS.map(|steps| solve(method, steps) - &exact);
        for (steps, row) in LEVELS.into_iter().zip(&rows) {
            let expected = 0.25 / steps as f64 - 0.25 / FINE as f64;
            let ratio = row.dot(row) / SAMPLES as f64 / expected;
            assert!((ratio - 1.0).abs() < 4.0 * (2.25 / SAMPLES as f64).sqrt(), "{method}, {steps} steps: {ratio:.3}");
        }
        let found = slope(&stack(Axis(0), &rows.each_ref().map(|row| row.view())).unwrap().view());
        assert!((found - 0.5).abs() < 0.15, "{method}: {found:.3}");
    }
}
