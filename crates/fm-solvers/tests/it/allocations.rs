//! Steps on arrays allocate nothing: a solve of many steps allocates as often as a solve of one.

#![expect(unsafe_code, reason = "counting allocations takes a global allocator, whose trait is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use fm_solvers::{AdaptiveSolver, EmbeddedMethod, FiniteCheck, FixedMethod, FixedSolver, TimeGrid};
use ndarray::Array2;

use crate::problems::Gaussian;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed to the system allocator unchanged; the counter is a `Cell` without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The allocations that `work` makes on this thread.
pub(crate) fn allocations_of(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn allocations(method: FixedMethod, steps: usize) -> usize {
    let grid = TimeGrid::uniform(0.0, 1.0, steps).unwrap();
    let mut y = Array2::<f64>::ones((100, 30));
    let before = ALLOCATIONS.get();
    FixedSolver { method, check: FiniteCheck::Every(1) }.solve(&mut Gaussian, &grid, &mut y, &mut ()).unwrap();
    ALLOCATIONS.get() - before
}

#[test]
fn no_allocation_per_step() {
    for method in FixedMethod::ALL {
        assert_eq!(allocations(method, 1), allocations(method, 100), "{method}");
    }
}

/// Allocations of an adaptive solve, and its trial steps.
fn adaptive(solver: AdaptiveSolver, per_sample: bool) -> (usize, usize) {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let mut y = Array2::<f64>::from_elem((100, 30), 0.7);
    let before = ALLOCATIONS.get();
    let steps = if per_sample {
        let stats = solver.solve_per_sample(&mut Gaussian, &grid, &mut y, &mut ()).unwrap();
        stats.steps[0] + stats.rejected[0]
    } else {
        let stats = solver.solve(&mut Gaussian, &grid, &mut y, &mut ()).unwrap();
        stats.steps + stats.rejected
    };
    (ALLOCATIONS.get() - before, steps)
}

#[test]
fn no_allocation_per_adaptive_step() {
    for method in EmbeddedMethod::ALL {
        for per_sample in [false, true] {
            let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
            let (few, steps) = adaptive(solver, per_sample);
            let (many, more) = adaptive(AdaptiveSolver { h_max: 0.01, ..solver }, per_sample);
            assert!(more > steps + 50, "{method}: {steps} and {more} steps");
            assert_eq!(few, many, "{method}");
        }
    }
}
