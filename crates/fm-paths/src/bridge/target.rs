//! What a network learns on a bridge.

use std::fmt;

use super::{BridgePoint, INFINITE_RATE, NO_NOISE};

/// A regression target on a bridge.
///
/// | name | row (data, source, noise) | its mean given z is | finite |
/// |---|---|---|---|
/// | `velocity` (default) | (a', b', γ') | the marginal velocity | wherever γ' is |
/// | `score` | (0, 0, −1/γ) | the marginal score | where γ > 0 |
/// | `scaled-score` | (0, 0, −1) | γ times the marginal score | everywhere |
///
/// There is no conversion from one to another: the velocity also knows how the ends are paired, and the score does not.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{BridgePoint, BridgeTarget};
/// let point = BridgePoint { state: [0.5, 0.5, 0.25], rate: [1.0, -1.0, 0.0] };
/// assert_eq!(BridgeTarget::Score.row(point), [0.0, 0.0, -4.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum BridgeTarget {
    /// The velocity of the state given both ends and the noise.
    #[default]
    Velocity,
    /// The conditional score −ε/γ.
    Score,
    /// The conditional score times γ: −ε.
    ScaledScore,
}

impl BridgeTarget {
    /// Every target, in the order of the table.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::BridgeTarget;
    /// assert_eq!(BridgeTarget::ALL.map(|target| target.to_string()), ["velocity", "score", "scaled score"]);
    /// ```
    pub const ALL: [Self; 3] = [Self::Velocity, Self::Score, Self::ScaledScore];

    /// The row of this target at a point of the path. The score's is infinite where γ = 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BridgePoint, BridgeTarget};
    /// let start = BridgePoint { state: [0.0, 1.0, 0.0], rate: [1.0, -1.0, 0.0] };
    /// assert_eq!(BridgeTarget::Velocity.row(start), [1.0, -1.0, 0.0]);
    /// assert_eq!(BridgeTarget::Score.row(start)[2], f64::NEG_INFINITY);
    /// assert_eq!(BridgeTarget::ScaledScore.row(start), [0.0, 0.0, -1.0]);
    /// ```
    pub fn row(self, point: BridgePoint) -> [f64; 3] {
        match self {
            Self::Velocity => point.rate,
            Self::Score => [0.0, 0.0, -1.0 / point.state[2]],
            Self::ScaledScore => [0.0, 0.0, -1.0],
        }
    }

    /// How errors name it, and what they advise.
    pub(crate) fn in_errors(self) -> (&'static str, &'static str) {
        match self {
            Self::Velocity => ("velocity", INFINITE_RATE),
            Self::Score => ("score", NO_NOISE),
            Self::ScaledScore => ("scaled score", NO_NOISE),
        }
    }
}

impl fmt::Display for BridgeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_errors().0)
    }
}
