//! The operations of an affine path on arrays, allocating or into given outputs.
#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]
#![expect(clippy::missing_panics_doc, reason = "stated once, on the type")]

use ndarray::{ArrayBase, ArrayView, ArrayViewMut, Data, DataMut, Dimension, RemoveAxis};

use super::{Both, Owned, Real, check_shapes, kernel};
use crate::points::PointBlock;
use crate::runs::{self, Make, Runs};
use crate::{AffinePath, PathError, Prediction, Schedule, path};

/// The operations of a path on arrays, from [`AffinePath::arrays`].
///
/// Each comes in two forms; those that end in `_into` write into given arrays and allocate nothing.
///
/// # Shapes
/// All arrays are `[B, ...]` of one shape, with one time for each of the B rows. They need not be contiguous.
///
/// # Errors
/// As the coefficient methods of [`AffinePath`]. What an output holds after an error is not specified.
///
/// # Panics
/// If the shapes or the number of times do not match.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Linear, Prediction::{Data, Velocity}};
/// use ndarray::array;
///
/// let (path, t) = (AffinePath::new(Linear), [0.5]);
/// let (x1, x0) = (array![[4.0, 8.0]], array![[0.0, 2.0]]);
/// let (z, u) = (path.arrays().state(&t, &x1, &x0)?, path.arrays().target(Velocity, &t, &x1, &x0)?);
/// assert_eq!((&z, &u), (&array![[2.0, 5.0]], &array![[4.0, 6.0]]));
/// assert_eq!(path.arrays().convert(Velocity, Data, &t, &z, &u)?, x1); // z + (1 − t)·u
/// # Ok::<(), fm_paths::PathError>(())
/// ```
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

impl<S: Schedule + Sync> OnArrays<'_, S> {
    /// Applies the coefficients that `make` has for each row; `error` says what is wrong with one that is not finite.
    #[track_caller]
    fn apply<A: Real, D: Dimension + RemoveAxis, const M: usize>(
        &self,
        what: &str,
        t: &[f64],
        inputs: &[ArrayView<'_, A, D>; 2],
        outputs: [ArrayViewMut<'_, A, D>; M],
        make: impl Make<M> + Sync,
        error: impl Fn(usize) -> PathError + Sync,
    ) -> Result<(), PathError> {
        check_shapes(what, t, &[inputs[0].shape(), inputs[1].shape()]);
        for output in &outputs {
            check_shapes(what, t, &[inputs[0].shape(), output.shape()]);
        }
        let fill = {
            #[inline(always)]
            |first, count, block: &mut [Runs<2>; M]| self.0.fill(t, (first, count), block, &make, &error)
        };
        kernel::combine(&fill, inputs, outputs)
    }

    /// The state z of data `x1` and source `x0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear};
    /// use ndarray::array;
    /// let (x1, x0) = (array![[4.0], [4.0]], array![[0.0], [2.0]]);
    /// let z = AffinePath::new(Linear).arrays().state(&[0.25, 0.5], &x1, &x0)?;
    /// assert_eq!(z, array![[1.0], [3.0]]); // each row at its own time
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn state<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(x1.raw_dim());
        self.state_into(t, x1, x0, &mut out)?;
        Ok(out)
    }

    /// [`OnArrays::state`] into a given array.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear};
    /// use ndarray::array;
    /// let (x1, x0, mut z) = (array![[4.0], [4.0]], array![[0.0], [2.0]], array![[0.0], [0.0]]);
    /// AffinePath::new(Linear).arrays().state_into(&[0.25, 0.5], &x1, &x0, &mut z)?;
    /// assert_eq!(z, array![[1.0], [3.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn state_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        z: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        let error = |index| PathError::NoState { t: t[index], index };
        self.apply("state", t, &[x1.view(), x0.view()], [z.view_mut()], path::make_state(), error)
    }

    /// The regression target `wanted` of data `x1` and source `x0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::array;
    /// let (x1, x0) = (array![[4.0]], array![[8.0]]);
    /// let v = AffinePath::new(Linear).arrays().target(Prediction::V, &[0.25], &x1, &x0)?;
    /// assert_eq!(v, array![[-1.0]]); // α·x₀ − σ·x₁ = 2 − 3
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn target<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: Prediction,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(x1.raw_dim());
        self.target_into(wanted, t, x1, x0, &mut out)?;
        Ok(out)
    }

    /// [`OnArrays::target`] into a given array.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::array;
    /// let (x1, x0, mut v) = (array![[4.0]], array![[8.0]], array![[0.0]]);
    /// AffinePath::new(Linear).arrays().target_into(Prediction::V, &[0.25], &x1, &x0, &mut v)?;
    /// assert_eq!(v, array![[-1.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn target_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: Prediction,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        let error = |index| PathError::Undefined { wanted, t: t[index], index };
        self.apply("target", t, &[x1.view(), x0.view()], [out.view_mut()], path::make_target(wanted), error)
    }

    /// The state z and the regression target `wanted` in one pass over data `x1` and source `x0`: a training batch.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::array;
    /// let (z, u) =
    ///     AffinePath::new(Linear).arrays().sample(Prediction::Velocity, &[0.25], &array![[4.0]], &array![[0.0]])?;
    /// assert_eq!((z, u), (array![[1.0]], array![[4.0]]));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn sample<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: Prediction,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Both<A, D>, PathError> {
        let (mut z, mut target) = (Owned::zeros(x1.raw_dim()), Owned::zeros(x1.raw_dim()));
        self.sample_into(wanted, t, x1, x0, &mut z, &mut target)?;
        Ok((z, target))
    }

    /// [`OnArrays::sample`] into given arrays.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::{Array2, array};
    ///
    /// let (x0, x1) = (array![[0.0_f32, 0.0]], array![[4.0_f32, 8.0]]);
    /// let (mut z, mut u) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
    /// AffinePath::new(Linear).arrays().sample_into(Prediction::Velocity, &[0.25], &x1, &x0, &mut z, &mut u)?;
    /// assert_eq!((z, u), (array![[1.0, 2.0]], array![[4.0, 8.0]]));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn sample_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: Prediction,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        z: &mut ArrayBase<impl DataMut<Elem = A>, D>,
        target: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        let make = {
            #[inline(always)]
            |_, points: &PointBlock, [state, target]: &mut [Runs<2>; 2]| {
                runs::state(points, state);
                wanted.runs(points, target);
            }
        };
        let error = |index: usize| match self.0.state(&t[index..=index]) {
            Ok(_) => PathError::Undefined { wanted, t: t[index], index },
            Err(_) => PathError::NoState { t: t[index], index },
        };
        self.apply("sample", t, &[x1.view(), x0.view()], [z.view_mut(), target.view_mut()], make, error)
    }

    /// The quantity `wanted` from the state `z` and the prediction `p` of kind `given`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction::{Noise, Velocity}};
    /// use ndarray::array;
    /// let (z, noise) = (array![[3.0]], array![[1.0]]);
    /// let u = AffinePath::new(Linear).arrays().convert(Noise, Velocity, &[0.5], &z, &noise)?;
    /// assert_eq!(u, array![[4.0]]); // (z − ε)/t
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn convert<A: Real, D: Dimension + RemoveAxis>(
        &self,
        given: Prediction,
        wanted: Prediction,
        t: &[f64],
        z: &ArrayBase<impl Data<Elem = A>, D>,
        p: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(z.raw_dim());
        self.convert_into(given, wanted, t, z, p, &mut out)?;
        Ok(out)
    }

    /// [`OnArrays::convert`] into a given array.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction::{Noise, Velocity}};
    /// use ndarray::array;
    /// let (z, noise, mut u) = (array![[3.0]], array![[1.0]], array![[0.0]]);
    /// AffinePath::new(Linear).arrays().convert_into(Noise, Velocity, &[0.5], &z, &noise, &mut u)?;
    /// assert_eq!(u, array![[4.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn convert_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        given: Prediction,
        wanted: Prediction,
        t: &[f64],
        z: &ArrayBase<impl Data<Elem = A>, D>,
        p: &ArrayBase<impl Data<Elem = A>, D>,
        out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        let error = |index| PathError::Singular { given, wanted, t: t[index], index };
        let make = path::make_conversion(given, wanted);
        self.apply("convert", t, &[z.view(), p.view()], [out.view_mut()], make, error)
    }

    /// The state at times `r` from the state `z` and the prediction `p` at times `t` (the DDIM step).
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::array;
    /// let (z, u) = (array![[1.0]], array![[4.0]]);
    /// let next = AffinePath::new(Linear).arrays().transfer(Prediction::Velocity, &[0.25], &[0.5], &z, &u)?;
    /// assert_eq!(next, array![[2.0]]); // z + (r − t)·u
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn transfer<A: Real, D: Dimension + RemoveAxis>(
        &self,
        given: Prediction,
        t: &[f64],
        r: &[f64],
        z: &ArrayBase<impl Data<Elem = A>, D>,
        p: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(z.raw_dim());
        self.transfer_into(given, t, r, z, p, &mut out)?;
        Ok(out)
    }

    /// [`OnArrays::transfer`] into a given array.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction};
    /// use ndarray::array;
    /// let (z, u, mut next) = (array![[1.0]], array![[4.0]], array![[0.0]]);
    /// AffinePath::new(Linear).arrays().transfer_into(Prediction::Velocity, &[0.25], &[0.5], &z, &u, &mut next)?;
    /// assert_eq!(next, array![[2.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn transfer_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        given: Prediction,
        t: &[f64],
        r: &[f64],
        z: &ArrayBase<impl Data<Elem = A>, D>,
        p: &ArrayBase<impl Data<Elem = A>, D>,
        out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        assert_eq!(t.len(), r.len(), "transfer needs one r for each t");
        let error = |index| path::no_step(given, t, r, index);
        self.apply("transfer", t, &[z.view(), p.view()], [out.view_mut()], self.0.make_step(given, r), error)
    }
}
