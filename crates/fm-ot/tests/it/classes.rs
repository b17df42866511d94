//! Labelled data: pairs inside the classes, and what that does to the law of the source given a class.

use fm_ot::{ClassConditional, ClassRule, Coupling, Endpoints, ExactOt, Independent, OtError, Pairing, Side};
use ndarray::{Array2, Axis, array};

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

const WITHIN: ClassConditional<ExactOt> = ClassConditional { coupling: ExactOt, rule: ClassRule::Within };

fn narrow(points: Array2<f64>) -> Array2<f32> {
    points.mapv(|v| v as f32)
}

fn cost(x0: &Array2<f32>, x1: &Array2<f32>, pairing: &Pairing) -> f64 {
    let square = |(&i, &j): (&usize, &usize)| -> f64 {
        x0.row(i).iter().zip(x1.row(j)).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    pairing.source.iter().zip(&pairing.target).map(square).sum()
}

/// Points of four classes on both sides, in equal numbers.
fn labelled() -> (Array2<f32>, Array2<f32>, Vec<u32>, Vec<u32>) {
    let classes = |offset: u32| (0..120).map(|i| (i * 7 + offset) % 4 * 10).collect();
    (narrow(normal(120, 2, 120)), narrow(mixture(120, 2, 121)), classes(0), classes(1))
}

#[test]
fn inside_a_class_the_pairs_are_optimal() {
    let _limited = limited();
    let (x0, x1, source, target) = labelled();
    let ends =
        Endpoints { labels: Some(&target), source_labels: Some(&source), ..Endpoints::new(x0.view(), x1.view()) };
    let pairing = WITHIN.couple(ends, &mut rng(0)).unwrap();
    assert_eq!(pairing.source, (0..120).collect::<Vec<_>>(), "in the order of the source points");
    let mut targets = pairing.target.clone();
    targets.sort_unstable();
    assert!(targets.into_iter().eq(0..120));
    for class in [0, 10, 20, 30] {
        let of = |labels: &[u32]| (0..120).filter(|&i| labels[i] == class).collect::<Vec<_>>();
        let (from, to) = (of(&source), of(&target));
        let (a, b) = (x0.select(Axis(0), &from), x1.select(Axis(0), &to));
        let alone = ExactOt.couple(Endpoints::new(a.view(), b.view()), &mut rng(0)).unwrap();
        for (i, j) in alone.source.iter().zip(&alone.target) {
            assert_eq!(pairing.target[from[*i]], to[*j]);
        }
    }
}

#[test]
fn a_penalty_leads_from_one_to_the_other() {
    let _limited = limited();
    let (x0, x1, source, target) = labelled();
    let ends =
        Endpoints { labels: Some(&target), source_labels: Some(&source), ..Endpoints::new(x0.view(), x1.view()) };
    let couple = |rule| ClassConditional { coupling: ExactOt, rule }.couple(ends, &mut rng(0)).unwrap();
    let crossings = |p: &Pairing| p.source.iter().zip(&p.target).filter(|&(&i, &j)| source[i] != target[j]).count();
    let penalties = [0.0, 0.5, 2.0, 8.0, 1000.0];
    let pairings = penalties.map(|penalty| couple(ClassRule::Penalty { penalty }));
    assert_eq!(pairings[0], couple(ClassRule::Ignore));
    assert_eq!(pairings[4], couple(ClassRule::Within));
    for k in 1..5 {
        // Each is optimal for its own penalty, so more penalty means fewer crossings, for which the points pay.
        assert!(crossings(&pairings[k]) <= crossings(&pairings[k - 1]));
        assert!(cost(&x0, &x1, &pairings[k]) >= cost(&x0, &x1, &pairings[k - 1]) - 1e-3);
        let total = |p: &Pairing| cost(&x0, &x1, p) + penalties[k] * crossings(p) as f64;
        // The appended coordinates are f32.
        assert!(pairings.iter().all(|other| total(&pairings[k]) <= total(other) + 1e-3));
    }
    assert!(crossings(&pairings[0]) > 60 && crossings(&pairings[4]) == 0);
}

/// Classes on opposite sides of the origin: a coupling that ignores them gives each class the nearer half of the source.
#[test]
fn the_source_given_a_class_is_the_source() {
    let _limited = limited();
    let labels: Vec<u32> = (0..64).map(|i| i % 2).collect();
    let side = Array2::from_shape_fn((64, 2), |(i, j)| if j == 0 { 6.0 * (i % 2) as f64 - 3.0 } else { 0.0 });
    let mean_of_class_one = |rule| {
        let coupling = ClassConditional { coupling: ExactOt, rule };
        let (mut sum, mut count, mut rng) = (0.0, 0.0, rng(122));
        for batch in 0..50 {
            let (x0, x1) = (narrow(normal(64, 2, 300 + batch)), narrow(&side + &(normal(64, 2, 400 + batch) * 0.3)));
            let ends = Endpoints { labels: Some(&labels), ..Endpoints::new(x0.view(), x1.view()) };
            let pairing = coupling.couple(ends, &mut rng).unwrap();
            for (&i, _) in pairing.source.iter().zip(&pairing.target).filter(|&(_, &j)| labels[j] == 1) {
                (sum, count) = (sum + f64::from(x0[[i, 0]]), count + 1.0);
            }
        }
        (sum / count, (1.0_f64 / count).sqrt())
    };
    let (mean, error) = mean_of_class_one(ClassRule::Within);
    assert!(mean.abs() < 4.0 * error, "{mean} ± {error}");
    let (mean, error) = mean_of_class_one(ClassRule::Ignore);
    // The mean of the upper half of a standard normal is sqrt(2/pi) = 0.80.
    assert!((mean - 0.798).abs() < 4.0 * error, "{mean} ± {error}");
}

#[test]
fn labels_are_handed_out_by_the_generator() {
    let _limited = limited();
    let (x0, x1, _, labels) = labelled();
    let ends = Endpoints { labels: Some(&labels), ..Endpoints::new(x0.view(), x1.view()) };
    let couple = |seed| WITHIN.couple(ends, &mut rng(seed)).unwrap();
    assert_eq!(couple(1), couple(1));
    assert_ne!(couple(1), couple(2));
}

#[test]
fn points_without_labels_are_one_class() {
    let _limited = limited();
    let (x0, x1, ..) = labelled();
    let ends = Endpoints::new(x0.view(), x1.view());
    assert_eq!(WITHIN.couple(ends, &mut rng(0)), ExactOt.couple(ends, &mut rng(0)));
}

#[test]
fn classes_that_do_not_fit() {
    let _limited = limited();
    let (x0, x1, source, target) = labelled();
    let ends = Endpoints::new(x0.view(), x1.view());
    let mut other = source.clone();
    other[0] = 50;
    let unfit = Endpoints { labels: Some(&target), source_labels: Some(&other), ..ends };
    let error = WITHIN.couple(unfit, &mut rng(0)).unwrap_err();
    assert_eq!(error, OtError::ClassSizes { class: 0, source_len: 29, target_len: 30 });
    let fewer = Endpoints { x0: x0.slice(ndarray::s![..100, ..]), labels: Some(&target), ..ends };
    assert_eq!(
        WITHIN.couple(fewer, &mut rng(0)).unwrap_err(),
        OtError::UnequalSizes { source_len: 100, target_len: 120 }
    );
    for penalty in [-1.0, f64::NAN, f64::INFINITY] {
        let coupling = ClassConditional { coupling: Independent, rule: ClassRule::Penalty { penalty } };
        let error = coupling.couple(ends, &mut rng(0)).unwrap_err();
        assert!(matches!(error, OtError::InvalidParameter { name: "penalty", .. }));
    }
}

#[test]
fn an_error_inside_a_class_names_the_place_in_the_batch() {
    let _limited = limited();
    let (x0, mut x1, _, labels) = labelled();
    x1[[77, 1]] = f32::NAN;
    let ends = Endpoints { labels: Some(&labels), ..Endpoints::new(x0.view(), x1.view()) };
    let error = WITHIN.couple(ends, &mut rng(0)).unwrap_err();
    assert!(matches!(error, OtError::NonFinitePoint { side: Side::Target, row: 77, column: 1, .. }), "{error}");
}

#[test]
#[should_panic(expected = "1 labels for 2 target points")]
fn a_label_short_is_a_bug_of_the_caller() {
    let _limited = limited();
    let x = array![[0.0], [1.0]];
    let ends = Endpoints { labels: Some(&[0]), ..Endpoints::new(x.view(), x.view()) };
    let _ = WITHIN.couple(ends, &mut rng(0));
}
