//! Drawing samples from a checkpoint.
//!
//! A generator is a network bound to frozen weights, the path it was trained on, and an integrator. The network's
//! prediction, whatever it is, becomes a velocity by one conversion, so every solver works with every prediction.

use fm_paths::{Prediction, Toy};
use fm_solvers::{FiniteCheck, Flow, Observer, SolveError, Step, TimeGrid, Trajectory};
use ndarray::{Array2, Array3, ArrayRef2, s};
use rand::RngCore;
use tch::{Device, Kind, Tensor, no_grad};

use crate::field::Field;
use crate::random::{Purpose, stream};
use crate::{
    CallCost, Checkpoint, Config, DataInfo, DeviceConfig, Generated, Model, NnError, Params, Plan, Precision, Problem,
    Request, Solved, WeightSet, Work, runtime,
};

/// A trained model, ready to be sampled from.
#[derive(Debug)]
pub struct Generator {
    model: Box<dyn Model>,
    config: Config,
    source: Toy,
    data: DataInfo,
    device: Device,
    kind: Kind,
}

impl Generator {
    /// Samples drawn together; more would only need more memory.
    const CHUNK: usize = 4096;

    /// The model of a checkpoint.
    ///
    /// # Errors
    /// [`NnError`] if the device is absent.
    pub fn new(checkpoint: &Checkpoint, weights: WeightSet, device: DeviceConfig) -> Result<Self, NnError> {
        Self::with_precision(checkpoint, weights, device, Precision::Single)
    }

    /// The same, in a precision of choice.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_precision(
        checkpoint: &Checkpoint,
        weights: WeightSet,
        device: DeviceConfig,
        precision: Precision,
    ) -> Result<Self, NnError> {
        let device = runtime::device(device)?;
        let config = checkpoint.config.clone();
        let values = match weights {
            WeightSet::Ema => &checkpoint.ema,
            WeightSet::Raw => &checkpoint.weights,
        };
        let kind = match precision {
            Precision::Single => Kind::Float,
            Precision::Double => Kind::Double,
        };
        let flat = Tensor::from_slice(values).to_kind(kind).to_device(device);
        Ok(Self {
            model: config.network.bind(&Params::from_flat(checkpoint.specs(), flat, false)),
            source: config.source.density(checkpoint.data.dim())?,
            data: checkpoint.data.clone(),
            config,
            device,
            kind,
        })
    }

    /// What the model knows of its data.
    pub fn data(&self) -> &DataInfo {
        &self.data
    }

    /// Draws samples; `progress` is called after every solver step with the fraction done.
    ///
    /// The solve runs over the interval of training times, from the noise of the source samples at `t_min`. Where that ends before `t = 1`, the data that the last
    /// prediction implies is returned, at the cost of one more evaluation; of samples of a partial result that did not get
    /// there, the state.
    ///
    /// # Errors
    /// [`NnError::Request`] for labels or guidance that the model cannot serve, [`NnError::Config`] for a solver that it
    /// cannot be integrated with, [`NnError::Unfinished`], [`NnError::NotFinite`] and [`NnError::Solve`] if the solve fails.
    pub fn generate(&self, request: &Request, progress: &mut dyn FnMut(f64)) -> Result<Generated, NnError> {
        let plan = self.plan(request)?;
        let (time, path, dim) = (self.config.time, self.config.path(), self.data.dim());
        runtime::set_threads(self.config.training.threads, request.n.min(Self::CHUNK), self.config.network.width());
        let span = [time.t_min, time.t_max];
        let kept = if request.trajectory { Some(plan.times(span)?) } else { None };
        let times = kept.as_ref().map_or(Vec::new(), |kept| kept.times().to_vec());
        let diffusion = request.solver.diffusion();
        let coefficient = |t| diffusion.map_or(0.0, |diffusion| diffusion.at(&path.schedule, t));
        // Nothing is known of the data yet: the state is its noise alone.
        let [_, noise] = path.state(&[time.t_min])?[0];
        let mut generated = Generated {
            x: Array2::zeros((request.n, dim)),
            t: Vec::with_capacity(request.n),
            source: self.source.sample(request.n, &mut stream(request.seed, Purpose::Generation, 0)),
            trajectory: Array3::zeros((times.len(), request.n, dim)),
            times,
            work: Work::default(),
            evaluations_each: self.call_cost(request).each,
        };
        let seed = stream(request.seed, Purpose::Brownian, 0).next_u64();
        for first in (0..request.n).step_by(Self::CHUNK) {
            let rows = first..request.n.min(first + Self::CHUNK);
            let labels = request.labels.as_ref().map(|labels| &labels[rows.clone()]);
            let mut field = Field { diffusion, ..self.field(labels, request.guidance) };
            let mut z = self.upload(&generated.source.slice(s![rows.clone(), ..]));
            if noise != 1.0 {
                z *= noise;
            }
            let mut watch = Watch {
                progress: &mut |t| {
                    let done = (t - span[0]) / (span[1] - span[0]);
                    progress((rows.start as f64 + rows.len() as f64 * done) / request.n as f64);
                },
                kept: kept.as_ref().map(|kept| Trajectory::new(kept, &z)),
            };
            let noise = plan.brownian(seed, span, rows.clone())?;
            let partial = request.partial;
            let problem = Problem {
                field: &mut field,
                diffusion: &coefficient,
                noise: &noise,
                span,
                check: self.check(),
                partial,
            };
            let of_request = |error| match error {
                NnError::Solve(error) => match error.behind(rows.start) {
                    SolveError::NonFiniteState { t, step, sample } => NnError::NotFinite { sample, t, step },
                    error => NnError::Solve(error),
                },
                other => other,
            };
            let Solved { mut work, t } = no_grad(|| plan.solve(problem, &mut z, &mut watch)).map_err(of_request)?;
            for (step, z) in watch.kept.iter().flat_map(Trajectory::states).enumerate() {
                generated.trajectory.slice_mut(s![step, rows.clone(), ..]).assign(&self.download(z)?);
            }
            if !plan.observes() {
                (watch.progress)(span[1]);
            }
            if time.t_max < 1.0 && t.contains(&time.t_max) {
                let field = self.field(labels, request.guidance);
                let arrived: Vec<bool> = t.iter().map(|&t| t == time.t_max).collect();
                z = no_grad(|| field.predict(time.t_max, &z, Prediction::Data))
                    .map(|data| choose(&arrived, &data, &z))?;
                work.nfe += 1;
                work.mean_nfe += 1.0;
            }
            generated.work = generated.work.and(rows.start, work, rows.len());
            generated.t.extend(t);
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
        self.data.classes == 0 || self.config.guidance.label_drop > 0.0
    }

    /// Checks that `n` samples with so many states of each can be held, for callers who make something of that size first.
    ///
    /// # Errors
    /// [`NnError::Request`] if not, or if `n` is zero.
    pub fn check_count(&self, n: usize, states: usize) -> Result<(), NnError> {
        if n == 0 {
            return refuse("0 samples were asked for".to_owned(), "ask for at least one");
        }
        // Beside the states kept, there are the samples and their sources.
        if !runtime::fits_in_memory(&[n, self.data.dim(), states.saturating_add(2)]) {
            return refuse(format!("{n} samples do not fit into memory"), "ask for fewer");
        }
        Ok(())
    }

    /// Checks the request, and turns its solver into steps.
    fn plan(&self, request: &Request) -> Result<Plan, NnError> {
        self.check_count(request.n, 0)?;
        self.check_condition(request)?;
        self.config.validate_solver(&request.solver)?;
        let plan = request.solver.plan(self.call_cost(request), request.trajectory)?;
        if request.trajectory {
            if request.partial {
                return refuse(
                    "the states on the way of a partial result are not kept".to_owned(),
                    "ask for one of both",
                );
            }
            if !plan.observes() {
                let remedy = "choose another solver.norm, or a method with fixed steps";
                return refuse(
                    "the states on the way of samples with steps of their own are not kept".to_owned(),
                    remedy,
                );
            }
            self.check_count(request.n, plan.times([0.0, 1.0])?.times().len())?;
        }
        Ok(plan)
    }

    /// On the CPU the first step that is not finite is named, for nothing beside a network's evaluation. On another device a
    /// look at each step would keep the host from running ahead.
    fn check(&self) -> FiniteCheck {
        if self.device == Device::Cpu { FiniteCheck::Every(1) } else { FiniteCheck::AtEnd }
    }

    fn call_cost(&self, request: &Request) -> CallCost {
        let guided = request.labels.is_some() && request.guidance != 1.0;
        CallCost { each: if guided { 2 } else { 1 }, after: u64::from(self.config.time.t_max < 1.0) }
    }

    fn check_condition(&self, request: &Request) -> Result<(), NnError> {
        let classes = self.data.classes;
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
        if request.guidance != 1.0 && self.config.guidance.label_drop == 0.0 {
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
        Field {
            model: self.model.as_ref(),
            path: self.config.path(),
            predicts: self.config.prediction.kind,
            classes: self.data.classes,
            labels,
            guidance,
            diffusion: None,
            selected: None,
        }
    }

    fn upload(&self, x: &ArrayRef2<f32>) -> Tensor {
        let mut shape = vec![x.nrows() as i64];
        shape.extend(self.data.shape.iter().map(|&n| n as i64));
        let values = x.as_standard_layout();
        let values = Tensor::from_slice(values.as_slice().expect("standard layout")).view(shape.as_slice());
        values.to_kind(self.kind).to_device(self.device)
    }

    fn download(&self, z: &Tensor) -> Result<Array2<f32>, NnError> {
        let values = Vec::<f32>::try_from(z.to_kind(Kind::Float).to_device(Device::Cpu).reshape([-1]))?;
        Ok(Array2::from_shape_vec((values.len() / self.data.dim(), self.data.dim()), values).expect("whole rows"))
    }
}

/// The samples of `then` where `chosen`, of `otherwise` elsewhere.
fn choose(chosen: &[bool], then: &Tensor, otherwise: &Tensor) -> Tensor {
    if chosen.iter().all(|&chosen| chosen) {
        return then.shallow_clone();
    }
    let mut shape = vec![1; then.dim()];
    shape[0] = -1;
    then.where_self(&Tensor::from_slice(chosen).to_device(then.device()).view(shape.as_slice()), otherwise)
}

fn refuse<T>(what: String, remedy: &'static str) -> Result<T, NnError> {
    Err(NnError::Request { what, remedy })
}

/// Reports the times of a solve, and keeps the states that are asked for.
struct Watch<'a> {
    progress: &'a mut dyn FnMut(f64),
    kept: Option<Trajectory<Tensor>>,
}

impl Observer<Tensor> for Watch<'_> {
    fn check_grid(&self, grid: &TimeGrid) -> Result<(), SolveError> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.check_grid(grid))
    }

    fn observe(&mut self, step: usize, t: f64, z: &Tensor) -> Flow {
        (self.progress)(t);
        self.kept.as_mut().map_or(Flow::Continue, |kept| kept.observe(step, t, z))
    }

    fn observe_step(&mut self, step: &mut Step<'_, Tensor>) -> Result<Flow, SolveError> {
        (self.progress)(step.t1);
        self.kept.as_mut().map_or(Ok(Flow::Continue), |kept| kept.observe_step(step))
    }
}
