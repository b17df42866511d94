//! A law and a schedule, on arrays of states.
#![expect(clippy::missing_errors_doc, reason = "stated once, on the type")]

use ndarray::{Array1, Array2, ArrayRef2, ArrayViewMut1, Zip};
use rand::Rng;
use rayon::prelude::*;

use super::GaussianMixture;
use super::snapshot::{Scratch, Snapshot};
use crate::nd::Real;
use crate::{PathError, Prediction, Schedule};

/// Work (rows × components × dimensions) above which the rows are shared among threads.
const PARALLEL_WORK: usize = 1 << 15;

/// The exact marginals of the affine path of `schedule` from an independent standard normal to the data of `law`.
///
/// # Shapes
/// States are `[B, d]`; `t` holds one time for all rows or one for each. Results are `[B, d]`, or `[B]` for scalars.
///
/// # Errors
/// [`PathError::TimeOutOfRange`]; [`PathError::Undefined`] where the wanted row is infinite (the velocity of a schedule
/// with an infinite derivative); [`PathError::Degenerate`] where the state has no density, as at `t = 1` for points.
///
/// # Panics
/// If the dimension of the states, the number of times or the shape of an output does not match.
///
/// # Examples
/// ```
/// use fm_paths::{Cosine, oracle::{Exact, GaussianMixture}};
/// use ndarray::array;
///
/// // Standard normal data stay standard normal on the cosine path: the field is zero and the score is −z.
/// let exact = Exact::new(Cosine, GaussianMixture::standard_normal(2)?);
/// let z = array![[0.3_f64, -2.0]];
/// assert!(exact.velocity(&[0.4], &z)?.iter().all(|u| u.abs() < 1e-15));
/// assert!((exact.score(&[0.4], &z)? + &z).iter().all(|e| e.abs() < 1e-15));
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exact<S> {
    /// The schedule of the path.
    pub schedule: S,
    /// The law of the data.
    pub law: GaussianMixture,
}

impl<S: Schedule + Sync> Exact<S> {
    /// The exact marginals of `schedule` and `law`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// let exact = Exact::new(Linear, GaussianMixture::ring(8, 5.0, 0.1)?);
    /// assert_eq!((exact.law.len(), exact.schedule), (8, Linear));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(schedule: S, law: GaussianMixture) -> Self {
        Self { schedule, law }
    }

    /// The posterior mean `E[q | z]` of the quantity `wanted`: what the best network predicts.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Prediction, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// // The optimal denoiser of a data set: the points, weighted by how well each explains the state.
    /// let exact = Exact::new(Linear, GaussianMixture::empirical(&array![[0.0, 1.0], [3.0, 1.0]])?);
    /// let z = array![[2.7_f32, 0.8]];
    /// assert_eq!(exact.predict(Prediction::Data, &[0.9], &z)?, array![[3.0, 1.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn predict<A: Real>(&self, wanted: Prediction, t: &[f64], z: &ArrayRef2<A>) -> Result<Array2<A>, PathError> {
        let mut out = Array2::zeros(z.raw_dim());
        self.predict_into(wanted, t, z, &mut out)?;
        Ok(out)
    }

    /// [`Exact::predict`] into a given array.
    ///
    /// # Panics
    /// As the type says, and if the shape of the output is not that of the states.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Prediction, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let exact = Exact::new(Linear, GaussianMixture::empirical(&array![[-1.0], [1.0]])?);
    /// let (z, mut data) = (array![[0.5_f64]], array![[0.0]]);
    /// exact.predict_into(Prediction::Data, &[0.5], &z, &mut data)?;
    /// assert!((data[[0, 0]] - 1.0_f64.tanh()).abs() < 1e-15); // tanh(α·z/σ²)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn predict_into<A: Real>(
        &self,
        wanted: Prediction,
        t: &[f64],
        z: &ArrayRef2<A>,
        out: &mut ArrayRef2<A>,
    ) -> Result<(), PathError> {
        assert_eq!(z.shape(), out.shape(), "oracle: the output differs in shape from the states");
        if let Some(axes) = self.law.common_axes() {
            let mut own = Array2::<f64>::zeros(z.raw_dim());
            let slice = own.as_slice_mut().expect("a fresh array is contiguous");
            self.each(wanted, t, z, slice, |snapshot, scratch, out| {
                snapshot.predict(scratch);
                out.copy_from_slice(&scratch.out);
            })?;
            Zip::from(out).and(&own.dot(&axes)).for_each(|out, &value| *out = A::nearest(value));
            return Ok(());
        }
        let answer = |snapshot: &Snapshot<'_>, scratch: &mut Scratch, out: &mut [A]| {
            snapshot.predict(scratch);
            for (out, &value) in out.iter_mut().zip(&scratch.out) {
                *out = A::nearest(value);
            }
        };
        if let Some(out) = out.as_slice_mut() {
            return self.each(wanted, t, z, out, answer);
        }
        let mut own = Array2::zeros(z.raw_dim());
        self.each(wanted, t, z, own.as_slice_mut().expect("a fresh array is contiguous"), answer)?;
        out.assign(&own);
        Ok(())
    }

    /// The marginal velocity `u(z, t) = E[dz/dt | z]`, whose flow carries the source to the data.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let exact = Exact::new(Linear, GaussianMixture::empirical(&array![[-1.0], [3.0]])?);
    /// assert_eq!(exact.velocity(&[0.0], &array![[0.5]])?, array![[0.5]]); // at t = 0: the mean of the data minus the state
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn velocity<A: Real>(&self, t: &[f64], z: &ArrayRef2<A>) -> Result<Array2<A>, PathError> {
        self.predict(Prediction::Velocity, t, z)
    }

    /// The marginal score `∇ log p_t(z)`; finite at `t = 1` where the data have a density.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let exact = Exact::new(Linear, GaussianMixture::isotropic(&[1.0], &array![[3.0]], &[4.0])?);
    /// assert_eq!(exact.score(&[0.0, 1.0], &array![[2.0], [5.0]])?, array![[-2.0], [-0.5]]); // −z, and −(z − 3)/4
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn score<A: Real>(&self, t: &[f64], z: &ArrayRef2<A>) -> Result<Array2<A>, PathError> {
        self.predict(Prediction::Score, t, z)
    }

    /// The divergence of the marginal velocity, in closed form.
    ///
    /// ```text
    /// div u = Σ_k r_k [tr G_k + (s_k − s)·(u_k − u)],    u_k = α̇·m_k + G_k·(z − α·m_k),   s_k = −C_k⁻¹(z − α·m_k)
    /// ```
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let exact = Exact::new(Linear, GaussianMixture::gaussian(&array![3.0], &array![[4.0]])?);
    /// // u = 3 + (4t − (1 − t))/(4t² + (1 − t)²)·(z − 3t): a slope of 1.5/1.25 at t = ½.
    /// assert!((exact.divergence(&[0.5], &array![[7.0]])?[0] - 1.2).abs() < 1e-15);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn divergence<A: Real>(&self, t: &[f64], z: &ArrayRef2<A>) -> Result<Array1<f64>, PathError> {
        self.scalar(Prediction::Velocity, t, z, Snapshot::divergence)
    }

    /// `log p_t(z)`, normalised.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use ndarray::array;
    /// let exact = Exact::new(Linear, GaussianMixture::standard_normal(1)?);
    /// let variance: f64 = 0.5; // t² + (1 − t)²
    /// let log_p = exact.log_density(&[0.5], &array![[1.0]])?[0];
    /// assert!((log_p + 0.5 / variance + 0.5 * (std::f64::consts::TAU * variance).ln()).abs() < 1e-15);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    #[track_caller]
    pub fn log_density<A: Real>(&self, t: &[f64], z: &ArrayRef2<A>) -> Result<Array1<f64>, PathError> {
        self.scalar(Prediction::Score, t, z, Snapshot::log_density)
    }

    /// Draws `n` states at time `t`. Shape `[n, d]`.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, oracle::{Exact, GaussianMixture}};
    /// use rand::SeedableRng;
    /// let exact = Exact::new(Linear, GaussianMixture::ring(8, 5.0, 0.1)?);
    /// let z = exact.sample_state(1.0, 100, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0))?;
    /// assert!(z.rows().into_iter().all(|z| (z[0].hypot(z[1]) - 5.0).abs() < 0.5)); // on the ring at t = 1
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn sample_state<R: Rng + ?Sized>(&self, t: f64, n: usize, rng: &mut R) -> Result<Array2<f64>, PathError> {
        PathError::check_time(0, t)?;
        let point = self.schedule.at(t);
        let x1 = self.law.sample(n, rng);
        let x0 = GaussianMixture::standard_normal(self.law.dim())?.sample(n, rng);
        Ok(x1 * point.alpha + x0 * point.sigma)
    }

    #[track_caller]
    fn scalar<'a, A: Real>(
        &'a self,
        wanted: Prediction,
        t: &[f64],
        z: &ArrayRef2<A>,
        answer: impl Fn(&Snapshot<'a>, &mut Scratch) -> f64 + Sync,
    ) -> Result<Array1<f64>, PathError> {
        let mut out = Array1::zeros(z.nrows());
        let slice = out.as_slice_mut().expect("a fresh array is contiguous");
        self.each(wanted, t, z, slice, |snapshot, scratch, out| out[0] = answer(snapshot, scratch))?;
        Ok(out)
    }

    /// Answers for all rows; `out` holds one value or one vector for each row, in the law's common axes if it has such.
    #[track_caller]
    fn each<'a, A: Real, O: Send>(
        &'a self,
        wanted: Prediction,
        t: &[f64],
        z: &ArrayRef2<A>,
        out: &mut [O],
        answer: impl Fn(&Snapshot<'a>, &mut Scratch, &mut [O]) + Sync,
    ) -> Result<(), PathError> {
        let (rows, dim) = z.dim();
        let own = self.law.dim();
        assert_eq!(dim, own, "oracle: states of shape {:?} for a law of dimension {own}", z.shape());
        assert!(t.len() == 1 || t.len() == rows, "oracle: {} times for states of shape {:?}", t.len(), z.shape());
        let common = if t.len() == 1 { Some(self.snapshot(wanted, t, 0)?) } else { None };
        if out.is_empty() {
            return Ok(());
        }
        let turned = self.law.common_axes().map(|axes| z.mapv(Into::<f64>::into).dot(&axes.t()));
        let width = out.len() / rows;
        let work = rows * self.law.work();
        let chunk = if work < PARALLEL_WORK { rows } else { rows.div_ceil(8 * rayon::current_num_threads()) };
        let block = |(start, out): (usize, &mut [O])| -> Result<(), PathError> {
            let mut scratch = Scratch::new(self.law.len(), dim);
            for (index, out) in (start * chunk..).zip(out.chunks_exact_mut(width)) {
                match &turned {
                    Some(turned) => turned.row(index).assign_to(ArrayViewMut1::from(&mut scratch.z)),
                    None => scratch.z.iter_mut().zip(z.row(index)).for_each(|(own, &z)| *own = z.into()),
                }
                let own;
                let snapshot = if let Some(common) = &common {
                    common
                } else {
                    own = self.snapshot(wanted, t, index)?;
                    &own
                };
                answer(snapshot, &mut scratch, out);
            }
            Ok(())
        };
        if chunk == rows {
            return block((0, out));
        }
        // Rows are independent, so the split cannot change a result; the first error in order is the one reported.
        let errors = out.par_chunks_mut(chunk * width).enumerate().filter_map(|part| block(part).err());
        errors.collect::<Vec<_>>().into_iter().next().map_or(Ok(()), Err)
    }

    fn snapshot(&self, wanted: Prediction, t: &[f64], index: usize) -> Result<Snapshot<'_>, PathError> {
        PathError::check_time(index, t[index])?;
        Snapshot::new(&self.law, self.schedule.at(t[index]), wanted, t[index], index)
    }
}
