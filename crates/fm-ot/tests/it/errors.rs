//! Bad input is an error that names the place.

use fm_ot::{Cost, Coupling, Endpoints, ExactOt, Independent, OtError, Side, wasserstein2};
use ndarray::{Array2, array};

use crate::limited::{assign_points, assignment};
use crate::samples::{normal, rng};

#[test]
fn points_that_are_not_finite() {
    let good = normal(5, 3, 60).mapv(|v| v as f32);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut bad = good.clone();
        bad[[3, 1]] = value;
        for coupling in [&ExactOt as &dyn Coupling, &Independent] {
            let error = coupling.couple(Endpoints::new(bad.view(), good.view()), &mut rng(0)).unwrap_err();
            assert!(matches!(error, OtError::NonFinitePoint { side: Side::Source, row: 3, column: 1, .. }));
            let error = coupling.couple(Endpoints::new(good.view(), bad.view()), &mut rng(0)).unwrap_err();
            assert!(matches!(error, OtError::NonFinitePoint { side: Side::Target, row: 3, column: 1, .. }));
        }
    }
    let error = Cost::SquaredEuclidean.matrix(array![[0.0], [f64::NAN]].view(), array![[0.0]].view()).unwrap_err();
    assert_eq!(error.to_string(), "source point 1 holds NaN in column 0; remove or repair it before coupling");
}

#[test]
fn shapes_that_do_not_fit() {
    let points = |n, d| Array2::<f32>::zeros((n, d));
    let dimension = OtError::DimensionMismatch { source_dim: 2, target_dim: 3 };
    let sizes = OtError::UnequalSizes { source_len: 4, target_len: 5 };
    assert_eq!(
        ExactOt.couple(Endpoints::new(points(4, 2).view(), points(4, 3).view()), &mut rng(0)).unwrap_err(),
        dimension
    );
    assert_eq!(
        Independent.couple(Endpoints::new(points(4, 2).view(), points(4, 3).view()), &mut rng(0)).unwrap_err(),
        dimension
    );
    assert_eq!(
        ExactOt.couple(Endpoints::new(points(4, 2).view(), points(5, 2).view()), &mut rng(0)).unwrap_err(),
        sizes
    );
    assert_eq!(
        Independent.couple(Endpoints::new(points(4, 2).view(), points(5, 2).view()), &mut rng(0)).unwrap_err(),
        sizes
    );
    assert_eq!(assign_points(points(4, 1).view(), points(5, 1).view(), Cost::SquaredEuclidean).unwrap_err(), sizes);
    assert_eq!(assignment(points(4, 5).view()).unwrap_err(), sizes);
    assert_eq!(wasserstein2(points(0, 2).view(), points(0, 2).view()).unwrap_err(), OtError::Empty);
}

#[test]
fn costs_that_are_not_costs() {
    for value in [f64::NAN, f64::NEG_INFINITY, 1e301, -1e301] {
        for (row, column) in [(0, 0), (2, 1), (3, 3)] {
            let mut cost = Array2::zeros((4, 4));
            cost[[row, column]] = value;
            let error = assignment(cost.view()).unwrap_err();
            let OtError::InvalidCost { row: r, column: c, value: v } = error else { panic!("{error}") };
            assert_eq!((r, c, v.to_bits()), (row, column, value.to_bits()));
        }
    }
    let error = assignment(array![[f32::NEG_INFINITY]].view()).unwrap_err();
    assert!(matches!(error, OtError::InvalidCost { row: 0, column: 0, .. }));
}

#[test]
fn forbidden_patterns_without_an_assignment() {
    let inf = f64::INFINITY;
    let full_row = array![[1.0, 2.0], [inf, inf]];
    assert_eq!(assignment(full_row.view()).unwrap_err(), OtError::Infeasible { row: 1 });
    let full_column = array![[1.0, inf], [1.0, inf]];
    assert!(matches!(assignment(full_column.view()), Err(OtError::Infeasible { .. })));
    // Three rows compete for two columns.
    let mut crowded = Array2::from_elem((40, 40), 1.0);
    crowded.slice_mut(ndarray::s![..3, 2..]).fill(inf);
    assert!(matches!(assignment(crowded.view()), Err(OtError::Infeasible { row: 0..3 })));
    assert!(matches!(assignment(array![[inf]].view()), Err(OtError::Infeasible { row: 0 })));
}

#[test]
fn squares_that_overflow() {
    let far = array![[0.0_f32], [1e20]];
    let error = Cost::SquaredEuclidean.matrix(far.view(), array![[0.0]].view()).unwrap_err();
    assert_eq!(error, OtError::Overflow { row: 1, column: 0 });
}
