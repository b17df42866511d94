//! Everything that can be wrong with points and costs.

use std::fmt;

/// Which of the two batches an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first batch, `x0`.
    Source,
    /// The second batch, `x1`.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// A number as a person would write it: without three hundred zeros.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(value) = self;
        if value != 0.0 && value.is_finite() && !(1e-5..1e16).contains(&value.abs()) {
            write!(f, "{value:e}")
        } else {
            write!(f, "{value}")
        }
    }
}

/// Why no coupling could be computed.
///
/// There is no fallback to a uniform plan: a batch that cannot be coupled is a defect in the data, and training on
/// unrelated pairs would hide it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OtError {
    /// A coordinate that is NaN or infinite.
    #[error("{side} point {row} holds {value} in column {column}; remove or repair it before coupling")]
    NonFinitePoint {
        /// The batch.
        side: Side,
        /// The point.
        row: usize,
        /// The coordinate.
        column: usize,
        /// Its value.
        value: f64,
    },
    /// Points of two dimensions.
    #[error("source points have {source_dim} coordinates and target points {target_dim}; flatten both the same way")]
    DimensionMismatch {
        /// Coordinates of a source point.
        source_dim: usize,
        /// Coordinates of a target point.
        target_dim: usize,
    },
    /// Batches of two sizes.
    #[error("an assignment pairs batches of equal size, not {source_len} source with {target_len} target points")]
    UnequalSizes {
        /// Source points, or rows of the cost matrix.
        source_len: usize,
        /// Target points, or columns of the cost matrix.
        target_len: usize,
    },
    /// A class of two sizes.
    #[error("class {class} has {source_len} source and {target_len} target points; give both sides the same classes")]
    ClassSizes {
        /// The class.
        class: u32,
        /// Source points of the class.
        source_len: usize,
        /// Target points of the class.
        target_len: usize,
    },
    /// No points, where a number needs at least one.
    #[error("the distance between two empty batches is undefined; pass at least one point each")]
    Empty,
    /// Fewer points than an estimate needs.
    #[error("{needed} points are needed and {found} are there; give more, or ask for an estimate of fewer")]
    TooFewPoints {
        /// The smallest number.
        needed: usize,
        /// The number given.
        found: usize,
    },
    /// A cost that is NaN, `-inf`, or finite beyond 1e300.
    #[error("cost {} at row {row}, column {column}; costs are within 1e300, or +inf for a forbidden pair", Short(*.value))]
    InvalidCost {
        /// The source point.
        row: usize,
        /// The target point.
        column: usize,
        /// The cost.
        value: f64,
    },
    /// A potential to start from that is NaN or infinite.
    #[error(
        "the potential {value} of column {column} is no start; pass finite potentials, zero where nothing is known"
    )]
    InvalidPotential {
        /// The target point.
        column: usize,
        /// Its potential.
        value: f64,
    },
    /// The forbidden pairs leave no complete assignment or plan.
    #[error("no plan avoids every forbidden pair: row {row} cannot be placed together with the others")]
    Infeasible {
        /// A source point that is left over.
        row: usize,
    },
    /// Two points whose squared distance is beyond the precision they are given in.
    #[error("the squared distance from source {row} to target {column} overflows; rescale the points")]
    Overflow {
        /// The source point.
        row: usize,
        /// The target point.
        column: usize,
    },
    /// A point at the origin, which has no direction.
    #[error("{side} point {row} is zero, and the cosine distance needs a direction; remove it or use another cost")]
    ZeroVector {
        /// The batch.
        side: Side,
        /// The point.
        row: usize,
    },
    /// Not one weight for each point.
    #[error("{weights} {side} weights for {points} {side} points; give one for each")]
    WeightCount {
        /// The batch.
        side: Side,
        /// How many weights there are.
        weights: usize,
        /// How many points, or rows or columns of the cost matrix, there are.
        points: usize,
    },
    /// A weight that is negative, NaN, infinite, or beyond 1e300.
    #[error("{side} weight {index} is {}; weights are between zero and 1e300", Short(*.value))]
    InvalidWeight {
        /// The batch.
        side: Side,
        /// The point.
        index: usize,
        /// Its weight.
        value: f64,
    },
    /// Weights that are all zero.
    #[error("the {side} weights are all zero; at least one point needs a mass")]
    NoMass {
        /// The batch.
        side: Side,
    },
    /// Weights whose sums differ, where all mass has to be moved.
    #[error(
        "the source weights sum to {} and the target weights to {}; normalise them, or use unbalanced or partial transport",
        Short(*.source_mass),
        Short(*.target_mass)
    )]
    UnequalMass {
        /// Sum of the source weights.
        source_mass: f64,
        /// Sum of the target weights.
        target_mass: f64,
    },
    /// A point with weight whose pairs are all forbidden.
    #[error("every pair of {side} point {index} is forbidden; allow one or set its weight to zero")]
    Isolated {
        /// The batch.
        side: Side,
        /// The point.
        index: usize,
    },
    /// An entropic plan that is not finished, where pairs would have been drawn from it.
    #[error(
        "Sinkhorn stopped after {iterations} iterations at a marginal error of {marginal_l1:.1e}, above {tolerance:.1e}; raise epsilon, tolerance or max_iterations"
    )]
    NotConverged {
        /// Passes over the cost.
        iterations: usize,
        /// The L1 error that is left.
        marginal_l1: f64,
        /// The one that was asked for.
        tolerance: f64,
    },
    /// A setting outside its range.
    #[error("{name} is {}; it has to be {expected}", Short(*.value))]
    InvalidParameter {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// A part of the mass that is more than the whole, negative, or NaN.
    #[error(
        "cannot move a mass of {}: it is between zero and {}, the smaller of the two totals",
        Short(*.mass),
        Short(*.limit)
    )]
    InvalidMass {
        /// The mass to be moved.
        mass: f64,
        /// The most that can be.
        limit: f64,
    },
    /// A coupling name that is not in the list.
    #[error("unknown coupling `{name}`; known are {}", crate::CouplingKind::ALL.map(crate::CouplingKind::name).join(", "))]
    UnknownCoupling {
        /// The name as given.
        name: String,
    },
}

impl OtError {
    /// `Ok` if `holds`, else an [`OtError::InvalidParameter`].
    pub(crate) fn require(holds: bool, name: &'static str, value: f64, expected: &'static str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::InvalidParameter { name, value, expected }) }
    }
}
