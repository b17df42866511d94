//! Units do not matter: no square of a coordinate overflows or vanishes on the way to an answer that exists.

use fm_ot::{
    ClassConditional, ClassRule, Coupling, Endpoints, Epsilon, ExactOt, Order, PersistentOt, Sinkhorn, SinkhornOt,
    sinkhorn_divergence, weighted_wasserstein,
};
use ndarray::Array2;

use crate::limited::limited;
use crate::samples::{mixture, normal, rng};

/// Powers of two, so that the points are the same ones to the last bit; `2^±100` is about `1e±30`.
const EXPONENTS: [i32; 4] = [-100, -40, 40, 100];

fn scaled(points: &Array2<f64>, exponent: i32) -> Array2<f32> {
    points.mapv(|v| (v * f64::from(exponent).exp2()) as f32)
}

#[test]
fn pairs_of_single_precision_points_at_any_scale() {
    let _limited = limited();
    let (x0, x1) = (normal(60, 3, 340), mixture(60, 3, 341));
    // So that every point is one of `f32` at all of these scales.
    let [x0, x1] = [x0, x1].map(|points| points.mapv(|v| f64::from(v as f32)));
    let (labels, rows): (Vec<u32>, Vec<usize>) = ((0..60).map(|i| i % 2).collect(), (0..60).collect());
    let remembers = PersistentOt::new(60);
    let within = ClassConditional { coupling: ExactOt, rule: ClassRule::Within };
    let entropic = SinkhornOt { solver: Sinkhorn { epsilon: Epsilon::RelativeToStd(0.05), ..Sinkhorn::default() } };
    let couplings: [(&str, &dyn Coupling); 4] =
        [("exact", &ExactOt), ("persistent", &remembers), ("within", &within), ("entropic", &entropic)];
    for (name, coupling) in couplings {
        let couple = |exponent| {
            let (x0, x1) = (scaled(&x0, exponent), scaled(&x1, exponent));
            let ends = Endpoints { labels: Some(&labels), rows: Some(&rows), ..Endpoints::new(x0.view(), x1.view()) };
            coupling.couple(ends, &mut rng(342)).unwrap()
        };
        let expected = couple(0);
        for exponent in EXPONENTS {
            assert_eq!(couple(exponent), expected, "{name} at 2^{exponent}");
        }
    }
}

#[test]
fn potentials_that_are_kept_have_the_units_of_the_points() {
    let _limited = limited();
    let (x0, x1) = (normal(30, 2, 343).mapv(|v| v as f32), mixture(30, 2, 344).mapv(|v| v as f32));
    let rows: Vec<usize> = (0..30).collect();
    let kept = |scale: f32| {
        let remembers = PersistentOt::new(30);
        let (x0, x1) = (&x0 * scale, &x1 * scale);
        let ends = Endpoints { rows: Some(&rows), ..Endpoints::new(x0.view(), x1.view()) };
        remembers.couple(ends, &mut rng(0)).unwrap();
        remembers.potentials()
    };
    let expected = kept(1.0);
    for exponent in [-60, 60] {
        let unit = f64::from(exponent).exp2();
        let found = kept(unit as f32);
        assert!(found.iter().zip(&expected).all(|(v, e)| v / unit / unit == *e), "2^{exponent}");
    }
}

#[test]
fn distances_of_weighted_points_at_any_scale() {
    let _limited = limited();
    let (x, y) = (normal(30, 3, 345), mixture(22, 3, 346));
    let heavy: Vec<f64> = (0..30).map(|i| f64::from(i + 1)).collect();
    for order in [Order::One, Order::Two] {
        let distance = |scale: f64| {
            let (x, y) = (&x * scale, &y * scale);
            weighted_wasserstein(x.view(), y.view(), [Some(&heavy), None], order).unwrap()
        };
        let expected = distance(1.0);
        for exponent in [-660, -100, 100, 660_i32] {
            let scale = f64::from(exponent).exp2();
            assert!((distance(scale) / scale - expected).abs() <= 1e-12 * expected, "{order:?} at 2^{exponent}");
        }
    }
}

#[test]
fn divergences_at_any_scale() {
    let _limited = limited();
    let (x, y) = (normal(40, 2, 347), mixture(35, 2, 348));
    let solver = Sinkhorn { tolerance: 1e-9, ..Sinkhorn::default() };
    let divergence = |scale: f64| {
        let (x, y) = (&x * scale, &y * scale);
        sinkhorn_divergence(x.view(), y.view(), &solver).unwrap()
    };
    let expected = divergence(1.0);
    for exponent in [-300, -100, 100, 300_i32] {
        let unit = f64::from(2 * exponent).exp2();
        let found = divergence(f64::from(exponent).exp2());
        assert!(
            found.converged && (found.value / unit - expected.value).abs() <= 1e-9 * expected.value,
            "2^{exponent}"
        );
    }
}
