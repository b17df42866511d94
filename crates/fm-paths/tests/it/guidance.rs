//! Guidance against the formulas as printed in the papers.

use fm_paths::oracle::{Exact, GaussianMixture};
use fm_paths::{AffinePath, Guidance, Linear, PathError, Prediction, classifier_free};
use ndarray::{Array1, Array3, array};

use crate::schedules::regular;

#[test]
fn conventions() {
    // Ho and Salimans: (1 + s)·u(y) − s·u(∅).
    let s = 0.75;
    assert_eq!(classifier_free(1.0 + s), [-s, 1.0 + s]);
    // Karras et al.: u_bad + w·(u − u_bad).
    let (bad, good, w) = (0.3, 0.8, 2.5);
    let [a, b] = classifier_free(w);
    assert!((a * bad + b * good - (bad + w * (good - bad))).abs() < 1e-15);
}

#[test]
fn the_interval_includes_its_ends_and_is_off_outside() {
    let guidance = Guidance { scale: 2.0, interval: [0.25, 0.5], rescale: 0.0 };
    let got = guidance.coefficients(&[0.0, 0.249, 0.25, 0.4, 0.5, 0.501, 1.0]).unwrap();
    let (off, on) = ([0.0, 1.0], [-1.0, 2.0]);
    assert_eq!(got, [off, off, on, on, on, off, off]);
    assert_eq!(guidance.coefficients(&[0.3, 1.1]), Err(PathError::TimeOutOfRange { index: 1, t: 1.1 }));
}

#[test]
fn rescale_keeps_the_spread_of_each_row() {
    let ramp = |scale: f64, shift: f64| {
        Array1::from_iter((0..24).map(|i| (f64::from(i * i) * scale).sin() + shift))
            .into_shape_with_order((3, 4, 2))
            .unwrap()
    };
    let (weak, strong): (Array3<f64>, Array3<f64>) = (ramp(0.3, 0.1), ramp(0.7, -0.2));
    let t = [0.1, 0.5, 0.9];
    let plain = Guidance { scale: 4.0, ..Guidance::default() };
    let guided = plain.apply(&t, &weak, &strong).unwrap();
    assert!((&guided - (&weak + &((&strong - &weak) * 4.0))).iter().all(|e| e.abs() < 1e-14));
    for phi in [0.0, 0.7, 1.0] {
        let rescaled = Guidance { rescale: phi, ..plain }.apply(&t, &weak, &strong).unwrap();
        for i in 0..3 {
            let row = |x: &Array3<f64>| x.index_axis(ndarray::Axis(0), i).to_owned();
            // As printed: x_rescaled = x_cfg·std(x_pos)/std(x_cfg), then φ·x_rescaled + (1 − φ)·x_cfg.
            let full = row(&guided) * (row(&strong).std(0.0) / row(&guided).std(0.0));
            let expected = full * phi + row(&guided) * (1.0 - phi);
            assert!((row(&rescaled) - expected).iter().all(|e| e.abs() < 1e-14), "{phi}");
            if phi == 1.0 {
                assert!((row(&rescaled).std(0.0) - row(&strong).std(0.0)).abs() < 1e-14);
            }
        }
    }
    // Nothing to bring back: a constant row has no spread.
    let flat = array![[2.0, 2.0]];
    let full = Guidance { rescale: 1.0, ..plain };
    assert_eq!(full.apply(&[0.5], &flat, &flat).unwrap(), flat);
}

#[test]
fn classifier_share_is_that_of_the_score() {
    for (name, schedule) in regular() {
        let path = AffinePath::new(&*schedule);
        for t in [0.1, 0.5, 0.9] {
            let p = schedule.at(t);
            let b = (p.d_alpha * p.sigma.powi(2) - p.d_sigma * p.sigma * p.alpha) / p.alpha;
            let got = path.classifier(Prediction::Velocity, 1.5, &[t]).unwrap()[0];
            assert!((got[1] - 1.5 * b).abs() < 1e-13 * b, "{name} at {t}");
            // For every prediction: the coefficient of the score in the conversion from it.
            for predicted in Prediction::ALL {
                let share = path.convert(Prediction::Score, predicted, &[t]).unwrap()[0][1];
                let got = path.classifier(predicted, 1.5, &[t]).unwrap()[0];
                assert!((got[1] - 1.5 * share).abs() < 1e-12 * share.abs(), "{predicted} on {name} at {t}");
                assert_eq!(got[0], 1.0);
            }
        }
    }
}

#[test]
fn classifier_guidance_at_the_ends() {
    for (name, schedule) in regular() {
        let path = AffinePath::new(&*schedule);
        for predicted in Prediction::ALL {
            let (source, data) = (path.classifier(predicted, 1.0, &[0.0]), path.classifier(predicted, 1.0, &[1.0]));
            match predicted {
                Prediction::Score => assert_eq!((source.unwrap(), data.unwrap()), (vec![[1.0; 2]], vec![[1.0; 2]])),
                Prediction::Noise => {
                    assert_eq!(source.unwrap(), [[1.0, -1.0]], "{name}");
                    assert_eq!(data.unwrap(), [[1.0, 0.0]], "{name}");
                }
                _ => {
                    assert!(matches!(source, Err(PathError::Singular { index: 0, .. })), "{predicted} on {name}");
                    assert_eq!(data.unwrap(), [[1.0, 0.0]], "{predicted} on {name}");
                }
            }
        }
    }
}

/// With w = 1 and the exact classifier, guidance turns the marginal of two classes into the conditional of one.
#[test]
fn the_exact_classifier_gives_the_conditional_field() {
    let (means, t, h) = (array![[-1.0, 0.5], [1.5, 0.0]], 0.6, 1e-3);
    let all = Exact::new(Linear, GaussianMixture::isotropic(&[0.3, 0.7], &means, &[0.2, 0.4]).unwrap());
    let one = Exact::new(Linear, GaussianMixture::isotropic(&[1.0], &array![[1.5, 0.0]], &[0.4]).unwrap());
    let z = array![[0.2, 0.3]];
    // log p(y | z) = log p(z | y) + log p(y) − log p(z); its gradient by fourth-order differences.
    let log_class = |axis: usize, by: f64| {
        let mut z = z.clone();
        z[[0, axis]] += by;
        one.log_density(&[t], &z).unwrap()[0] + 0.7_f64.ln() - all.log_density(&[t], &z).unwrap()[0]
    };
    let path = AffinePath::new(Linear);
    for predicted in Prediction::ALL {
        let [keep, add] = path.classifier(predicted, 1.0, &[t]).unwrap()[0];
        let (from, to) = (all.predict(predicted, &[t], &z).unwrap(), one.predict(predicted, &[t], &z).unwrap());
        for axis in 0..2 {
            let at = |steps: f64| log_class(axis, steps * h);
            let gradient = (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * h);
            let guided = keep * from[[0, axis]] + add * gradient;
            assert!((guided - to[[0, axis]]).abs() < 1e-9, "{predicted}: {guided} for {}", to[[0, axis]]);
        }
    }
}

#[test]
fn bad_parameters_are_named() {
    let on = Guidance::default();
    for (guidance, expected) in [
        (Guidance { scale: f64::NAN, ..on }, "scale"),
        (Guidance { interval: [-0.1, 1.0], ..on }, "interval[0]"),
        (Guidance { interval: [0.6, 0.5], ..on }, "interval[1]"),
        (Guidance { interval: [0.0, f64::NAN], ..on }, "interval[1]"),
        (Guidance { rescale: 1.1, ..on }, "rescale"),
    ] {
        let error = guidance.validate().unwrap_err();
        assert!(matches!(error, PathError::Parameter { name, .. } if name == expected), "{error}");
    }
    assert_eq!(on.validate(), Ok(()));
}
