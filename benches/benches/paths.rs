//! What do the state z and the target u of a batch cost, next to copying as many bytes; and what the coefficients alone?

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fm_benches::{Clock, criterion, mixture, noise, rng, schedules, times};
use fm_paths::nd::blend_into;
use fm_paths::{AffinePath, Linear, Prediction};
use ndarray::Array2;

fn arrays(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("paths");
    let path = AffinePath::new(Linear);
    for (n, d) in [(256, 2), (4096, 2), (65536, 64), (1024, 3072)] {
        let size = format!("{n}x{d}");
        let mut rng = rng();
        let (x0, x1, t) = (noise(n, d, &mut rng), mixture(n, d, &mut rng), times(n, &mut rng));
        let (mut z, mut u) = (Array2::zeros((n, d)), Array2::zeros((n, d)));
        group.throughput(Throughput::Bytes(4 * x0.len() as u64 * size_of::<f32>() as u64));
        group.bench_function(BenchmarkId::new("state-and-target", &size), |b| {
            b.iter(|| {
                let state = path.state(black_box(&t)).expect("times lie in [0, 1]");
                let target = path.target(Prediction::Velocity, &t).expect("the linear path has a velocity everywhere");
                blend_into(&state, &x1, &x0, &mut z);
                blend_into(&target, &x1, &x0, &mut u);
            });
        });
        group.bench_function(BenchmarkId::new("sample-into", &size), |b| {
            b.iter(|| {
                let done = path.arrays().sample_into(Prediction::Velocity, black_box(&t), &x1, &x0, &mut z, &mut u);
                done.expect("the linear path has a velocity everywhere");
            });
        });
        group.bench_function(BenchmarkId::new("copy", &size), |b| {
            b.iter(|| {
                z.assign(black_box(&x0));
                u.assign(black_box(&x1));
            });
        });
    }
    group.finish();
}

/// 1024 times on every schedule.
fn coefficients(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("paths");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
    let t = times(1024, &mut rng());
    for (name, schedule) in schedules() {
        let path = AffinePath::new(schedule);
        group.bench_function(BenchmarkId::new("coefficients-state", name), |b| {
            b.iter(|| path.state(black_box(&t)));
        });
        group.bench_function(BenchmarkId::new("coefficients-target", name), |b| {
            b.iter(|| path.target(Prediction::Velocity, black_box(&t)));
        });
        group.bench_function(BenchmarkId::new("coefficients-convert", name), |b| {
            b.iter(|| path.convert(Prediction::Velocity, Prediction::Data, black_box(&t)));
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = criterion(); targets = arrays, coefficients);
criterion_main!(benches);
