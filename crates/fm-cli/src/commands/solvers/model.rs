//! A trained model: solved as it is sampled, measured against itself in `f64`.

use std::path::Path;

use anyhow::{Result, ensure};
use fm_nn::{AdaptiveConfig, Generated, Precision, SolverConfig, SolverKind};
use fm_paths::DiffusionCoefficient;
use fm_solvers::EmbeddedMethod;
use ndarray::Array2;

use super::study::Subject;
use crate::commands::sampling::{ModelArgs, Sampler};

/// The probability flow of a model, with its classes in turn.
#[derive(Debug)]
pub struct Model {
    single: Sampler,
    double: Sampler,
    n: usize,
    labels: Option<Vec<u32>>,
}

impl Model {
    pub fn open(checkpoint: &Path, args: &ModelArgs, n: usize) -> Result<Self> {
        let [single, double] = [Precision::Single, Precision::Double].map(|precision| args.open(checkpoint, precision));
        let single = single?;
        ensure!(
            single.trained.checkpoint.config.time.t_max == 1.0,
            "{}: the solve ends before the data (time.t_max), which costs an evaluation more; name a model with t_max 1",
            checkpoint.display()
        );
        Ok(Self { labels: single.every_class(n)?, double: double?, single, n })
    }

    fn draw(&self, sampler: &Sampler, solver: SolverConfig) -> Result<Generated> {
        sampler.draw_with(solver, self.n, self.labels.clone(), false, &mut |_| ())
    }

    /// In the units of the model, in which data has a spread of about one.
    fn end(&self, generated: &Generated) -> Array2<f64> {
        let scale = f64::from(self.single.generator.data().scaling.scale);
        generated.x.mapv(|x| f64::from(x) / scale)
    }
}

impl Subject for Model {
    fn solve(&self, solver: SolverConfig) -> Result<(Array2<f64>, f64)> {
        let generated = self.draw(&self.single, solver)?;
        Ok((self.end(&generated), generated.mean_network_evaluations()))
    }

    fn reference(&self, _: Option<DiffusionCoefficient>) -> Result<Array2<f64>> {
        let config =
            AdaptiveConfig { method: EmbeddedMethod::Dop853, rtol: 1e-10, atol: 1e-10, ..AdaptiveConfig::default() };
        let solver = SolverConfig { kind: SolverKind::Adaptive(config), nfe: None };
        Ok(self.end(&self.draw(&self.double, solver)?))
    }

    fn shares_noise(&self) -> bool {
        false
    }

    fn title(&self) -> String {
        let name = self.single.trained.folder.path.file_name();
        format!("Model {}", name.unwrap_or_default().to_string_lossy())
    }
}
