//! Pairs drawn from entropic plans, and the Sinkhorn divergence, against their limits and the plan itself.

use fm_ot::{
    Coupling, CouplingKind, Endpoints, Epsilon, Estimator, ExactOt, Kernel, OtError, Sinkhorn, SinkhornOt, mmd,
    sinkhorn_divergence, wasserstein2,
};
use ndarray::{Array2, array};

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

fn narrow(points: Array2<f64>) -> Array2<f32> {
    points.mapv(|v| v as f32)
}

fn absolute(epsilon: f64) -> Sinkhorn {
    Sinkhorn { epsilon: Epsilon::Absolute(epsilon), tolerance: 1e-6, ..Sinkhorn::default() }
}

#[test]
fn pairs_follow_the_rows_of_the_plan() {
    let _limited = limited();
    let (x0, x1) = (array![[0.0_f32, 0.0], [1.0, 1.0], [0.0, 2.0]], array![[1.0, 0.0], [0.5, 2.0], [0.0, 1.0]]);
    let coupling = SinkhornOt::schrodinger_bridge(1.2);
    let plan = coupling.solver.solve_points(x0.view(), x1.view(), None, None).unwrap();
    assert!((plan.epsilon - 2.88).abs() < 1e-12, "epsilon is twice the variance");
    let (mut counts, draws, mut rng) = (Array2::<f64>::zeros((3, 3)), 3000, rng(130));
    for _ in 0..draws {
        let pairing = coupling.couple(Endpoints::new(x0.view(), x1.view()), &mut rng).unwrap();
        assert_eq!(pairing.source, [0, 1, 2], "every source point once");
        pairing.source.iter().zip(&pairing.target).for_each(|(&i, &j)| counts[[i, j]] += 1.0);
    }
    for i in 0..3 {
        for (j, mass) in plan.row(i).into_iter().enumerate() {
            let p = mass * 3.0;
            let error = (p * (1.0 - p) / f64::from(draws)).sqrt();
            assert!(p > 0.02, "the test is to see every entry");
            assert!((counts[[i, j]] / f64::from(draws) - p).abs() < 4.5 * error, "({i}, {j}): {p} ± {error}");
        }
    }
}

#[test]
fn a_small_epsilon_is_exact_and_a_large_one_independent() {
    let _limited = limited();
    let (x0, x1) = (narrow(normal(40, 3, 131)), narrow(mixture(40, 3, 132)));
    let ends = Endpoints::new(x0.view(), x1.view());
    let exact = ExactOt.couple(ends, &mut rng(0)).unwrap();
    let sharp = SinkhornOt { solver: absolute(1e-3) };
    let agree = |seed| {
        let drawn = sharp.couple(ends, &mut rng(seed)).unwrap();
        drawn.target.iter().zip(&exact.target).filter(|(a, b)| a == b).count()
    };
    // Differences of the costs of neighbouring matchings are hundreds of times epsilon in most places.
    assert!(agree(1) >= 36, "{}", agree(1));
    let blunt = SinkhornOt { solver: absolute(1e9) };
    let mut counts = vec![0.0_f64; 40];
    let mut generator = rng(2);
    for _ in 0..200 {
        blunt.couple(ends, &mut generator).unwrap().target.into_iter().for_each(|j| counts[j] += 1.0);
    }
    // 8000 draws over 40 cells: Pearson's statistic has mean 39 and variance 78.
    let statistic: f64 = counts.iter().map(|c| (c - 200.0).powi(2) / 200.0).sum();
    assert!((statistic - 39.0).abs() < 4.0 * 78.0_f64.sqrt(), "{statistic}");
}

#[test]
fn batches_may_differ_in_size() {
    let _limited = limited();
    let (x0, x1) = (narrow(normal(30, 2, 133)), narrow(mixture(11, 2, 134)));
    let pairing = SinkhornOt::default().couple(Endpoints::new(x0.view(), x1.view()), &mut rng(0)).unwrap();
    assert_eq!(pairing.source, (0..30).collect::<Vec<_>>());
    assert!(pairing.target.iter().all(|&j| j < 11));
    let none = Array2::<f32>::zeros((0, 2));
    let error = SinkhornOt::default().couple(Endpoints::new(x0.view(), none.view()), &mut rng(0)).unwrap_err();
    assert_eq!(error, OtError::Empty);
}

#[test]
fn a_plan_that_is_not_finished_is_no_plan() {
    let _limited = limited();
    let (x0, x1) = (narrow(normal(50, 2, 135)), narrow(mixture(50, 2, 136)));
    let solver = Sinkhorn { max_iterations: 2, ..absolute(1e-3) };
    let error = SinkhornOt { solver }.couple(Endpoints::new(x0.view(), x1.view()), &mut rng(0)).unwrap_err();
    assert!(matches!(error, OtError::NotConverged { iterations: 2, tolerance: 1e-6, .. }), "{error}");
}

#[test]
fn parameters_outside_their_range_are_named() {
    let _limited = limited();
    let default = |name: &str| name.parse::<CouplingKind>().unwrap();
    for kind in CouplingKind::ALL {
        assert_eq!(kind.validate(), Ok(()));
    }
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let CouplingKind::Sinkhorn { epsilon, tolerance, max_iterations } = default("sinkhorn") else { panic!() };
        let bad = [
            ("epsilon", CouplingKind::Sinkhorn { epsilon: Epsilon::RelativeToStd(value), tolerance, max_iterations }),
            ("tolerance", CouplingKind::Sinkhorn { epsilon, tolerance: value, max_iterations }),
            ("sigma", CouplingKind::SchrodingerBridge { sigma: value, tolerance, max_iterations }),
            ("max_iterations", CouplingKind::Sinkhorn { epsilon, tolerance, max_iterations: 0 }),
        ];
        for (wrong, kind) in bad {
            let error = kind.validate().unwrap_err();
            assert!(matches!(error, OtError::InvalidParameter { name, .. } if name == wrong), "{wrong}: {error}");
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn parameters_that_are_left_out_have_defaults() {
    let _limited = limited();
    let read = |json| serde_json::from_value::<CouplingKind>(json).unwrap();
    assert_eq!(read(serde_json::json!({ "kind": "sinkhorn" })), "sinkhorn".parse().unwrap());
    assert_eq!(read(serde_json::json!({ "kind": "schrodinger-bridge" })), "schrodinger-bridge".parse().unwrap());
    let kind = read(serde_json::json!({ "kind": "sinkhorn", "epsilon": { "absolute": 2 }, "tolerance": 1e-6 }));
    assert_eq!(kind.solver(), Some(absolute(2.0)));
}

/// The three limits that are known: one point, epsilon to 0, epsilon to infinity.
#[test]
fn the_divergence_has_the_right_limits() {
    let _limited = limited();
    let one = sinkhorn_divergence(array![[1.0, 2.0]].view(), array![[4.0, 6.0]].view(), &absolute(3.0)).unwrap();
    // The passes are in single precision for this tolerance.
    assert!((one.value - 25.0).abs() < 1e-5 && (one.epsilon - 3.0).abs() < 1e-12, "{one:?}");
    let (x, y) = (normal(60, 2, 137), mixture(45, 2, 138));
    let means = mmd(x.view(), y.view(), &Kernel::Linear, Estimator::Biased).unwrap();
    let large = Sinkhorn { tolerance: 1e-10, ..absolute(1e6) };
    let large = sinkhorn_divergence(x.view(), y.view(), &large).unwrap();
    // The next term is of order (cost variance)/epsilon.
    assert!((large.value - means).abs() < 1e-3, "{} is not {means}", large.value);
    let (x, y) = (normal(30, 2, 139), mixture(30, 2, 140));
    let squared = wasserstein2(x.view(), y.view()).unwrap().powi(2);
    let small = sinkhorn_divergence(x.view(), y.view(), &absolute(2e-3)).unwrap();
    // Each of the three differs from its limit by at most epsilon log n.
    assert!(small.converged && (small.value - squared).abs() < 2.0 * 2e-3 * 30.0_f64.ln(), "{small:?} {squared}");
}

#[test]
fn the_divergence_of_a_sample_from_itself_is_zero_and_from_others_positive() {
    let _limited = limited();
    let x = normal(70, 3, 141);
    for epsilon in [0.1, 1.0, 10.0] {
        let itself = sinkhorn_divergence(x.view(), x.view(), &absolute(epsilon)).unwrap();
        assert_eq!(itself.value, 0.0);
        let other = sinkhorn_divergence(x.view(), normal(50, 3, 142).view(), &absolute(epsilon)).unwrap();
        assert!(other.converged && other.value > 0.0, "{other:?}");
    }
    let relative = Sinkhorn { tolerance: 1e-6, ..Sinkhorn::default() };
    let one = sinkhorn_divergence(x.view(), mixture(70, 3, 143).view(), &relative).unwrap();
    let again = sinkhorn_divergence(x.view(), mixture(70, 3, 143).view(), &absolute(one.epsilon)).unwrap();
    assert!((one.value - again.value).abs() < 1e-9 * one.value, "all three have the epsilon of the first");
    let stopped = Sinkhorn { max_iterations: 1, ..absolute(1e-2) };
    assert!(!sinkhorn_divergence(x.view(), mixture(70, 3, 143).view(), &stopped).unwrap().converged);
}
