//! Steps on arrays allocate nothing: a solve of many steps allocates as often as a solve of one.
//!
//! Promised for arrays in standard layout of any element and rank and for pairs of them, by fixed, adaptive, per-sample and
//! stochastic (`sde_solving`) solves, with an observer that interpolates; as long as field and observer allocate nothing.
//! Counted are the allocations of the thread that solves.

#![expect(unsafe_code, reason = "counting allocations takes a global allocator, whose trait is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, FiniteCheck, FixedMethod, FixedSolver, Flow, Observer, RowState, SampleObserver,
    SampleSteps, SolveError, State, Step, Time, TimeGrid, Trajectory, VectorField,
};
use ndarray::{Array1, Array2};

use crate::problems::{Gaussian, Mixture, lattice};

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

type Pair = (Array2<f64>, Array1<f64>);

/// A sample and its log-density, with a rate of some kind.
fn pair(t: Time<'_>, y: &Pair, out: &mut Pair) -> Result<(), SolveError> {
    Gaussian.eval(t, &y.0, &mut out.0)?;
    for (rate, velocity) in out.1.iter_mut().zip(out.0.rows()) {
        *rate = velocity.sum();
    }
    Ok(())
}

fn copy<S: State>(y: &S) -> S {
    let mut copy = y.alloc_like();
    copy.copy_from(y);
    copy
}

fn fixed<S: State>(method: FixedMethod, steps: usize, field: &mut dyn VectorField<S>, start: &S) -> usize {
    let grid = TimeGrid::uniform(0.0, 1.0, steps).unwrap();
    let mut y = copy(start);
    allocations_of(|| {
        FixedSolver { method, check: FiniteCheck::Every(1) }.solve(field, &grid, &mut y, &mut ()).unwrap();
    })
}

#[test]
fn no_allocation_per_step() {
    fn expect_none<S: State>(field: &mut dyn VectorField<S>, start: &S) {
        for method in FixedMethod::ALL {
            assert_eq!(fixed(method, 1, field, start), fixed(method, 100, field, start), "{method}");
        }
    }
    expect_none(&mut Gaussian, &Array2::<f64>::ones((100, 30)));
    expect_none(&mut Gaussian, &Array2::<f32>::ones((100, 30)));
    expect_none(&mut pair, &(Array2::ones((100, 30)), Array1::zeros(100)));
}

/// Looks at the middle of every step, into buffers of its own.
struct Middles<S> {
    middle: S,
    times: Vec<f64>,
}

impl<S: RowState> Middles<S> {
    fn of(y: &S) -> Self {
        Self { middle: y.alloc_like(), times: Vec::with_capacity(y.batch()) }
    }
}

impl<S: State> Observer<S> for Middles<S> {
    fn observe(&mut self, _: usize, _: f64, _: &S) -> Flow {
        Flow::Continue
    }

    fn observe_step(&mut self, step: &mut Step<'_, S>) -> Result<Flow, SolveError> {
        step.dense(0.5 * (step.t0 + step.t1), &mut self.middle)?;
        Ok(Flow::Continue)
    }
}

impl<S: RowState> SampleObserver<S> for Middles<S> {
    fn observe(&mut self, steps: &mut SampleSteps<'_, S>) -> Result<Flow, SolveError> {
        self.times.clear();
        self.times.extend(steps.completed.iter().map(|step| 0.5 * (step.t0 + step.t1)));
        steps.dense(&self.times)?;
        Ok(Flow::Continue)
    }
}

/// Solves with large and with small steps allocate equally often. `solve` is told the largest and says how many it took.
fn expect_none_per_step(what: &str, mut solve: impl FnMut(f64) -> usize) {
    let (mut few, mut many) = (0, 0);
    let (large, small) = (allocations_of(|| few = solve(1.0)), allocations_of(|| many = solve(0.01)));
    assert!(many > few + 50, "{what}: {few} and {many} steps");
    assert_eq!(large, small, "{what}");
}

/// All samples are equal, so that they arrive together; interpolation included.
#[test]
fn no_allocation_per_adaptive_step() {
    fn expect_none<S: RowState>(field: &mut dyn VectorField<S>, start: &S) {
        let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
        for method in EmbeddedMethod::ALL {
            let solver = |h_max| AdaptiveSolver { method, h_max, ..AdaptiveSolver::default() };
            let mut common = |h_max, observer: &mut dyn Observer<S>| {
                let stats = solver(h_max).solve(field, &grid, &mut copy(start), observer).unwrap();
                stats.steps + stats.rejected
            };
            expect_none_per_step(method.name(), |h_max| common(h_max, &mut ()));
            expect_none_per_step(method.name(), |h_max| common(h_max, &mut Middles::of(start)));
            // A trajectory has its states before the solve.
            let saved = TimeGrid::uniform(0.0, 1.0, 7).unwrap();
            expect_none_per_step(method.name(), |h_max| common(h_max, &mut Trajectory::new(&saved, start)));

            let mut own = |h_max, observer: &mut dyn SampleObserver<S>| {
                let stats = solver(h_max).solve_per_sample(field, &grid, &mut copy(start), observer).unwrap();
                stats.steps[0] + stats.rejected[0]
            };
            expect_none_per_step(method.name(), |h_max| own(h_max, &mut ()));
            expect_none_per_step(method.name(), |h_max| own(h_max, &mut Middles::of(start)));
        }
    }
    expect_none(&mut Gaussian, &Array2::<f64>::from_elem((100, 30), 0.7));
    expect_none(&mut Gaussian, &Array2::<f32>::from_elem((40, 30), 0.7));
    expect_none(&mut pair, &(Array2::from_elem((40, 30), 0.7), Array1::zeros(40)));
}

/// As samples arrive, the others close ranks in place.
#[test]
fn no_allocation_as_samples_arrive() {
    /// Counts how often samples have arrived.
    struct Arrivals(usize);
    impl VectorField<Array2<f64>> for Arrivals {
        fn eval(&mut self, t: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>) -> Result<(), SolveError> {
            Mixture.eval(t, y, out)
        }

        fn select(&mut self, _: &[usize]) {
            self.0 += 1;
        }
    }
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    for method in EmbeddedMethod::ALL {
        let solver = AdaptiveSolver { method, ..AdaptiveSolver::default() };
        let solve = |samples: usize, observer: &mut dyn SampleObserver<Array2<f64>>| {
            let (mut field, mut y) = (Arrivals(0), lattice(samples));
            let count = || drop(solver.solve_per_sample(&mut field, &grid, &mut y, observer).unwrap());
            (allocations_of(count), field.0)
        };
        let middles = |samples: usize| Middles::of(&lattice(samples));
        for (one, many) in
            [(solve(1, &mut ()), solve(200, &mut ())), (solve(1, &mut middles(1)), solve(200, &mut middles(200)))]
        {
            // Everyone is selected at the beginning.
            assert!(one.1 == 1 && many.1 > 5, "{method}: {many:?}");
            assert_eq!(one.0, many.0, "{method}");
        }
    }
}

/// States above 131072 values are divided among rayon's threads. On a thread of rayon's that allocates nothing either; from
/// any other, rayon's queue takes a block of memory for every some sixty operations that are handed over, and that is all.
#[test]
fn large_states_allocate_nothing_but_what_rayon_queues() {
    let y = Array2::<f32>::ones((1400, 100));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for method in [FixedMethod::Rk4, FixedMethod::Ab4] {
        let inside = |steps| pool.install(|| fixed(method, steps, &mut Gaussian, &y));
        assert_eq!(inside(4), inside(16), "{method}");
        let outside = |steps| fixed(method, steps, &mut Gaussian, &y);
        // The first use of rayon makes its threads.
        outside(1);
        let (few, many) = (outside(4), outside(16));
        // Twelve steps with at most five operations each.
        assert!(many <= few + 2, "{method}: {few} and {many}");
    }
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    let inside = |h_max: f64| {
        let solver = AdaptiveSolver { h_max, ..AdaptiveSolver::default() };
        let mut y = y.clone();
        pool.install(|| {
            allocations_of(|| {
                solver.solve(&mut Gaussian, &grid, &mut y, &mut ()).unwrap();
            })
        })
    };
    assert_eq!(inside(1.0), inside(0.05));
}
