//! The coefficients of embedded methods satisfy the equations that define them.

use approx::assert_abs_diff_eq;
use fm_solvers::{EmbeddedMethod, EmbeddedTableau};

/// Fractions of the step at which the derivatives of a step are taken.
fn times(tableau: &EmbeddedTableau) -> Vec<f64> {
    let end = if tableau.fsal { vec![] } else { vec![1.0] };
    [tableau.method.c, &end, tableau.dense_c].concat()
}

#[test]
fn rows_are_consistent() {
    for method in EmbeddedMethod::ALL {
        let tableau = method.tableau();
        let rows = tableau.method.a.iter().zip(tableau.method.c).chain(tableau.dense_a.iter().zip(tableau.dense_c));
        for (row, c) in rows {
            let sizes: f64 = row.iter().map(|a| a.abs()).sum();
            assert_abs_diff_eq!(row.iter().sum::<f64>(), *c, epsilon = 4.0 * f64::EPSILON * sizes.max(1.0));
        }
        let lengths: Vec<usize> = tableau.method.a.iter().map(|row| row.len()).collect();
        assert_eq!(lengths, (0..tableau.method.stages()).collect::<Vec<_>>(), "{method}");
        let later: Vec<usize> = tableau.dense_a.iter().map(|row| row.len()).collect();
        assert_eq!(later, (tableau.end() + 1..tableau.slots()).collect::<Vec<_>>(), "{method}");
        assert_eq!(times(tableau).len(), tableau.slots(), "{method}");
        if tableau.fsal {
            let last = *tableau.method.a.last().unwrap();
            assert_eq!((last, 0.0), (&tableau.method.b[..last.len()], tableau.method.b[last.len()]), "{method}");
        }
    }
}

#[test]
fn results_integrate_polynomials_up_to_their_order() {
    for method in EmbeddedMethod::ALL {
        let EmbeddedTableau { method: rk, .. } = method.tableau();
        for q in 1..=rk.order {
            let moment: f64 = rk.b.iter().zip(rk.c).map(|(b, c)| b * c.powi(q as i32 - 1)).sum();
            assert_abs_diff_eq!(moment, 1.0 / f64::from(q), epsilon = 1e-14);
        }
    }
}

#[test]
fn error_estimates_vanish_on_polynomials_up_to_their_order() {
    for method in EmbeddedMethod::ALL {
        let tableau = method.tableau();
        // The rows of DOP853 are differences to methods of order 5 and 3.
        let orders: &[u32] = if method == EmbeddedMethod::Dop853 { &[5, 3] } else { &[tableau.error_order] };
        assert_eq!(tableau.error.len(), orders.len());
        for (row, &order) in tableau.error.iter().zip(orders) {
            let moment =
                |q: u32| -> f64 { row.iter().zip(tableau.method.c).map(|(e, c)| e * c.powi(q as i32 - 1)).sum() };
            for q in 1..=order {
                assert_abs_diff_eq!(moment(q), 0.0, epsilon = 2e-14);
            }
            assert!(moment(order + 1).abs() > 1e-5, "{method}: an estimate of order {order} and not more");
        }
    }
}

#[test]
fn interpolants_integrate_polynomials_up_to_their_order() {
    for method in EmbeddedMethod::ALL {
        let tableau = method.tableau();
        let mut weights = vec![0.0; tableau.slots()];
        for theta in [0.0, 0.1, 0.35, 0.5, 0.8, 0.99, 1.0] {
            tableau.dense_weights(theta, &mut weights);
            let sizes: f64 = weights.iter().map(|w| w.abs()).sum();
            for q in 1..=tableau.dense_order {
                let moment: f64 = weights.iter().zip(times(tableau)).map(|(w, c)| w * c.powi(q as i32 - 1)).sum();
                // The terms of DOP853 reach 1e3 before they cancel.
                let epsilon = 1e-13 * sizes.max(1.0);
                assert_abs_diff_eq!(moment, theta.powi(q as i32) / f64::from(q), epsilon = epsilon);
            }
        }
        tableau.dense_weights(1.0, &mut weights);
        assert_eq!(weights[..tableau.method.stages()], *tableau.method.b, "{method}: the end, to the last bit");
    }
}

#[test]
fn the_interpolant_of_tsit5_is_that_of_the_paper() {
    // Tsitouras 2011, section 3: the weights as polynomials of theta.
    let paper = |t: f64| {
        [
            -1.053_088_497_729_021_6
                * t
                * (t - 1.329_989_018_975_141)
                * (t * t - 1.436_402_854_171_635 * t + 0.713_981_691_707_420_9),
            0.1017 * t * t * (t * t - 2.196_656_833_824_975_4 * t + 1.294_985_250_737_463),
            2.490_627_285_651_253 * t * t * (t * t - 2.385_356_454_720_616_6 * t + 1.578_034_682_080_925),
            -16.548_102_889_244_902 * (t - 1.217_129_272_955_332_4) * (t - 0.616_204_060_378_000_9) * t * t,
            47.379_521_962_819_28 * (t - 1.203_071_208_372_362_6) * (t - 0.658_047_292_653_547_4) * t * t,
            -34.870_657_861_496_61 * (t - 1.2) * (t - 2.0 / 3.0) * t * t,
            2.5 * (t - 1.0) * (t - 0.6) * t * t,
        ]
    };
    let mut weights = [0.0; 7];
    for i in 0..=20 {
        let theta = f64::from(i) / 20.0;
        EmbeddedTableau::TSIT5.dense_weights(theta, &mut weights);
        for (found, expected) in weights.iter().zip(paper(theta)) {
            assert_abs_diff_eq!(*found, expected, epsilon = 2e-13);
        }
    }
}
