//! Brownian paths: their algebra, their law, and what they do not depend on.

use fm_solvers::{BrownianPath, Element, Noise, SolveError, TimeGrid};
use ndarray::{Array1, Array2, Axis};
use proptest::prelude::*;

fn path(seed: u64, steps: usize) -> BrownianPath {
    BrownianPath::new(seed, &TimeGrid::uniform(0.0, 1.0, steps).unwrap())
}

fn increment<A: Element>(path: &BrownianPath, t0: f64, t1: f64, shape: (usize, usize)) -> Array2<A> {
    let mut dw = Array2::zeros(shape);
    path.increment(t0, t1, &mut dw, None).unwrap();
    dw
}

/// Increment and area.
fn both(path: &BrownianPath, t0: f64, t1: f64, samples: usize) -> (Array1<f64>, Array1<f64>) {
    let (mut dw, mut area) = (Array1::zeros(samples), Array1::zeros(samples));
    path.increment(t0, t1, &mut dw, Some(&mut area)).unwrap();
    (dw, area)
}

/// The cases of a property, the same in every run.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, rng_seed: prop::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(300))]

    /// `W(a, c) = W(a, b) + W(b, c)`, and the integrals of the motion add up too. Sums of some hundred rounded numbers of
    /// size 1 are right to 1e-14.
    #[test]
    fn parts_add_up_in_any_order_of_asking(
        seed: u64,
        knots in 1_usize..20,
        times in prop::collection::vec(0.0..=1.0_f64, 3),
        on_knot in 0_usize..4,
        last_first: bool,
    ) {
        let path = path(seed, knots);
        let mut times = times;
        if on_knot < 3 {
            times[on_knot] = (times[on_knot] * knots as f64).round() / knots as f64;
        }
        times.sort_by(f64::total_cmp);
        let &[a, b, c] = times.as_slice() else { unreachable!() };
        let ask = |t0, t1| both(&path, t0, t1, 3);
        let (first, second, whole) = if last_first {
            let (whole, second) = (ask(a, c), ask(b, c));
            (ask(a, b), second, whole)
        } else {
            (ask(a, b), ask(b, c), ask(a, c))
        };
        for i in 0..3 {
            prop_assert!((first.0[i] + second.0[i] - whole.0[i]).abs() < 1e-14);
            let integral = |part: &(Array1<f64>, Array1<f64>), h: f64| h * (part.1[i] + 0.5 * part.0[i]);
            let sum = integral(&first, b - a) + integral(&second, c - b) + (c - b) * first.0[i];
            prop_assert!((sum - integral(&whole, c - a)).abs() < 1e-14);
        }
        let back = ask(c, a);
        prop_assert_eq!((back.0, back.1), (-whole.0, whole.1));
        prop_assert_eq!(ask(a, b), first);
    }

    /// An increment does not depend on whether the area is asked for.
    #[test]
    fn methods_with_and_without_areas_share_the_path(seed: u64, t0 in 0.0..1.0_f64, t1 in 0.0..1.0_f64) {
        let path = path(seed, 7);
        prop_assert_eq!(increment::<f64>(&path, t0, t1, (5, 1)).remove_axis(Axis(1)), both(&path, t0, t1, 5).0);
    }

    #[test]
    fn a_path_ends_where_it_ends(seed: u64, t0 in -2.0..2.0_f64, length in 1e-6..10.0_f64, steps in 1_usize..50) {
        let t1 = t0 + length;
        let path = BrownianPath::new(seed, &TimeGrid::uniform(t0, t1, steps).unwrap());
        let mut dw = Array1::<f64>::zeros(1);
        prop_assert!(path.increment(t0, t1, &mut dw, None).is_ok());
        for (t, from) in [(t1.next_up(), t0), (t0.next_down(), t1), (f64::NAN, t0)] {
            let error = path.increment(from, t, &mut dw, None).unwrap_err();
            let outside = matches!(error, SolveError::OutsidePath { t: at, start, end }
                if at.to_bits() == t.to_bits() && start == t0 && end == t1);
            prop_assert!(outside);
        }
    }
}

/// Asserts that values have a mean of zero, this variance, and the fourth moment of a normal law, within five standard
/// errors.
fn assert_normal(values: &Array1<f64>, variance: f64, what: &str) {
    let n = values.len() as f64;
    let scaled = values / variance.sqrt();
    for (power, expected, spread) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0_f64)] {
        let moment = scaled.mapv(|x| x.powi(power)).mean().unwrap();
        assert!((moment - expected).abs() < 5.0 * (spread / n).sqrt(), "{what}: moment {power} is {moment}");
    }
}

/// Asserts that the correlation of two normal lists vanishes, within five standard errors.
fn assert_independent(a: &Array1<f64>, b: &Array1<f64>, what: &str) {
    let correlation = (a * b).sum() / ((a * a).sum() * (b * b).sum()).sqrt();
    assert!(correlation.abs() < 5.0 / (a.len() as f64).sqrt(), "{what}: {correlation}");
}

#[test]
fn increments_and_areas_have_their_law() {
    const SAMPLES: usize = 20_000;
    // Cells, parts of cells, parts that cross knots, halves of the whole, and an interval so short that the difference
    // of two integrals would hold no correct digit of its area.
    let intervals = [
        (0.0, 0.2),
        (0.2, 0.23),
        (0.23, 0.4),
        (0.4, 0.777),
        (0.777, 0.95 - 1e-12),
        (0.95 - 1e-12, 0.95 + 1e-12),
        (0.95 + 1e-12, 1.0),
    ];
    for knots in [1, 5] {
        let path = path(11, knots);
        let parts: Vec<_> = intervals.iter().map(|&(t0, t1)| both(&path, t0, t1, SAMPLES)).collect();
        for (i, (&(t0, t1), (dw, area))) in intervals.iter().zip(&parts).enumerate() {
            let what = format!("{knots} cells, {t0} to {t1}");
            assert_normal(dw, t1 - t0, &what);
            assert_normal(area, (t1 - t0) / 12.0, &what);
            assert_independent(dw, area, &what);
            for (later_dw, later_area) in &parts[i + 1..] {
                for (a, b) in [(dw, later_dw), (dw, later_area), (area, later_dw), (area, later_area)] {
                    assert_independent(a, b, &what);
                }
            }
        }
        let (whole, area) = both(&path, 0.0, 1.0, SAMPLES);
        assert_normal(&whole, 1.0, "whole");
        assert_normal(&area, 1.0 / 12.0, "whole");
        assert_independent(&whole, &area, "whole");
    }
}

#[test]
fn no_number_is_used_twice() {
    let path = path(3, 4);
    let other = BrownianPath::new(4, &TimeGrid::uniform(0.0, 1.0, 4).unwrap());
    let mut all: Vec<u64> = Vec::new();
    for (path, t0) in [(&path, 0.0), (&path, 0.25), (&path, 0.5), (&path, 0.75), (&other, 0.0)] {
        // Rows of more than one group of 64.
        all.extend(increment::<f64>(path, t0, t0 + 0.25, (20, 150)).iter().map(|dw| dw.to_bits()));
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    let path = path(8, 10);
    for (t0, t1) in [(0.1, 0.2), (0.0, 1.0), (0.13, 0.71)] {
        let whole = increment::<f64>(&path, t0, t1, (50, 3));
        assert_eq!(increment::<f64>(&path, t0, t1, (4, 3)), whole.select(Axis(0), &[0, 1, 2, 3]));
        let chosen = path.for_samples(vec![17, 49, 3]);
        assert_eq!(increment::<f64>(&chosen, t0, t1, (3, 3)), whole.select(Axis(0), &[17, 49, 3]));
        assert_eq!(increment::<f32>(&path, t0, t1, (50, 3)), whole.mapv(|dw| dw as f32));
    }
}

#[test]
fn the_shape_of_a_sample_does_not_matter() {
    let path = path(8, 10);
    let mut cube = ndarray::Array3::<f64>::zeros((5, 2, 3));
    path.increment(0.1, 0.35, &mut cube, None).unwrap();
    assert_eq!(cube.into_shape_with_order((5, 6)).unwrap(), increment::<f64>(&path, 0.1, 0.35, (5, 6)));
    // In the logical order, whatever the order in memory.
    let mut turned = Array2::<f64>::zeros((6, 5)).reversed_axes();
    path.increment(0.1, 0.35, &mut turned, None).unwrap();
    assert_eq!(turned, increment::<f64>(&path, 0.1, 0.35, (5, 6)));
    assert!(increment::<f64>(&path, 0.1, 0.35, (5, 0)).is_empty());
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let path = path(21, 3);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (mut dw, mut area) = (Array2::<f32>::zeros((9001, 7)), Array2::<f32>::zeros((9001, 7)));
            path.increment(0.1, 0.9, &mut dw, Some(&mut area)).unwrap();
            (dw, area)
        })
    };
    let one = with(1);
    assert!([2, 3, 8].iter().all(|&threads| with(threads) == one));
}

#[test]
fn the_direction_of_the_knots_does_not_matter() {
    let grid = TimeGrid::uniform(0.0, 1.0, 6).unwrap();
    assert_eq!(BrownianPath::new(5, &grid), BrownianPath::new(5, &grid.reversed()));
}

/// Ten thousand short steps through one cell: neither depth nor storage grows, and the sum is the whole.
#[test]
fn short_steps_through_a_long_cell_add_up() {
    let path = path(2, 1);
    let grid = TimeGrid::uniform(0.0, 1.0, 10_000).unwrap();
    let sum: f64 = grid.times().windows(2).map(|w| increment::<f64>(&path, w[0], w[1], (1, 1))[[0, 0]]).sum();
    // Ten thousand roundings of numbers below 4.
    assert!((sum - increment::<f64>(&path, 0.0, 1.0, (1, 1))[[0, 0]]).abs() < 1e4 * 4.0 * f64::EPSILON);
}

#[test]
#[should_panic(expected = "noise for 2 samples and a batch of 3")]
fn noise_for_another_batch_is_a_bug() {
    increment::<f64>(&path(1, 1).for_samples(vec![0, 1]), 0.0, 1.0, (3, 1));
}
