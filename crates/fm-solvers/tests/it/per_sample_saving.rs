//! Looking at steps of each sample's own: states at given times, and an early end.

use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, Flow, SampleObserver, SampleStats, SampleSteps, SolveError, Time, TimeGrid,
    Trajectory, VectorField,
};
use ndarray::{Array2, Axis, s};

use crate::problems::{Mixture, lattice};

fn ends() -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, 1).unwrap()
}

/// Times of which some are ends of the solve, and several lie in one step.
fn times() -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, 23).unwrap()
}

fn saved(method: EmbeddedMethod, mut y: Array2<f64>) -> (Vec<Array2<f64>>, Array2<f64>, SampleStats) {
    let mut saved = Trajectory::new(&times(), &y);
    let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
    let stats = solver.solve_per_sample(&mut Mixture, &ends(), &mut y, &mut saved).unwrap();
    assert_eq!(saved.times(), times().times(), "{method}");
    (saved.states().to_vec(), y, stats)
}

#[test]
fn saved_states_are_those_of_a_sample_alone() {
    for method in EmbeddedMethod::ALL {
        let (whole, last, _) = saved(method, lattice(40));
        assert_eq!(whole[0], lattice(40), "{method}: the first is the initial state");
        assert_eq!(whole[23], last, "{method}: the last is the result");
        for i in (0..40).step_by(9) {
            let start = lattice(40).slice(s![i..=i, ..]).to_owned();
            let (alone, ..) = saved(method, start.clone());
            // The common solve of one sample takes the same steps and knows nothing of rows.
            let (mut y, mut common) = (start.clone(), Trajectory::new(&times(), &start));
            let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
            solver.solve(&mut Mixture, &ends(), &mut y, &mut common).unwrap();
            for ((whole, alone), common) in whole.iter().zip(&alone).zip(common.states()) {
                assert_eq!(whole.row(i), alone.row(0), "{method}");
                // The same polynomial, added in another order: values below 10, and some 40 additions.
                let difference = (alone - common).mapv(f64::abs).fold(0.0, |a: f64, &b| a.max(b));
                assert!(difference < 40.0 * 10.0 * f64::EPSILON * 4.0, "{method}: {difference}");
            }
        }
    }
}

#[test]
fn saving_takes_no_steps_and_its_evaluations_are_counted() {
    for method in EmbeddedMethod::ALL {
        let mut plain = lattice(30);
        let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
        let without = solver.solve_per_sample(&mut Mixture, &ends(), &mut plain, &mut ()).unwrap();
        let mut evaluated = 0;
        let mut field = |t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
            evaluated += y.nrows() as u64;
            Mixture.eval(t, y, out)
        };
        let (mut y, mut saved) = (lattice(30), Trajectory::new(&times(), &lattice(30)));
        let with = solver.solve_per_sample(&mut field, &ends(), &mut y, &mut saved).unwrap();
        assert_eq!((&y, &with.steps, &with.rejected), (&plain, &without.steps, &without.rejected), "{method}");
        assert_eq!(evaluated, with.nfe.iter().sum::<u64>(), "{method}");
        assert_eq!(with.nfe != without.nfe, method == EmbeddedMethod::Dop853, "{method}: only DOP853 needs more");
    }
}

#[test]
fn a_sample_that_runs_out_of_steps_ends_the_saved_times() {
    let mut y = lattice(20);
    let mut saved = Trajectory::new(&times(), &y);
    let solver = AdaptiveSolver { max_steps: 3, ..AdaptiveSolver::default() };
    let stats = solver.solve_per_sample(&mut Mixture, &ends(), &mut y, &mut saved).unwrap();
    let first = stats.t.iter().copied().fold(1.0, f64::min);
    assert!(stats.out_of_steps && saved.states().len() == saved.times().len());
    assert_eq!(saved.times().len(), times().times().iter().filter(|&&t| t <= first).count());
}

/// Ends the solve once the slowest sample has passed a time.
struct Until(f64, Vec<f64>);

impl SampleObserver<Array2<f64>> for Until {
    fn observe(&mut self, steps: &mut SampleSteps<'_, Array2<f64>>) -> Result<Flow, SolveError> {
        self.1.resize(self.1.len().max(steps.y().len_of(Axis(0))), 0.0);
        for step in steps.completed {
            assert_eq!(step.t0, self.1[step.sample], "steps of a sample follow each other");
            self.1[step.sample] = step.t1;
        }
        Ok(if self.1.iter().all(|&t| t >= self.0) { Flow::Stop } else { Flow::Continue })
    }
}

#[test]
fn observers_end_the_solve() {
    let (mut y, mut until) = (lattice(10), Until(0.3, Vec::new()));
    let stats = AdaptiveSolver::default().solve_per_sample(&mut Mixture, &ends(), &mut y, &mut until).unwrap();
    assert!(stats.stopped_early && !stats.out_of_steps);
    assert_eq!(stats.t, until.1);
    assert!(stats.t.iter().all(|&t| t >= 0.3) && stats.t.iter().any(|&t| t < 1.0), "{:?}", stats.t);

    let mut untouched = lattice(10);
    let at_once =
        AdaptiveSolver::default().solve_per_sample(&mut Mixture, &ends(), &mut untouched, &mut Until(0.0, Vec::new()));
    let stats = at_once.unwrap();
    assert!(stats.stopped_early && stats.calls == 0 && untouched == lattice(10));
}
