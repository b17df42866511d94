//! The adjoint equation against closed forms and against gradients through the steps.

use std::cell::Cell;

use approx::assert_relative_eq;
use fm_solvers::{
    AdaptiveSolver, Adjoint, AdjointSolution, EmbeddedMethod, Norm, SolveError, Time, TimeGrid, Tolerance, VectorField,
};
use tch::{Device, Kind, Tensor, no_grad};

const CPU64: (Kind, Device) = (Kind::Double, Device::Cpu);

/// What solvers.md asks of a gradient at a tolerance of 1e-9.
const RELATIVE: f64 = 1e-5;

fn solver() -> AdaptiveSolver {
    AdaptiveSolver { tolerance: Tolerance::new(1e-9, 1e-9).unwrap(), ..AdaptiveSolver::default() }
}

fn adjoint() -> Adjoint {
    Adjoint { solver: solver(), ..Adjoint::default() }
}

fn parameter(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).set_requires_grad(true)
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

#[track_caller]
fn assert_close(found: &Tensor, expected: &[f64]) {
    let found = values(found);
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert_relative_eq!(*a, *b, max_relative = RELATIVE, epsilon = 1e-7);
    }
}

/// A field written as a function of time and state.
struct Field<F>(F);

impl<F: Fn(f64, &Tensor) -> Tensor> VectorField<Tensor> for Field<F> {
    fn eval(&mut self, t: Time<'_>, x: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
        *out = (self.0)(t.row(0), x);
        Ok(())
    }
}

/// Solves forward without a record, and back for the loss `sum(weights * x(t1))`.
fn there_and_back(
    adjoint: &Adjoint,
    field: &mut dyn VectorField<Tensor>,
    parameters: &[Tensor],
    (t0, t1): (f64, f64),
    (start, weights): (&Tensor, &Tensor),
) -> AdjointSolution {
    let grid = TimeGrid::uniform(t0, t1, 1).unwrap();
    let mut x = start.copy();
    no_grad(|| adjoint.solver.solve(field, &grid, &mut x, &mut ())).unwrap();
    let back = adjoint.solve(field, parameters, &grid, &x, weights).unwrap();
    assert_eq!((back.stats.t, back.stats.out_of_steps), (t0, false));
    assert_close(&back.start, &values(start));
    back
}

/// torchdiffeq's `constant`: `u = a + (x - (a t + b))^5` along its solution `x = a t + b`, where `du/dx` is zero. Written to
/// the buffer.
#[test]
fn a_constant_slope_hands_gradients_on() {
    let (a, b) = (parameter(&[0.2]), parameter(&[3.0]));
    let mut field = |t: Time<'_>, x: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        out.copy_(&(&a + (x - (&a * t.row(0) + &b)).pow_tensor_scalar(5)));
        Ok(())
    };
    let parameters = [a.shallow_clone(), b.shallow_clone()];
    let start = Tensor::from_slice(&[3.2_f64]);
    let back = there_and_back(&adjoint(), &mut field, &parameters, (1.0, 8.0), (&start, &start.ones_like()));
    assert_close(&back.gradient, &[1.0]);
    assert_close(&back.parameters[0], &[7.0]);
    assert_close(&back.parameters[1], &[0.0]);
}

/// `x(1) = e^-d R(w) x(0)` for the matrix `-d I + w J`: a scaled rotation, with its transpose for the gradients.
#[test]
fn a_linear_field_has_the_transposed_exponential() {
    let (d, w) = (0.4, 2.0);
    let (damping, speed) = (parameter(&[d]), parameter(&[w]));
    let turn = Tensor::from_slice(&[0.0, 1.0, -1.0, 0.0]).view([2, 2]);
    let mut field = Field(|_: f64, x: &Tensor| x.matmul(&turn) * &speed - x * &damping);
    let parameters = [damping.shallow_clone(), speed.shallow_clone()];
    let start = Tensor::from_slice(&[1.0, 2.0, -0.5, 0.3]).view([2, 2]);
    let weights = Tensor::from_slice(&[0.7, -1.0, 0.2, 1.5]).view([2, 2]);
    let back = there_and_back(&adjoint(), &mut field, &parameters, (0.0, 1.0), (&start, &weights));

    let (sin, cos) = w.sin_cos();
    let factor = (-d).exp();
    let rows = [([1.0, 2.0], [0.7, -1.0]), ([-0.5, 0.3], [0.2, 1.5])];
    let at_start = rows.map(|(_, [c, e])| [factor * (cos * c + sin * e), factor * (cos * e - sin * c)]);
    assert_close(&back.gradient, &at_start.concat());
    let ends = rows.map(|([x, y], c)| ([factor * (cos * x - sin * y), factor * (sin * x + cos * y)], c));
    let by_damping: f64 = ends.iter().map(|([x, y], [c, e])| -(x * c + y * e)).sum();
    let by_speed: f64 = ends.iter().map(|([x, y], [c, e])| x * e - y * c).sum();
    assert_close(&back.parameters[0], &[by_damping]);
    assert_close(&back.parameters[1], &[by_speed]);
}

/// torchdiffeq's `sine`, its inhomogeneous part times `w`: `x(t) = x(1) t^2 + w t^2 (F(t) - F(1))`.
#[test]
fn the_sine_problem_from_1_to_8() {
    let w = parameter(&[1.0]);
    let mut field =
        Field(|t: f64, x: &Tensor| x * (2.0 / t) + &w * (t.powi(4) * (2.0 * t).sin() - t * t + 4.0 * t.powi(3)));
    let integral = |s: f64| {
        let (sin, cos) = (2.0 * s).sin_cos();
        -0.5 * s * s * cos + 0.5 * s * sin + 0.25 * cos - s + 2.0 * s * s
    };
    let parameters = [w.shallow_clone()];
    let start = Tensor::from_slice(&[1.3_f64]);
    let back = there_and_back(&adjoint(), &mut field, &parameters, (1.0, 8.0), (&start, &start.ones_like()));
    assert_close(&back.gradient, &[64.0]);
    assert_close(&back.parameters[0], &[64.0 * (integral(8.0) - integral(1.0))]);
}

/// A small network with time as an input, and weights of another kind than the state's.
fn network(first: &Tensor, second: &Tensor, t: f64, x: &Tensor) -> Tensor {
    let hidden = (x.matmul(&first.to_kind(Kind::Double)) + t).tanh();
    hidden.matmul(second)
}

#[test]
fn gradients_are_those_through_the_steps() {
    let wave = |size: i64, phase: f64| (Tensor::linspace(0.0, 9.0, size, CPU64) * 2.3 + phase).sin();
    let first = wave(10, 0.3).view([2, 5]).to_kind(Kind::Float).set_requires_grad(true);
    let second = wave(10, 1.1).view([5, 2]).set_requires_grad(true);
    let start = wave(8, 2.0).view([4, 2]).set_requires_grad(true);
    let weights = wave(8, 0.9).view([4, 2]);
    let mut field = Field(|t: f64, x: &Tensor| network(&first, &second, t, x));
    let inputs = [start.shallow_clone(), first.shallow_clone(), second.shallow_clone()];
    for method in [EmbeddedMethod::Dopri5, EmbeddedMethod::Dop853] {
        for (norm, parameter_weight) in [(Norm::BatchRms, 0.0), (Norm::MaxOverSamples, 1.0)] {
            for (t0, t1) in [(0.0, 1.0), (1.0, -0.5)] {
                let grid = TimeGrid::uniform(t0, t1, 1).unwrap();
                let solver = AdaptiveSolver { method, norm, ..solver() };
                let mut x = start.shallow_clone();
                solver.solve(&mut field, &grid, &mut x, &mut ()).unwrap();
                let expected = Tensor::run_backward(&[(x * &weights).sum(Kind::Double)], &inputs, false, false);
                let adjoint = Adjoint { solver, parameter_weight, ..Adjoint::default() };
                let start = start.detach();
                let back = there_and_back(&adjoint, &mut field, &inputs[1..], (t0, t1), (&start, &weights));
                assert_close(&back.gradient, &values(&expected[0]));
                for (found, expected) in back.parameters.iter().zip(&expected[1..]) {
                    assert_eq!((found.kind(), found.size()), (expected.kind(), expected.size()));
                    assert_close(found, &values(expected));
                }
            }
        }
    }
}

/// A gradient that oscillates while the state and its adjoint do not: with weight zero nobody waits for it.
#[test]
fn parameters_of_weight_zero_cost_no_steps() {
    let w = parameter(&[0.0]);
    let mut field = Field(|t: f64, x: &Tensor| -x + &w * (100.0 * t).sin());
    let parameters = [w.shallow_clone()];
    let (start, weights) = (Tensor::from_slice(&[1.0_f64]), Tensor::from_slice(&[1.0_f64]));
    let mut solve = |parameters: &[Tensor], parameter_weight: f64| {
        let adjoint = Adjoint { parameter_weight, ..adjoint() };
        there_and_back(&adjoint, &mut field, parameters, (0.0, 1.0), (&start, &weights))
    };
    let (without, carried, controlled) = (solve(&[], 1.0), solve(&parameters, 0.0), solve(&parameters, 1.0));
    assert_eq!(carried.stats, without.stats);
    assert_eq!((&carried.start, &carried.gradient), (&without.start, &without.gradient));
    assert!(controlled.stats.nfe > 5 * carried.stats.nfe, "{:?} {:?}", controlled.stats, carried.stats);
    // The integral of e^(t-1) sin(100 t).
    let exact = (100.0_f64.sin() - 100.0 * 100.0_f64.cos() + 100.0 * (-1.0_f64).exp()) / 10001.0;
    assert_close(&controlled.parameters[0], &[exact]);
}

/// The state oscillates and its adjoint does not.
#[test]
fn a_state_of_weight_zero_costs_no_steps() {
    let mut field = Field(|t: f64, x: &Tensor| -x + (100.0 * t).sin());
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let end = Tensor::from_slice(&[0.5_f64]);
    let mut solve = |state_weight: f64| {
        Adjoint { state_weight, ..adjoint() }.solve(&mut field, &[], &grid, &end, &end.ones_like()).unwrap()
    };
    let (carried, controlled) = (solve(0.0), solve(1.0));
    assert!(controlled.stats.nfe > 5 * carried.stats.nfe);
    assert_close(&carried.gradient, &[(-1.0_f64).exp()]);
}

/// torchdiffeq #152, #180, #259: what is kept must not grow with the steps.
#[test]
fn no_graph_outlives_its_evaluation() {
    let w = parameter(&[0.3]);
    let tracked = Cell::new(0);
    let mut field = Field(|_: f64, x: &Tensor| {
        // A leaf: the state that comes in remembers nothing of the steps before.
        tracked.set(tracked.get() + usize::from(!x.is_leaf()));
        (x * &w).tanh()
    });
    let grid = TimeGrid::uniform(0.0, 5.0, 50).unwrap();
    let end = Tensor::from_slice(&[0.5_f64]);
    let parameters = [w.shallow_clone()];
    let back = adjoint().solve(&mut field, &parameters, &grid, &end, &end.ones_like()).unwrap();
    assert!(back.stats.steps >= 50);
    assert_eq!(tracked.get(), 0);
    assert!(!w.grad().defined(), "nothing is left in the parameters either");
}

/// torchdiffeq #184: the way back may be stiff where the way there was not, so it has tolerances and a budget of its own.
#[test]
fn the_way_back_has_options_of_its_own() {
    let mut field = Field(|_: f64, x: &Tensor| x * -30.0);
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let end = Tensor::from_slice(&[1e-10_f64]);
    let mut solve = |solver: AdaptiveSolver| {
        let adjoint = Adjoint { solver, ..Adjoint::default() };
        adjoint.solve(&mut field, &[], &grid, &end, &end.ones_like()).unwrap()
    };
    let loose = solve(AdaptiveSolver { tolerance: Tolerance::new(1e-3, 1e-3).unwrap(), ..AdaptiveSolver::default() });
    assert!(loose.stats.nfe < solve(solver()).stats.nfe);
    let spent = solve(AdaptiveSolver { max_steps: 3, ..solver() });
    assert!(spent.stats.out_of_steps && spent.stats.t > 0.0);
    assert_close(&spent.gradient, &[(-30.0 * (1.0 - spent.stats.t)).exp()]);
}

/// torchdiffeq #29, #209: second derivatives through the adjoint, which failed in the dark or were wrong.
#[test]
fn a_second_derivative_is_refused_and_no_result_carries_a_graph() {
    let w = parameter(&[0.3]);
    let parameters = [w.shallow_clone()];
    let mut field = Field(|_: f64, x: &Tensor| (x * &w).tanh());
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let end = parameter(&[0.5]);
    let gradient = &end * 2.0; // of the loss x^2, with its graph
    let error = adjoint().solve(&mut field, &parameters, &grid, &end, &gradient).unwrap_err();
    assert!(matches!(error, SolveError::SecondDerivative), "{error}");
    let back = adjoint().solve(&mut field, &parameters, &grid, &end, &gradient.detach()).unwrap();
    assert!([&back.start, &back.gradient, &back.parameters[0]].iter().all(|tensor| !tensor.requires_grad()));
}

#[test]
fn what_cannot_be_differentiated_is_an_error() {
    let (w, unused) = (parameter(&[0.3]), parameter(&[1.0, 2.0]));
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let x = Tensor::ones([2, 1], CPU64);
    let solve =
        |adjoint: Adjoint, field: &dyn Fn(f64, &Tensor) -> Tensor, parameters: &[&Tensor], gradient: &Tensor| {
            let parameters: Vec<Tensor> = parameters.iter().map(|parameter| parameter.shallow_clone()).collect();
            adjoint.solve(&mut Field(field), &parameters, &grid, &x, gradient)
        };
    let field = |_: f64, x: &Tensor| x * &w;

    let error = solve(adjoint(), &field, &[&w], &Tensor::ones([2], CPU64)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the gradient at the end is Double [2] on cpu, the state there is Double [2, 1] on cpu; a gradient is laid out as its state"
    );
    let error = solve(adjoint(), &field, &[&w, &w.detach()], &x).unwrap_err();
    assert!(matches!(error, SolveError::ParameterWithoutGradient { parameter: 1 }), "{error}");
    let error = solve(adjoint(), &|_, x| x.ones_like(), &[&w], &x).unwrap_err();
    assert!(matches!(error, SolveError::NoGraph { t: 1.0 }), "{error}");
    let error = solve(adjoint(), &|_, x| no_grad(|| x * &w), &[&w], &x).unwrap_err();
    assert!(matches!(error, SolveError::NoGraph { t: 1.0 }), "{error}");
    let error = solve(Adjoint { state_weight: -1.0, ..adjoint() }, &field, &[&w], &x).unwrap_err();
    assert!(matches!(error, SolveError::InvalidOption { option: "state_weight", value: -1.0, .. }), "{error}");

    // A field of a parameter alone, and a parameter that is not used.
    let back = solve(adjoint(), &|_, x| &w * x.ones_like(), &[&unused, &w], &x).unwrap();
    assert_close(&back.gradient, &[1.0, 1.0]);
    assert_close(&back.parameters[0], &[0.0, 0.0]);
    assert_close(&back.parameters[1], &[2.0]);
}

#[test]
fn what_is_not_finite_is_an_error_with_and_without_a_weight() {
    let w = parameter(&[0.3, 0.0]);
    let parameters = [parameter(&[1.0]), w.shallow_clone()];
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let x = Tensor::from_slice(&[1.0_f64, 2.0]);

    let bad = Tensor::from_slice(&[1.0, f64::NAN]);
    let error = adjoint().solve(&mut Field(|_: f64, x: &Tensor| x * &w), &parameters, &grid, &x, &bad).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { t: 1.0, step: 0, sample: 1, .. }), "{error}");

    // The root of zero has an infinite derivative, and a finite value.
    let mut root = Field(|_: f64, x: &Tensor| w.sqrt() - x);
    let error = adjoint().solve(&mut root, &parameters, &grid, &x, &x.ones_like()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteGradient { parameter: 1 }), "{error}");
    let weighted = Adjoint { parameter_weight: 1.0, ..adjoint() };
    let error = weighted.solve(&mut root, &parameters, &grid, &x, &x.ones_like()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStep { t: 1.0, .. }), "{error}");

    // A state that runs away while its adjoint does not notice.
    let mut runaway = Field(|t: f64, x: &Tensor| -x + if t < 0.5 { f64::INFINITY } else { 0.0 });
    let carried = Adjoint { state_weight: 0.0, ..adjoint() };
    let error = carried.solve(&mut runaway, &[], &grid, &x, &x.ones_like()).unwrap_err();
    assert!(matches!(error, SolveError::NonFiniteStart { sample: 0 }), "{error}");
}
