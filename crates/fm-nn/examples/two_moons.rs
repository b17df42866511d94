//! From a ring of Gaussians to two moons in one file: `cargo run --release -p fm-nn --example two_moons`.
//!
//! Everything that `fm train`, `fm sample` and `fm eval` do for this model, without files.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use fm_nn::random::{Purpose, stream};
use fm_nn::{
    Config, CouplingConfig, Generator, Request, SourceConfig, Trainer, TrainingConfig, TrainingData, WeightSet,
};
use fm_ot::{CouplingKind, wasserstein2};
use fm_paths::Toy;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What to learn, and from where: OT-CFM couples each batch of source samples with the data by optimal transport.
    let moons = Toy::Moons { noise: 0.05, scale: 2.0 };
    let config = Config {
        source: SourceConfig::Toy { density: Toy::EightGaussians { radius: 5.0, std: 1.0 } },
        coupling: CouplingConfig { kind: CouplingKind::Exact, ..CouplingConfig::default() },
        training: TrainingConfig { steps: 2000, ..TrainingConfig::default() },
        ..Config::default()
    };

    // The caller owns the loop: progress, logging and checkpoints on disk are up to it.
    let mut trainer = Trainer::new(config.clone(), TrainingData::density(moons))?;
    while trainer.steps_done() < config.training.steps {
        let loss = trainer.step()?;
        if trainer.steps_done() % 500 == 0 {
            println!("step {:5}  loss {loss:.3}", trainer.steps_done());
        }
    }

    // Sampling integrates the learned velocity from t = 0 to t = 1.
    let checkpoint = trainer.checkpoint([].into())?;
    let generator = Generator::new(&checkpoint, WeightSet::Ema, config.training.device)?;
    let n = 2000;
    let (solver, guidance) = (config.solver.clone(), 1.0);
    let request = Request { n, seed: 0, labels: None, guidance, solver, trajectory: false, partial: false };
    let samples = generator.generate(&request, &mut |_| ())?;

    // How far the samples are from fresh data, beside how far fresh data is from fresh data.
    let fresh = |index| moons.sample(n, &mut stream(0, Purpose::Evaluation, index));
    let (reference, other) = (fresh(0), fresh(1));
    println!("W2 {:.3} at NFE {}", wasserstein2(samples.x.view(), reference.view())?, samples.work.nfe);
    println!("W2 {:.3} between two fresh samples", wasserstein2(other.view(), reference.view())?);
    Ok(())
}
