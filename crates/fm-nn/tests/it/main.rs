//! The integration tests of fm-nn, one binary: each link of LibTorch takes seconds.
#![cfg(not(feature = "doc-only"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod blend;
mod checkpoints;
mod configs;
mod generation;
mod learning;
mod optimizer;
mod resume;

use fm_nn::{Config, DeviceConfig, MlpConfig, NetworkConfig, Scaling, TrainingConfig, TrainingData};
use fm_paths::Toy;
use ndarray::Array2;

/// A network that trains in milliseconds.
fn small_config() -> Config {
    Config {
        seed: 3,
        network: NetworkConfig::Mlp(MlpConfig { hidden: 16, blocks: 1, time_features: 4, ..MlpConfig::default() }),
        training: TrainingConfig {
            steps: 20,
            batch_size: 8,
            device: DeviceConfig::Cpu,
            threads: 1,
            ..Default::default()
        },
        ..Config::default()
    }
}

fn moons() -> TrainingData {
    TrainingData::density(Toy::Moons { noise: 0.05, scale: 2.0 })
}

/// Ten rows `[i, -i]` with label i mod 3.
fn labelled() -> TrainingData {
    let x = Array2::from_shape_fn((10, 2), |(i, j)| if j == 0 { i as f32 } else { -(i as f32) });
    let labels = (0..10).map(|i| i % 3).collect();
    TrainingData::table(x, vec![2], Some(labels), 3, Scaling { shift: 1.0, scale: 2.0 }).unwrap()
}
