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
    /// No points, where a number needs at least one.
    #[error("the distance between two empty batches is undefined; pass at least one point each")]
    Empty,
    /// A cost that is NaN, `-inf`, or finite beyond 1e300.
    #[error("cost {value} at row {row}, column {column}; costs are within 1e300, or +inf for a forbidden pair")]
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
    /// The forbidden pairs leave no complete assignment.
    #[error("no assignment avoids every forbidden pair: row {row} cannot be placed together with the others")]
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
    /// A coupling name that is not in the list.
    #[error("unknown coupling `{name}`; known are {}", crate::CouplingKind::ALL.map(crate::CouplingKind::name).join(", "))]
    UnknownCoupling {
        /// The name as given.
        name: String,
    },
}
