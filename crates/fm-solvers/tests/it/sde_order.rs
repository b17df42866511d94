//! Measured strong and weak orders, and the two calculi, on equations with solutions path by path.

use fm_solvers::{
    BrownianPath, Calculus, Diffusion, Noise, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid,
};
use ndarray::{Array1, Axis, stack};

/// An equation in Ito's sense whose solution at time 1 is a function of `W(1)`.
struct Problem {
    name: &'static str,
    start: f64,
    ito: fn(f64, f64) -> f64,
    /// The drift of the same process in the sense of Stratonovich.
    stratonovich: fn(f64, f64) -> f64,
    diffusion: Noisy,
    exact: fn(f64) -> f64,
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
    exact: |w| (MU - 0.5 * SIGMA * SIGMA + SIGMA * w).exp(),
};

/// `dX = -p^2 sin X cos^3 X dt + p cos^2 X dW`, with `p = 0.8`.
const ARCTANGENT: Problem = Problem {
    name: "arctangent",
    start: 0.5,
    ito: |_, x| -0.64 * x.sin() * x.cos().powi(3),
    stratonovich: |_, _| 0.0,
    diffusion: Noisy::Diagonal(|x| 0.8 * x.cos().powi(2)),
    exact: |w| (0.8 * w + 0.5_f64.tan()).atan(),
};

/// `dX = (b/sqrt(1+t) - X/(2+2t)) dt + a b/sqrt(1+t) dW`, with `b = 1` and `a = 0.5`.
const ADDITIVE: Problem = Problem {
    name: "additive",
    start: 1.0,
    ito: |t, x| 1.0 / (1.0 + t).sqrt() - x / (2.0 + 2.0 * t),
    stratonovich: |t, x| 1.0 / (1.0 + t).sqrt() - x / (2.0 + 2.0 * t),
    diffusion: Noisy::Additive(|t| 0.5 / (1.0 + t).sqrt()),
    exact: |w| (2.0 + 0.5 * w) / 2.0_f64.sqrt(),
};

/// The states at time 1 of as many samples as there are in `start`.
fn solve(
    problem: &Problem,
    (method, calculus): (SdeMethod, Calculus),
    noise: &BrownianPath,
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
const SAMPLES: usize = 2000;
const GROUPS: usize = 20;

/// The errors of every sample, one row for each level, all on the same paths.
fn errors(problem: &Problem, method: SdeMethod, seed: u64) -> ndarray::Array2<f64> {
    let noise = BrownianPath::new(seed, &TimeGrid::uniform(0.0, 1.0, LEVELS[5]).unwrap());
    let mut w = Array1::zeros(SAMPLES);
    noise.increment(0.0, 1.0, &mut w, None).unwrap();
    let exact = w.mapv(problem.exact);
    let rows = LEVELS.map(|steps| solve(problem, (method, method.calculus()), &noise, steps, SAMPLES) - &exact);
    stack(Axis(0), &rows.each_ref().map(|row| row.view())).unwrap()
}

/// The slope of log error against log step by least squares, as the mean over groups of samples, and its standard error.
fn order(errors: &ndarray::Array2<f64>, of: impl Fn(ndarray::ArrayView1<'_, f64>) -> f64) -> (f64, f64) {
    let mean_level = 0.5 * (LEVELS.len() as f64 - 1.0);
    let slope = |group: ndarray::ArrayView2<'_, f64>| -> f64 {
        let points = group.rows().into_iter().enumerate().map(|(i, row)| (mean_level - i as f64, of(row).log2()));
        let (mut covariance, mut variance) = (0.0, 0.0);
        for (x, y) in points {
            covariance += x * y;
            variance += x * x;
        }
        covariance / variance
    };
    let slopes: Array1<f64> = errors.axis_chunks_iter(Axis(1), SAMPLES / GROUPS).map(slope).collect();
    (slopes.mean().unwrap(), slopes.std(1.0) / (GROUPS as f64).sqrt())
}

fn rms(row: ndarray::ArrayView1<'_, f64>) -> f64 {
    row.mapv(|e| e * e).mean().unwrap().sqrt()
}

/// The slope over steps from 1/8 to 1/256 differs from the order by the next power of the step, which weighs 0.1 where the
/// coefficients are of one size, and by four standard errors.
#[test]
fn every_method_has_the_strong_order_that_it_claims() {
    use SdeMethod::{EulerMaruyama, Heun, Milstein, ReversibleHeun, Srk};
    let claims = [
        (&GEOMETRIC, [(EulerMaruyama, 0.5), (Milstein, 1.0), (Srk, 1.5), (Heun, 1.0), (ReversibleHeun, 0.5)]),
        (&ARCTANGENT, [(EulerMaruyama, 0.5), (Milstein, 1.0), (Srk, 1.5), (Heun, 1.0), (ReversibleHeun, 0.5)]),
        (&ADDITIVE, [(EulerMaruyama, 1.0), (Milstein, 1.0), (Srk, 1.5), (Heun, 1.0), (ReversibleHeun, 1.0)]),
    ];
    for (problem, methods) in claims {
        for (method, claimed) in methods {
            for seed in [1, 2, 3] {
                let (found, deviation) = order(&errors(problem, method, seed), rms);
                println!("{} {method} {seed}: {found:.3} +- {deviation:.3}", problem.name);
                assert!(
                    (found - claimed).abs() < 0.1 + 4.0 * deviation || std::env::var("SEE").is_ok(),
                    "{} {method}, seed {seed}: {found:.3} +- {deviation:.3}",
                    problem.name
                );
            }
        }
    }
}
