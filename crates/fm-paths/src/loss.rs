//! Loss weights.
//!
//! The squared error in the space of q is (prediction coefficient of q from p)² times the squared error in the space
//! of p, because the state is known exactly. So a loss "as if" the network predicted something else is a weight, and
//! the weight is a corollary of [`crate::solve`], not a formula per pair.

use crate::{AffinePath, PathError, Prediction, Schedule};

/// How the squared error of a sample is weighted over time.
///
/// | `kind` | weight |
/// |---|---|
/// | `uniform` (default) | 1: the plain mean squared error of what the network predicts |
/// | `prediction` | the error is measured in another `space`, e.g. a data prediction judged by its velocity error |
///
/// # References
/// - D. P. Kingma, R. Gao, *Understanding Diffusion Objectives as the ELBO*, NeurIPS 2023, Section 2 and Table 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Weighting {
    /// Weight one.
    #[default]
    Uniform,
    /// The squared error in the space of another prediction.
    Prediction {
        /// Where the error is measured.
        space: Prediction,
    },
}

impl Weighting {
    /// The weight of each sample's squared error, for a network that predicts `predicts`.
    ///
    /// # Errors
    /// As [`AffinePath::convert`]: a weight that is infinite at one of the times is an error, not a huge number.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{AffinePath, Linear, Prediction, Weighting};
    /// let path = AffinePath::new(Linear);
    /// let w = Weighting::Prediction { space: Prediction::Velocity }.weights(&path, Prediction::Data, &[0.5])?;
    /// assert_eq!(w, [4.0]); // u = (x₁ − z)/(1 − t), so the factor is 1/(1 − t)²
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn weights<S: Schedule>(
        self,
        path: &AffinePath<S>,
        predicts: Prediction,
        t: &[f64],
    ) -> Result<Vec<f64>, PathError> {
        match self {
            Self::Uniform => Ok(vec![1.0; t.len()]),
            Self::Prediction { space } => {
                Ok(path.convert(predicts, space, t)?.iter().map(|[_, prediction]| prediction * prediction).collect())
            }
        }
    }
}
