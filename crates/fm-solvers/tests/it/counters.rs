//! Hairer's test problems with the counters of his Fortran codes.
//!
//! Values and counters are those that `dopri5.f` and `dop853.f` print for the same problems, as recorded in the tests of
//! the crate `russell_ode` 5.0 (`test_dopri5_arenstorf.rs`, `test_dopri8_van_der_pol.rs` and
//! `test_dopri5_hairer_wanner_eq1.rs`), with h0 given. The codes count one evaluation more at the start than they make.

use approx::assert_abs_diff_eq;
use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, Flow, Observer, SolveError, Stats, Step, StepControl, Time, TimeGrid, Tolerance,
};
use ndarray::{Array1, array};

fn solve(
    solver: AdaptiveSolver,
    tolerance: f64,
    end: f64,
    rhs: impl Fn(f64, &[f64], &mut [f64]),
    y: &mut Array1<f64>,
    observer: &mut dyn Observer<Array1<f64>>,
) -> Stats {
    let mut field = |t: Time<'_>, y: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
        rhs(t.row(0), y.as_slice().unwrap(), out.as_slice_mut().unwrap());
        Ok(())
    };
    let solver = AdaptiveSolver { tolerance: Tolerance::new(tolerance, tolerance).unwrap(), ..solver };
    solver.solve(&mut field, &TimeGrid::uniform(0.0, end, 1).unwrap(), y, observer).unwrap()
}

fn van_der_pol(_: f64, y: &[f64], out: &mut [f64]) {
    out[0] = y[1];
    out[1] = ((1.0 - y[0] * y[0]) * y[1] - y[0]) / 1e-3;
}

#[test]
fn the_arenstorf_orbit_with_dopri5() {
    const MU: f64 = 0.012_277_471;
    let orbit = |_: f64, y: &[f64], out: &mut [f64]| {
        let d1 = ((y[0] + MU).powi(2) + y[1] * y[1]).powf(1.5);
        let d2 = ((y[0] - (1.0 - MU)).powi(2) + y[1] * y[1]).powf(1.5);
        out[0] = y[2];
        out[1] = y[3];
        out[2] = y[0] + 2.0 * y[3] - (1.0 - MU) * (y[0] + MU) / d1 - MU * (y[0] - (1.0 - MU)) / d2;
        out[3] = y[1] - 2.0 * y[2] - (1.0 - MU) * y[1] / d1 - MU * y[1] / d2;
    };
    let mut y = array![0.994, 0.0, 0.0, -2.001_585_106_379_082_4];
    let solver = AdaptiveSolver { control: StepControl::PI, first_step: Some(1e-4), ..AdaptiveSolver::default() };
    let stats = solve(solver, 1e-7, 17.065_216_560_157_964, orbit, &mut y, &mut ());
    assert_eq!((stats.steps, stats.rejected, stats.nfe), (217, 21, 1429));
    let expected =
        [0.994_002_170_403_066_3, 9.040_891_036_151_961e-6, 1.459_758_305_600_828e-3, -2.001_245_515_834_718];
    for ((y, expected), epsilon) in y.iter().zip(expected).zip([1e-11, 1e-11, 1e-9, 1e-9]) {
        assert_abs_diff_eq!(*y, expected, epsilon = epsilon);
    }
}

#[test]
fn a_stiff_linear_equation_with_dopri5() {
    let mut y = array![0.0];
    let solver = AdaptiveSolver { control: StepControl::PI, first_step: Some(1e-4), ..AdaptiveSolver::default() };
    let stats = solve(solver, 1e-4, 1.5, |t, y, out| out[0] = -50.0 * (y[0] - t.cos()), &mut y, &mut ());
    assert_eq!((stats.steps, stats.rejected, stats.nfe), (39, 0, 235));
    assert_abs_diff_eq!(y[0], 9.063_921_649_310_544e-2, epsilon = 1e-13);
}

/// Asks for a value within each step, as Hairer's driver does.
struct Interpolating;

impl Observer<Array1<f64>> for Interpolating {
    fn observe(&mut self, _: usize, _: f64, _: &Array1<f64>) -> Flow {
        Flow::Continue
    }

    fn observe_step(&mut self, step: &mut Step<'_, Array1<f64>>) -> Result<Flow, SolveError> {
        let mut y = step.y.clone();
        step.dense(0.5 * (step.t0 + step.t1), &mut y)?;
        Ok(Flow::Continue)
    }
}

#[test]
fn van_der_pols_oscillator_with_dop853() {
    let solver = AdaptiveSolver {
        method: EmbeddedMethod::Dop853,
        control: StepControl::DOP853,
        first_step: Some(1e-6),
        ..AdaptiveSolver::default()
    };
    let mut y = array![2.0, 0.0];
    let stats = solve(solver, 1e-9, 2.0, van_der_pol, &mut y, &mut ());
    assert_eq!((stats.steps, stats.rejected), (1348, 121));
    assert_eq!(stats.nfe, 11 * 1469 + 1348, "the last derivative is not needed, the first is");
    assert_abs_diff_eq!(y[0], 1.763_234_540_172_087, epsilon = 1e-13);
    assert_abs_diff_eq!(y[1], -0.835_688_681_930_191, epsilon = 1e-12);

    let mut dense = array![2.0, 0.0];
    let stats = solve(solver, 1e-9, 2.0, van_der_pol, &mut dense, &mut Interpolating);
    assert_eq!(stats.nfe, 21553 - 1, "three evaluations for the interpolant of each step, and the last derivative");
    assert_eq!(dense, y, "looking does not change the steps");
}

/// Where the first step ended.
struct FirstStep(Option<f64>);

impl Observer<Array1<f64>> for FirstStep {
    fn observe(&mut self, _: usize, _: f64, _: &Array1<f64>) -> Flow {
        Flow::Continue
    }

    fn observe_step(&mut self, step: &mut Step<'_, Array1<f64>>) -> Result<Flow, SolveError> {
        self.0.get_or_insert(step.t1 - step.t0);
        Ok(Flow::Continue)
    }
}

/// `y' = y` from one: state, derivative and second derivative are one, so with scale `2e-6` the first guess is a hundredth and the
/// second `(0.01 * 2e-6)^(1/5)`, the smaller of which with a hundred times the first is taken (Hairer, Nørsett & Wanner, section II.4).
#[test]
fn the_initial_step_is_that_of_hairer() {
    let (mut y, mut first) = (array![1.0], FirstStep(None));
    solve(AdaptiveSolver::default(), 1e-6, 1.0, |_, y, out| out[0] = y[0], &mut y, &mut first);
    assert_abs_diff_eq!(first.0.unwrap(), 2e-8_f64.powf(0.2), epsilon = 1e-12);
}
