//! The velocity field of a model: its prediction, guided and converted.

use fm_paths::{AffinePath, NamedSchedule, PathError, Prediction, classifier_free};
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
}

impl Field<'_> {
    /// Whether each evaluation calls the network with and without the class.
    pub(crate) fn guided(&self) -> bool {
        self.labels.is_some() && self.guidance != 1.0
    }

    /// The quantity `wanted` at time `t`.
    pub(crate) fn predict(&self, t: f64, z: &Tensor, wanted: Prediction) -> Result<Tensor, PathError> {
        let conversion = self.path.convert(self.predicts, wanted, &[t])?;
        let times = |z: &Tensor| Tensor::full([z.size()[0]], t, (z.kind(), z.device()));
        let prediction = if let (Some(labels), true) = (&self.labels, self.guided()) {
            // One call for both: the first half without a class, the second with.
            let z = Tensor::cat(&[z, z], 0);
            let labels = Some(Tensor::cat(&[&labels.full_like(self.classes as i64), labels], 0));
            let both = self.model.predict(&z, &times(&z), &Condition { labels }).chunk(2, 0);
            blend(&[classifier_free(self.guidance)], &both[0], &both[1])
        } else {
            let labels = self.labels.as_ref().map(Tensor::shallow_clone);
            self.model.predict(z, &times(z), &Condition { labels })
        };
        Ok(if conversion == [[0.0, 1.0]] { prediction } else { blend(&conversion, z, &prediction) })
    }
}

impl VectorField<Tensor> for Field<'_> {
    fn eval(&mut self, t: Time<'_>, z: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
        let t = t.row(0);
        *out = self.predict(t, z, Prediction::Velocity).map_err(|error| SolveError::field(t, error))?;
        Ok(())
    }
}
