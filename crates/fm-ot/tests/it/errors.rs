//! Bad input is an error that names the place.

use fm_ot::{
    Cost, Coupling, Endpoints, ExactOt, Independent, OtError, Side, Sinkhorn, assign_points, assignment, transport,
    wasserstein2,
};
use ndarray::{Array2, array};

use crate::limited::limited;
use crate::samples::{normal, rng};

#[test]
fn points_that_are_not_finite() {
    let _limited = limited();
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
    let _limited = limited();
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

/// In every position of matrices with whole vectors, and with a rest.
#[test]
fn costs_that_are_not_costs() {
    let _limited = limited();
    let solver = Sinkhorn::default();
    for n in [1, 4, 19] {
        for at in 0..n * n {
            let (row, column) = (at / n, at % n);
            for value in [f64::NAN, f64::NEG_INFINITY, 1e301, -1e301] {
                let mut cost = Array2::zeros((n, n));
                cost[[row, column]] = value;
                let single = cost.mapv(|c| c as f32);
                let weights = vec![1.0; n];
                let mut errors = vec![
                    assignment(cost.view()).unwrap_err(),
                    transport(cost.view(), &weights, &weights).unwrap_err(),
                    solver.solve(cost.view(), None, None).map(|_| ()).unwrap_err(),
                ];
                // Beyond the range of single precision a cost is a forbidden pair.
                if value != 1e301 {
                    errors.push(assignment(single.view()).unwrap_err());
                    errors.push(transport(single.view(), &weights, &weights).unwrap_err());
                    errors.push(solver.solve(single.view(), None, None).map(|_| ()).unwrap_err());
                }
                for error in errors {
                    let OtError::InvalidCost { row: r, column: c, value: v } = error else { panic!("{error}") };
                    assert_eq!((r, c), (row, column), "{value} in {n} x {n}");
                    assert!(v == value || v.is_nan() == value.is_nan(), "{v} is not {value}");
                }
            }
        }
    }
}

#[test]
fn numbers_are_printed_as_a_person_would() {
    let _limited = limited();
    let error = assignment(array![[1e301]].view()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cost 1e301 at row 0, column 0; costs are within 1e300, or +inf for a forbidden pair"
    );
    let error = transport(array![[0.0]].view(), &[3.5], &[4.0]).unwrap_err().to_string();
    assert!(error.starts_with("the source weights sum to 3.5 and the target weights to 4;"), "{error}");
    let error = Sinkhorn { max_iterations: 0, ..Sinkhorn::default() };
    let error = error.solve(array![[0.0]].view(), None, None).unwrap_err();
    assert_eq!(error.to_string(), "max_iterations is 0; it has to be at least 1");
}

type Solve = fn(&Array2<f64>, &[f64]) -> Result<(), OtError>;

/// What a solver that divides by the total would make NaN of.
#[test]
fn weights_beyond_every_total() {
    let _limited = limited();
    let cost = normal(3, 3, 61);
    let solvers: [Solve; 2] = [
        |cost: &Array2<f64>, a: &[f64]| transport(cost.view(), a, &[1.0; 3]).map(|_| ()),
        |cost: &Array2<f64>, a: &[f64]| Sinkhorn::default().solve(cost.view(), Some(a), None).map(|_| ()),
    ];
    for solve in solvers {
        for value in [1e301, 1e308, f64::INFINITY, f64::NAN, -1.0] {
            let error = solve(&cost, &[0.5, value, 0.5]).unwrap_err();
            assert!(matches!(error, OtError::InvalidWeight { side: Side::Source, index: 1, .. }), "{error}");
        }
    }
}

#[test]
fn forbidden_patterns_without_an_assignment() {
    let _limited = limited();
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
    let _limited = limited();
    let far = array![[0.0_f32], [1e20]];
    let error = Cost::SquaredEuclidean.matrix(far.view(), array![[0.0]].view()).unwrap_err();
    assert_eq!(error, OtError::Overflow { row: 1, column: 0 });
}
