//! Couplings as a training loop sees them.
//!
//! Two batches and a generator in, index pairs out. Indices and not gathered points, because labels, conditions and images
//! in device memory have to travel with them; `f32` points, because that is what a loader yields. What is known of the
//! points beside their coordinates comes along in [`Endpoints`], so that couplings can be put around couplings and the loop
//! makes one call whatever they are. Rejected: labels as an argument of one coupling only, which makes every loop ask
//! which coupling it has.

mod classes;
mod entropic;
mod kind;
mod many;
mod persistent;
mod resampled;

use ndarray::{Array2, ArrayView2, Axis};
use rand::RngCore;

pub use classes::{ClassConditional, ClassRule};
pub use entropic::SinkhornOt;
pub use kind::CouplingKind;
pub use many::couple_many;
pub use persistent::PersistentOt;
pub use resampled::Resampled;

use crate::{Cost, OtError, assign_points, points};

/// A batch of each end, and what is known of the points.
///
/// # Examples
/// ```
/// # use fm_ot::Endpoints;
/// # use ndarray::array;
/// let (x0, x1) = (array![[0.0, 1.0], [2.0, 3.0]], array![[4.0, 5.0], [6.0, 7.0]]);
/// let plain = Endpoints::new(x0.view(), x1.view());
/// let labelled = Endpoints { labels: Some(&[3, 1]), ..plain };
/// assert!(plain.labels.is_none() && labelled.labels.is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a> {
    /// Source points, `[n, d]`; images are flattened by the caller.
    pub x0: ArrayView2<'a, f32>,
    /// Target points, `[m, d]`.
    pub x1: ArrayView2<'a, f32>,
    /// The class of each target point.
    pub labels: Option<&'a [u32]>,
    /// The class of each source point, where the source has classes of its own.
    pub source_labels: Option<&'a [u32]>,
    /// Which point of the data set each target point is.
    pub rows: Option<&'a [usize]>,
}

impl<'a> Endpoints<'a> {
    /// Points of which nothing else is known.
    pub const fn new(x0: ArrayView2<'a, f32>, x1: ArrayView2<'a, f32>) -> Self {
        Self { x0, x1, labels: None, source_labels: None, rows: None }
    }
}

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
    /// Pairs come in the order of their source points unless the coupling says otherwise: source points are drawn
    /// independently, so any run of consecutive pairs is then a fair smaller batch.
    ///
    /// # Shapes
    /// `x0`: `[n, d]`, `x1`: `[m, d]`. No rows give no pairs.
    ///
    /// # Errors
    /// Points that are not finite, two dimensions, and sizes that the coupling cannot pair.
    fn couple(&self, ends: Endpoints<'_>, rng: &mut dyn RngCore) -> Result<Pairing, OtError>;
}

impl<C: Coupling + ?Sized> Coupling for Box<C> {
    fn couple(&self, ends: Endpoints<'_>, rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        (**self).couple(ends, rng)
    }
}

/// The independent coupling: row `i` with row `i`.
///
/// The identity is not a shortcut. When the two batches are drawn independently, the pairs `(x0[i], x1[i])` are
/// independent draws from the product law as they stand, and a further permutation changes nothing but the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Independent;

impl Coupling for Independent {
    fn couple(&self, ends: Endpoints<'_>, _rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        points::check_pairable(ends.x0, ends.x1)?;
        Ok(Pairing::from_targets((0..ends.x0.nrows()).collect()))
    }
}

/// Exact optimal transport under the squared Euclidean cost: the permutation that minimises the total cost.
///
/// Every point is used exactly once. Drawing pairs with replacement from the plan instead (the default of `TorchCFM`, here
/// [`Resampled`]) loses about a third of each batch and repeats others. Given the pair, the noise is no longer a standard
/// normal independent of the data, so a score cannot be read off a velocity trained this way.
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3 (OT-CFM).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExactOt;

impl Coupling for ExactOt {
    fn couple(&self, ends: Endpoints<'_>, _rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        let assignment = assign_points(ends.x0, ends.x1, Cost::SquaredEuclidean)?;
        Ok(Pairing::from_targets(assignment.target_of))
    }
}

/// Some rows, in a given order.
fn rows(points: ArrayView2<'_, f32>, indices: &[usize]) -> Array2<f32> {
    points.select(Axis(0), indices)
}
