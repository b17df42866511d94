//! Steps of each sample's own: bit-identical alone and in any batch, and no more work than alone.

use fm_solvers::{AdaptiveSolver, EmbeddedMethod, SampleStats, SolveError, Time, TimeGrid, VectorField};
use ndarray::{Array, Array2, Axis, Dimension, Ix1, Ix3, s};

use crate::problems::{Gaussian, Mixture, lattice};

fn grid() -> TimeGrid {
    TimeGrid::new(vec![0.0, 0.7, 1.0]).unwrap()
}

fn solver(method: EmbeddedMethod) -> AdaptiveSolver {
    AdaptiveSolver { method, ..AdaptiveSolver::default() }
}

fn run(method: EmbeddedMethod, mut y: Array2<f64>) -> (Array2<f64>, SampleStats) {
    let stats = solver(method).solve_per_sample(&mut Mixture, &grid(), &mut y, &mut ()).unwrap();
    (y, stats)
}

#[test]
fn permuting_the_batch_permutes_the_result() {
    let order: Vec<usize> = (0..300).map(|i| i * 77 % 300).collect();
    for method in EmbeddedMethod::ALL {
        let (whole, stats) = run(method, lattice(300));
        let (permuted, other) = run(method, lattice(300).select(Axis(0), &order));
        assert_eq!(permuted, whole.select(Axis(0), &order), "{method}");
        assert!(order.iter().zip(&other.nfe).all(|(&i, &nfe)| stats.nfe[i] == nfe || method == EmbeddedMethod::Dop853));
    }
}

#[test]
fn a_sample_alone_gives_the_same_result_for_the_same_work() {
    for method in EmbeddedMethod::ALL {
        let (whole, stats) = run(method, lattice(60));
        for i in (0..60).step_by(7) {
            let (alone, own) = run(method, lattice(60).slice(s![i..=i, ..]).to_owned());
            assert_eq!(alone.row(0), whole.row(i), "{method}");
            assert_eq!((own.steps[0], own.rejected[0], own.nfe[0]), (stats.steps[i], stats.rejected[i], stats.nfe[i]));
        }
    }
}

#[test]
fn rows_evaluated_are_those_that_each_sample_needs_alone() {
    struct Counted(u64);
    impl VectorField<Array2<f64>> for Counted {
        fn eval(&mut self, t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
            self.0 += y.nrows() as u64;
            Mixture.eval(t, y, out)
        }
    }
    for method in EmbeddedMethod::ALL {
        let mut field = Counted(0);
        let stats = solver(method).solve_per_sample(&mut field, &grid(), &mut lattice(100), &mut ()).unwrap();
        assert_eq!(field.0, stats.nfe.iter().sum::<u64>());
        assert_eq!(stats.calls, *stats.nfe.iter().max().unwrap());
        // The common solve of one sample is the yardstick; it knows of no batch.
        let mut alone = 0;
        for i in 0..100 {
            let mut y = lattice(100).slice(s![i..=i, ..]).to_owned();
            alone += solver(method).solve(&mut Mixture, &grid(), &mut y, &mut ()).unwrap().nfe;
        }
        assert!((field.0 as f64) < 1.05 * alone as f64, "{method}: {} rows against {alone}", field.0);
    }
}

#[test]
fn a_batch_of_one_takes_the_steps_of_a_common_solve() {
    for method in EmbeddedMethod::ALL {
        let (mut y, mut own) = (lattice(1), lattice(1));
        let stats = solver(method).solve(&mut Mixture, &grid(), &mut y, &mut ()).unwrap();
        let rows = solver(method).solve_per_sample(&mut Mixture, &grid(), &mut own, &mut ()).unwrap();
        assert_eq!((y, [stats.steps], [stats.rejected]), (own, [rows.steps[0]], [rows.rejected[0]]), "{method}");
    }
}

#[test]
fn rank_and_layout_do_not_matter() {
    fn solved<D: Dimension>(shape: D) -> Vec<f64> {
        let flat = Array::linspace(-2.0, 2.0, 4 * 2 * 500);
        let mut y: Array<f64, D> = flat.to_shape(shape).unwrap().into_owned();
        AdaptiveSolver::default().solve_per_sample(&mut Gaussian, &grid(), &mut y, &mut ()).unwrap();
        y.into_iter().collect()
    }
    assert_eq!(solved(ndarray::Ix2(4, 1000)), solved(Ix3(4, 2, 500)));
    assert_eq!(solved(Ix1(4000)), solved(ndarray::Ix2(4000, 1)));

    let mut backwards = lattice(50);
    backwards.invert_axis(Axis(0));
    let mut standard = backwards.as_standard_layout().into_owned();
    for y in [&mut backwards, &mut standard] {
        AdaptiveSolver::default().solve_per_sample(&mut Mixture, &grid(), y, &mut ()).unwrap();
    }
    assert_eq!(backwards, standard);
}

#[test]
fn fields_are_told_which_samples_are_left() {
    /// The samples' decay rates.
    struct Rates(Vec<f64>, usize);
    impl VectorField<Array2<f64>> for Rates {
        fn eval(&mut self, _: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
            assert_eq!(y.nrows(), self.0.len());
            for ((mut out, y), rate) in out.rows_mut().into_iter().zip(y.rows()).zip(&self.0) {
                out.assign(&(&y * -*rate));
            }
            Ok(())
        }

        fn select(&mut self, samples: &[usize]) {
            self.0 = samples.iter().map(|&i| (i % 7) as f64 * 5.0).collect();
            self.1 += 1;
        }
    }
    let mut y = Array2::ones((20, 1));
    let mut field = Rates(Vec::new(), 0);
    AdaptiveSolver::default().solve_per_sample(&mut field, &grid(), &mut y, &mut ()).unwrap();
    assert!(field.1 > 3);
    for (i, y) in y.iter().enumerate() {
        assert!((y - (-((i % 7) as f64) * 5.0).exp()).abs() < 1e-4, "{i}: {y}");
    }
}

#[test]
fn one_sample_that_fails_is_named_and_the_others_keep_what_they_have() {
    let mut poisoned = |t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        Mixture.eval(t, y, out)?;
        for (i, (y, mut out)) in y.rows().into_iter().zip(out.rows_mut()).enumerate() {
            // Only sample 3 begins at 100.
            if y[0] > 50.0 && t.row(i) > 0.2 {
                out.fill(f64::NAN);
            }
        }
        Ok(())
    };
    let mut y = lattice(8);
    y[[3, 0]] = 100.0;
    let error = AdaptiveSolver::default().solve_per_sample(&mut poisoned, &grid(), &mut y, &mut ()).unwrap_err();
    let SolveError::NonFiniteStep { t, sample, step, h } = error else { panic!("{error}") };
    assert_eq!((sample, step > 0), (3, true));
    assert!(t <= 0.2 && t > 0.19 && h < 1e-3, "{t} {h}");
    assert!(y.iter().all(|y| y.is_finite()) && y[[3, 0]] > 50.0);
}

#[test]
fn budgets_are_each_samples_own() {
    let solver = AdaptiveSolver { max_steps: 9, ..AdaptiveSolver::default() };
    let mut y = lattice(64);
    let stats =
        solver.solve_per_sample(&mut Mixture, &TimeGrid::uniform(0.0, 1.0, 1).unwrap(), &mut y, &mut ()).unwrap();
    let arrived = stats.t.iter().filter(|&&t| t == 1.0).count();
    assert!(stats.out_of_steps && arrived > 0 && arrived < 64, "{arrived}");
    for i in 0..64 {
        let trials = stats.steps[i] + stats.rejected[i];
        assert!(trials == 9 || stats.t[i] == 1.0 && trials < 9);
    }
}
