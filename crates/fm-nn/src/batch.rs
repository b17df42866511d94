//! Everything a training step needs besides the network, prepared on the host, ahead of time.
//!
//! A batch is a pure function of the seed and the step, so a second thread can prepare the next ones while the network
//! computes: the coupling then costs nothing as long as it takes less time than a step.

use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use fm_ot::{Coupling, Endpoints, Pairing};
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
    batches: u64,
    orders: EpochOrders,
    coupled: Option<(u64, Coupled)>,
}

/// The samples of the steps that are coupled together, and their pairs.
struct Coupled {
    x0: Array2<f32>,
    x1: Array2<f32>,
    labels: Option<Vec<u32>>,
    pairs: Pairing,
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
        let batches = config.coupling.batches;
        let fits = runtime::fits_in_memory(&[batches, size, data.info().dim()]);
        ConfigError::require(fits, "coupling.batches", batches as f64, "small enough for the memory")?;
        Ok(Self {
            source: config.source.density(data.info().dim())?,
            coupling: config.coupling.build(),
            path: config.path(),
            predicts: config.prediction.kind,
            weighting: config.weighting,
            times: config.time.sampler()?,
            label_drop: config.guidance.label_drop,
            seed: config.seed,
            size,
            batches: batches as u64,
            orders: EpochOrders::default(),
            coupled: None,
            data,
        })
    }

    /// The batch of step `step`.
    ///
    /// # Errors
    /// [`NnError::Coupling`] if the samples cannot be coupled.
    pub fn batch(&mut self, step: u64) -> Result<Batch, NnError> {
        let group = step / self.batches;
        let coupled = match self.coupled.take() {
            Some((known, coupled)) if known == group => coupled,
            _ => self.couple(group)?,
        };
        let mut rng = stream(self.seed, Purpose::Step, step);
        let first = (step % self.batches) as usize * self.size;
        let of_step = |indices: &[usize]| indices[first..first + self.size].to_vec();
        let (source, target) = (of_step(&coupled.pairs.source), of_step(&coupled.pairs.target));
        let classes = self.data.info().classes as i64;
        let labels = coupled.labels.as_ref().map(|labels| {
            let label = |&i: &usize| if rng.random_bool(self.label_drop) { classes } else { i64::from(labels[i]) };
            target.iter().map(label).collect()
        });
        let t = self.times.sample(self.size, &mut rng);
        let batch = Batch {
            x0: coupled.x0.select(Axis(0), &source),
            x1: coupled.x1.select(Axis(0), &target),
            labels,
            state: self.path.state(&t)?,
            target: self.path.target(self.predicts, &t)?,
            weight: self.weighting.weights(&self.path, self.predicts, &t)?,
            t,
        };
        self.coupled = Some((group, coupled));
        Ok(batch)
    }

    /// The samples of the steps `group·batches ..` as one large batch, coupled. Their data are those that the steps would
    /// have alone, so an epoch visits every row once whatever is coupled.
    fn couple(&mut self, group: u64) -> Result<Coupled, NnError> {
        let mut rng = stream(self.seed, Purpose::Coupling, group);
        let size = self.size * self.batches as usize;
        let (x1, labels) = self.data.batch(self.seed, group, size, &mut self.orders);
        let x0 = self.source.sample(size, &mut rng);
        let ends = Endpoints { labels: labels.as_deref(), ..Endpoints::new(x0.view(), x1.view()) };
        let pairs = self.coupling.couple(ends, &mut rng)?;
        Ok(Coupled { x0, x1, labels, pairs })
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
