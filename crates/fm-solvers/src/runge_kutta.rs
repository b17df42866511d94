//! One explicit Runge-Kutta step, for any tableau and any state.

use crate::embedded::Interval;
use crate::{SolveError, State, Tableau, Time, VectorField};

/// A tableau with the buffers that it needs for states of one layout.
///
/// Buffers are allocated here, once; steps on arrays allocate nothing. Use it directly to own the loop (to edit the
/// state between steps, say), and [`solve_fixed`](crate::solve_fixed) otherwise.
///
/// # Examples
/// ```
/// # use fm_solvers::{RungeKutta, SolveError, Tableau, Time};
/// # use ndarray::{Array1, array};
/// let mut y = array![1.0];
/// let mut heun = RungeKutta::new(&Tableau::HEUN, &y);
/// let mut field = |t: Time<'_>, _: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
///     out.fill(2.0 * t.row(0));
///     Ok(())
/// };
/// heun.step(&mut field, 0.0, 0.5, &mut y)?;
/// assert_eq!(y, array![1.25]); // 1 + t^2, exact for a method of order 2
/// # Ok::<(), SolveError>(())
/// ```
pub struct RungeKutta<'a, S: State> {
    tableau: &'a Tableau,
    work: S,
    stages: S::Stages,
}

impl<'a, S: State> RungeKutta<'a, S> {
    /// Allocates for states with the layout of `y`.
    pub fn new(tableau: &'a Tableau, y: &S) -> Self {
        Self { tableau, work: y.alloc_like(), stages: y.stages(tableau.stages()) }
    }

    /// Takes `y` from `t0` to `t1`, in either direction.
    ///
    /// A stage at the end of the step is evaluated at `t1` itself and not at `t0 + h`, which may round past it.
    ///
    /// # Errors
    /// What the field returns, and [`SolveError::LayoutMismatch`]. `y` is unchanged then.
    ///
    /// # Panics
    /// If `y` has another layout than the state given to [`new`](Self::new).
    #[track_caller]
    pub fn step(&mut self, field: &mut dyn VectorField<S>, t0: f64, t1: f64, y: &mut S) -> Result<(), SolveError> {
        assert!(y.same_layout(&self.work), "a stepper made for {} cannot take {}", self.work.layout(), y.layout());
        self.advance(field, t0, t1, y)
    }

    /// [`step`](Self::step) for a loop in which the layout cannot have changed since the last one.
    pub(crate) fn advance(
        &mut self,
        field: &mut dyn VectorField<S>,
        t0: f64,
        t1: f64,
        y: &mut S,
    ) -> Result<(), SolveError> {
        let interval = Interval { t0, t1, end: t1 };
        fill_stages(self.tableau, field, interval, y, &mut self.work, &mut self.stages, 0)?;
        self.work.combine(y, interval.length(), self.tableau.b, &self.stages);
        std::mem::swap(y, &mut self.work);
        Ok(())
    }
}

impl<S: State> std::fmt::Debug for RungeKutta<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RungeKutta")
            .field("method", &self.tableau.name)
            .field("layout", &self.work.layout())
            .finish_non_exhaustive()
    }
}

/// Evaluates the stages of a step from `first` on; `work` is left with the argument of the last.
pub(crate) fn fill_stages<S: State>(
    tableau: &Tableau,
    field: &mut dyn VectorField<S>,
    interval: Interval,
    y: &S,
    work: &mut S,
    stages: &mut S::Stages,
    first: usize,
) -> Result<(), SolveError> {
    let h = interval.length();
    for (i, (row, &c)) in tableau.a.iter().zip(tableau.c).enumerate().skip(first) {
        let t = Time::All(if c == 1.0 { interval.end } else { interval.t0 + c * h });
        let at = if i == 0 {
            y
        } else {
            work.combine(y, h, row, stages);
            &*work
        };
        S::set_stage(stages, i, |out| evaluate(field, t, at, out))?;
    }
    Ok(())
}

/// `out` becomes `u(t, y)`, and still fits `y`.
#[expect(
    clippy::inline_always,
    reason = "copying a time that was just written waits for the write: a third of a small step"
)]
#[inline(always)]
pub(crate) fn evaluate<S: State>(
    field: &mut dyn VectorField<S>,
    t: Time<'_>,
    y: &S,
    out: &mut S,
) -> Result<(), SolveError> {
    field.eval(t, y, out)?;
    if out.same_layout(y) {
        Ok(())
    } else {
        let t = t.row(0);
        Err(SolveError::LayoutMismatch { t, expected: Box::new(y.layout()), found: Box::new(out.layout()) })
    }
}
