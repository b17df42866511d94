//! The options of entropic transport, which `fm couple` and `fm distance` share.

use std::str::FromStr;

use fm_ot::{Epsilon, Sinkhorn};

/// The options of Sinkhorn's algorithm.
#[derive(Clone, Debug, clap::Args)]
pub struct Entropy {
    /// Strength of the regularisation: a number in squared units of the points, or one times the mean or the standard
    /// deviation of the cost, as in 0.05mean or 0.1std [default: 0.05mean]
    #[arg(long, value_name = "E")]
    pub epsilon: Option<Strength>,
    /// L1 error of the marginals at which Sinkhorn's algorithm stops
    #[arg(long, value_name = "T", default_value_t = 1e-6)]
    pub tolerance: f64,
    /// Iterations of Sinkhorn's algorithm at most
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_iterations: usize,
}

impl Entropy {
    /// The solver; `default` is the strength if none is given.
    pub fn solver(&self, default: Epsilon) -> Sinkhorn {
        let epsilon = self.epsilon.map_or(default, |strength| strength.0);
        let (tolerance, max_iterations) = (self.tolerance, self.max_iterations);
        Sinkhorn { epsilon, tolerance, max_iterations, ..Sinkhorn::default() }
    }
}

/// An epsilon with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength(Epsilon);

impl FromStr for Strength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit): (&str, fn(f64) -> Epsilon) = if let Some(number) = text.strip_suffix("mean") {
            (number, Epsilon::RelativeToMean)
        } else if let Some(number) = text.strip_suffix("std") {
            (number, Epsilon::RelativeToStd)
        } else {
            (text, Epsilon::Absolute)
        };
        match number.trim().parse::<f64>() {
            Ok(value) if value > 0.0 && value.is_finite() => Ok(Self(unit(value))),
            _ => Err("write a positive number, alone or followed by `mean` or `std`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_is_a_number_with_a_unit() {
        let read = |text: &str| text.parse::<Strength>().map(|strength| strength.0);
        assert_eq!(read("0.5"), Ok(Epsilon::Absolute(0.5)));
        assert_eq!(read("5e-2mean"), Ok(Epsilon::RelativeToMean(0.05)));
        assert_eq!(read("1 std"), Ok(Epsilon::RelativeToStd(1.0)));
        for text in ["", "mean", "0", "-1", "nan", "infstd", "1median"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
