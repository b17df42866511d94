//! A sample's result does not depend on its batch mates, to the last bit, in fixed-step, per-sample and stochastic
//! solves; and it does under a common step, as documented.

use fm_solvers::{
    AdaptiveSolver, BrownianPath, Calculus, Diffusion, Element, EmbeddedMethod, FixedMethod, Sde, SdeMethod, SdeSolver,
    TimeGrid, VectorField,
};
use ndarray::{Array2, Axis, s};

use crate::problems::{Gaussian, solve};

fn batch<A: Element>(samples: usize) -> Array2<A> {
    Array2::from_shape_fn((samples, 3), |(i, j)| A::from_f64(((i * 3 + j) as f64 * 0.37).sin() * 2.0))
}

/// Solves for a batch that consists of the samples with these numbers.
type Way<A> = Box<dyn Fn(Array2<A>, &[u64]) -> Array2<A>>;

/// Every way that makes the promise, by name.
fn ways<A: Element>() -> Vec<(String, Way<A>)>
where
    Gaussian: VectorField<Array2<A>>,
{
    let mut ways: Vec<(String, Way<A>)> = Vec::new();
    for method in FixedMethod::ALL {
        let way = move |mut y, _: &[u64]| {
            solve(method, &mut Gaussian, (0.0, 1.0, 6), &mut y);
            y
        };
        ways.push((method.to_string(), Box::new(way)));
    }
    for method in EmbeddedMethod::ALL {
        let way = move |mut y, _: &[u64]| {
            let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
            let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
            solver.solve_per_sample(&mut Gaussian, &grid, &mut y, &mut ()).unwrap();
            y
        };
        ways.push((method.to_string(), Box::new(way)));
    }
    for method in SdeMethod::ALL {
        let way = move |mut y, samples: &[u64]| {
            let grid = TimeGrid::uniform(0.0, 1.0, 6).unwrap();
            let noise = BrownianPath::new(1, &grid).for_samples(samples.to_vec());
            let diffusion = Diffusion::Additive(&|t| 1.0 - t);
            let sde = Sde { calculus: Calculus::Ito, drift: &mut Gaussian, diffusion };
            SdeSolver { method, ..SdeSolver::default() }.solve(sde, &noise, &grid, &mut y, &mut ()).unwrap();
            y
        };
        ways.push((method.to_string(), Box::new(way)));
    }
    ways
}

fn numbers(samples: usize) -> Vec<u64> {
    (0..samples as u64).collect()
}

/// Another order, and parts at places that are no multiples of anything, in one way of every so many.
fn expect_samples_alone<A: Element>(samples: usize, every: usize)
where
    Gaussian: VectorField<Array2<A>>,
{
    let order: Vec<usize> = (0..samples).map(|i| i * 37 % samples).collect();
    let shuffled: Vec<u64> = order.iter().map(|&i| i as u64).collect();
    for (name, way) in ways::<A>().into_iter().step_by(every) {
        let whole = way(batch(samples), &numbers(samples));
        let permuted = way(batch(samples).select(Axis(0), &order), &shuffled);
        assert!(permuted == whole.select(Axis(0), &order), "{name}: another order, {samples} samples");
        for rows in [0..1, 5..6, samples / 7..3 * samples / 5, samples / 2 - 9..samples] {
            let part = s![rows.clone(), ..];
            let alone = way(batch(samples).slice(part).to_owned(), &numbers(samples)[rows.clone()]);
            assert!(alone == whole.slice(part), "{name}: samples {rows:?} of {samples}");
        }
    }
}

#[test]
fn permuting_and_slicing_the_batch_permutes_and_slices_the_result() {
    expect_samples_alone::<f64>(700, 1);
    expect_samples_alone::<f32>(700, 1);
}

/// Above 131072 values a state is divided among threads, and its parts are not. One way of three: three methods with equal
/// steps, two with steps of each sample's own, one stochastic.
#[test]
fn so_they_do_where_the_batch_is_divided_among_threads() {
    expect_samples_alone::<f32>(43_701, 3);
}

#[test]
fn under_a_common_step_a_sample_depends_on_its_mates() {
    // Documented of `AdaptiveSolver::solve`; if this ever fails, the documentation promises too little.
    let solver = AdaptiveSolver::default();
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let (mut whole, mut part) = (batch::<f64>(700), batch::<f64>(10));
    solver.solve(&mut Gaussian, &grid, &mut whole, &mut ()).unwrap();
    solver.solve(&mut Gaussian, &grid, &mut part, &mut ()).unwrap();
    assert_ne!(part, whole.slice(s![..10, ..]));
}
