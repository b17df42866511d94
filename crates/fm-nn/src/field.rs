//! The field of a model: its prediction, guided and converted to a velocity or a drift.

use fm_paths::{AffinePath, DiffusionCoefficient, NamedSchedule, PathError, Prediction, classifier_free};
use fm_solvers::{SolveError, Time, VectorField};
use tch::Tensor;

use crate::{Condition, Model, blend};

/// A model under a condition.
pub(crate) struct Field<'a> {
    pub(crate) model: &'a dyn Model,
    pub(crate) path: AffinePath<NamedSchedule>,
    pub(crate) predicts: Prediction,
    pub(crate) classes: usize,
    pub(crate) labels: Option<Tensor>,
    pub(crate) guidance: f64,
    /// The diffusion of the stochastic equation whose drift is wanted; none for the velocity of the flow.
    pub(crate) diffusion: Option<DiffusionCoefficient>,
    /// The labels of the samples that a per-sample solve still works on.
    pub(crate) selected: Option<Tensor>,
}

impl Field<'_> {
    /// The quantity `wanted` at time `t`.
    pub(crate) fn predict(&self, t: f64, z: &Tensor, wanted: Prediction) -> Result<Tensor, PathError> {
        let conversion = self.path.convert(self.predicts, wanted, &[t])?;
        Ok(self.convert(&[t], z, &conversion))
    }

    /// The network's answer, turned into another quantity; one time and conversion for all samples, or one for each.
    fn convert(&self, t: &[f64], z: &Tensor, conversion: &[[f64; 2]]) -> Tensor {
        let times = match *t {
            [t] => Tensor::full([z.size()[0]], t, (z.kind(), z.device())),
            _ => Tensor::from_slice(t).to_kind(z.kind()).to_device(z.device()),
        };
        let labels = self.selected.as_ref().or(self.labels.as_ref());
        let prediction = if let (Some(labels), true) = (labels, self.guidance != 1.0) {
            // One call for both: the first half without a class, the second with.
            let (z, times) = (Tensor::cat(&[z, z], 0), Tensor::cat(&[&times, &times], 0));
            let labels = Some(Tensor::cat(&[&labels.full_like(self.classes as i64), labels], 0));
            let both = self.model.predict(&z, &times, &Condition { labels }).chunk(2, 0);
            blend(&[classifier_free(self.guidance)], &both[0], &both[1])
        } else {
            self.model.predict(z, &times, &Condition { labels: labels.map(Tensor::shallow_clone) })
        };
        if conversion.iter().all(|pair| *pair == [0.0, 1.0]) { prediction } else { blend(conversion, z, &prediction) }
    }
}

impl VectorField<Tensor> for Field<'_> {
    fn eval(&mut self, t: Time<'_>, z: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
        let t = match &t {
            Time::All(t) => std::slice::from_ref(t),
            Time::Rows(times) => *times,
        };
        let conversion = match self.diffusion {
            None => self.path.convert(self.predicts, Prediction::Velocity, t),
            Some(diffusion) => {
                self.path.convert_rows(|point| self.predicts.row(point), |point| diffusion.drift(point), t)
            }
        };
        *out = self.convert(t, z, &conversion.map_err(|error| SolveError::field(t[0], error))?);
        Ok(())
    }

    fn select(&mut self, samples: &[usize]) {
        let samples: Vec<i64> = samples.iter().map(|&i| i as i64).collect();
        let selected =
            |labels: &Tensor| labels.index_select(0, &Tensor::from_slice(&samples).to_device(labels.device()));
        self.selected = self.labels.as_ref().map(selected);
    }
}
