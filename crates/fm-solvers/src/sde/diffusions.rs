//! The noise of a step and the diffusions that it is multiplied by.
//!
//! # References
//! Those of [`SdeMethod`](crate::SdeMethod).

use super::{NoiseTerm, NoiseWeight, SdeState};

/// The noise of a step.
pub(super) struct Driver<S> {
    pub(super) dw: S,
    pub(super) area: Option<S>,
}

/// The diffusions of a step and the terms in which they enter a state.
pub(super) struct Diffusions<S: SdeState> {
    pub(super) stages: S::Stages,
    /// Additive diffusions, which have no stages.
    pub(super) levels: Vec<f64>,
    pub(super) additive: bool,
    pub(super) terms: Vec<NoiseTerm>,
}

impl<S: SdeState> Diffusions<S> {
    /// Adds the first diffusions with these weights to a state.
    pub(super) fn add(&mut self, to: &mut S, noise: &Driver<S>, weights: impl Iterator<Item = NoiseWeight>) {
        self.terms.clear();
        if self.additive {
            let sum =
                weights.zip(&self.levels).fold(NoiseWeight::default(), |sum, (weight, &g)| sum.plus(weight.times(g)));
            self.terms.push(NoiseTerm { diffusion: None, weight: sum });
        } else {
            let terms = weights.enumerate().filter(|(_, weight)| *weight != NoiseWeight::default());
            self.terms.extend(terms.map(|(stage, weight)| NoiseTerm { diffusion: Some(stage), weight }));
        }
        to.add_noise(&noise.dw, noise.area.as_ref(), &self.stages, &self.terms);
    }
}
