//! The couplings that ship.

use fm_ot::{Coupling, CouplingKind, ExactOt, Independent, Pairing};
use ndarray::{Array2, array};

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
    let (x0, x1) = batches();
    let couple = |coupling: &dyn Coupling| coupling.couple(x0.view(), x1.view(), &mut rng(52)).unwrap();
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
    let (x0, x1) = batches();
    let pairing = Independent.couple(x0.view(), x1.view(), &mut rng(0)).unwrap();
    assert_eq!(pairing, Pairing::from_targets((0..256).collect()));
}

#[test]
fn no_points_give_no_pairs() {
    let empty = Array2::<f32>::zeros((0, 3));
    for kind in CouplingKind::ALL {
        assert!(kind.build().couple(empty.view(), empty.view(), &mut rng(0)).unwrap().is_empty());
    }
}

#[test]
fn kinds_are_named_as_they_are_parsed() {
    for kind in CouplingKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
}

#[cfg(feature = "serde")]
#[test]
fn kinds_are_serialised_by_name() {
    for kind in CouplingKind::ALL {
        let json = serde_json::to_value(kind).unwrap();
        assert_eq!(json, kind.name());
        assert_eq!(serde_json::from_value::<CouplingKind>(json).unwrap(), kind);
    }
}

#[test]
fn a_single_pair_needs_no_choice() {
    let pairing = ExactOt.couple(array![[1.0, 2.0]].view(), array![[3.0, 4.0]].view(), &mut rng(0)).unwrap();
    assert_eq!(pairing, Pairing { source: vec![0], target: vec![0] });
}
