//! Couplings as a training loop sees them.
//!
//! Two batches and a generator in, index pairs out. Indices and not gathered points, because labels, conditions and images
//! in device memory have to travel with them; `f32` points, because that is what a loader yields.

use std::fmt;
use std::str::FromStr;

use ndarray::ArrayView2;
use rand::RngCore;

use crate::{Cost, OtError, assign_points, points};

/// Which source point goes with which target point: pair `k` joins `source[k]` and `target[k]`.
///
/// Both lists have the same length, which need not be the batch size, and a resampling coupling may repeat an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Indices into the source batch.
    pub source: Vec<usize>,
    /// Indices into the target batch.
    pub target: Vec<usize>,
}

impl Pairing {
    /// Source `i` with target `target[i]`.
    pub fn from_targets(target: Vec<usize>) -> Self {
        Self { source: (0..target.len()).collect(), target }
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }
}

/// A joint law of source and target, known through a batch of each.
pub trait Coupling {
    /// Pairs the rows of `x0` with the rows of `x1`.
    ///
    /// The generator is for couplings that draw; the same generator state gives the same pairs on any number of threads.
    ///
    /// # Shapes
    /// `x0`: `[n, d]`, `x1`: `[m, d]`; images are flattened by the caller. No rows give no pairs.
    ///
    /// # Errors
    /// Points that are not finite, two dimensions, and sizes that the coupling cannot pair.
    fn couple(
        &self,
        x0: ArrayView2<'_, f32>,
        x1: ArrayView2<'_, f32>,
        rng: &mut dyn RngCore,
    ) -> Result<Pairing, OtError>;
}

/// The independent coupling: row `i` with row `i`.
///
/// The identity is not a shortcut. When the two batches are drawn independently, the pairs `(x0[i], x1[i])` are
/// independent draws from the product law as they stand, and a further permutation changes nothing but the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Independent;

impl Coupling for Independent {
    fn couple(
        &self,
        x0: ArrayView2<'_, f32>,
        x1: ArrayView2<'_, f32>,
        _rng: &mut dyn RngCore,
    ) -> Result<Pairing, OtError> {
        points::check_pairable(x0, x1)?;
        Ok(Pairing::from_targets((0..x0.nrows()).collect()))
    }
}

/// Exact optimal transport under the squared Euclidean cost: the permutation that minimises the total cost.
///
/// Every point is used exactly once. Drawing pairs with replacement from the plan instead (the default of `TorchCFM`)
/// loses about a third of each batch and repeats others. Given the pair, the noise is no longer a standard normal
/// independent of the data, so a score cannot be read off a velocity trained this way.
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3 (OT-CFM).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExactOt;

impl Coupling for ExactOt {
    fn couple(
        &self,
        x0: ArrayView2<'_, f32>,
        x1: ArrayView2<'_, f32>,
        _rng: &mut dyn RngCore,
    ) -> Result<Pairing, OtError> {
        assign_points(x0, x1, Cost::SquaredEuclidean).map(|assignment| Pairing::from_targets(assignment.target_of))
    }
}

/// A coupling by name, for configuration files and command lines.
///
/// # Examples
/// ```
/// # use fm_ot::{CouplingKind, OtError};
/// let kind: CouplingKind = "exact".parse()?;
/// assert_eq!(kind, CouplingKind::Exact);
/// let error = "exakt".parse::<CouplingKind>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown coupling `exakt`; known are independent, exact");
/// # Ok::<(), OtError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum CouplingKind {
    /// [`Independent`].
    #[default]
    Independent,
    /// [`ExactOt`].
    Exact,
}

impl CouplingKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Independent, Self::Exact];

    /// The coupling itself.
    pub fn build(self) -> Box<dyn Coupling + Send + Sync> {
        match self {
            Self::Independent => Box::new(Independent),
            Self::Exact => Box::new(ExactOt),
        }
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::Exact => "exact",
        }
    }
}

impl fmt::Display for CouplingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for CouplingKind {
    type Err = OtError;

    fn from_str(name: &str) -> Result<Self, OtError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| OtError::UnknownCoupling { name: name.to_owned() })
    }
}
