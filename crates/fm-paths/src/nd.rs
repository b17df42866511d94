//! The same mathematics applied to ndarray arrays.
//!
//! A tensor library does one thing for the path: `out[i] = w[i][0]·x[i] + w[i][1]·y[i]`. [`blend_into`] is that
//! operation, [`blend3_into`] its form for bridges, and everything here is a coefficient function followed by one of
//! them.
//!
//! # Speed
//! The batch is taken in blocks of rows whose coefficients lie on the stack. Rows of one to four numbers get their
//! coefficients spread out first, so that the inner loop runs over the whole block; state and target together
//! ([`OnArrays::sample_into`]) read the inputs once. All of it is compiled for AVX-512, AVX2 and neither, and the processor
//! chooses; products and sums are never fused, so the bits are the same on each. Large batches are split among the threads of rayon's pool. Every
//! element is computed from its own inputs alone, so neither the split nor the layout can change a bit of it. The `_into`
//! forms allocate nothing; above the size where they use threads, rayon's queue may.

mod guide;
mod kernel;
mod on_arrays;
mod on_bridges;

use ndarray::{ArrayBase, Data, DataMut, Dimension, NdFloat, RemoveAxis};

pub use on_arrays::OnArrays;
pub use on_bridges::OnBridge;

/// The element types of the arrays: `f32` and `f64`. Coefficients stay `f64` and are rounded once.
///
/// # Examples
/// ```
/// use fm_paths::nd::Real;
/// assert_eq!((f32::nearest(0.1), f64::nearest(0.1)), (0.1_f32, 0.1_f64));
/// ```
pub trait Real: NdFloat + Into<f64> {
    /// The nearest value of this type.
    fn nearest(value: f64) -> Self;
}

impl Real for f32 {
    fn nearest(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    fn nearest(value: f64) -> Self {
        value
    }
}

/// An owned array with the dimension of its input.
type Owned<A, D> = ndarray::Array<A, D>;

/// The state and the target of a batch.
type Both<A, D> = (Owned<A, D>, Owned<A, D>);

/// `out[i] = w[i][0]·x[i] + w[i][1]·y[i]` along the first axis, into a new array.
///
/// # Shapes
/// `w`: B; `x`, `y` and the result: `[B, ...]`.
///
/// # Panics
/// If the shapes or the number of coefficients do not match.
///
/// # Examples
/// ```
/// use fm_paths::nd::blend;
/// use ndarray::array;
///
/// let (x, y) = (array![[1.0, 2.0], [3.0, 4.0]], array![[10.0, 20.0], [30.0, 40.0]]);
/// assert_eq!(blend(&[[1.0, 0.0], [0.5, 0.1]], &x, &y), array![[1.0, 2.0], [4.5, 6.0]]);
/// ```
#[track_caller]
pub fn blend<A: Real, D: Dimension + RemoveAxis>(
    w: &[[f64; 2]],
    x: &ArrayBase<impl Data<Elem = A>, D>,
    y: &ArrayBase<impl Data<Elem = A>, D>,
) -> Owned<A, D> {
    let mut out = Owned::zeros(x.raw_dim());
    blend_into(w, x, y, &mut out);
    out
}

/// [`blend`] into a given array; allocates nothing.
///
/// # Panics
/// If the shapes or the number of coefficients do not match.
///
/// # Examples
/// ```
/// use fm_paths::nd::blend_into;
/// use ndarray::{Array2, array, s};
///
/// let (x, y) = (array![[1.0], [3.0]], array![[10.0], [20.0]]);
/// let mut batch = Array2::zeros((4, 1)); // the two rows are the last two of a larger batch
/// blend_into(&[[1.0, 0.0], [0.5, 0.25]], &x, &y, &mut batch.slice_mut(s![2.., ..]));
/// assert_eq!(batch, array![[0.0], [0.0], [1.0], [6.5]]);
/// ```
#[track_caller]
pub fn blend_into<A: Real, D: Dimension + RemoveAxis>(
    w: &[[f64; 2]],
    x: &ArrayBase<impl Data<Elem = A>, D>,
    y: &ArrayBase<impl Data<Elem = A>, D>,
    out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
) {
    assert_eq!(x.shape(), y.shape(), "blend: x and y differ in shape");
    assert_eq!(x.shape(), out.shape(), "blend: the output differs in shape from x");
    assert_eq!(rows("blend", x.shape()), w.len(), "blend: one coefficient pair for each row of shape {:?}", x.shape());
    given(w, &[x.view(), y.view()], out.view_mut());
}

/// `out[i] = w[i][0]·x1[i] + w[i][1]·x0[i] + w[i][2]·noise[i]` along the first axis, into a new array: the coefficients
/// of a [`crate::bridge::ConditionalPath`], applied.
///
/// # Shapes
/// `w`: B; all arrays: `[B, ...]`.
///
/// # Panics
/// If the shapes or the number of coefficients do not match.
///
/// # Examples
/// ```
/// use fm_paths::nd::blend3;
/// use ndarray::array;
///
/// let (x1, x0, noise) = (array![1.0, 2.0], array![10.0, 20.0], array![0.5, -0.5]);
/// assert_eq!(blend3(&[[0.5, 0.5, 1.0], [1.0, 0.0, 0.0]], &x1, &x0, &noise), array![6.0, 2.0]);
/// ```
#[track_caller]
pub fn blend3<A: Real, D: Dimension + RemoveAxis>(
    w: &[[f64; 3]],
    x1: &ArrayBase<impl Data<Elem = A>, D>,
    x0: &ArrayBase<impl Data<Elem = A>, D>,
    noise: &ArrayBase<impl Data<Elem = A>, D>,
) -> Owned<A, D> {
    let mut out = Owned::zeros(x1.raw_dim());
    blend3_into(w, x1, x0, noise, &mut out);
    out
}

/// [`blend3`] into a given array; allocates nothing.
///
/// # Panics
/// If the shapes or the number of coefficients do not match.
///
/// # Examples
/// ```
/// use fm_paths::nd::blend3_into;
/// use ndarray::array;
///
/// let (x1, x0, noise) = (array![1.0, 2.0], array![10.0, 20.0], array![0.5, -0.5]);
/// let mut z = array![0.0, 0.0];
/// blend3_into(&[[0.5, 0.5, 1.0], [1.0, 0.0, 0.0]], &x1, &x0, &noise, &mut z);
/// assert_eq!(z, array![6.0, 2.0]);
/// ```
#[track_caller]
pub fn blend3_into<A: Real, D: Dimension + RemoveAxis>(
    w: &[[f64; 3]],
    x1: &ArrayBase<impl Data<Elem = A>, D>,
    x0: &ArrayBase<impl Data<Elem = A>, D>,
    noise: &ArrayBase<impl Data<Elem = A>, D>,
    out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
) {
    assert_eq!(x1.shape(), x0.shape(), "blend3: data and source differ in shape");
    assert_eq!(x1.shape(), noise.shape(), "blend3: data and noise differ in shape");
    assert_eq!(x1.shape(), out.shape(), "blend3: the output differs in shape from the data");
    assert_eq!(
        rows("blend3", x1.shape()),
        w.len(),
        "blend3: one coefficient triple for each row of shape {:?}",
        x1.shape()
    );
    given(w, &[x1.view(), x0.view(), noise.view()], out.view_mut());
}

/// Applies coefficients that lie in memory.
fn given<A: Real, D: Dimension + RemoveAxis, const K: usize>(
    w: &[[f64; K]],
    inputs: &[ndarray::ArrayView<'_, A, D>; K],
    out: ndarray::ArrayViewMut<'_, A, D>,
) {
    let fill = |first: usize, count, block: &mut kernel::Block<K, 1>| {
        for (row, w) in w[first..first + count].iter().enumerate() {
            for (c, w) in block[0].iter_mut().zip(w) {
                c[row] = *w;
            }
        }
        Ok(())
    };
    kernel::combine(&fill, inputs, [out]).expect("coefficients that exist cannot fail");
}

/// Panics with both shapes unless all are the same, and there is one time for each row.
#[track_caller]
fn check_shapes(what: &str, t: &[f64], shapes: &[&[usize]]) {
    for shape in shapes {
        assert_eq!(shapes[0], *shape, "{what}: arrays differ in shape");
    }
    assert_eq!(rows(what, shapes[0]), t.len(), "{what}: one time for each row of shape {:?}", shapes[0]);
}

/// The length of the first axis; panics for an array without axes.
#[track_caller]
fn rows(what: &str, shape: &[usize]) -> usize {
    *shape.first().unwrap_or_else(|| panic!("{what}: a single number, an array of shape [], has no rows"))
}
