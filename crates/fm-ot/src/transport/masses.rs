//! Weights as whole numbers.
//!
//! The simplex method adds and subtracts masses thousands of times and takes its decisions on which of them reached
//! zero. In floating point the answer drowns in rounding; in integers it is exact, which is what the rule against cycling
//! relies on, and every marginal of the plan is exact as well. Rejected: a perturbation of the weights, which breaks
//! ties at random and leaves entries of 1e-17 in the plan.

use crate::{OtError, Side};

/// Totals may differ by this much, relative to the source's; the target's weights are then rescaled.
pub(super) const MASS_TOLERANCE: f64 = 1e-6;

/// Totals that differ by no more than this do so for rounding, and the largest weight of the target takes the difference.
const ROUNDING: f64 = 1e-12;

/// Weights that are not whole numbers are rounded to multiples of a power of two: their total has this many bits. So a weight
/// above a hundredth of the total keeps all its digits.
const BITS: i32 = 60;

/// Weights are at most this, so that no total overflows.
const LARGEST: f64 = 1e300;

/// Up to here every whole number is an `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whole masses with equal totals.
#[derive(Debug)]
pub(super) struct Masses {
    pub(super) supply: Vec<i64>,
    pub(super) demand: Vec<i64>,
    /// What one is worth.
    pub(super) unit: f64,
}

/// Checks the weights of one side, and returns their total.
pub(super) fn check_weights(side: Side, weights: &[f64], points: usize) -> Result<f64, OtError> {
    if weights.len() != points {
        return Err(OtError::WeightCount { side, weights: weights.len(), points });
    }
    if let Some((index, &value)) = weights.iter().enumerate().find(|(_, w)| !(0.0..=LARGEST).contains(*w)) {
        return Err(OtError::InvalidWeight { side, index, value });
    }
    let total = weights.iter().sum();
    if total > 0.0 { Ok(total) } else { Err(OtError::NoMass { side }) }
}

impl Masses {
    /// All of both sides, whose totals agree up to [`MASS_TOLERANCE`].
    pub(super) fn complete(source: &[f64], target: &[f64], totals: [f64; 2]) -> Result<Self, OtError> {
        let [a, b] = totals;
        if (a - b).abs() > MASS_TOLERANCE * a {
            return Err(OtError::UnequalMass { source_mass: a, target_mass: b });
        }
        if let (Some(supply), Some(demand)) = (whole(source), whole(target))
            && a == b
        {
            return Ok(Self { supply, demand, unit: 1.0 });
        }
        if uniform(source) && uniform(target) {
            let (n, m) = (source.len() as i64, target.len() as i64);
            let common = greatest_common_divisor(n, m);
            let unit = a / (n / common * m) as f64;
            return Ok(Self { supply: vec![m / common; source.len()], demand: vec![n / common; target.len()], unit });
        }
        let unit = unit_of(a);
        let scale = if (a - b).abs() <= ROUNDING * a { 1.0 } else { a / b };
        let (supply, mut demand) = (multiples(source, unit), multiples(target, unit / scale));
        let missing = supply.iter().sum::<i64>() - demand.iter().sum::<i64>();
        *demand.iter_mut().max().expect("weights with a positive total") += missing;
        Ok(Self { supply, demand, unit })
    }

    /// Only `mass` of both sides: one more source fills what the targets do not receive, and one more target takes what
    /// the sources do not send.
    pub(super) fn partial(source: &[f64], target: &[f64], mass: f64, totals: [f64; 2]) -> Self {
        let exact = (whole(source), whole(target), whole(&[mass]));
        let (mut supply, mut demand, moved, unit) = if let (Some(supply), Some(demand), Some(moved)) = exact {
            (supply, demand, moved[0], 1.0)
        } else {
            // Each side holds the other's rest besides its own weights.
            let unit = 2.0 * unit_of(totals[0].max(totals[1]));
            (multiples(source, unit), multiples(target, unit), (mass / unit).round() as i64, unit)
        };
        // Rounding may have left a side with a few units less than all of it.
        let [sent, received]: [i64; 2] = [supply.iter().sum(), demand.iter().sum()];
        let moved = moved.min(sent).min(received);
        supply.push(received - moved);
        demand.push(sent - moved);
        Self { supply, demand, unit }
    }

    /// The weight of a whole mass.
    pub(super) fn weight(&self, mass: i64) -> f64 {
        mass as f64 * self.unit
    }
}

/// The power of two of which a total is between `2^59` and `2^60`, or fewer where it would not be a normal number.
fn unit_of(total: f64) -> f64 {
    let exponent = total.log2().floor() as i32 + 1;
    f64::from(exponent.max(BITS - 1000) - BITS).exp2()
}

fn multiples(weights: &[f64], unit: f64) -> Vec<i64> {
    weights.iter().map(|w| (w / unit).round() as i64).collect()
}

/// The weights themselves, if they and their total are whole numbers.
fn whole(weights: &[f64]) -> Option<Vec<i64>> {
    let exact = weights.iter().all(|w| w.fract() == 0.0) && weights.iter().sum::<f64>() <= EXACT;
    exact.then(|| weights.iter().map(|&w| w as i64).collect())
}

fn uniform(weights: &[f64]) -> bool {
    weights.iter().all(|w| *w == weights[0])
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
