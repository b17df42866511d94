//! Guidance on arrays.

use ndarray::{ArrayBase, ArrayView, Axis, Data, DataMut, Dimension, RemoveAxis};

use super::{Owned, Real, kernel};
use crate::{Guidance, PathError};

impl Guidance {
    /// The guided prediction, from the unconditional (or weak) and the conditional (or strong) one.
    ///
    /// # Shapes
    /// `[B, ...]`, with one time for each of the B rows. The spread that `rescale` keeps is that of a row.
    ///
    /// # Errors
    /// As [`Guidance::validate`], and [`PathError::TimeOutOfRange`].
    ///
    /// # Panics
    /// If the shapes or the number of times do not match.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Guidance;
    /// use ndarray::array;
    /// let (weak, strong) = (array![[0.0, 0.0]], array![[1.0, -1.0]]);
    /// let guidance = Guidance { scale: 3.0, rescale: 0.5, ..Default::default() };
    /// // [3, -3] has three times the spread of [1, -1]: half of the way back is a factor of 2/3.
    /// assert_eq!(guidance.apply(&[0.5], &weak, &strong)?, array![[2.0, -2.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn apply<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        unconditional: &ArrayBase<impl Data<Elem = A>, D>,
        conditional: &ArrayBase<impl Data<Elem = A>, D>,
    ) -> Result<Owned<A, D>, PathError> {
        let mut out = Owned::zeros(conditional.raw_dim());
        self.apply_into(t, unconditional, conditional, &mut out)?;
        Ok(out)
    }

    /// [`Guidance::apply`] into a given array; allocates nothing.
    ///
    /// # Errors
    /// As [`Guidance::validate`], and [`PathError::TimeOutOfRange`].
    ///
    /// # Panics
    /// If the shapes or the number of times do not match.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Guidance;
    /// use ndarray::array;
    /// let (weak, strong, mut out) = (array![[1.0, 2.0]], array![[2.0, 2.0]], array![[0.0, 0.0]]);
    /// Guidance { scale: 3.0, ..Default::default() }.apply_into(&[0.5], &weak, &strong, &mut out)?;
    /// assert_eq!(out, array![[4.0, 2.0]]); // 3·strong − 2·weak
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn apply_into<A: Real, D: Dimension + RemoveAxis>(
        &self,
        t: &[f64],
        unconditional: &ArrayBase<impl Data<Elem = A>, D>,
        conditional: &ArrayBase<impl Data<Elem = A>, D>,
        out: &mut ArrayBase<impl DataMut<Elem = A>, D>,
    ) -> Result<(), PathError> {
        self.validate()?;
        super::check_shapes("guidance", t, &[unconditional.shape(), conditional.shape(), out.shape()]);
        let fill = |first: usize, count, block: &mut kernel::Block<2, 1>| {
            for (row, index) in (first..first + count).enumerate() {
                let [weak, strong] = self.coefficients_at(index, t[index])?;
                block[0][0][row] = weak;
                block[0][1][row] = strong;
            }
            Ok(())
        };
        kernel::combine(&fill, &[unconditional.view(), conditional.view()], [out.view_mut()])?;
        if self.rescale > 0.0 {
            for (mut guided, conditional) in out.axis_iter_mut(Axis(0)).zip(conditional.axis_iter(Axis(0))) {
                let factor = A::nearest(self.rescale_factor(std(&conditional), std(&guided.view())));
                guided.map_inplace(|x| *x *= factor);
            }
        }
        Ok(())
    }
}

/// The standard deviation of all elements, in `f64` and in two passes.
fn std<A: Real, D: Dimension>(x: &ArrayView<'_, A, D>) -> f64 {
    let count = x.len().max(1) as f64;
    let as_f64 = |x: &A| x.to_f64().unwrap_or(f64::NAN);
    let mean = x.iter().map(as_f64).sum::<f64>() / count;
    (x.iter().map(|x| (as_f64(x) - mean).powi(2)).sum::<f64>() / count).sqrt()
}
