//! Bad weights and impossible plans are errors that name the place.

use fm_ot::{OtError, Side, partial_transport, transport, transport_points};
use ndarray::{Array2, array};

use crate::limited::limited;
use crate::samples::normal;

#[test]
fn weights_that_are_not_weights() {
    let _limited = limited();
    let cost = Array2::<f64>::zeros((3, 2));
    for value in [-1e-9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e301] {
        let error = transport(cost.view(), &[1.0, value, 1.0], &[1.0, 1.0]).unwrap_err();
        assert!(matches!(error, OtError::InvalidWeight { side: Side::Source, index: 1, .. }), "{value}");
        let error = transport(cost.view(), &[1.0, 1.0, 1.0], &[1.0, value]).unwrap_err();
        assert!(matches!(error, OtError::InvalidWeight { side: Side::Target, index: 1, .. }), "{value}");
        let error = partial_transport(cost.view(), &[1.0, 1.0, 1.0], &[1.0, value], 1.0).unwrap_err();
        assert!(matches!(error, OtError::InvalidWeight { side: Side::Target, index: 1, .. }), "{value}");
        let error = transport_points(normal(3, 1, 0).view(), normal(2, 1, 0).view(), &[1.0, value, 1.0], &[1.0; 2]);
        assert!(matches!(error, Err(OtError::InvalidWeight { side: Side::Source, index: 1, .. })), "{value}");
    }
    let error = transport(cost.view(), &[1.0; 3], &[0.0; 2]).unwrap_err();
    assert_eq!(error, OtError::NoMass { side: Side::Target });
}

#[test]
fn totals_that_differ() {
    let _limited = limited();
    let cost = normal(3, 2, 1);
    let nearly = transport(cost.view(), &[1.0; 3], &[1.5, 1.5 * (1.0 + 2e-7)]).unwrap();
    assert!((nearly.mass.iter().sum::<f64>() - 3.0).abs() < 1e-15 * 3.0 * 2.0);
    let (source, target) = nearly.marginal_errors(&[1.0; 3], &[1.5, 1.5 * (1.0 + 2e-7)]);
    assert!(source < 1e-14 && (1e-8..1e-6).contains(&target));
    let error = transport(cost.view(), &[1.0; 3], &[1.5, 1.8]).unwrap_err();
    assert_eq!(error, OtError::UnequalMass { source_mass: 3.0, target_mass: 3.3 });
}

#[test]
fn shapes_that_do_not_fit() {
    let _limited = limited();
    let cost = normal(3, 2, 2);
    let error = transport(cost.view(), &[1.0; 2], &[1.0; 2]).unwrap_err();
    assert_eq!(error, OtError::WeightCount { side: Side::Source, weights: 2, points: 3 });
    let error = partial_transport(cost.view(), &[1.0; 3], &[1.0; 3], 1.0).unwrap_err();
    assert_eq!(error, OtError::WeightCount { side: Side::Target, weights: 3, points: 2 });
    assert_eq!(transport(Array2::<f32>::zeros((0, 2)).view(), &[], &[1.0; 2]).unwrap_err(), OtError::Empty);
    assert_eq!(transport(Array2::<f32>::zeros((2, 0)).view(), &[1.0; 2], &[]).unwrap_err(), OtError::Empty);
    let error = transport_points(normal(3, 2, 3).view(), normal(3, 3, 3).view(), &[1.0; 3], &[1.0; 3]).unwrap_err();
    assert_eq!(error, OtError::DimensionMismatch { source_dim: 2, target_dim: 3 });
}

#[test]
fn costs_that_are_not_costs() {
    let _limited = limited();
    for value in [f64::NAN, f64::NEG_INFINITY, 1e301, -1e301] {
        for (row, column) in [(0, 0), (2, 1), (3, 18)] {
            let mut cost = Array2::zeros((4, 19));
            cost[[row, column]] = value;
            for result in [
                transport(cost.view(), &[0.25; 4], &[1.0 / 19.0; 19]),
                partial_transport(cost.view(), &[0.25; 4], &[1.0 / 19.0; 19], 0.5),
            ] {
                let Err(OtError::InvalidCost { row: r, column: c, value: v }) = result else { panic!("{result:?}") };
                assert_eq!((r, c, v.to_bits()), (row, column, value.to_bits()));
            }
        }
    }
    for value in [f32::NAN, f32::NEG_INFINITY] {
        let error = transport(array![[1.0, value]].view(), &[1.0], &[0.5, 0.5]).unwrap_err();
        assert!(matches!(error, OtError::InvalidCost { row: 0, column: 1, .. }));
    }
}

#[test]
fn forbidden_patterns_without_a_plan() {
    let _limited = limited();
    let inf = f64::INFINITY;
    let full_row = array![[1.0, 2.0], [inf, inf]];
    assert_eq!(transport(full_row.view(), &[1.0; 2], &[1.0; 2]).unwrap_err(), OtError::Infeasible { row: 1 });
    let full_column = array![[1.0, inf], [1.0, inf]];
    assert!(matches!(transport(full_column.view(), &[1.0; 2], &[1.0; 2]), Err(OtError::Infeasible { .. })));
    // A row with no allowed pair is fine as long as it weighs nothing.
    let plan = transport(full_row.view(), &[2.0, 0.0], &[1.0; 2]).unwrap();
    assert_eq!((plan.cost, plan.gap()), (3.0, 0.0));
    assert_eq!(transport(full_column.view(), &[1.0; 2], &[2.0, 0.0]).unwrap().cost, 2.0);
    // Three rows have more than the two columns that they may use want.
    let mut crowded = Array2::from_elem((30, 30), 1.0_f32);
    crowded.slice_mut(ndarray::s![..3, 2..]).fill(f32::INFINITY);
    let error = transport(crowded.view(), &[1.0; 30], &[1.0; 30]).unwrap_err();
    assert!(matches!(error, OtError::Infeasible { row: 0..3 }), "{error}");
    assert!(transport(crowded.view(), &[1.0; 30], &[[1.5; 2].as_slice(), &[27.0 / 28.0; 28]].concat()).is_ok());
    // Two units fit, three do not.
    let narrow = array![[1.0, inf], [2.0, inf]];
    assert_eq!(partial_transport(narrow.view(), &[2.0; 2], &[2.0; 2], 2.0).unwrap().cost, 2.0);
    let error = partial_transport(narrow.view(), &[2.0; 2], &[2.0; 2], 3.0).unwrap_err();
    assert!(matches!(error, OtError::Infeasible { row: 0..2 }), "{error}");
}

#[test]
fn parts_larger_than_the_whole() {
    let _limited = limited();
    let cost = normal(2, 2, 4);
    for mass in [2.1, -0.1, f64::NAN, f64::INFINITY] {
        let error = partial_transport(cost.view(), &[1.0; 2], &[1.5; 2], mass).unwrap_err();
        assert!(matches!(error, OtError::InvalidMass { limit: 2.0, .. }), "{error}");
    }
    let whole = partial_transport(cost.view(), &[1.0; 2], &[1.5; 2], 2.0 * (1.0 + 1e-9)).unwrap();
    assert!((whole.mass.iter().sum::<f64>() - 2.0).abs() < 1e-8);
}
