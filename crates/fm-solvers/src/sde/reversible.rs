//! The second state of the reversible Heun method.
//!
//! ```text
//! Z'  = 2 X - Z + h f(t, Z) + g(t, Z) dw
//! X'  = X + h/2 (f(t, Z) + f(t', Z')) + 1/2 (g(t, Z) + g(t', Z')) dw
//! ```
//!
//! The same two lines with `-h` and `-dw` lead back from `(X', Z')` to `(X, Z)`, so that taking a step back is taking a step.
//!
//! # References
//! Kidger, Foster, Li & Lyons, *Efficient and accurate gradients for neural SDEs*, 2021, Algorithms 1 and 2.

use super::SdeState;

/// `Z`, and what it takes to advance it.
pub(super) struct Shadow<S: SdeState> {
    pub(super) started: bool,
    current: S,
    pub(super) next: S,
    /// `X` and `Z` as terms of a combination.
    pair: S::Stages,
}

impl<S: SdeState> Shadow<S> {
    pub(super) fn new(y: &S) -> Self {
        Self { started: false, current: y.alloc_like(), next: y.alloc_like(), pair: y.stages(2) }
    }

    /// `Z` becomes `y`.
    pub(super) fn start(&mut self, y: &S) {
        self.current.copy_from(y);
    }

    /// `out` becomes `2 y - Z`.
    pub(super) fn reflect(&mut self, y: &S, out: &mut S) {
        for (i, state) in [y, &self.current].into_iter().enumerate() {
            let copy = |stage: &mut S| {
                stage.copy_from(state);
                Ok(())
            };
            S::set_stage(&mut self.pair, i, copy).expect("a copy cannot fail");
        }
        out.combine(y, 1.0, &[1.0, -1.0], &self.pair);
    }

    /// The next `Z` becomes the current one.
    pub(super) fn advance(&mut self) {
        std::mem::swap(&mut self.current, &mut self.next);
    }
}
