//! Drawing samples from a checkpoint.
//!
//! A generator is a network bound to frozen weights, the path it was trained on, and an integrator. The network's
//! prediction, whatever it is, becomes a velocity by one conversion, so every solver works with every prediction.

use fm_paths::{AffinePath, NamedSchedule, Prediction, Toy};
use fm_solvers::{FixedSolver, Flow, TimeGrid};
use ndarray::{Array2, Array3, ArrayRef2, s};
use tch::{Device, Tensor, no_grad};

use crate::field::Field;
use crate::random::{Purpose, stream};
use crate::{Checkpoint, DataInfo, DeviceConfig, Model, NnError, Params, SolverConfig, TimeConfig, runtime};

/// Which of the two sets of weights to sample from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightSet {
    /// The moving average.
    #[default]
    Ema,
    /// The raw weights of the last step.
    Raw,
}

/// What to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// How many samples.
    pub n: usize,
    /// Seed of the source samples. Sample i is the same however many are drawn, unless the source spreads its samples
    /// evenly, as the moons do.
    pub seed: u64,
    /// The class of each sample; `None` for no class.
    pub labels: Option<Vec<u32>>,
    /// Guidance scale; 1 is off.
    pub guidance: f64,
    /// Method and number of steps.
    pub solver: SolverConfig,
    /// Whether the state at every grid time is kept.
    pub trajectory: bool,
}

/// What was generated, in the user's units.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The samples, `[n, d]`.
    pub x: Array2<f32>,
    /// The source samples they grew from, `[n, d]`.
    pub source: Array2<f32>,
    /// The grid times, if the trajectory was asked for.
    pub times: Vec<f64>,
    /// The states at those times, `[times, n, d]`, if asked for; empty otherwise.
    pub trajectory: Array3<f32>,
    /// Evaluations of the field for each sample.
    pub nfe: u64,
    /// Network evaluations for each sample: twice as many under guidance.
    pub network_evaluations: u64,
}

/// A trained model, ready to be sampled from.
#[derive(Debug)]
pub struct Generator {
    model: Box<dyn Model>,
    path: AffinePath<NamedSchedule>,
    predicts: Prediction,
    source: Toy,
    time: TimeConfig,
    data: DataInfo,
    label_drop: f64,
    device: Device,
    threads: usize,
    width: usize,
}

impl Generator {
    /// Samples drawn together; more would only need more memory.
    const CHUNK: usize = 4096;

    /// The model of a checkpoint.
    ///
    /// # Errors
    /// [`NnError`] if the device is absent.
    pub fn new(checkpoint: &Checkpoint, weights: WeightSet, device: DeviceConfig) -> Result<Self, NnError> {
        let device = runtime::device(device)?;
        let config = &checkpoint.config;
        let values = match weights {
            WeightSet::Ema => &checkpoint.ema,
            WeightSet::Raw => &checkpoint.weights,
        };
        let flat = Tensor::from_slice(values).to_device(device);
        Ok(Self {
            model: config.network.bind(&Params::from_flat(checkpoint.specs(), flat, false)),
            path: config.path(),
            predicts: config.prediction.kind,
            source: config.source.density(checkpoint.data.dim())?,
            time: config.time,
            data: checkpoint.data.clone(),
            label_drop: config.guidance.label_drop,
            device,
            threads: config.training.threads,
            width: config.network.width(),
        })
    }

    /// What the model knows of its data.
    pub fn data(&self) -> &DataInfo {
        &self.data
    }

    /// Draws samples; `progress` is called after every solver step with the fraction done.
    ///
    /// The solve runs over the interval of training times, from the noise of the source samples at `t_min`. Where that ends before `t = 1`, the data that the last
    /// prediction implies is returned, at the cost of one more evaluation.
    ///
    /// # Errors
    /// [`NnError::Request`] for labels or guidance that the model cannot serve, [`NnError::Solve`] if the solve fails.
    pub fn generate(&self, request: &Request, progress: &mut dyn FnMut(f64)) -> Result<Generated, NnError> {
        self.check(request)?;
        runtime::set_threads(self.threads, request.n.min(Self::CHUNK), self.width);
        let grid = TimeGrid::uniform(self.time.t_min, self.time.t_max, request.solver.steps)?;
        let mut rng = stream(request.seed, Purpose::Generation, 0);
        let dim = self.data.dim();
        // Nothing is known of the data yet: the state is its noise alone.
        let [_, noise] = self.path.state(&[self.time.t_min])?[0];
        let kept = if request.trajectory { grid.times() } else { &[] };
        let mut generated = Generated {
            x: Array2::zeros((request.n, dim)),
            source: self.source.sample(request.n, &mut rng),
            times: kept.to_vec(),
            trajectory: Array3::zeros((kept.len(), request.n, dim)),
            nfe: 0,
            network_evaluations: 0,
        };
        for first in (0..request.n).step_by(Self::CHUNK) {
            let rows = first..request.n.min(first + Self::CHUNK);
            let labels = request.labels.as_ref().map(|labels| &labels[rows.clone()]);
            let mut field = self.field(labels, request.guidance);
            let mut z = self.upload(&generated.source.slice(s![rows.clone(), ..]));
            if noise != 1.0 {
                z *= noise;
            }
            let mut error = None;
            let mut observer = |step: usize, _t: f64, z: &Tensor| {
                progress(
                    (rows.start as f64 + rows.len() as f64 * step as f64 / grid.steps() as f64) / request.n as f64,
                );
                if request.trajectory {
                    match self.download(z) {
                        Ok(z) => generated.trajectory.slice_mut(s![step, rows.clone(), ..]).assign(&z),
                        Err(e) => error = Some(e),
                    }
                }
                if error.is_none() { Flow::Continue } else { Flow::Stop }
            };
            let solver = FixedSolver { method: request.solver.method, ..FixedSolver::default() };
            let stats = no_grad(|| solver.solve(&mut field, &grid, &mut z, &mut observer))?;
            if let Some(error) = error {
                return Err(error);
            }
            generated.nfe = stats.nfe;
            if self.time.t_max < 1.0 {
                z = no_grad(|| field.predict(self.time.t_max, &z, Prediction::Data))?;
                generated.nfe += 1;
            }
            generated.network_evaluations = generated.nfe * if field.guided() { 2 } else { 1 };
            generated.x.slice_mut(s![rows, ..]).assign(&self.download(&z)?);
        }
        self.data.scaling.invert(&mut generated.x);
        self.data.scaling.invert(&mut generated.source);
        let scaling = self.data.scaling;
        generated.trajectory.mapv_inplace(|v| v * scaling.scale + scaling.shift);
        Ok(generated)
    }

    /// The velocity without a class at time `t` of points in the user's units, `[n, d] -> [n, d]`, in those units.
    ///
    /// # Errors
    /// [`NnError::Path`] where the velocity is not determined by the prediction.
    pub fn velocity(&self, t: f64, x: &ArrayRef2<f32>) -> Result<Array2<f32>, NnError> {
        let mut z = x.to_owned();
        self.data.scaling.apply(&mut z);
        let field = self.field(None, 1.0);
        let u = no_grad(|| field.predict(t, &self.upload(&z), Prediction::Velocity))?;
        Ok(self.download(&u)? * self.data.scaling.scale)
    }

    /// Whether the model can be asked without a class: it has none, or has been trained with labels dropped.
    pub fn knows_no_class(&self) -> bool {
        self.data.classes == 0 || self.label_drop > 0.0
    }

    fn check(&self, request: &Request) -> Result<(), NnError> {
        let refuse = |what: String, remedy| Err(NnError::Request { what, remedy });
        let classes = self.data.classes;
        if request.n == 0 {
            return refuse("0 samples were asked for".to_owned(), "ask for at least one");
        }
        let states = if request.trajectory { request.solver.steps.saturating_add(3) } else { 2 };
        if !runtime::fits_in_memory(&[request.n, self.data.dim(), states]) {
            return refuse(format!("{} samples do not fit into memory", request.n), "ask for fewer");
        }
        if !(request.guidance >= 0.0 && request.guidance.is_finite()) {
            return refuse(format!("guidance {}", request.guidance), "choose zero or a positive number; 1 is off");
        }
        if let Some(labels) = &request.labels {
            assert_eq!(labels.len(), request.n, "one label for each sample");
            if classes == 0 {
                return refuse("the model was trained without labels".to_owned(), "leave the class out");
            }
            if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
                return refuse(format!("class {label} of a model with {classes} classes"), "classes count from 0");
            }
        } else if !self.knows_no_class() {
            let remedy = "name a class, or train with guidance.label_drop above 0";
            return refuse("the model has never seen unlabelled samples".to_owned(), remedy);
        } else if request.guidance != 1.0 {
            return refuse(
                format!("guidance {} without a class", request.guidance),
                "name a class, or leave guidance at 1",
            );
        }
        if request.guidance != 1.0 && self.label_drop == 0.0 {
            let remedy = "train with guidance.label_drop above 0, or sample with guidance 1";
            return refuse("guidance needs a model that has seen unlabelled samples".to_owned(), remedy);
        }
        Ok(())
    }

    fn field(&self, labels: Option<&[u32]>, guidance: f64) -> Field<'_> {
        let labels = labels.map(|labels| {
            let labels: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
            Tensor::from_slice(&labels).to_device(self.device)
        });
        let (model, path, predicts, classes) = (self.model.as_ref(), self.path, self.predicts, self.data.classes);
        Field { model, path, predicts, classes, labels, guidance }
    }

    fn upload(&self, x: &ArrayRef2<f32>) -> Tensor {
        let mut shape = vec![x.nrows() as i64];
        shape.extend(self.data.shape.iter().map(|&n| n as i64));
        let values = x.as_standard_layout();
        Tensor::from_slice(values.as_slice().expect("standard layout")).view(shape.as_slice()).to_device(self.device)
    }

    fn download(&self, z: &Tensor) -> Result<Array2<f32>, NnError> {
        let values = Vec::<f32>::try_from(z.to_device(Device::Cpu).reshape([-1]))?;
        Ok(Array2::from_shape_vec((values.len() / self.data.dim(), self.data.dim()), values).expect("whole rows"))
    }
}
