//! Many independent batches at once.

use rand::RngCore;
use rayon::prelude::*;

use super::{Coupling, Endpoints, Pairing};
use crate::OtError;

/// Couples independent batches, on as many threads as there are.
///
/// One exact solve is a chain of small dependent steps that a second core hardly helps; several solves are not. The
/// generator of batch `k` is `rng(k)`, so the result is the same on any number of threads, and each batch has a result of its
/// own.
///
/// # Examples
/// ```
/// # use fm_ot::{Coupling, Endpoints, ExactOt, couple_many};
/// # use ndarray::array;
/// # use rand::{SeedableRng, rngs::StdRng};
/// let (x0, x1) = (array![[0.0], [1.0]], array![[3.0], [2.0]]);
/// let batches = [Endpoints::new(x0.view(), x1.view()), Endpoints::new(x1.view(), x1.view())];
/// let pairings = couple_many(&ExactOt, &batches, |k| StdRng::seed_from_u64(k as u64));
/// assert_eq!(pairings[0].as_ref().map(|pairing| pairing.target.as_slice()), Ok([1, 0].as_slice()));
/// assert_eq!(pairings[1].as_ref().map(|pairing| pairing.target.as_slice()), Ok([0, 1].as_slice()));
/// ```
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3 (one plan for each batch).
pub fn couple_many<R: RngCore>(
    coupling: &(impl Coupling + Sync + ?Sized),
    batches: &[Endpoints<'_>],
    rng: impl Fn(usize) -> R + Sync,
) -> Vec<Result<Pairing, OtError>> {
    batches.par_iter().enumerate().map(|(k, &ends)| coupling.couple(ends, &mut rng(k))).collect()
}
