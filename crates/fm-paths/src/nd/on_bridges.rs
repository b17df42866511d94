//! The operations of a bridge on arrays, allocating or into given outputs.
#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]

use ndarray::{ArrayBase, Data, DataMut, Dimension, RemoveAxis};

use super::kernel::{self, Block};
use super::{Both, Owned, Real, check_shapes};
use crate::PathError;
use crate::bridge::{BridgeTarget, ConditionalPath, finite_state, finite_target};
use crate::runs::first_bad;

/// The operations of a bridge on arrays, from [`ConditionalPath::arrays`].
///
/// Each comes in two forms; those that end in `_into` write into given arrays and allocate nothing.
///
/// # Shapes
/// All arrays are `[B, ...]` of one shape, with one time for each of the B rows. They need not be contiguous.
///
/// # Errors
/// As the coefficient methods of [`ConditionalPath`]. What an output holds after an error is not specified.
///
/// # Panics
/// If the shapes or the number of times do not match.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{BridgeTarget, ConditionalPath, Ends, Gamma, Interpolant};
/// use ndarray::array;
///
/// let path = Interpolant::new(Ends::Linear, Gamma::Constant { sigma: 0.5 })?;
/// let (x1, x0, noise) = (array![[4.0_f32, 8.0]], array![[0.0, 0.0]], array![[1.0, -1.0]]);
/// assert_eq!(path.arrays().state(&[0.25], &x1, &x0, &noise)?, array![[1.5, 1.5]]);
/// let u = path.arrays().target(BridgeTarget::Velocity, &[0.25], &x1, &x0, &noise)?;
/// assert_eq!(u, array![[4.0, 8.0]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OnBridge<'a, P>(pub(crate) &'a P);

impl<P: ConditionalPath + Sync> OnBridge<'_, P> {
    /// The state z of data `x1`, source `x0` and noise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// use ndarray::array;
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// let (x1, x0, noise) = (array![[8.0], [8.0]], array![[0.0], [0.0]], array![[1.0], [1.0]]);
    /// let z = bridge.arrays().state(&[0.5, 1.0], &x1, &x0, &noise)?;
    /// assert_eq!(z, array![[5.0], [8.0]]); // noise in the middle, none at the end
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn state<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        noise: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(x1.raw_dim());
        self.state_into(t, x1, x0, noise, &mut out)?;
        Ok(out)
    }

    /// [`OnBridge::state`] into a given array.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// use ndarray::array;
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// let (x1, x0, noise, mut z) = (array![[8.0]], array![[0.0]], array![[1.0]], array![[0.0]]);
    /// bridge.arrays().state_into(&[0.5], &x1, &x0, &noise, &mut z)?;
    /// assert_eq!(z, array![[5.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn state_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        noise: &ArrayBase<impl Data<Elem = A>, D>,
        z: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        check_shapes("state", t, &[x1.shape(), x0.shape(), noise.shape(), z.shape()]);
        let fill = |first, count, block: &mut Block<3, 1>| {
            let error = |t, index| finite_state(self.0.at(t), t, index).err();
            fill_rows(t, (first, count), block, |t| [self.0.at(t).state], error)
        };
        kernel::combine(&fill, &[x1.view(), x0.view(), noise.view()], [z.view_mut()])
    }

    /// The regression target `wanted` of data `x1`, source `x0` and noise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BridgeTarget, BrownianBridge, ConditionalPath, Constant};
    /// use ndarray::array;
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// let (x1, x0, noise) = (array![[8.0]], array![[0.0]], array![[3.0]]);
    /// let score = bridge.arrays().target(BridgeTarget::Score, &[0.5], &x1, &x0, &noise)?;
    /// assert_eq!(score, array![[-3.0]]); // −ε/γ, γ = 1
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn target<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: BridgeTarget,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        noise: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(x1.raw_dim());
        self.target_into(wanted, t, x1, x0, noise, &mut out)?;
        Ok(out)
    }

    /// [`OnBridge::target`] into a given array.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BridgeTarget, BrownianBridge, ConditionalPath, Constant};
    /// use ndarray::array;
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// let (x1, x0, noise, mut score) = (array![[8.0]], array![[0.0]], array![[3.0]], array![[0.0]]);
    /// bridge.arrays().target_into(BridgeTarget::Score, &[0.5], &x1, &x0, &noise, &mut score)?;
    /// assert_eq!(score, array![[-3.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn target_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: BridgeTarget,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        noise: &ArrayBase<impl Data<Elem = A>, D>,
        out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        check_shapes("target", t, &[x1.shape(), x0.shape(), noise.shape(), out.shape()]);
        let fill = |first, count, block: &mut Block<3, 1>| {
            let error = |t, index| finite_target(wanted, self.0.at(t), t, index).err();
            fill_rows(t, (first, count), block, |t| [wanted.row(self.0.at(t))], error)
        };
        kernel::combine(&fill, &[x1.view(), x0.view(), noise.view()], [out.view_mut()])
    }

    /// The state z and the regression target `wanted` in one pass over data `x1`, source `x0` and noise: a training batch.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BridgeTarget, ConditionalPath, Ends, Gamma, Interpolant};
    /// use ndarray::array;
    /// let path = Interpolant::new(Ends::Linear, Gamma::SinSquared)?;
    /// let (x1, x0, noise) = (array![[4.0]], array![[0.0]], array![[1.0]]);
    /// let (z, u) = path.arrays().sample(BridgeTarget::Velocity, &[0.5], &x1, &x0, &noise)?;
    /// assert_eq!((z, u), (array![[3.0]], array![[4.0]]));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn sample<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: BridgeTarget,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        noise: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Both<A, D>, PathError> {
        let (mut z, mut target) = (Owned::zeros(x1.raw_dim()), Owned::zeros(x1.raw_dim()));
        self.sample_into(wanted, t, x1, x0, noise, &mut z, &mut target)?;
        Ok((z, target))
    }

    /// [`OnBridge::sample`] into given arrays.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BridgeTarget, ConditionalPath, Ends, Gamma, Interpolant};
    /// use ndarray::{Array2, array};
    ///
    /// let path = Interpolant::new(Ends::Linear, Gamma::SinSquared)?;
    /// let (x1, x0, noise) = (array![[4.0], [4.0]], array![[0.0], [0.0]], array![[1.0], [1.0]]);
    /// let (mut z, mut u) = (Array2::zeros((2, 1)), Array2::zeros((2, 1)));
    /// path.arrays().sample_into(BridgeTarget::Velocity, &[0.0, 0.5], &x1, &x0, &noise, &mut z, &mut u)?;
    /// assert_eq!((z, u), (array![[0.0], [3.0]], array![[4.0], [4.0]]));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[expect(clippy::too_many_arguments, reason = "three arrays in, two out, and what and when")]
    #[track_caller]
    pub fn sample_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        wanted: BridgeTarget,
        t: &[f64],
        x1: &ArrayBase<impl Data<Elem = A>, D>,
        x0: &ArrayBase<impl Data<Elem = A>, D>,
        noise: &ArrayBase<impl Data<Elem = A>, D>,
        z: &mut ArrayBase<impl DataMut<Elem = A>, D>,
        target: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        check_shapes("sample", t, &[x1.shape(), x0.shape(), noise.shape(), z.shape(), target.shape()]);
        let fill = |first, count, block: &mut Block<3, 2>| {
            let rows = |t| {
                let point = self.0.at(t);
                [point.state, wanted.row(point)]
            };
            let error = |t, index| {
                let point = self.0.at(t);
                finite_state(point, t, index).and(finite_target(wanted, point, t, index)).err()
            };
            fill_rows(t, (first, count), block, rows, error)
        };
        kernel::combine(&fill, &[x1.view(), x0.view(), noise.view()], [z.view_mut(), target.view_mut()])
    }
}

/// The rows of `M` quantities at `count` times from `first` on; `error` says what is wrong with one that is not finite.
fn fill_rows<const M: usize>(
    t: &[f64],
    (first, count): (usize, usize),
    block: &mut Block<3, M>,
    rows: impl Fn(f64) -> [[f64; 3]; M],
    error: impl Fn(f64, usize) -> Option<PathError>,
) -> Result<(), PathError> {
    let times = &t[first..first + count];
    let inside = times.iter().take_while(|t| (0.0..=1.0).contains(*t)).count();
    for (row, &t) in times[..inside].iter().enumerate() {
        for (values, places) in rows(t).iter().zip(&mut *block) {
            for (value, place) in values.iter().zip(places) {
                place[row] = *value;
            }
        }
    }
    if let Some(row) = first_bad(inside, block) {
        error(times[row], first + row).map_or(Ok(()), Err)?;
    }
    times.get(inside).map_or(Ok(()), |&t| PathError::check_time(first + inside, t))
}
