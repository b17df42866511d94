//! The same mathematics applied to ndarray arrays.
//!
//! A tensor library does one thing for the path: `out[i] = w[i][0]·x[i] + w[i][1]·y[i]`. [`blend_into`] is that
//! operation, and everything here is a coefficient function followed by it.

#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]

use ndarray::{ArrayBase, Axis, Data, DataMut, Dimension, NdFloat, RemoveAxis, Zip};

use crate::{AffinePath, PathError, Prediction, Schedule};

/// The element types of the arrays: `f32` and `f64`. Coefficients stay `f64` and are rounded once.
pub trait Real: NdFloat {
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
#[track_caller]
pub fn blend_into<A: Real, D: Dimension + RemoveAxis>(
    w: &[[f64; 2]],
    x: &ArrayBase<impl Data<Elem = A>, D>,
    y: &ArrayBase<impl Data<Elem = A>, D>,
    out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
) {
    assert_eq!(x.shape(), y.shape(), "blend: x and y differ in shape");
    assert_eq!(x.shape(), out.shape(), "blend: the output differs in shape from x");
    assert_eq!(x.shape()[0], w.len(), "blend: one coefficient pair for each row of shape {:?}", x.shape());
    let row_len = x.len() / w.len().max(1);
    if let (Some(x), Some(y), Some(out)) = (x.as_slice(), y.as_slice(), out.as_slice_mut())
        && row_len > 0
    {
        let rows = x.chunks_exact(row_len).zip(y.chunks_exact(row_len)).zip(out.chunks_exact_mut(row_len));
        for (&[a, b], ((x, y), out)) in w.iter().zip(rows) {
            let (a, b) = (A::nearest(a), A::nearest(b));
            for ((&x, &y), out) in x.iter().zip(y).zip(out) {
                *out = a * x + b * y;
            }
        }
    } else {
        for (i, &[a, b]) in w.iter().enumerate() {
            let (a, b) = (A::nearest(a), A::nearest(b));
            Zip::from(out.index_axis_mut(Axis(0), i))
                .and(x.index_axis(Axis(0), i))
                .and(y.index_axis(Axis(0), i))
                .for_each(|out, &x, &y| *out = a * x + b * y);
        }
    }
}

/// The operations of a path on arrays, from [`AffinePath::arrays`].
///
/// # Shapes
/// All arrays are `[B, ...]` of one shape, with one time for each of the B rows.
///
/// # Errors
/// As the coefficient methods of [`AffinePath`].
///
/// # Panics
/// If the shapes or the number of times do not match.
#[derive(Clone, Copy, Debug)]
pub struct OnArrays<'a, S>(&'a AffinePath<S>);

impl<S: Schedule> AffinePath<S> {
    /// The same operations on ndarray arrays.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::array;
    ///
    /// let path = AffinePath::new(Linear);
    /// let (x0, x1) = (array![[0.0_f32, 0.0]], array![[4.0_f32, 8.0]]);
    /// let z = path.arrays().state(&[0.25], &x1, &x0)?;
    /// let u = path.arrays().target(Prediction::Velocity, &[0.25], &x1, &x0)?;
    /// assert_eq!((z, u), (array![[1.0, 2.0]], array![[4.0, 8.0]]));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn arrays(&self) -> OnArrays<'_, S> {
        OnArrays(self)
    }
}

impl<S: Schedule> OnArrays<'_, S> {
    /// The state z of data `x1` and source `x0`.
    #[track_caller]
    pub fn state<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        Ok(blend(&self.0.state(t)?, x1, x0))
    }

    /// The regression target `wanted` of data `x1` and source `x0`.
    #[track_caller]
    pub fn target<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: Prediction,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        Ok(blend(&self.0.target(wanted, t)?, x1, x0))
    }

    /// The quantity `wanted` from the state `z` and the prediction `p` of kind `given`.
    #[track_caller]
    pub fn convert<A: Real, D: Dimension + RemoveAxis>(
        &self,
        given: Prediction,
        wanted: Prediction,
        t: &[f64],
        z: &ArrayBase<impl Data<Elem = A>, D>,
        p: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        Ok(blend(&self.0.convert(given, wanted, t)?, z, p))
    }

    /// The state at times `r` from the state `z` and the prediction `p` at times `t` (the DDIM step).
    #[track_caller]
    pub fn transfer<A: Real, D: Dimension + RemoveAxis>(
        &self,
        given: Prediction,
        t: &[f64],
        r: &[f64],
        z: &ArrayBase<impl Data<Elem = A>, D>,
        p: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        Ok(blend(&self.0.transfer(given, t, r)?, z, p))
    }
}
