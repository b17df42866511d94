//! Couplings of labelled data.
//!
//! A conditional model is trained on (x0, x1, y) and sampled by drawing x0 from the source *whatever y is*. A coupling that
//! does not know y breaks this: it gives each class the source points that lie nearest to it, the network learns to start
//! there, and at sampling time starts elsewhere. So the source points are given classes first, independently of where they
//! lie, and the transport stays inside the classes. Rejected: the class in the network's hands alone, which is the default
//! of other libraries and what their users report as "OT hurts conditional models".

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rand::RngCore;
use rand::seq::SliceRandom;

use super::{Coupling, Endpoints, Pairing, rows};
use crate::{OtError, Side};

/// What a coupling does with the classes of the data.
///
/// | `kind` | meaning |
/// |---|---|
/// | `within` (default) | pairs stay inside a class: given y, the source is the source |
/// | `penalty` | a pair across classes costs `penalty` more, in squared units of the points: between the other two |
/// | `ignore` | classes play no part: right for a model that does not see them |
///
/// Inside a class of k of the n points the transport is that of a batch of k, so many classes need a larger batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
pub enum ClassRule {
    /// Pairs stay inside a class.
    #[default]
    Within,
    /// A pair across classes costs more.
    Penalty {
        /// How much more; zero is `Ignore`, the largest squared distance between points and above is `Within`.
        penalty: f64,
    },
    /// Classes play no part.
    Ignore,
}

impl ClassRule {
    /// Checks the penalty.
    ///
    /// # Errors
    /// [`OtError::InvalidParameter`] if it is negative or not finite.
    pub fn validate(self) -> Result<(), OtError> {
        match self {
            Self::Penalty { penalty } => {
                // It becomes a coordinate in single precision.
                OtError::require((0.0..=1e76).contains(&penalty), "penalty", penalty, "between zero and 1e76")
            }
            Self::Within | Self::Ignore => Ok(()),
        }
    }
}

/// A coupling that knows the classes of the data.
///
/// Where only the data has classes, the labels of the batch are handed to the source points in random order. That is
/// right because x0 is independent of y by construction, and stays so: whatever class a source point is given, it was
/// drawn from the source. Pairing inside a class then only chooses *which* of the source points of that class goes with which
/// of its data points, so that x0 given y keeps the law of the source, as in sampling. Where the source has labels of its
/// own ([`Endpoints::source_labels`]), those count. Points without labels are one class.
///
/// A penalty is a distance: with `sqrt(penalty/2)` at the position of its class appended to each point, the squared
/// distance between two points of different classes grows by exactly `penalty`, so any coupling can be put inside.
///
/// # Errors
/// As the coupling inside; [`OtError::ClassSizes`] if source labels are given and a class differs in size;
/// [`OtError::UnequalSizes`] if they are not and the batches differ in size; [`OtError::InvalidParameter`] for the penalty.
///
/// # Panics
/// If there is not one label for each point.
///
/// # Examples
/// ```
/// # use fm_ot::{ClassConditional, ClassRule, Coupling, Endpoints, ExactOt};
/// # use ndarray::array;
/// # use rand::{SeedableRng, rngs::StdRng};
/// let (x0, x1) = (array![[0.0], [10.0]], array![[1.0], [11.0]]);
/// let ends = Endpoints { labels: Some(&[7, 4]), source_labels: Some(&[4, 7]), ..Endpoints::new(x0.view(), x1.view()) };
/// let couple = |rule| {
///     ClassConditional { coupling: ExactOt, rule }.couple(ends, &mut StdRng::seed_from_u64(0)).map(|pairing| pairing.target)
/// };
/// assert_eq!(couple(ClassRule::Ignore)?, [0, 1]);
/// assert_eq!(couple(ClassRule::Within)?, [1, 0]);
/// // Crossing costs 121 + 81, staying 1 + 1 and two penalties.
/// assert_eq!(couple(ClassRule::Penalty { penalty: 99.0 })?, [0, 1]);
/// assert_eq!(couple(ClassRule::Penalty { penalty: 101.0 })?, [1, 0]);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3 (the coupling inside; `TorchCFM`'s `guided_sample_location_and_conditional_flow` carries the labels along
///   without looking at them, which is `Ignore`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassConditional<C> {
    /// The coupling of points without classes.
    pub coupling: C,
    /// What the classes are to it.
    pub rule: ClassRule,
}

impl<C: Coupling> Coupling for ClassConditional<C> {
    #[track_caller]
    fn couple(&self, ends: Endpoints<'_>, rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        self.rule.validate()?;
        let Some(labels) = ends.labels.filter(|_| self.rule != ClassRule::Ignore) else {
            return self.coupling.couple(ends, rng);
        };
        assert_eq!(labels.len(), ends.x1.nrows(), "{} labels for {} target points", labels.len(), ends.x1.nrows());
        let source = match ends.source_labels {
            Some(given) => {
                let (given_len, points) = (given.len(), ends.x0.nrows());
                assert_eq!(given_len, points, "{given_len} labels for {points} source points");
                Cow::Borrowed(given)
            }
            None => Cow::Owned(handed_out(labels, ends.x0.nrows(), rng)?),
        };
        match self.rule {
            ClassRule::Penalty { penalty } => {
                let (x0, x1) = with_classes(&ends, [&source, labels], (penalty / 2.0).sqrt() as f32);
                self.coupling.couple(Endpoints { x0: x0.view(), x1: x1.view(), ..ends }, rng)
            }
            ClassRule::Within | ClassRule::Ignore => self.within(&ends, [&source, labels], rng),
        }
    }
}

impl<C: Coupling> ClassConditional<C> {
    /// Couples each class by itself, in ascending order.
    fn within(
        &self,
        ends: &Endpoints<'_>,
        [source, target]: [&[u32]; 2],
        rng: &mut dyn RngCore,
    ) -> Result<Pairing, OtError> {
        let mut classes: BTreeMap<u32, [Vec<usize>; 2]> = BTreeMap::new();
        for (side, labels) in [source, target].into_iter().enumerate() {
            for (i, &class) in labels.iter().enumerate() {
                classes.entry(class).or_default()[side].push(i);
            }
        }
        let mut pairs = Vec::with_capacity(source.len());
        for (class, [from, to]) in classes {
            if from.len() != to.len() {
                return Err(OtError::ClassSizes { class, source_len: from.len(), target_len: to.len() });
            }
            let (x0, x1) = (rows(ends.x0, &from), rows(ends.x1, &to));
            let of_data: Option<Vec<usize>> = ends.rows.map(|rows| to.iter().map(|&j| rows[j]).collect());
            let of_class = Endpoints { rows: of_data.as_deref(), ..Endpoints::new(x0.view(), x1.view()) };
            let of_class = self.coupling.couple(of_class, rng);
            let Pairing { source, target } = of_class.map_err(|error| in_the_batch(error, &from, &to))?;
            pairs.extend(source.into_iter().zip(target).map(|(i, j)| (from[i], to[j])));
        }
        // Back into the order of the source points, which classes do not interrupt.
        pairs.sort_by_key(|&(i, _)| i);
        let (source, target) = pairs.into_iter().unzip();
        Ok(Pairing { source, target })
    }
}

/// The labels in random order, one for each of `points` source points.
fn handed_out(labels: &[u32], points: usize, rng: &mut dyn RngCore) -> Result<Vec<u32>, OtError> {
    if labels.len() != points {
        return Err(OtError::UnequalSizes { source_len: points, target_len: labels.len() });
    }
    let mut labels = labels.to_vec();
    labels.shuffle(rng);
    Ok(labels)
}

/// The points with a coordinate for each class that occurs, which is `height` for their own and zero for the others.
fn with_classes(ends: &Endpoints<'_>, labels: [&[u32]; 2], height: f32) -> (Array2<f32>, Array2<f32>) {
    let mut classes = labels.concat();
    classes.sort_unstable();
    classes.dedup();
    let extended = |points: ArrayView2<'_, f32>, labels: &[u32]| {
        let own = |(i, class): (usize, usize)| if labels[i] == classes[class] { height } else { 0.0 };
        concatenate![Axis(1), points, Array2::from_shape_fn((points.nrows(), classes.len()), own)]
    };
    (extended(ends.x0, labels[0]), extended(ends.x1, labels[1]))
}

/// The same error with the place in the whole batch, where it names one of a class.
fn in_the_batch(error: OtError, from: &[usize], to: &[usize]) -> OtError {
    match error {
        OtError::NonFinitePoint { side, row, column, value } => {
            let row = if side == Side::Source { from[row] } else { to[row] };
            OtError::NonFinitePoint { side, row, column, value }
        }
        other => other,
    }
}
