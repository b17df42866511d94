//! A network of each prediction type learns a Gaussian, whose exact velocity is known.

use fm_nn::{
    Config, DeviceConfig, Generator, MlpConfig, NetworkConfig, OptimizerConfig, PredictionConfig, Scaling, TimeConfig,
    Trainer, TrainingConfig, TrainingData, WeightSet,
};
use fm_paths::{AffinePath, NamedSchedule, Prediction, TimeLaw, Toy, Weighting};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const MEAN: f32 = 1.0;
const STD: f32 = 0.5;

/// The marginals N(a·m, v), v = a²s² + b², of data N(m, s²) and a standard normal source, where the state is a·x₁ + b·x₀.
fn marginal(path: &AffinePath<NamedSchedule>, t: f64) -> (f64, f64) {
    let [a, b] = path.state(&[t]).unwrap()[0];
    (a * f64::from(MEAN), a.powi(2) * f64::from(STD).powi(2) + b.powi(2))
}

/// Their velocity: with du·x₁ + dv·x₀ the conditional one, u(x) = du·m + (du·a·s² + dv·b)/v·(x − a·m).
fn exact(path: &AffinePath<NamedSchedule>, t: f64, x: f64) -> f64 {
    let ([a, b], [du, dv]) = (path.state(&[t]).unwrap()[0], path.target(Prediction::Velocity, &[t]).unwrap()[0]);
    let (mean, variance) = marginal(path, t);
    du * f64::from(MEAN) + (du * a * f64::from(STD).powi(2) + dv * b) / variance * (x - mean)
}

#[test]
fn every_prediction_learns_the_exact_velocity() {
    let x = Toy::Normal { dim: 1 }.sample(20_000, &mut ChaCha8Rng::seed_from_u64(1)).mapv(|v| MEAN + STD * v);
    for schedule in [NamedSchedule::Linear, NamedSchedule::Cosine] {
        let path = AffinePath::new(schedule);
        for kind in Prediction::ALL {
            let config = Config {
                path: schedule,
                prediction: PredictionConfig { kind },
                // One objective for all: the velocity's error, so that only the parametrisation differs.
                weighting: Weighting::Prediction { space: Prediction::Velocity },
                time: TimeConfig { law: TimeLaw::Stratified, t_min: 0.05, t_max: 0.95 },
                network: NetworkConfig::Mlp(MlpConfig { hidden: 32, blocks: 2, ..MlpConfig::default() }),
                optimizer: OptimizerConfig { learning_rate: 5e-3, ..OptimizerConfig::default() },
                training: TrainingConfig { steps: 600, device: DeviceConfig::Cpu, threads: 1, ..Default::default() },
                ..Config::default()
            };
            let data = TrainingData::table(x.clone(), vec![1], None, 0, Scaling::default()).unwrap();
            let mut trainer = Trainer::new(config, data).unwrap();
            while trainer.steps_done() < 600 {
                trainer.step().unwrap();
            }
            let checkpoint = trainer.checkpoint([].into()).unwrap();
            let generator = Generator::new(&checkpoint, WeightSet::Ema, DeviceConfig::Cpu).unwrap();
            for t in [0.3, 0.5, 0.7] {
                // Two deviations around the middle of the particles at this time.
                let (mean, variance) = marginal(&path, t);
                let x: Vec<f64> = (-4..=4).map(|i| mean + variance.sqrt() * f64::from(i) / 2.0).collect();
                let places = Array2::from_shape_fn((x.len(), 1), |(i, _)| x[i] as f32);
                let u = generator.velocity(t, &places).unwrap();
                let (mut squared, mut scale) = (0.0, 0.0);
                for (&x, &u) in x.iter().zip(&u) {
                    squared += (f64::from(u) - exact(&path, t, x)).powi(2);
                    scale += exact(&path, t, x).powi(2) + 1.0;
                }
                let error = (squared / scale).sqrt();
                assert!(error < 0.1, "{schedule:?} {kind} at t = {t}: relative error {error}");
            }
        }
    }
}
