//! What does a solve cost on a field that is not a network: the exact velocity of a Gaussian mixture, 4096 points, `f64`?

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use fm_benches::{Clock, criterion, mixture_velocity, noise, rng};
use fm_solvers::{FixedMethod, SolveError, Time, TimeGrid, solve_fixed};
use ndarray::Array2;

fn mixture(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    group.sample_size(10);
    let x0 = noise(4096, 2, &mut rng()).mapv(f64::from);

    let mut out = Array2::zeros(x0.raw_dim());
    group.bench_function("velocity-alone", |b| {
        b.iter(|| mixture_velocity(Time::All(black_box(0.5)), &x0, &mut out));
    });

    let mut field =
        |t: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> { mixture_velocity(t, x, out) };
    for (method, steps) in [(FixedMethod::Heun, 20), (FixedMethod::Rk4, 10)] {
        let grid = TimeGrid::uniform(0.0, 1.0, steps).expect("a grid from 0 to 1");
        group.bench_function(BenchmarkId::new(method.name(), format!("{steps}-steps")), |b| {
            b.iter_batched_ref(
                || x0.clone(),
                |x| solve_fixed(method, &mut field, &grid, x, &mut ()).expect("a smooth field"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = mixture);
criterion_main!(benches);
