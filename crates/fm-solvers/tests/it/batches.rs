//! A sample's result does not depend on its batch mates, to the last bit, in fixed-step and per-sample solves; and it
//! does under a common step, as documented.

use fm_solvers::FixedMethod;
use ndarray::{Array2, Axis, s};

use crate::problems::{Gaussian, solve};

fn batch() -> Array2<f64> {
    Array2::from_shape_fn((700, 3), |(i, j)| ((i * 3 + j) as f64 * 0.37).sin() * 2.0)
}

fn run(method: FixedMethod, mut y: Array2<f64>) -> Array2<f64> {
    solve(method, &mut Gaussian, (0.0, 1.0, 6), &mut y);
    y
}

#[test]
fn permuting_the_batch_permutes_the_result() {
    let order: Vec<usize> = (0..700).map(|i| i * 33 % 700).collect();
    for method in FixedMethod::ALL {
        let whole = run(method, batch());
        assert_eq!(run(method, batch().select(Axis(0), &order)), whole.select(Axis(0), &order), "{method}");
    }
}

#[test]
fn slicing_the_batch_slices_the_result() {
    for method in FixedMethod::ALL {
        let whole = run(method, batch());
        for rows in [0..1, 5..6, 100..431, 341..700] {
            let part = s![rows, ..];
            assert_eq!(run(method, batch().slice(part).to_owned()), whole.slice(part), "{method}");
        }
    }
}

#[test]
fn under_a_common_step_a_sample_depends_on_its_mates() {
    // Documented of `AdaptiveSolver::solve`; if this ever fails, the documentation promises too little.
    let solver = fm_solvers::AdaptiveSolver::default();
    let grid = fm_solvers::TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let (mut whole, mut part) = (batch(), batch().slice(s![..10, ..]).to_owned());
    solver.solve(&mut Gaussian, &grid, &mut whole, &mut ()).unwrap();
    solver.solve(&mut Gaussian, &grid, &mut part, &mut ()).unwrap();
    assert_ne!(part, whole.slice(s![..10, ..]));
}
