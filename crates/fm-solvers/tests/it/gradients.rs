//! Gradients through the steps of a solve: first and second, with respect to the initial state and to parameters.

use approx::assert_relative_eq;
use fm_solvers::{AdaptiveSolver, EmbeddedMethod, FixedMethod, SolveError, Time, TimeGrid, VectorField, solve_fixed};
use tch::{Device, Kind, Tensor, no_grad};

const CPU64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

/// `du/dt = sin(y + t)`, per sample.
fn wave(t: Time<'_>, y: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
    let times = match t {
        Time::All(t) => Tensor::from(t),
        Time::Rows(times) => Tensor::from_slice(times).view([-1, 1]),
    };
    *out = (y + times).sin();
    Ok(())
}

fn points() -> Tensor {
    Tensor::linspace(-2.0, 2.0, 8, CPU64).view([4, 2])
}

/// The gradient of what `end` makes of the points. The values of a separable field are equations of their own: all their
/// derivatives come from two solves.
#[track_caller]
fn assert_gradient_equals_differences(end: impl Fn(Tensor) -> Tensor) {
    let start = points().set_requires_grad(true);
    end(start.shallow_clone()).sum(Kind::Double).backward();
    let differences = no_grad(|| (end(points() + 1e-5) - end(points() - 1e-5)) / 2e-5);
    for (a, b) in values(&start.grad()).into_iter().zip(values(&differences)) {
        assert_relative_eq!(a, b, max_relative = 1e-8);
    }
}

#[test]
fn gradients_by_the_initial_state_equal_finite_differences() {
    let grid = TimeGrid::uniform(0.0, 1.0, 8).unwrap();
    for method in FixedMethod::ALL {
        let end = |mut y: Tensor| {
            solve_fixed(method, &mut wave, &grid, &mut y, &mut ()).unwrap();
            y
        };
        assert_gradient_equals_differences(end);
    }
}

/// Adaptive steps, the same for both ends of the difference.
#[test]
fn gradients_of_adaptive_solves_by_the_initial_state_equal_finite_differences() {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let tolerance = fm_solvers::Tolerance::new(0.0, 1e6).unwrap();
    for method in EmbeddedMethod::ALL {
        for per_sample in [false, true] {
            let solver = AdaptiveSolver {
                method,
                tolerance,
                first_step: Some(0.125),
                h_max: 0.125,
                ..AdaptiveSolver::default()
            };
            let end = |mut y: Tensor| {
                if per_sample {
                    solver.solve_per_sample(&mut wave, &grid, &mut y, &mut ()).unwrap();
                } else {
                    solver.solve(&mut wave, &grid, &mut y, &mut ()).unwrap();
                }
                y
            };
            assert_gradient_equals_differences(end);
        }
    }
}

/// `dy/dt = w y` over steps whose number differs from sample to sample.
///
/// A step multiplies by a polynomial in `w h`, and steps are not differentiated: `dy(1)/dy(0) = y(1)/y(0)` whatever they are.
#[test]
fn gradients_of_per_sample_solves_are_those_of_each_samples_steps() {
    struct Growth<'a> {
        rates: &'a Tensor,
        active: Tensor,
    }
    impl VectorField<Tensor> for Growth<'_> {
        fn eval(&mut self, _: Time<'_>, y: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
            *out = y * &self.active;
            Ok(())
        }
        fn select(&mut self, samples: &[usize]) {
            let samples: Vec<i64> = samples.iter().map(|&i| i as i64).collect();
            self.active = self.rates.index_select(0, &Tensor::from_slice(&samples));
        }
    }

    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    for method in EmbeddedMethod::ALL {
        let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
        let rates = Tensor::from_slice(&[0.5, -8.0, 2.0, -1.0]).view([4, 1]).set_requires_grad(true);
        let start = (points() + 0.1).set_requires_grad(true);
        let mut y = start.shallow_clone();
        let mut field = Growth { active: rates.shallow_clone(), rates: &rates };
        let stats = solver.solve_per_sample(&mut field, &grid, &mut y, &mut ()).unwrap();
        assert!(stats.steps[1] > stats.steps[0], "{method}: samples finish at different steps");
        y.sum(Kind::Double).backward();
        for (a, b) in values(&start.grad()).into_iter().zip(values(&(&y / &start))) {
            assert_relative_eq!(a, b, max_relative = 1e-12);
        }
        // By the rate, up to the error of the solve: dy(1)/dw = y(1), summed over the two values of a sample.
        let exact = y.sum_dim_intlist(1, true, Kind::Double);
        for (a, b) in values(&rates.grad()).into_iter().zip(values(&exact)) {
            assert_relative_eq!(a, b, max_relative = 1e-2, epsilon = 1e-4);
        }
    }
}

/// The factor of one step for `dy/dt = w y`, by powers of `w h`.
fn growth(method: FixedMethod) -> Option<Vec<f64>> {
    match method {
        FixedMethod::Euler => Some(vec![1.0, 1.0]),
        FixedMethod::Midpoint | FixedMethod::Heun | FixedMethod::Ralston => Some(vec![1.0, 1.0, 0.5]),
        FixedMethod::Rk4 => Some(vec![1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0]),
        _ => None,
    }
}

/// `y(1) = P(w h)^n y(0)` from 1: its first and second derivative by `w`.
fn derivatives(p: &[f64], w: f64, n: i32) -> [f64; 2] {
    let count = f64::from(n);
    let at = |p: &[f64]| p.iter().rev().fold(0.0, |sum, c| sum * (w / count) + c);
    let derivative = |p: &[f64]| -> Vec<f64> { p.iter().enumerate().skip(1).map(|(i, c)| i as f64 * c).collect() };
    let (first, second) = (derivative(p), derivative(&derivative(p)));
    let (p, first, second) = (at(p), at(&first), at(&second));
    [p.powi(n - 1) * first, p.powi(n - 2) * ((count - 1.0) * first * first + p * second) / count]
}

fn assert_second_derivatives(p: &[f64], n: i32, solve: &mut dyn FnMut(&mut dyn VectorField<Tensor>, &mut Tensor)) {
    let w = Tensor::from(-0.8_f64).set_requires_grad(true);
    let mut field = |_: Time<'_>, y: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        *out = y * &w;
        Ok(())
    };
    let mut y = Tensor::from_slice(&[1.0_f64]).set_requires_grad(true);
    let start = y.shallow_clone();
    solve(&mut field, &mut y);
    let first = Tensor::run_backward(&[y.sum(Kind::Double)], &[&w], true, true).remove(0);
    let mixed = Tensor::run_backward(&[&first], &[&w, &start], false, false);
    let [by_w, by_w_twice] = derivatives(p, -0.8, n);
    assert_relative_eq!(first.double_value(&[]), by_w, max_relative = 1e-13);
    assert_relative_eq!(mixed[0].double_value(&[]), by_w_twice, max_relative = 1e-12);
    assert_relative_eq!(mixed[1].double_value(&[0]), by_w, max_relative = 1e-13);
}

#[test]
fn second_derivatives_are_those_of_the_steps() {
    let grid = TimeGrid::uniform(0.0, 1.0, 8).unwrap();
    let mut tested = 0;
    for method in FixedMethod::ALL {
        if let Some(p) = growth(method) {
            assert_second_derivatives(&p, 8, &mut |field, y| {
                solve_fixed(method, field, &grid, y, &mut ()).unwrap();
            });
            tested += 1;
        }
    }
    assert_eq!(tested, 5);
}

#[test]
fn second_derivatives_of_dopri5_are_those_of_its_steps() {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let tolerance = fm_solvers::Tolerance::new(0.0, 1e6).unwrap();
    let solver = AdaptiveSolver { tolerance, first_step: Some(0.125), h_max: 0.125, ..AdaptiveSolver::default() };
    let p = [1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 600.0];
    assert_second_derivatives(&p, 8, &mut |field, y| {
        assert_eq!(solver.solve(field, &grid, y, &mut ()).unwrap().steps, 8);
    });
    assert_second_derivatives(&p, 8, &mut |field, y| {
        assert_eq!(solver.solve_per_sample(field, &grid, y, &mut ()).unwrap().steps, [8]);
    });
}
