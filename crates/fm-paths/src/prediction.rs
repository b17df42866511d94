//! What a network may be asked to predict.

use std::fmt;

use crate::{Mix, SchedulePoint};

/// A quantity of the path that a network predicts, or that a sampler wants.
///
/// | name | symbol | row (data, noise) | regular as a prediction |
/// |---|---|---|---|
/// | `data` | x₁ | (1, 0) | for t < 1 |
/// | `noise` | x₀, ε | (0, 1) | for t > 0 |
/// | `velocity` (default) | u = dz/dt | (α̇, σ̇) | wherever α̇ and σ̇ are finite |
/// | `v` | α·ε − σ·x₁ | (−σ, α) | everywhere |
/// | `score` | ∇ log p(z given x₁) = −ε/σ | (0, −1/σ) | for 0 < t < 1 |
///
/// The score row is that of a **standard normal source drawn independently of the data**. With another source, or with
/// an optimal-transport coupling, −x₀/σ is not the score; a configuration that combines them is to be refused.
///
/// # Examples
/// ```
/// use fm_paths::{AffinePath, Linear, Prediction};
/// let row = |wanted: Prediction| AffinePath::new(Linear).target(wanted, &[0.5]);
/// assert_eq!(row(Prediction::Velocity)?, [[1.0, -1.0]]);
/// assert_eq!(row(Prediction::Score)?, [[0.0, -2.0]]); // −ε/σ
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Prediction {
    /// The clean sample x₁.
    Data,
    /// The source sample x₀; ε of the diffusion literature.
    Noise,
    /// The velocity u = dz/dt = α̇·x₁ + σ̇·x₀.
    #[default]
    Velocity,
    /// v = α·ε − σ·x₁ (Salimans and Ho 2022, Section 4).
    V,
    /// The conditional score −ε/σ.
    Score,
}

impl Prediction {
    /// Every prediction, in the order of the table.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::Prediction;
    /// assert_eq!(Prediction::ALL.map(|p| p.to_string()), ["data", "noise", "velocity", "v", "score"]);
    /// ```
    pub const ALL: [Self; 5] = [Self::Data, Self::Noise, Self::Velocity, Self::V, Self::Score];

    /// The row of this quantity at a point of the schedule. Infinite for the score where σ = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Linear, Mix, Prediction, Schedule};
    /// assert_eq!(Prediction::V.row(Linear.at(0.25)), Mix { data: -0.75, noise: 0.25 });
    /// ```
    pub fn row(self, point: SchedulePoint) -> Mix {
        let SchedulePoint { alpha, sigma, d_alpha, d_sigma } = point;
        match self {
            Self::Data => Mix { data: 1.0, noise: 0.0 },
            Self::Noise => Mix { data: 0.0, noise: 1.0 },
            Self::Velocity => Mix { data: d_alpha, noise: d_sigma },
            Self::V => Mix { data: -sigma, noise: alpha },
            Self::Score => Mix { data: 0.0, noise: -1.0 / sigma },
        }
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "data",
            Self::Noise => "noise",
            Self::Velocity => "velocity",
            Self::V => "v",
            Self::Score => "score",
        })
    }
}
