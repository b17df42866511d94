//! A network of each prediction type learns a Gaussian, whose exact velocity is known.

use fm_nn::{
    Config, DeviceConfig, Generator, MlpConfig, NetworkConfig, OptimizerConfig, PredictionConfig, Scaling, TimeConfig,
    Trainer, TrainingConfig, TrainingData, WeightSet,
};
use fm_paths::{NamedSchedule, Prediction, Schedule, TimeLaw, Toy, Weighting};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const MEAN: f32 = 1.0;
const STD: f32 = 0.5;

/// u(x, t) for data N(MEAN, STD²) and a standard normal source: with v = α²s² + σ²,
/// u = α̇m + (α̇αs² + σ̇σ)/v·(x − αm).
fn exact(schedule: NamedSchedule, t: f64, x: f64) -> f64 {
    let p = schedule.at(t);
    let (m, s2) = (f64::from(MEAN), f64::from(STD).powi(2));
    let v = p.alpha.powi(2) * s2 + p.sigma.powi(2);
    p.d_alpha * m + (p.d_alpha * p.alpha * s2 + p.d_sigma * p.sigma) / v * (x - p.alpha * m)
}

#[test]
fn every_prediction_learns_the_exact_velocity() {
    let x = Toy::Normal { dim: 1 }.sample(20_000, &mut ChaCha8Rng::seed_from_u64(1)).mapv(|v| MEAN + STD * v);
    for schedule in [NamedSchedule::Linear, NamedSchedule::Cosine] {
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
                let p = schedule.at(t);
                let std = (p.alpha.powi(2) * f64::from(STD).powi(2) + p.sigma.powi(2)).sqrt();
                // Two deviations around the middle of the particles at this time.
                let x: Vec<f64> = (-4..=4).map(|i| p.alpha * f64::from(MEAN) + std * f64::from(i) / 2.0).collect();
                let places = Array2::from_shape_fn((x.len(), 1), |(i, _)| x[i] as f32);
                let u = generator.velocity(t, places.view()).unwrap();
                let (mut squared, mut scale) = (0.0, 0.0);
                for (&x, &u) in x.iter().zip(&u) {
                    squared += (f64::from(u) - exact(schedule, t, x)).powi(2);
                    scale += exact(schedule, t, x).powi(2) + 1.0;
                }
                let error = (squared / scale).sqrt();
                assert!(error < 0.1, "{schedule:?} {kind} at t = {t}: relative error {error}");
            }
        }
    }
}
