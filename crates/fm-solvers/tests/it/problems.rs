//! Fields with known solutions.

use fm_solvers::{FixedMethod, SolveError, Stats, Time, TimeGrid, VectorField, solve_fixed};
use ndarray::{Array, Array1, Array2, Dimension};

/// The exact velocity from `N(0, 1)` to `N(MEAN, DEVIATION^2)` along the linear path, each coordinate alone:
///
/// ```text
/// u(t, x) = m + (v'/2v)(x - t m),    v = (1-t)^2 + t^2 s^2,    v' = 2 (t s^2 - (1-t))
/// ```
///
/// Its flow takes `x` at time 0 to `m + s x` at time 1.
pub(crate) struct Gaussian;

pub(crate) const MEAN: f64 = 3.0;
pub(crate) const DEVIATION: f64 = 0.25;

impl Gaussian {
    fn velocity(t: f64, x: f64) -> f64 {
        let variance = (1.0 - t).powi(2) + (t * DEVIATION).powi(2);
        let slope = t * DEVIATION.powi(2) - (1.0 - t);
        MEAN + slope / variance * (x - t * MEAN)
    }
}

impl<D: Dimension> VectorField<Array<f64, D>> for Gaussian {
    fn eval(&mut self, t: Time<'_>, y: &Array<f64, D>, out: &mut Array<f64, D>) -> Result<(), SolveError> {
        let length = y.len() / y.shape().first().copied().unwrap_or(1);
        for (i, (u, &x)) in out.iter_mut().zip(y).enumerate() {
            *u = Self::velocity(t.row(i / length), x);
        }
        Ok(())
    }
}

impl<D: Dimension> VectorField<Array<f32, D>> for Gaussian {
    fn eval(&mut self, t: Time<'_>, y: &Array<f32, D>, out: &mut Array<f32, D>) -> Result<(), SolveError> {
        let length = y.len() / y.shape().first().copied().unwrap_or(1);
        for (i, (u, &x)) in out.iter_mut().zip(y).enumerate() {
            *u = Self::velocity(t.row(i / length), f64::from(x)) as f32;
        }
        Ok(())
    }
}

/// The exact velocity from `N(0, I)` to eight Gaussians of variance 0.1 on a ring of radius 5, along the linear path.
pub(crate) struct Mixture;

impl Mixture {
    pub(crate) const VARIANCE: f64 = 0.1;

    pub(crate) fn centres() -> [[f64; 2]; 8] {
        std::array::from_fn(|k| {
            let (sin, cos) = (std::f64::consts::TAU * k as f64 / 8.0).sin_cos();
            [5.0 * cos, 5.0 * sin]
        })
    }

    /// At a time: the variance `v` of each Gaussian, and the slope `(t s^2 - (1-t))/v` of its velocity.
    pub(crate) fn at(t: f64) -> (f64, f64) {
        let v = (1.0 - t).powi(2) + t * t * Self::VARIANCE;
        (v, (t * Self::VARIANCE - (1.0 - t)) / v)
    }

    /// The probabilities that `x` at time `t` goes to each centre.
    pub(crate) fn posterior(t: f64, x: [f64; 2], centres: &[[f64; 2]; 8]) -> [f64; 8] {
        let (v, _) = Self::at(t);
        let exponents = centres.map(|m| -((x[0] - t * m[0]).powi(2) + (x[1] - t * m[1]).powi(2)) / (2.0 * v));
        let largest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights = exponents.map(|e| (e - largest).exp());
        let total: f64 = weights.iter().sum();
        weights.map(|weight| weight / total)
    }
}

impl VectorField<Array2<f64>> for Mixture {
    fn eval(&mut self, t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
        let centres = Self::centres();
        for (i, (x, mut u)) in y.rows().into_iter().zip(out.rows_mut()).enumerate() {
            let (t, x) = (t.row(i), [x[0], x[1]]);
            let (weights, (_, slope)) = (Self::posterior(t, x, &centres), Self::at(t));
            for axis in 0..2 {
                let mean = weights.iter().zip(&centres).map(|(w, m)| w * m[axis]).sum::<f64>();
                u[axis] = mean + slope * (x[axis] - t * mean);
            }
        }
        Ok(())
    }
}

/// Standard normal points in the plane from a lattice, the same in every language.
pub(crate) fn lattice(n: usize) -> Array2<f64> {
    let point = |i: usize| {
        let radius = (-2.0 * ((i as f64 + 0.5) / n as f64).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * (i as f64 * 0.618_033_988_749_894_9).fract()).sin_cos();
        [radius * cos, radius * sin]
    };
    Array2::from_shape_fn((n, 2), |(i, axis)| point(i)[axis])
}

/// The Euclidean distance of each row to its counterpart.
pub(crate) fn distances(a: &Array2<f64>, b: &Array2<f64>) -> Vec<f64> {
    (a - b).rows().into_iter().map(|row| row.dot(&row).sqrt()).collect()
}

/// `dy/dt = sin y`, with the solution `y(t) = 2 acot(e^-t cot(y0 / 2))`: nonlinear, and no method is superconvergent on it.
pub(crate) fn sine(_: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>) -> Result<(), SolveError> {
    out.zip_mut_with(y, |u, &x| *u = x.sin());
    Ok(())
}

pub(crate) fn sine_solution(t: f64, y0: f64) -> f64 {
    2.0 * (t.exp() * (y0 / 2.0).tan()).atan()
}

/// `dy/dt = y cos t`, with the solution `y(t) = y(0) e^(sin t)`: enough variation to keep methods of high order above
/// rounding.
pub(crate) fn swing(t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>) -> Result<(), SolveError> {
    out.zip_mut_with(y, |u, &x| *u = x * t.row(0).cos());
    Ok(())
}

pub(crate) fn swing_solution(t: f64) -> f64 {
    t.sin().exp()
}

/// Solves over equal steps, unobserved.
pub(crate) fn solve<D: Dimension, A: fm_solvers::Element>(
    method: FixedMethod,
    field: &mut dyn VectorField<Array<A, D>>,
    (t0, t1, steps): (f64, f64, usize),
    y: &mut Array<A, D>,
) -> Stats {
    let grid = TimeGrid::uniform(t0, t1, steps).unwrap();
    solve_fixed(method, field, &grid, y, &mut ()).unwrap()
}
