//! Couplings by name.

use std::fmt;
use std::str::FromStr;

use super::{Coupling, ExactOt, Independent, SinkhornOt};
use crate::{Epsilon, OtError, Sinkhorn};

/// A coupling by name, for configuration files and command lines.
///
/// | `kind` | parameters (default) | meaning |
/// |---|---|---|
/// | `independent` | | [`Independent`] |
/// | `exact` | | [`ExactOt`] |
/// | `sinkhorn` | `epsilon` (`{ relative-to-mean = 0.05 }`, or `relative-to-std`, or `absolute`), `tolerance` (1e-3), `max_iterations` (10 000) | [`SinkhornOt`] |
/// | `schrodinger-bridge` | `sigma` (1), `tolerance`, `max_iterations` | [`SinkhornOt::schrodinger_bridge`] |
///
/// # Examples
/// ```
/// # use fm_ot::{CouplingKind, OtError};
/// let kind: CouplingKind = "exact".parse()?;
/// assert_eq!(kind, CouplingKind::Exact);
/// let error = "exakt".parse::<CouplingKind>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown coupling `exakt`; known are independent, exact, sinkhorn, schrodinger-bridge");
/// # Ok::<(), OtError>(())
/// ```
///
/// # References
/// At each coupling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum CouplingKind {
    /// [`Independent`].
    #[default]
    Independent,
    /// [`ExactOt`].
    Exact,
    /// [`SinkhornOt`] with balanced marginals.
    Sinkhorn {
        /// Strength of the regularisation.
        #[cfg_attr(feature = "serde", serde(default))]
        epsilon: Epsilon,
        /// L1 error of the marginals at which the iteration stops.
        #[cfg_attr(feature = "serde", serde(default = "defaults::tolerance"))]
        tolerance: f64,
        /// Passes over the cost after which it fails.
        #[cfg_attr(feature = "serde", serde(default = "defaults::max_iterations"))]
        max_iterations: usize,
    },
    /// [`SinkhornOt`] with `epsilon = 2 sigma^2`.
    SchrodingerBridge {
        /// Standard deviation of the Brownian reference at time one.
        #[cfg_attr(feature = "serde", serde(default = "defaults::sigma"))]
        sigma: f64,
        /// L1 error of the marginals at which the iteration stops.
        #[cfg_attr(feature = "serde", serde(default = "defaults::tolerance"))]
        tolerance: f64,
        /// Passes over the cost after which it fails.
        #[cfg_attr(feature = "serde", serde(default = "defaults::max_iterations"))]
        max_iterations: usize,
    },
}

/// The defaults of the table.
mod defaults {
    pub(super) const fn sigma() -> f64 {
        1.0
    }
    pub(super) const fn tolerance() -> f64 {
        1e-3
    }
    pub(super) const fn max_iterations() -> usize {
        10_000
    }
}

impl CouplingKind {
    /// Every kind, with default parameters.
    pub const ALL: [Self; 4] = {
        let (sigma, tolerance, max_iterations) = (defaults::sigma(), defaults::tolerance(), defaults::max_iterations());
        [
            Self::Independent,
            Self::Exact,
            Self::Sinkhorn { epsilon: Epsilon::RelativeToMean(0.05), tolerance, max_iterations },
            Self::SchrodingerBridge { sigma, tolerance, max_iterations },
        ]
    };

    /// The coupling itself.
    pub fn build(self) -> Box<dyn Coupling + Send + Sync> {
        let Some(solver) = self.solver() else {
            return if self == Self::Exact { Box::new(ExactOt) } else { Box::new(Independent) };
        };
        Box::new(SinkhornOt { solver })
    }

    /// The solver of the entropic kinds.
    pub fn solver(self) -> Option<Sinkhorn> {
        match self {
            Self::Independent | Self::Exact => None,
            Self::Sinkhorn { epsilon, tolerance, max_iterations } => {
                Some(Sinkhorn { epsilon, tolerance, max_iterations, ..Sinkhorn::default() })
            }
            Self::SchrodingerBridge { sigma, tolerance, max_iterations } => {
                let solver = SinkhornOt::schrodinger_bridge(sigma).solver;
                Some(Sinkhorn { tolerance, max_iterations, ..solver })
            }
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`OtError::InvalidParameter`] naming the first one outside its range.
    pub fn validate(self) -> Result<(), OtError> {
        let positive =
            |name, value: f64| OtError::require(value > 0.0 && value.is_finite(), name, value, "positive and finite");
        if let Self::SchrodingerBridge { sigma, .. } = self {
            positive("sigma", sigma)?;
        }
        let Some(Sinkhorn { epsilon, tolerance, max_iterations, .. }) = self.solver() else { return Ok(()) };
        let (Epsilon::Absolute(value) | Epsilon::RelativeToMean(value) | Epsilon::RelativeToStd(value)) = epsilon;
        positive("epsilon", value)?;
        positive("tolerance", tolerance)?;
        OtError::require(max_iterations > 0, "max_iterations", 0.0, "at least 1")
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::Exact => "exact",
            Self::Sinkhorn { .. } => "sinkhorn",
            Self::SchrodingerBridge { .. } => "schrodinger-bridge",
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
