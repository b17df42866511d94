//! The array forms are the coefficient forms, applied.

use fm_paths::{AffinePath, Cosine, PathError, Prediction, nd};
use ndarray::{Array, Array1, Array2, Array4, ShapeBuilder};

fn ramp<D: ndarray::Dimension>(shape: impl ndarray::ShapeArg<Dim = D>, step: f64) -> Array<f64, D> {
    let n = 24;
    Array1::from_iter((0..n).map(|i| f64::from(i) * step - 1.0)).into_shape_with_order(shape).unwrap()
}

#[test]
fn arrays_apply_the_coefficients_at_any_rank() {
    let path = AffinePath::new(Cosine);
    let t = [0.1, 0.5, 0.9];
    let (x1, x0): (Array4<f64>, Array4<f64>) = (ramp((3, 2, 2, 2), 0.1), ramp((3, 2, 2, 2), -0.3));
    let z = path.arrays().state(&t, &x1, &x0).unwrap();
    let u = path.arrays().target(Prediction::Velocity, &t, &x1, &x0).unwrap();
    let back = path.arrays().convert(Prediction::Velocity, Prediction::Data, &t, &z, &u).unwrap();
    assert!((&back - &x1).iter().all(|e| e.abs() < 1e-14));
    let end = path.arrays().transfer(Prediction::Velocity, &t, &[1.0; 3], &z, &u).unwrap();
    assert!((&end - &x1).iter().all(|e| e.abs() < 1e-14));
}

#[test]
fn layout_and_precision_do_not_matter() {
    let w = [[0.3, -0.7], [1.1, 0.2], [0.0, 2.0]];
    let (x, y): (Array2<f64>, Array2<f64>) = (ramp((3, 8), 0.1), ramp((3, 8), 0.7));
    let want = nd::blend(&w, &x, &y);
    let mut fortran = Array2::<f64>::zeros((3, 8).f());
    fortran.assign(&x);
    assert_eq!(nd::blend(&w, &fortran, &y), want);
    assert_eq!(
        nd::blend(&w, &x.slice(ndarray::s![.., ..;2]), &y.slice(ndarray::s![.., ..;2])),
        want.slice(ndarray::s![.., ..;2])
    );
    let single = nd::blend(&w, &x.mapv(|v| v as f32), &y.mapv(|v| v as f32));
    assert!((&single.mapv(f64::from) - &want).iter().all(|e| e.abs() < 4.0 * 2.0 * f64::from(f32::EPSILON) * 18.0));
}

#[test]
fn empty_batches_are_fine() {
    let empty = Array2::<f32>::zeros((0, 5));
    assert_eq!(nd::blend(&[], &empty, &empty).shape(), [0, 5]);
    let no_columns = Array2::<f32>::zeros((2, 0));
    assert_eq!(nd::blend(&[[1.0, 1.0]; 2], &no_columns, &no_columns).shape(), [2, 0]);
}

#[test]
#[should_panic(expected = "x and y differ in shape")]
fn shapes_must_match() {
    nd::blend(&[[1.0, 1.0]; 2], &Array2::<f32>::zeros((2, 3)), &Array2::zeros((2, 4)));
}

#[test]
#[should_panic(expected = "one coefficient pair for each row of shape [2, 3]")]
fn coefficients_must_match() {
    nd::blend(&[[1.0, 1.0]; 3], &Array2::<f32>::zeros((2, 3)), &Array2::zeros((2, 3)));
}

/// Distinct numbers for an array of any shape.
fn wave(rows: usize, d: usize, phase: f64) -> Array2<f32> {
    Array2::from_shape_fn((rows, d), |(i, j)| ((i * d + j) as f64 * 0.37 + phase).sin() as f32)
}

fn times(rows: usize) -> Vec<f64> {
    (0..rows).map(|i| (i as f64 + 0.5) / rows as f64).collect()
}

/// Every width around the narrow forms and every remainder of a block, against the definition, bit by bit.
#[test]
fn every_width_and_block_gives_the_bits_of_the_definition() {
    for d in 0..8 {
        for rows in [1, 2, 63, 64, 65, 130] {
            let (x, y, n) = (wave(rows, d, 0.0), wave(rows, d, 1.0), wave(rows, d, 2.0));
            let w: Vec<[f64; 3]> = times(rows).iter().map(|t| [t.sin(), t.cos(), -0.3 * t]).collect();
            let pairs: Vec<[f64; 2]> = w.iter().map(|w| [w[0], w[1]]).collect();
            let two = Array2::from_shape_fn((rows, d), |at| w[at.0][0] as f32 * x[at] + w[at.0][1] as f32 * y[at]);
            let three = Array2::from_shape_fn((rows, d), |at| two[at] + w[at.0][2] as f32 * n[at]);
            assert_eq!(nd::blend(&pairs, &x, &y), two, "{rows}x{d}");
            assert_eq!(nd::blend3(&w, &x, &y, &n), three, "{rows}x{d}");
            let turned = x.t().as_standard_layout().into_owned().reversed_axes();
            assert_eq!(nd::blend3(&w, &turned, &y, &n), three, "{rows}x{d}, columns first");
        }
    }
}

/// State and target together are state and target; large batches go through threads.
#[test]
fn one_pass_gives_the_bits_of_two() {
    let path = AffinePath::new(Cosine);
    for (rows, d) in [(1, 1), (65, 2), (300, 3), (7, 100), (3, 200_000), (300_000, 2)] {
        let (x1, x0, t) = (wave(rows, d, 0.0), wave(rows, d, 1.0), times(rows));
        for wanted in [Prediction::Velocity, Prediction::V, Prediction::Score] {
            let (mut z, mut u) = (Array2::zeros((rows, d)), Array2::zeros((rows, d)));
            path.arrays().sample_into(wanted, &t, &x1, &x0, &mut z, &mut u).unwrap();
            assert_eq!(z, nd::blend(&path.state(&t).unwrap(), &x1, &x0), "{rows}x{d}");
            assert_eq!(u, nd::blend(&path.target(wanted, &t).unwrap(), &x1, &x0), "{wanted} {rows}x{d}");
        }
    }
}

#[test]
fn thread_counts_do_not_matter() {
    let path = AffinePath::new(Cosine);
    let (rows, d) = (5_000, 100);
    let (x1, x0, t) = (wave(rows, d, 0.0), wave(rows, d, 1.0), times(rows));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (mut z, mut u) = (Array2::zeros((rows, d)), Array2::zeros((rows, d)));
            path.arrays().sample_into(Prediction::Velocity, &t, &x1, &x0, &mut z, &mut u).unwrap();
            (z, u)
        })
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(7), one);
    // Nor with a layout of which no row lies in one piece.
    let columns = |x: &Array2<f32>| x.t().as_standard_layout().into_owned().reversed_axes();
    let (by_columns, source) = (columns(&x1), columns(&x0));
    assert!(!by_columns.is_standard_layout());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let both = pool.install(|| path.arrays().sample(Prediction::Velocity, &t, &by_columns, &source).unwrap());
    assert_eq!(both, one);
    // The first bad row is the one that is named, whoever meets a later one sooner.
    let mut bad = t.clone();
    for index in [4_999, 3_000, 2_100] {
        bad[index] = 1.5;
        let (mut z, mut u) = (x1.clone(), x1.clone());
        let error = path.arrays().sample_into(Prediction::V, &bad, &x1, &x0, &mut z, &mut u).unwrap_err();
        assert_eq!(error, PathError::TimeOutOfRange { index, t: 1.5 });
        let error = pool.install(|| path.arrays().state(&bad, &by_columns, &source)).unwrap_err();
        assert_eq!(error, PathError::TimeOutOfRange { index, t: 1.5 });
    }
}

/// The array forms report what the coefficient forms report.
#[test]
fn array_errors_are_those_of_the_coefficients() {
    let path = AffinePath::new(Cosine);
    let x = wave(3, 2, 0.0);
    for t in
        [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0], [0.1, f64::NAN, 0.2], [0.1, -0.5, 2.0], [1.0, 0.0, 2.0], [0.2, 0.3, 0.4]]
    {
        let arrays = path.arrays().state(&t, &x, &x).err().map(|e| e.to_string());
        assert_eq!(arrays, path.state(&t).err().map(|e| e.to_string()), "{t:?}");
        for given in Prediction::ALL {
            assert_eq!(
                path.arrays().target(given, &t, &x, &x).err().map(|e| e.to_string()),
                path.target(given, &t).err().map(|e| e.to_string()),
                "{given} {t:?}"
            );
            for wanted in Prediction::ALL {
                let arrays = path.arrays().convert(given, wanted, &t, &x, &x).err().map(|e| e.to_string());
                assert_eq!(
                    arrays,
                    path.convert(given, wanted, &t).err().map(|e| e.to_string()),
                    "{given} to {wanted} {t:?}"
                );
            }
            let r = [0.5; 3];
            let arrays = path.arrays().transfer(given, &t, &r, &x, &x).err().map(|e| e.to_string());
            assert_eq!(arrays, path.transfer(given, &t, &r).err().map(|e| e.to_string()), "{given} {t:?}");
        }
    }
    let late = path.arrays().transfer(Prediction::V, &[0.1, 0.2, 0.3], &[0.5, 0.5, 1.5], &x, &x);
    assert_eq!(late, Err(PathError::TimeOutOfRange { index: 2, t: 1.5 }));
}

#[test]
#[should_panic(expected = "a single number, an array of shape [], has no rows")]
fn a_single_number_has_no_rows() {
    let x = ndarray::arr0(1.0).into_dyn();
    let _ = AffinePath::new(Cosine).arrays().state(&[0.5], &x, &x);
}

#[test]
#[should_panic(expected = "one time for each row of shape [3, 2]")]
fn times_must_match() {
    let x = wave(3, 2, 0.0);
    let _ = AffinePath::new(Cosine).arrays().state(&[0.5], &x, &x);
}
