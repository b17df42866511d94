//! Potentials that outlive a batch.

use fm_ot::{ClassConditional, ClassRule, Coupling, Endpoints, ExactOt, Pairing, PersistentOt};
use ndarray::{Array2, Axis};
use rand::seq::index;

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

fn cost(x0: &Array2<f32>, x1: &Array2<f32>, pairing: &Pairing) -> f64 {
    let square = |(&i, &j): (&usize, &usize)| -> f64 {
        x0.row(i).iter().zip(x1.row(j)).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    pairing.source.iter().zip(&pairing.target).map(square).sum()
}

#[test]
fn every_batch_is_optimal_whatever_was_remembered() {
    let _limited = limited();
    let data = mixture(300, 2, 150).mapv(|v| v as f32);
    let remembers = PersistentOt::new(300);
    let mut generator = rng(151);
    for batch in 0..30 {
        let rows = index::sample(&mut generator, 300, 64).into_vec();
        let (x0, x1) = (normal(64, 2, 700 + batch).mapv(|v| v as f32), data.select(Axis(0), &rows));
        let ends = Endpoints { rows: Some(&rows), ..Endpoints::new(x0.view(), x1.view()) };
        let (warm, cold) = (remembers.couple(ends, &mut rng(0)).unwrap(), ExactOt.couple(ends, &mut rng(0)).unwrap());
        let (warm, cold) = (cost(&x0, &x1, &warm), cost(&x0, &x1, &cold));
        // Optimal for the same costs, which are rounded to f32.
        assert!((warm - cold).abs() <= 1e-5 * cold, "batch {batch}: {warm} is not {cold}");
    }
    let known = remembers.potentials();
    assert_eq!(known.len(), 300);
    assert!(known.iter().filter(|v| **v != 0.0).count() > 290, "30 batches of 64 have seen nearly all of 300 points");
}

#[test]
fn classes_keep_the_rows_of_their_points() {
    let _limited = limited();
    let (x0, x1) = (normal(40, 2, 152).mapv(|v| v as f32), mixture(40, 2, 153).mapv(|v| v as f32));
    let rows: Vec<usize> = (0..40).map(|i| 99 - i).collect();
    let labels: Vec<u32> = (0..40).map(|i| i % 2).collect();
    let ends = Endpoints { rows: Some(&rows), labels: Some(&labels), ..Endpoints::new(x0.view(), x1.view()) };
    let couple = |coupling: &dyn Coupling| coupling.couple(ends, &mut rng(154)).unwrap();
    let rule = ClassRule::Within;
    let remembers = ClassConditional { coupling: PersistentOt::new(100), rule };
    assert_eq!(couple(&remembers), couple(&ClassConditional { coupling: ExactOt, rule }));
    let known = remembers.coupling.potentials();
    assert!(known[..60].iter().all(|v| *v == 0.0) && known[60..].iter().all(|v| *v != 0.0));
}

#[test]
#[should_panic(expected = "which point of the data set")]
fn a_batch_without_rows_is_a_bug_of_the_caller() {
    let _limited = limited();
    let x = normal(3, 2, 155).mapv(|v| v as f32);
    let _ = PersistentOt::new(3).couple(Endpoints::new(x.view(), x.view()), &mut rng(0));
}
