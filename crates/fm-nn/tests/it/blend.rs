//! The LibTorch seam against the ndarray one.

use fm_nn::blend;
use fm_paths::nd;
use ndarray::{ArrayD, IxDyn};
use tch::{Kind, Tensor};

fn array(shape: &[usize], step: f64) -> ArrayD<f64> {
    let mut i = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        i += 1.0;
        (i * step).sin()
    })
}

fn tensor(array: &ArrayD<f64>) -> Tensor {
    let shape: Vec<i64> = array.shape().iter().map(|&n| n as i64).collect();
    Tensor::from_slice(array.as_slice().unwrap()).view(shape.as_slice())
}

#[test]
fn the_two_blends_agree_at_every_rank() {
    for shape in [&[3][..], &[3, 2], &[3, 2, 4], &[3, 1, 2, 2], &[3, 2, 1, 2, 2]] {
        let (x, y) = (array(shape, 0.7), array(shape, 1.3));
        for w in [vec![[0.3, -0.7], [1.5, 0.25], [0.0, 2.0]], vec![[1.0, 0.0]; 3]] {
            let want = nd::blend(&w, &x, &y);
            let double = blend(&w, &tensor(&x), &tensor(&y));
            assert_eq!(double.kind(), Kind::Double);
            // One fused multiply-add may round once where ndarray rounds twice.
            assert!((double - tensor(&want)).abs().max().double_value(&[]) <= 4.0 * f64::EPSILON, "{shape:?}");
            let single = blend(&w, &tensor(&x).to_kind(Kind::Float), &tensor(&y).to_kind(Kind::Float));
            assert_eq!(single.kind(), Kind::Float);
            let error = (single.to_kind(Kind::Double) - tensor(&want)).abs().max().double_value(&[]);
            assert!(error <= 8.0 * f64::from(f32::EPSILON), "{shape:?}: {error}");
        }
    }
}

#[test]
fn one_pair_serves_the_whole_batch() {
    let (x, y) = (array(&[4, 3], 0.2), array(&[4, 3], 0.9));
    let one = blend(&[[0.4, 0.6]], &tensor(&x), &tensor(&y));
    let each = blend(&[[0.4, 0.6]; 4], &tensor(&x), &tensor(&y));
    assert!((one - each).abs().max().double_value(&[]) <= f64::EPSILON);
}

#[test]
#[should_panic(expected = "one coefficient pair for each row of shape [4, 3]")]
fn coefficients_must_match() {
    let x = tensor(&array(&[4, 3], 0.2));
    let _ = blend(&[[1.0, 1.0]; 2], &x, &x);
}
