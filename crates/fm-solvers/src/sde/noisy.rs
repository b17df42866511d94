//! What a state must be able to do beyond [`State`] to follow a stochastic equation.
//!
//! One operation. The noise of every method here is a sum of diffusions times polynomials of low degree in the increment,
//! and the coefficients are host numbers: a method adds no operation. Rejected: products and squares as operations of
//! their own, which take a pass over memory each.
//!
//! Pairs of states have no noise: the second part is there for the log-density of a sample, which follows the equation
//! without noise (the probability flow), and noise for one part only would be a rule that the type does not show.
//!
//! # References
//! Roessler 2010, as in [`SdeMethod::Srk`](crate::SdeMethod::Srk), whose polynomials are of the highest degree.

use ndarray::{Array, Dimension, Zip};

use crate::{Element, State};

/// A polynomial in the increment `w` and the space-time Levy area `z` of a step.
///
/// ```text
/// powers[0] + powers[1] w + powers[2] w^2 + powers[3] w^3 + area z
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseWeight {
    /// Coefficients of the powers of the increment.
    pub powers: [f64; 4],
    /// Coefficient of the area.
    pub area: f64,
}

/// A diffusion with its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseTerm {
    /// The index of a stage that holds a diffusion; none for the constant one.
    pub diffusion: Option<usize>,
    /// What each of its values is multiplied by.
    pub weight: NoiseWeight,
}

/// A state that noise can be added to.
pub trait SdeState: State {
    /// `self` becomes `self + sum_j diffusion_j p_j(w, z)`, value by value, with the polynomials `p_j` of the terms.
    ///
    /// Without `area`, no weight has a part in it.
    ///
    /// # Panics
    /// If the layouts differ, or a term names a stage that is not there.
    fn add_noise(&mut self, dw: &Self, area: Option<&Self>, stages: &Self::Stages, terms: &[NoiseTerm]);
}

impl<A: Element, D: Dimension> SdeState for Array<A, D> {
    fn add_noise(&mut self, dw: &Self, area: Option<&Self>, stages: &Vec<Self>, terms: &[NoiseTerm]) {
        for &NoiseTerm { diffusion, weight } in terms {
            let [p0, p1, p2, p3] = weight.powers.map(A::from_f64);
            let p4 = A::from_f64(weight.area);
            let linear = weight.powers[2..] == [0.0; 2] && weight.area == 0.0;
            let area = area.unwrap_or(dw);
            match diffusion {
                Some(stage) if linear => {
                    Zip::from(&mut *self).and(&stages[stage]).and(dw).for_each(|x, &g, &w| *x += g * (p0 + p1 * w));
                }
                Some(stage) => Zip::from(&mut *self).and(&stages[stage]).and(dw).and(area).for_each(|x, &g, &w, &z| {
                    *x += g * (p0 + w * (p1 + w * (p2 + w * p3)) + p4 * z);
                }),
                None if linear => Zip::from(&mut *self).and(dw).for_each(|x, &w| *x += p0 + p1 * w),
                None => Zip::from(&mut *self).and(dw).and(area).for_each(|x, &w, &z| {
                    *x += p0 + w * (p1 + w * (p2 + w * p3)) + p4 * z;
                }),
            }
        }
    }
}

#[cfg(feature = "tch")]
impl SdeState for tch::Tensor {
    fn add_noise(&mut self, dw: &Self, area: Option<&Self>, stages: &crate::TensorStages, terms: &[NoiseTerm]) {
        for NoiseTerm { diffusion, weight } in terms {
            let [p0, p1, p2, p3] = weight.powers;
            let linear = [p0, p2, p3, weight.area] == [0.0; 4];
            if linear && diffusion.is_none() && !self.requires_grad() {
                *self = stages.add_scaled(self, p1, dw);
                continue;
            }
            let mut factor = if linear && p1 == 1.0 { dw.shallow_clone() } else { dw * p1 };
            if p2 != 0.0 || p3 != 0.0 {
                factor = (dw * p3 + p2) * dw * dw + factor;
            }
            if p0 != 0.0 {
                factor += p0;
            }
            if let (Some(area), true) = (area, weight.area != 0.0) {
                factor += area * weight.area;
            }
            *self = match diffusion {
                Some(stage) => self.addcmul(&stages.get(*stage), &factor),
                None => &*self + factor,
            };
        }
    }
}
