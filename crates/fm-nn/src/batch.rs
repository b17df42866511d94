//! Everything a training step needs besides the network, prepared on the host, ahead of time.
//!
//! A batch is a pure function of the seed and the step, so a second thread can prepare the next ones while the network
//! computes: the coupling then costs nothing as long as it takes less time than a step.

use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use fm_ot::Coupling;
use fm_paths::{AffinePath, NamedSchedule, Prediction, TimeSampler, Toy, Weighting};
use ndarray::{Array2, Axis};
use rand::Rng;

use crate::data::EpochOrders;
use crate::random::{Purpose, stream};
use crate::{Config, ConfigError, NnError, TrainingData, runtime};

/// One training batch on the host; `x0[i]` is coupled with `x1[i]`.
#[derive(Debug)]
pub struct Batch {
    /// Source samples, `[B, d]`.
    pub x0: Array2<f32>,
    /// Data samples, `[B, d]`.
    pub x1: Array2<f32>,
    /// Class of each sample, with dropped labels replaced by the number of classes.
    pub labels: Option<Vec<i64>>,
    /// Times.
    pub t: Vec<f64>,
    /// Coefficients (data, noise) of the state.
    pub state: Vec<[f64; 2]>,
    /// Coefficients (data, noise) of the regression target.
    pub target: Vec<[f64; 2]>,
    /// Weight of each sample's squared error.
    pub weight: Vec<f64>,
}

/// Makes the batch of any step.
pub struct BatchMaker {
    data: TrainingData,
    source: Toy,
    coupling: Box<dyn Coupling + Send>,
    path: AffinePath<NamedSchedule>,
    predicts: Prediction,
    weighting: Weighting,
    times: TimeSampler,
    label_drop: f64,
    seed: u64,
    size: usize,
    orders: EpochOrders,
}

impl fmt::Debug for BatchMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchMaker").field("data", self.data.info()).field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl BatchMaker {
    /// The batches of a configuration on some data.
    ///
    /// # Errors
    /// [`NnError`] if the source does not fit the data or the time law is invalid.
    pub fn new(config: &Config, data: TrainingData) -> Result<Self, NnError> {
        let size = config.training.batch_size;
        let fits = runtime::fits_in_memory(&[size, data.info().dim()]);
        ConfigError::require(fits, "training.batch_size", size as f64, "small enough for the memory")?;
        Ok(Self {
            source: config.source.density(data.info().dim())?,
            coupling: config.coupling(),
            path: config.path(),
            predicts: config.prediction.kind,
            weighting: config.weighting,
            times: config.time.sampler()?,
            label_drop: config.guidance.label_drop,
            seed: config.seed,
            size,
            orders: EpochOrders::default(),
            data,
        })
    }

    /// The batch of step `step`.
    ///
    /// # Errors
    /// [`NnError::Coupling`] if the samples cannot be coupled.
    pub fn batch(&mut self, step: u64) -> Result<Batch, NnError> {
        let mut rng = stream(self.seed, Purpose::Step, step);
        let (x1, labels) = self.data.batch(self.seed, step, self.size, &mut self.orders);
        let x0 = self.source.sample(self.size, &mut rng);
        let pairing = self.coupling.couple(x0.view(), x1.view(), &mut rng)?;
        let classes = self.data.info().classes as i64;
        let labels = labels.map(|labels| {
            let label = |&i: &usize| if rng.random_bool(self.label_drop) { classes } else { i64::from(labels[i]) };
            pairing.target.iter().map(label).collect()
        });
        let t = self.times.sample(pairing.len(), &mut rng);
        Ok(Batch {
            x0: x0.select(Axis(0), &pairing.source),
            x1: x1.select(Axis(0), &pairing.target),
            labels,
            state: self.path.state(&t)?,
            target: self.path.target(self.predicts, &t)?,
            weight: self.weighting.weights(&self.path, self.predicts, &t)?,
            t,
        })
    }

    /// Prepares the batches from step `first` on, on a thread of their own that ends when the receiver is dropped.
    pub fn ahead(mut self, first: u64) -> Receiver<Result<Batch, NnError>> {
        let (sender, receiver) = sync_channel(2);
        thread::spawn(move || {
            for step in first.. {
                let batch = self.batch(step);
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    break;
                }
            }
        });
        receiver
    }
}
