//! The `_into` forms allocate nothing: counted for each thread, so that other tests do not disturb.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use fm_paths::bridge::{BridgeTarget, ConditionalPath, Ends, Gamma, Interpolant};
use fm_paths::{AffinePath, Cosine, Guidance, Prediction, nd};
use ndarray::Array2;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its signature; every call is passed on to the system's")]
// SAFETY: all calls go to `System` unchanged; the counter is a thread-local without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

fn allocations(f: impl FnOnce()) -> usize {
    let before = COUNT.get();
    f();
    COUNT.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8; 8]))), 1);
}

#[test]
fn into_forms_do_not_allocate() {
    let path = AffinePath::new(Cosine);
    let smooth = Interpolant::new(Ends::Linear, Gamma::SinSquared).unwrap();
    let guidance = Guidance { scale: 3.0, rescale: 0.7, ..Guidance::default() };
    for d in [1, 2, 3, 4, 5, 64] {
        let n = 300;
        let t: Vec<f64> = (0..n).map(|i| (i as f64 + 0.5) / n as f64).collect();
        let x = Array2::<f32>::from_shape_fn((n, d), |(i, j)| (i + j) as f32);
        let (mut a, mut b) = (x.clone(), x.clone());
        let (pairs, triples) = (path.state(&t).unwrap(), smooth.state(&t).unwrap());
        let (v, to) = (Prediction::Velocity, Prediction::Data);
        let count = allocations(|| {
            nd::blend_into(&pairs, &x, &x, &mut a);
            nd::blend_into(&pairs, &x.slice(ndarray::s![..;-1, ..]), &x, &mut a);
            nd::blend3_into(&triples, &x, &x, &x, &mut a);
            path.arrays().state_into(&t, &x, &x, &mut a).unwrap();
            path.arrays().target_into(v, &t, &x, &x, &mut a).unwrap();
            path.arrays().sample_into(v, &t, &x, &x, &mut a, &mut b).unwrap();
            path.arrays().convert_into(v, to, &t, &x, &x, &mut a).unwrap();
            path.arrays().transfer_into(v, &t, &t, &x, &x, &mut a).unwrap();
            smooth.arrays().state_into(&t, &x, &x, &x, &mut a).unwrap();
            smooth.arrays().target_into(BridgeTarget::Score, &t, &x, &x, &x, &mut a).unwrap();
            smooth.arrays().sample_into(BridgeTarget::Velocity, &t, &x, &x, &x, &mut a, &mut b).unwrap();
            guidance.apply_into(&t, &x, &x, &mut a).unwrap();
        });
        assert_eq!(count, 0, "rows of {d}");
    }
}

/// On every schedule: one that is behind a pointer and composed allocates no more than one that is inlined.
#[test]
fn no_schedule_allocates() {
    let t: Vec<f64> = (0..100).map(|i| (f64::from(i) + 0.5) / 100.0).collect();
    let x = Array2::<f32>::ones((100, 2));
    let (mut z, mut u, mut data) = (x.clone(), x.clone(), x.clone());
    for (name, schedule) in crate::schedules::all() {
        let path = AffinePath::new(schedule);
        let count = allocations(|| {
            path.arrays().sample_into(Prediction::Velocity, &t, &x, &x, &mut z, &mut u).unwrap();
            path.arrays().convert_into(Prediction::Velocity, Prediction::Data, &t, &z, &u, &mut data).unwrap();
        });
        assert_eq!(count, 0, "{name}");
    }
}
