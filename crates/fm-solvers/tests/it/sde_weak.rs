//! Weak orders without chance: on linear equations the moments of a method are expectations of polynomials in normal numbers, and
//! a few nodes with weights give these exactly. Rejected: averages over draws, where an error of 1e-5 takes 1e10 of them.

use fm_solvers::{Calculus, Diffusion, Noise, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid};
use ndarray::Array1;

/// `dX = a X dt + (b X or b) dW` in Ito's sense.
#[derive(Clone, Copy, Debug)]
struct Linear {
    a: f64,
    b: f64,
    additive: bool,
}

const GEOMETRIC: Linear = Linear { a: 0.15, b: 0.3, additive: false };
const ORNSTEIN_UHLENBECK: Linear = Linear { a: -0.2, b: 0.3, additive: true };

impl Linear {
    /// `E X` and `E X^2` at time 1 from 1.
    fn moments(self) -> [f64; 2] {
        let Self { a, b, additive } = self;
        let square =
            if additive { (2.0 * a).exp() + b * b * (2.0 * a).exp_m1() / (2.0 * a) } else { (2.0 * a + b * b).exp() };
        [a.exp(), square]
    }

    fn solve(self, method: SdeMethod, grid: &TimeGrid, noise: &Scripted, x: &mut Array1<f64>) {
        let Self { a, b, additive } = self;
        // The drift of the same process in the sense of Stratonovich.
        let a = if additive || method.calculus() == Calculus::Ito { a } else { a - 0.5 * b * b };
        let times = |factor: f64| {
            move |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                out.zip_mut_with(x, |out, x| *out = factor * x);
                Ok(())
            }
        };
        let (mut drift, mut diagonal, level) = (times(a), times(b), |_: f64| b);
        let diffusion = if additive { Diffusion::Additive(&level) } else { Diffusion::Diagonal(&mut diagonal) };
        let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion };
        SdeSolver { method, ..SdeSolver::default() }.solve(sde, noise, grid, x, &mut ()).unwrap();
    }
}

/// Noise by a script: for each step the increments of all samples in units of `sqrt(h)`, and one area for each in units of
/// `sqrt(h/12)`.
struct Scripted {
    increments: Vec<Array1<f64>>,
    areas: Array1<f64>,
}

impl Noise<Array1<f64>> for Scripted {
    fn increment(
        &self,
        t0: f64,
        t1: f64,
        dw: &mut Array1<f64>,
        area: Option<&mut Array1<f64>>,
    ) -> Result<(), SolveError> {
        let h = t1 - t0;
        dw.assign(&(h.sqrt() * &self.increments[(t0 / h).round() as usize]));
        if let Some(area) = area {
            area.assign(&((h / 12.0).sqrt() * &self.areas));
        }
        Ok(())
    }
}

/// `E X` and `E X^2` after `steps` steps of a method without memory.
///
/// Its step is affine, `X' = A X + B`, with random `A` and `B` of degree three in the increment and one in the area. Squares have
/// degrees six and two, for which four nodes of Gauss and Hermite's rule and the two nodes -1 and 1 are exact.
fn step_by_step(problem: Linear, method: SdeMethod, steps: usize) -> [f64; 2] {
    let root = 6.0_f64.sqrt();
    let (near, far) = ((3.0 - root).sqrt(), (3.0 + root).sqrt());
    let nodes = [
        (near, (3.0 + root) / 12.0),
        (-near, (3.0 + root) / 12.0),
        (far, (3.0 - root) / 12.0),
        (-far, (3.0 - root) / 12.0),
    ];
    // Eight samples begin at zero, to tell `B`, and the same eight at one, to tell `A + B`.
    let node = |i: usize| nodes[i % 4];
    let noise = Scripted {
        increments: vec![(0..16).map(|i| node(i).0).collect()],
        areas: (0..16).map(|i| if i / 4 % 2 == 0 { 1.0 } else { -1.0 }).collect(),
    };
    let mut x: Array1<f64> = (0..16).map(|i| if i < 8 { 0.0 } else { 1.0 }).collect();
    problem.solve(method, &TimeGrid::uniform(0.0, 1.0 / steps as f64, 1).unwrap(), &noise, &mut x);
    let mean = |f: fn(f64, f64) -> f64| (0..8).map(|i| 0.5 * node(i).1 * f(x[8 + i] - x[i], x[i])).sum::<f64>();
    let (a, b) = (mean(|a, _| a), mean(|_, b| b));
    let (aa, ab, bb) = (mean(|a, _| a * a), mean(|a, b| a * b), mean(|_, b| b * b));
    (0..steps).fold([1.0, 1.0], |[first, second], _| [a * first + b, aa * second + 2.0 * ab * first + bb])
}

/// The same after a whole solve of a method with memory, over all combinations of three nodes in each step.
///
/// Each increment enters a state with degree two at most, and a square with four: three nodes are exact up to five.
fn path_by_path(problem: Linear, method: SdeMethod, steps: usize) -> [f64; 2] {
    let far = 3.0_f64.sqrt();
    let nodes = [(0.0, 2.0 / 3.0), (far, 1.0 / 6.0), (-far, 1.0 / 6.0)];
    let paths = 3_usize.pow(steps as u32);
    let node = |path: usize, step: usize| nodes[path / 3_usize.pow(step as u32) % 3];
    let noise = Scripted {
        increments: (0..steps).map(|step| (0..paths).map(|path| node(path, step).0).collect()).collect(),
        areas: Array1::zeros(paths),
    };
    let mut x = Array1::ones(paths);
    problem.solve(method, &TimeGrid::uniform(0.0, 1.0, steps).unwrap(), &noise, &mut x);
    let weighted = |(path, x): (usize, &f64)| {
        let weight: f64 = (0..steps).map(|step| node(path, step).1).product();
        [weight * x, weight * x * x]
    };
    x.iter().enumerate().map(weighted).fold([0.0, 0.0], |sum, term| [sum[0] + term[0], sum[1] + term[1]])
}

/// The orders in which both moments' errors shrink, from errors `c h^p (1 + d h)` with unknown `d`.
///
/// Halving `h` shows `p + d h/ln 2`, halving it again `p + d h/(2 ln 2)`; twice the second less the first is `p`, up to the
/// square of `d h`.
fn orders(problem: Linear, steps: usize, moments: impl Fn(usize) -> [f64; 2]) -> [f64; 2] {
    let exact = problem.moments();
    let errors = [steps / 4, steps / 2, steps].map(moments);
    [0, 1].map(|moment| {
        let [coarse, middle, fine] = errors.map(|found| (found[moment] - exact[moment]).abs().log2());
        2.0 * (middle - fine) - (coarse - middle)
    })
}

/// `d` is of the size of the coefficients, 0.3, where leading errors do not nearly cancel. From steps of 1/128 the square of
/// `d h` is below 0.01 up to `d = 12`; from steps of 1/2, which are what all combinations can be had of, it is 0.02.
#[test]
fn every_method_has_its_weak_order_in_mean_and_square() {
    use SdeMethod::{EulerMaruyama, Heun, Milstein, ReversibleHeun, Srk};
    let claims = [
        (GEOMETRIC, [(EulerMaruyama, 1.0), (Milstein, 1.0), (Srk, 2.0), (Heun, 1.0), (ReversibleHeun, 1.0)]),
        (ORNSTEIN_UHLENBECK, [(EulerMaruyama, 1.0), (Milstein, 1.0), (Srk, 2.0), (Heun, 2.0), (ReversibleHeun, 2.0)]),
    ];
    for (problem, methods) in claims {
        for (method, claimed) in methods {
            let (found, tolerance) = if method == ReversibleHeun {
                (orders(problem, 8, |steps| path_by_path(problem, method, steps)), 0.05)
            } else {
                (orders(problem, 512, |steps| step_by_step(problem, method, steps)), 0.01)
            };
            for (moment, found) in found.into_iter().enumerate() {
                assert!(
                    (found - claimed).abs() < tolerance,
                    "{method}, moment {}: {found:.4}, {problem:?}",
                    moment + 1
                );
            }
        }
    }
}

/// Two ways to the same expectations, up to the rounding of sums over 729 paths of values below 100.
#[test]
fn methods_without_memory_have_the_same_moments_step_by_step_and_path_by_path() {
    for problem in [GEOMETRIC, ORNSTEIN_UHLENBECK] {
        for method in [SdeMethod::EulerMaruyama, SdeMethod::Milstein, SdeMethod::Heun] {
            let (steps, paths) = (step_by_step(problem, method, 6), path_by_path(problem, method, 6));
            for (a, b) in steps.into_iter().zip(paths) {
                assert!((a - b).abs() < 1e-11, "{method}: {steps:?} and {paths:?}");
            }
        }
    }
}
