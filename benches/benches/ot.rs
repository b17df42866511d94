//! What does the optimal pairing of a mini-batch cost: the cost matrix, its solution, both?

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fm_benches::{Clock, criterion, mixture, noise, rng};
use fm_ot::{Cost, assign_points, assignment};
use ndarray::{Array2, Axis, s};
use rand_chacha::ChaCha8Rng;

/// Batches of one case, each from the generator where the one before left it: a single batch can be lucky.
const BATCHES: usize = 5;

fn points(n: usize, d: usize, rng: &mut ChaCha8Rng) -> (Array2<f32>, Array2<f32>) {
    (noise(n, d, rng), mixture(n, d, rng))
}

fn squared(x0: &Array2<f32>, x1: &Array2<f32>) -> Array2<f32> {
    Cost::SquaredEuclidean.matrix(x0.view(), x1.view()).expect("finite points of one dimension")
}

/// The solution alone, of a given `f32` matrix; the time is that of all batches.
fn solve(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let sizes = [128, 256, 512, 1024, 2048];
    let all = [2, 64, 784].into_iter().flat_map(|d| sizes.map(|n| (n, d, BATCHES)));
    let wide = [128, 256, 512].map(|n| (n, 3072, BATCHES));
    for (n, d, batches) in all.chain(wide).chain([(4096, 2, 1), (4096, 64, 1)]) {
        let mut rng = rng();
        let costs: Vec<_> = (0..batches)
            .map(|_| {
                let (x0, x1) = points(n, d, &mut rng);
                squared(&x0, &x1)
            })
            .collect();
        group.bench_function(BenchmarkId::new("solve", format!("{n}x{d}")), |b| {
            b.iter(|| {
                for cost in &costs {
                    black_box(assignment(black_box(cost.view())).expect("a finite cost"));
                }
            });
        });
    }
    group.finish();
}

/// Ties and order, which make the prices of an auction creep.
fn structured(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let n = 2048;
    let (x0, x1) = points(n, 2, &mut rng());
    let places = |step: usize| (0..n).map(|i| (i * step + 5) % n).collect::<Vec<_>>();
    let eight: Vec<_> = (0..n).map(|i| i % 8).collect();
    let cases = [
        ("repeated", squared(&x0, &x1.select(Axis(0), &eight))),
        ("lattice", squared(&x0.mapv(|v| (4.0 * v).round()), &x1.mapv(|v| (4.0 * v).round()))),
        ("line", squared(&x0.slice(s![.., ..1]).to_owned(), &x1.slice(s![.., ..1]).to_owned())),
        ("permuted", squared(&x0, &x0.select(Axis(0), &places(1237)))),
    ];
    for (name, cost) in &cases {
        group.bench_function(BenchmarkId::new("structured", name), |b| {
            b.iter(|| assignment(black_box(cost.view())).expect("a finite cost"));
        });
    }
    group.finish();
}

fn build(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    for (n, d) in [(1024, 2), (1024, 64), (2048, 784), (4096, 784)] {
        let (x0, x1) = points(n, d, &mut rng());
        group.bench_function(BenchmarkId::new("cost", format!("{n}x{d}")), |b| {
            b.iter(|| squared(black_box(&x0), &x1));
        });
    }
    group.finish();
}

/// From points to pairs, as a training loop calls it.
fn exact(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10);
    for (n, d) in [(256, 2), (256, 64), (1024, 2), (1024, 64)] {
        let (x0, x1) = points(n, d, &mut rng());
        group.bench_function(BenchmarkId::new("exact", format!("{n}x{d}")), |b| {
            b.iter(|| {
                assign_points(black_box(x0.view()), x1.view(), Cost::SquaredEuclidean)
                    .expect("finite points of one shape")
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = criterion(); targets = solve, structured, build, exact }
criterion_main!(benches);
