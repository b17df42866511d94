//! Gradients of a solve by its adjoint equation, over LibTorch tensors.
//!
//! A solve of tensors that require gradients is recorded by autograd, step by step, and its gradients are those of the
//! numbers that it returned. The record grows with the evaluations. The adjoint equation keeps nothing: it solves the state
//! back from its end, with the gradients beside it, and records one evaluation at a time.
//!
//! It is called, and not hidden in the backward pass of the forward solve as in torchdiffeq: the solve back has
//! tolerances of its own, takes steps of its own and can fail on its own.

use tch::{Tensor, no_grad, with_grad};

use crate::runge_kutta::evaluate;
use crate::{AdaptiveSolver, SolveError, State, Stats, Time, TimeGrid, VectorField, Weighted};

/// The adjoint equation of a solve, with its options.
///
/// ```text
/// dx/dt = u(t, x),   da/dt = -a^T du/dx,   dg/dt = -a^T du/dtheta,   from a(t1) = dL/dx(t1) and g(t1) = 0
/// dL/dx(t0) = a(t0),   dL/dtheta = g(t0)
/// ```
///
/// Its use is memory, which does not depend on the number of steps. Where the record of a forward solve fits, let autograd
/// go back through the steps: that is at least twice as fast, exact for the numbers that were computed, and can be
/// differentiated again. Here the gradients have errors of their own, and what a field contracts forward it expands on
/// the way back: an equation that is stiff backwards needs many steps, and its start is not found again.
///
/// | field | default | meaning |
/// |---|---|---|
/// | `solver` | [`AdaptiveSolver::default`] | the solve back, with tolerances of its own |
/// | `state_weight` | 1 | [weight](Weighted) of the state's error beside that of `a` |
/// | `parameter_weight` | 0 | the same of `g`, which feeds back nothing |
///
/// With 1 for both all three are controlled, by the largest of their errors. The state may have weight zero where `du/dx`
/// hardly depends on it; the start that is found is then of no use.
///
/// # Examples
/// The gradients of `x(1) = 2 e^w`:
/// ```
/// # use fm_solvers::{AdaptiveSolver, Adjoint, SolveError, Time, TimeGrid};
/// # use tch::{Kind, Tensor};
/// let w = Tensor::from(0.5_f64).set_requires_grad(true);
/// let mut field = |_: Time<'_>, x: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
///     *out = x * &w;
///     Ok(())
/// };
/// let grid = TimeGrid::uniform(0.0, 1.0, 1)?;
/// let mut x = Tensor::from_slice(&[2.0_f64]);
/// tch::no_grad(|| AdaptiveSolver::default().solve(&mut field, &grid, &mut x, &mut ()))?;
///
/// let parameters = [w.shallow_clone()];
/// let back = Adjoint::default().solve(&mut field, &parameters, &grid, &x, &x.ones_like())?;
/// assert!((back.start.double_value(&[0]) - 2.0).abs() < 1e-4);
/// assert!((back.gradient.double_value(&[0]) - 0.5_f64.exp()).abs() < 1e-4);
/// assert!((back.parameters[0].double_value(&[]) - 2.0 * 0.5_f64.exp()).abs() < 1e-4);
/// # Ok::<(), SolveError>(())
/// ```
///
/// # References
/// Chen, Rubanova, Bettencourt & Duvenaud, *Neural Ordinary Differential Equations*, 2018; Kidger, Chen & Lyons 2021, as in
/// [`Weighted`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjoint {
    /// The solve back.
    pub solver: AdaptiveSolver,
    /// The weight of the state's error.
    pub state_weight: f64,
    /// The weight of the error of the parameters' gradients.
    pub parameter_weight: f64,
}

impl Default for Adjoint {
    fn default() -> Self {
        Self { solver: AdaptiveSolver::default(), state_weight: 1.0, parameter_weight: 0.0 }
    }
}

/// What an adjoint solve found. Its tensors carry no graph.
#[derive(Debug)]
pub struct AdjointSolution {
    /// The state at the start: what the forward solve began with, but for the errors of both.
    pub start: Tensor,
    /// The gradient with respect to the state at the start.
    pub gradient: Tensor,
    /// The gradients with respect to the parameters, in their order; zero for those that the field does not use.
    pub parameters: Vec<Tensor>,
    /// Counts of the solve back. If it ran [out of steps](Stats::out_of_steps), the above is the state at [`Stats::t`], the
    /// gradient there, and the parameters' gradients of the way from there.
    pub stats: Stats,
}

/// The state, its adjoint, and the parameters' gradients as one row.
type Augmented = ((Weighted<Tensor>, Tensor), Weighted<Tensor>);

impl Adjoint {
    /// Takes the end of a solve along `grid` and the gradient of a loss with respect to it back to the start.
    ///
    /// `field` and `grid` are those of the forward solve. The parameters are tensors that require gradients and that the
    /// field computes with. For a loss that sees states at several times, solve back from each to the one before, add the
    /// gradient there, and add up those of the parameters.
    ///
    /// # Errors
    /// [`SolveError::GradientLayout`], [`SolveError::SecondDerivative`], [`SolveError::ParameterWithoutGradient`],
    /// [`SolveError::NoGraph`], [`SolveError::InvalidOption`] for a weight, [`SolveError::NonFiniteStart`] and
    /// [`SolveError::NonFiniteGradient`] for what has weight zero, and those of [`AdaptiveSolver::solve`].
    pub fn solve(
        &self,
        field: &mut dyn VectorField<Tensor>,
        parameters: &[Tensor],
        grid: &TimeGrid,
        end: &Tensor,
        gradient: &Tensor,
    ) -> Result<AdjointSolution, SolveError> {
        if !gradient.same_layout(end) {
            let (expected, found) = (Box::new(end.layout()), Box::new(gradient.layout()));
            return Err(SolveError::GradientLayout { expected, found });
        }
        if gradient.requires_grad() {
            return Err(SolveError::SecondDerivative);
        }
        if let Some(parameter) = parameters.iter().position(|parameter| !parameter.requires_grad()) {
            return Err(SolveError::ParameterWithoutGradient { parameter });
        }
        let count: usize = parameters.iter().map(Tensor::numel).sum();
        let sums = Tensor::zeros([1, count as i64], (end.kind(), end.device()));
        let parameter_weight = if count == 0 { 0.0 } else { self.parameter_weight };
        let mut y = (
            (weighted(end.detach(), "state_weight", self.state_weight)?, gradient.shallow_clone()),
            weighted(sums, "parameter_weight", parameter_weight)?,
        );
        let mut field = Products { field, parameters };
        no_grad(|| {
            let stats = self.solver.solve(&mut field, &grid.reversed(), &mut y, &mut ())?;
            let ((Weighted { state: start, .. }, gradient), Weighted { state: sums, .. }) = y;
            if let Some(sample) = start.non_finite_sample() {
                return Err(SolveError::NonFiniteStart { sample });
            }
            let parameters = split(&sums, parameters);
            if sums.non_finite_sample().is_some() {
                let bad = |gradient: &Tensor| gradient.non_finite_sample().is_some();
                let parameter = parameters.iter().position(bad).unwrap_or(0);
                return Err(SolveError::NonFiniteGradient { parameter });
            }
            Ok(AdjointSolution { start, gradient, parameters, stats })
        })
    }
}

/// A state with the weight that an option gives it.
fn weighted(state: Tensor, option: &'static str, weight: f64) -> Result<Weighted<Tensor>, SolveError> {
    Weighted::new(state, weight).map_err(|error| match error {
        SolveError::InvalidOption { value, range, .. } => SolveError::InvalidOption { option, value, range },
        error => error,
    })
}

/// The field of the augmented state: an evaluation, and one backward pass through it.
struct Products<'a> {
    field: &'a mut dyn VectorField<Tensor>,
    parameters: &'a [Tensor],
}

impl VectorField<Augmented> for Products<'_> {
    fn eval(&mut self, t: Time<'_>, ((x, a), _): &Augmented, out: &mut Augmented) -> Result<(), SolveError> {
        let x = x.state.detach().set_requires_grad(true);
        let mut u = x.detach().empty_like();
        // The backward pass begins with ones, so that it differentiates the sum of these products, a^T u.
        let products = with_grad(|| evaluate(self.field, t, &x, &mut u).map(|()| &u * a))?;
        if !products.requires_grad() {
            return Err(SolveError::NoGraph { t: t.row(0) });
        }
        let inputs: Vec<&Tensor> = std::iter::once(&x).chain(self.parameters).collect();
        let found = Tensor::f_run_backward(&[products], &inputs, false, false);
        let mut found = found.map_err(|error| SolveError::field(t.row(0), error))?;
        for (gradient, input) in found.iter_mut().zip(&inputs) {
            // An input that the field does not use has an undefined gradient.
            *gradient = if gradient.defined() { gradient.neg() } else { input.zeros_like() };
        }
        let sums = joined(&found[1..], a);
        *out = ((Weighted::carried(u.detach()), found.swap_remove(0)), Weighted::carried(sums));
        Ok(())
    }
}

/// Tensors as one row, of the kind and on the device of a state.
fn joined(tensors: &[Tensor], like: &Tensor) -> Tensor {
    let row = |tensor: &Tensor| tensor.reshape([1, -1]).to_kind(like.kind()).to_device(like.device());
    let empty = Tensor::zeros([1, 0], (like.kind(), like.device()));
    Tensor::cat(&std::iter::once(empty).chain(tensors.iter().map(row)).collect::<Vec<_>>(), 1)
}

/// The tensors in a row, each like the parameter it is for.
fn split(row: &Tensor, parameters: &[Tensor]) -> Vec<Tensor> {
    let mut first = 0;
    let take = |parameter: &Tensor| {
        let count = parameter.numel() as i64;
        let values = row.narrow(1, first, count).reshape(parameter.size());
        first += count;
        values.to_kind(parameter.kind()).to_device(parameter.device())
    };
    parameters.iter().map(take).collect()
}
