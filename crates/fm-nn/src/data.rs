//! What a model is trained on: a table of samples, or a density that never runs out.

use fm_paths::Toy;
use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::random::{Purpose, stream};

/// The affine map between the user's units and the model's: `model = (user − shift)/scale`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// What is subtracted.
    pub shift: f32,
    /// What the rest is divided by; positive.
    pub scale: f32,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { shift: 0.0, scale: 1.0 }
    }
}

impl Scaling {
    /// Maps `[low, high]` to `[−1, 1]`.
    pub fn range(low: f32, high: f32) -> Self {
        Self { shift: f32::midpoint(low, high), scale: (high - low) / 2.0 }
    }

    /// Mean 0 and standard deviation 1 over all values of `x`; constant data is only shifted.
    pub fn standardize(x: &Array2<f32>) -> Self {
        let n = x.len().max(1) as f64;
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let variance = x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
        let scale = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        Self { shift: mean as f32, scale: scale as f32 }
    }

    /// From the user's units to the model's.
    pub fn apply(self, x: &mut Array2<f32>) {
        x.mapv_inplace(|v| (v - self.shift) / self.scale);
    }

    /// From the model's units to the user's.
    pub fn invert(self, x: &mut Array2<f32>) {
        x.mapv_inplace(|v| v * self.scale + self.shift);
    }
}

/// What a model has to know of its data; stored in every checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Shape of one sample, such as `[2]` or `[8, 8]`.
    pub shape: Vec<usize>,
    /// Number of classes; 0 for unlabelled data.
    pub classes: usize,
    /// The map to the model's units.
    pub scaling: Scaling,
}

impl DataInfo {
    /// Values in one sample.
    pub fn dim(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Training data, in the model's units.
#[derive(Clone, Debug)]
pub struct TrainingData {
    info: DataInfo,
    samples: Samples,
}

#[derive(Clone, Debug)]
enum Samples {
    Density(Toy),
    Table { x: Array2<f32>, labels: Option<Vec<u32>> },
}

impl TrainingData {
    /// Fresh samples of a density in every batch.
    pub fn density(toy: Toy) -> Self {
        let info = DataInfo { shape: vec![toy.dim()], classes: 0, scaling: Scaling::default() };
        Self { info, samples: Samples::Density(toy) }
    }

    /// The rows of a table, each sample flattened; `classes` counts for labelled data only.
    ///
    /// # Errors
    /// [`DataError`] for fewer than two rows, values that are not finite, a shape that does not hold the columns, and
    /// labels that do not fit.
    pub fn table(
        mut x: Array2<f32>,
        shape: Vec<usize>,
        labels: Option<Vec<u32>>,
        classes: usize,
        scaling: Scaling,
    ) -> Result<Self, DataError> {
        let (rows, found) = x.dim();
        if rows < 2 {
            return Err(DataError::TooFewRows { rows });
        }
        if shape.is_empty() {
            return Err(DataError::NoAxes);
        }
        if u32::try_from(classes).is_err() {
            return Err(DataError::Classes { classes });
        }
        let expected = shape.iter().product();
        if expected != found {
            return Err(DataError::Shape { shape, expected, found });
        }
        if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(DataError::NotFinite { row, column, value });
        }
        if let Some(labels) = &labels {
            if labels.len() != rows {
                return Err(DataError::LabelCount { labels: labels.len(), rows });
            }
            if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
                return Err(DataError::LabelRange { row, label: labels[row], classes });
            }
        }
        scaling.apply(&mut x);
        let info = DataInfo { shape, classes: if labels.is_some() { classes } else { 0 }, scaling };
        Ok(Self { info, samples: Samples::Table { x, labels } })
    }

    /// Shape, classes and scaling.
    pub fn info(&self) -> &DataInfo {
        &self.info
    }

    /// The samples of training step `step`.
    ///
    /// A table is read in epochs: every row once, in an order that is a function of the seed and the epoch, with batches
    /// running over from one epoch into the next.
    pub(crate) fn batch(
        &self,
        seed: u64,
        step: u64,
        size: usize,
        orders: &mut EpochOrders,
    ) -> (Array2<f32>, Option<Vec<u32>>) {
        match &self.samples {
            Samples::Density(toy) => (toy.sample(size, &mut stream(seed, Purpose::Data, step)), None),
            Samples::Table { x, labels } => {
                let rows = x.nrows() as u64;
                let first = step * size as u64;
                let indices: Vec<usize> = (first..first + size as u64)
                    .map(|position| orders.of(seed, position / rows, x.nrows())[(position % rows) as usize])
                    .collect();
                let labels = labels.as_ref().map(|labels| indices.iter().map(|&i| labels[i]).collect());
                (x.select(Axis(0), &indices), labels)
            }
        }
    }
}

/// The orders of the epochs that a batch touches.
#[derive(Debug, Default)]
pub(crate) struct EpochOrders {
    current: Option<(u64, Vec<usize>)>,
}

impl EpochOrders {
    fn of(&mut self, seed: u64, epoch: u64, rows: usize) -> &[usize] {
        if self.current.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let mut order: Vec<usize> = (0..rows).collect();
            order.shuffle(&mut stream(seed, Purpose::Data, epoch));
            self.current = Some((epoch, order));
        }
        &self.current.as_ref().expect("set above").1
    }
}
