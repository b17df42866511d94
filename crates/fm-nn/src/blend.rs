//! The whole seam between the mathematics and LibTorch.

use tch::Tensor;

/// `out[i] = w[i][0]·x[i] + w[i][1]·y[i]` along the first axis: the LibTorch twin of [`fm_paths::nd::blend`].
///
/// One pair for the whole batch is applied with two scalar multiplications and no upload.
///
/// # Shapes
/// `w`: B or 1; `x`, `y` and the result: `[B, ...]`.
///
/// # Panics
/// If the shapes or the number of coefficients do not match.
#[track_caller]
pub fn blend(w: &[[f64; 2]], x: &Tensor, y: &Tensor) -> Tensor {
    assert_eq!(x.size(), y.size(), "blend: x and y differ in shape");
    if let [[a, b]] = *w {
        return x * a + y * b;
    }
    let batch = x.size()[0];
    assert_eq!(batch, w.len() as i64, "blend: one coefficient pair for each row of shape {:?}", x.size());
    let mut shape = vec![1; x.dim()];
    shape[0] = batch;
    // Rounded once, from f64 to the kind of x, and uploaded once.
    let w = Tensor::from_slice(w.as_flattened()).view([batch, 2]).to_kind(x.kind()).to_device(x.device());
    let column = |j| w.select(1, j).reshape(&shape);
    (x * column(0)).addcmul(y, &column(1))
}
