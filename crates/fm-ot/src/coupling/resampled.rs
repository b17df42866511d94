//! Pairs drawn with replacement.

use rand::{Rng, RngCore};

use super::{Coupling, Endpoints, Pairing};
use crate::OtError;

/// Draws as many pairs as another coupling makes, independently and with replacement.
///
/// Pairs become independent of each other given the batch, and on average a share `1/e` of them is left out. That is what
/// `TorchCFM` does by default; a permutation ([`ExactOt`](super::ExactOt) as it is) has the same mean gradient with less
/// variance, so this is for comparisons.
///
/// # Examples
/// ```
/// # use fm_ot::{Coupling, Endpoints, ExactOt, Resampled};
/// # use ndarray::Array2;
/// # use rand::{SeedableRng, rngs::StdRng};
/// let x = Array2::from_shape_fn((100, 2), |(i, j)| (i * (j + 1)) as f32);
/// let resampled = Resampled { coupling: ExactOt };
/// let pairing = resampled.couple(Endpoints::new(x.view(), x.view()), &mut StdRng::seed_from_u64(0))?;
/// assert_eq!((pairing.len(), pairing.source == pairing.target), (100, true));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3, as implemented in `TorchCFM` (`OTPlanSampler.sample_plan`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resampled<C> {
    /// Where the pairs come from.
    pub coupling: C,
}

impl<C: Coupling> Coupling for Resampled<C> {
    /// The pairs are in the order in which they were drawn.
    fn couple(&self, ends: Endpoints<'_>, rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        let all = self.coupling.couple(ends, rng)?;
        let drawn: Vec<usize> = (0..all.len()).map(|_| rng.random_range(0..all.len())).collect();
        let of = |indices: &[usize]| drawn.iter().map(|&k| indices[k]).collect();
        Ok(Pairing { source: of(&all.source), target: of(&all.target) })
    }
}
