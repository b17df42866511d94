//! The couplings that ship.

use fm_ot::{Coupling, CouplingKind, Endpoints, ExactOt, Independent, Pairing, Resampled, couple_many};
use ndarray::{Array2, array};

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

fn batches() -> (Array2<f32>, Array2<f32>) {
    (normal(256, 2, 50).mapv(|v| v as f32), mixture(256, 2, 51).mapv(|v| v as f32))
}

fn mean_squared_length(x0: &Array2<f32>, x1: &Array2<f32>, pairing: &Pairing) -> f64 {
    let length = |(&i, &j): (&usize, &usize)| -> f64 {
        x0.row(i).iter().zip(x1.row(j)).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    pairing.source.iter().zip(&pairing.target).map(length).sum::<f64>() / pairing.len() as f64
}

#[test]
fn exact_uses_every_point_once_and_shortens_the_pairs() {
    let _limited = limited();
    let (x0, x1) = batches();
    let couple = |coupling: &dyn Coupling| coupling.couple(Endpoints::new(x0.view(), x1.view()), &mut rng(52)).unwrap();
    let (exact, independent) = (couple(&ExactOt), couple(&Independent));
    for mut indices in [exact.source.clone(), exact.target.clone(), independent.target.clone()] {
        indices.sort_unstable();
        assert!(indices.into_iter().eq(0..256));
    }
    let (short, long) = (mean_squared_length(&x0, &x1, &exact), mean_squared_length(&x0, &x1, &independent));
    assert!(short < 0.6 * long, "{short} against {long}");
}

#[test]
fn independent_keeps_the_order_in_which_points_were_drawn() {
    let _limited = limited();
    let (x0, x1) = batches();
    let pairing = Independent.couple(Endpoints::new(x0.view(), x1.view()), &mut rng(0)).unwrap();
    assert_eq!(pairing, Pairing::from_targets((0..256).collect()));
}

#[test]
fn no_points_give_no_pairs() {
    let _limited = limited();
    let empty = Array2::<f32>::zeros((0, 3));
    for kind in CouplingKind::ALL {
        assert!(kind.build().couple(Endpoints::new(empty.view(), empty.view()), &mut rng(0)).unwrap().is_empty());
    }
}

#[test]
fn kinds_are_named_as_they_are_parsed() {
    let _limited = limited();
    for kind in CouplingKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
}

#[cfg(feature = "serde")]
#[test]
fn kinds_are_serialised_by_name() {
    let _limited = limited();
    for kind in CouplingKind::ALL {
        let json = serde_json::to_value(kind).unwrap();
        assert_eq!(json["kind"], kind.name());
        assert_eq!(serde_json::from_value::<CouplingKind>(json).unwrap(), kind);
    }
}

#[test]
fn a_single_pair_needs_no_choice() {
    let _limited = limited();
    let pairing =
        ExactOt.couple(Endpoints::new(array![[1.0, 2.0]].view(), array![[3.0, 4.0]].view()), &mut rng(0)).unwrap();
    assert_eq!(pairing, Pairing { source: vec![0], target: vec![0] });
}

#[test]
fn resampled_pairs_are_pairs_of_the_plan() {
    let _limited = limited();
    let n = 4000;
    let line = Array2::from_shape_fn((n, 1), |(i, _)| ((i * 1237) % n) as f32);
    let ends = Endpoints::new(line.view(), line.view());
    let pairing = Resampled { coupling: ExactOt }.couple(ends, &mut rng(53)).unwrap();
    assert_eq!((pairing.len(), &pairing.source), (n, &pairing.target), "the plan of a batch with itself");
    let mut seen = pairing.source;
    seen.sort_unstable();
    seen.dedup();
    // Occupied cells of n throws into n: mean n (1 - 1/e), variance about n (1/e - 2/e^2).
    let (mean, deviation) = (n as f64 * 0.632_12, (n as f64 * 0.097_2).sqrt());
    assert!((seen.len() as f64 - mean).abs() < 4.0 * deviation, "{} of {mean} ± {deviation}", seen.len());
}

#[test]
fn many_batches_on_any_number_of_threads() {
    let _limited = limited();
    let points: Vec<_> = (0..9).map(|k| (normal(60, 3, 500 + k), mixture(60, 3, 600 + k))).collect();
    let mut points: Vec<_> = points.iter().map(|(a, b)| (a.mapv(|v| v as f32), b.mapv(|v| v as f32))).collect();
    points[4].1[[3, 2]] = f32::INFINITY;
    let batches: Vec<_> = points.iter().map(|(a, b)| Endpoints::new(a.view(), b.view())).collect();
    let coupling = Resampled { coupling: ExactOt };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| couple_many(&coupling, &batches, |k| rng(k as u64)))
    };
    let one = on(1);
    assert_eq!(one, on(4));
    for (k, pairing) in one.into_iter().enumerate() {
        assert_eq!(pairing, coupling.couple(batches[k], &mut rng(k as u64)), "batch {k}");
        assert_eq!(pairing.is_err(), k == 4);
    }
}
