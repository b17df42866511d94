//! The training loop, one step at a time.
//!
//! [`Trainer::step`] is the whole of it; progress, logging, checkpoints on disk and interrupts belong to the caller, who
//! owns the loop.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Receiver;

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use crate::random::{Purpose, stream};
use crate::{
    Adam, Batch, BatchMaker, Checkpoint, Condition, Config, ConfigError, DataInfo, Ema, Model, NnError, Params,
    TrainingData, blend, runtime,
};

/// A training run in progress.
#[derive(Debug)]
pub struct Trainer {
    config: Config,
    data: DataInfo,
    device: Device,
    params: Params,
    model: Box<dyn Model>,
    adam: Adam,
    ema: Ema,
    batches: Receiver<Result<Batch, NnError>>,
    step: u64,
}

impl Trainer {
    /// A run from step 0.
    ///
    /// # Errors
    /// [`NnError`] for an invalid configuration, data that does not fit it, or an absent device.
    pub fn new(config: Config, data: TrainingData) -> Result<Self, NnError> {
        config.validate()?;
        let device = runtime::device(config.training.device)?;
        let info = data.info();
        let specs = config.network.specs(info.dim(), info.classes);
        // Weights, average, two moments, gradient, and a copy on the host while a checkpoint is written.
        let copies = 8;
        let weights = specs.iter().try_fold(0_usize, |sum, spec| sum.checked_add(spec.len()));
        if !weights.is_some_and(|weights| runtime::fits_in_memory(&[weights, copies])) {
            return Err(ConfigError::Conflict {
                what: "the weights of the network do not fit into memory".to_owned(),
                remedy: "lower network.hidden or network.blocks, or the number of classes",
            }
            .into());
        }
        let params = Params::init(specs, &mut stream(config.seed, Purpose::Weights, 0), device);
        Self::with_params(config, data, params, 0)
    }

    /// A run that continues from `checkpoint`, read from `path`; on the CPU its weights are bit-identical to those of a
    /// run that was never interrupted.
    ///
    /// # Errors
    /// As [`Trainer::new`], and [`Checkpoint::continues`] if the run is not the same.
    pub fn resume(config: Config, data: TrainingData, checkpoint: &Checkpoint, path: &Path) -> Result<Self, NnError> {
        config.validate()?;
        checkpoint.continues(path, &config, data.info())?;
        let device = runtime::device(config.training.device)?;
        let upload = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let params = Params::from_flat(checkpoint.specs(), upload(&checkpoint.weights), true);
        let mut trainer = Self::with_params(config, data, params, checkpoint.step)?;
        trainer.ema.params().flat().shallow_clone().copy_(&upload(&checkpoint.ema));
        trainer.adam.first = upload(&checkpoint.first);
        trainer.adam.second = upload(&checkpoint.second);
        Ok(trainer)
    }

    fn with_params(config: Config, data: TrainingData, params: Params, step: u64) -> Result<Self, NnError> {
        runtime::set_threads(config.training.threads, config.training.batch_size, config.network.width());
        Ok(Self {
            data: data.info().clone(),
            device: params.flat().device(),
            model: config.network.bind(&params),
            adam: Adam::new(config.optimizer, &params),
            ema: Ema::new(config.ema, &params),
            batches: BatchMaker::new(&config, data)?.ahead(step),
            params,
            config,
            step,
        })
    }

    /// One optimizer step; returns the loss of its batch.
    ///
    /// # Errors
    /// [`NnError::Diverged`] if the loss is not finite (the weights are then not updated), and what the batch reports.
    ///
    /// # Panics
    /// If the batch of an earlier step could not be made: the run is over then.
    pub fn step(&mut self) -> Result<f64, NnError> {
        let batch = self.batches.recv().expect("the maker sends until an error, which ends the run")?;
        let loss = self.loss(&batch);
        let value = loss.double_value(&[]);
        if !value.is_finite() {
            return Err(NnError::Diverged { step: self.step, loss: value });
        }
        let gradient = self.params.gradient(&loss);
        let rate = self.config.optimizer.rate(self.step, self.config.training.steps);
        self.adam.step(&self.params, gradient, self.step, rate);
        self.ema.update(&self.params, self.step);
        self.step += 1;
        Ok(value)
    }

    /// The weighted mean squared error of the network on a batch.
    ///
    /// ```text
    /// mean over the batch of  w_i · |prediction(z_i, t_i) − target_i|² / d
    /// ```
    fn loss(&self, batch: &Batch) -> Tensor {
        let mut shape = vec![batch.t.len() as i64];
        shape.extend(self.data.shape.iter().map(|&n| n as i64));
        let upload = |x: &Array2<f32>| {
            Tensor::from_slice(x.as_slice().expect("batches are contiguous"))
                .to_device(self.device)
                .view(shape.as_slice())
        };
        let scalars = |values: &[f64]| Tensor::from_slice(values).to_kind(Kind::Float).to_device(self.device);
        let (x0, x1) = (upload(&batch.x0), upload(&batch.x1));
        let z = blend(&batch.state, &x1, &x0);
        let target = blend(&batch.target, &x1, &x0);
        let labels = batch.labels.as_ref().map(|labels| Tensor::from_slice(labels).to_device(self.device));
        let prediction = self.model.predict(&z, &scalars(&batch.t), &Condition { labels });
        let error = (prediction - target).square();
        if batch.weight.iter().all(|&w| w == 1.0) {
            return error.mean(Kind::Float);
        }
        (error.flatten(1, -1).mean_dim(1, false, Kind::Float) * scalars(&batch.weight)).mean(Kind::Float)
    }

    /// Completed steps.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// Where the run computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The number of weights.
    pub fn weights(&self) -> usize {
        self.params.len()
    }

    /// The run as it is now, on the host; `extra` is what the application wants to find again.
    ///
    /// # Errors
    /// [`NnError::Diverged`] if a weight is not finite: such a run is not worth keeping.
    pub fn checkpoint(&self, extra: BTreeMap<String, String>) -> Result<Checkpoint, NnError> {
        if !self.params.is_finite() {
            return Err(NnError::Diverged { step: self.step, loss: f64::NAN });
        }
        let host = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().to_device(Device::Cpu));
        Ok(Checkpoint {
            config: self.config.clone(),
            data: self.data.clone(),
            step: self.step,
            extra,
            weights: host(self.params.flat())?,
            ema: host(self.ema.params().flat())?,
            first: host(&self.adam.first)?,
            second: host(&self.adam.second)?,
        })
    }
}
