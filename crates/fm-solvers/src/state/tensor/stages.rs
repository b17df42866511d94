//! The derivatives of a step as one block.

use std::cell::RefCell;

use tch::{Kind, Tensor};

/// Coefficient rows, and numbers, that stay on the device. Tableaux have fewer; the rows of interpolants and of multistep methods on
/// unequal grids come and go.
const KEPT: usize = 32;

/// Derivatives of tensor states: a `[1, s, n]` block, and a handle per row in the state's shape.
///
/// A lone derivative stays as the field returned it: it is a block already, and packing it would be a copy.
#[derive(Debug)]
pub struct TensorStages {
    pub(super) shape: Vec<i64>,
    pub(super) block: Tensor,
    /// The rows of the block in the state's shape, and its first rows, up to each.
    pub(super) views: Vec<Tensor>,
    pub(super) firsts: Vec<Tensor>,
    pub(super) slots: Vec<Tensor>,
    /// Coefficient rows on the device, uploaded when first used; the oldest make room. A step of a Runge-Kutta method has
    /// none to upload.
    pub(super) rows: RefCell<Vec<(Vec<f64>, Tensor)>>,
    pub(super) numbers: RefCell<Vec<(f64, Tensor)>>,
}

impl TensorStages {
    /// A derivative, in the state's shape.
    pub(crate) fn get(&self, index: usize) -> &Tensor {
        &self.slots[index]
    }

    /// Over a block, with every derivative in it.
    pub(super) fn new(shape: Vec<i64>, block: Tensor) -> Self {
        let count = block.size()[1];
        let views: Vec<_> = (0..count).map(|i| view(&block, i, &shape)).collect();
        let slots = views.iter().map(Tensor::shallow_clone).collect();
        let firsts = (1..=count).map(|n| block.narrow(1, 0, n)).collect();
        Self { shape, block, views, firsts, slots, rows: RefCell::default(), numbers: RefCell::default() }
    }

    /// What a field may write a derivative to, or replace.
    pub(super) fn offer(&mut self, index: usize) -> &mut Tensor {
        if self.views[index].requires_grad() {
            // The record holds on to a view that was written under it.
            self.views[index] = view(&self.block, index as i64, &self.shape);
        }
        self.slots[index] = self.views[index].shallow_clone();
        &mut self.slots[index]
    }

    /// Puts a derivative where combinations look for it, unless autograd records or there is only one.
    pub(super) fn pack(&mut self, index: usize) {
        let (slot, view) = (&mut self.slots[index], &mut self.views[index]);
        if self.firsts.len() > 1 && !slot.requires_grad() && slot.data_ptr() != view.data_ptr() {
            view.copy_(slot);
            *slot = view.shallow_clone();
        }
    }

    /// Whether autograd records one of the first `count` derivatives.
    pub(super) fn tracked(&self, count: usize) -> bool {
        self.slots[..count].iter().any(Tensor::requires_grad)
    }

    /// The first `count` derivatives, none of them tracked, as one block.
    fn first(&self, count: usize) -> Tensor {
        if self.firsts.len() == 1 { self.slots[0].reshape([1, 1, -1]) } else { self.firsts[count - 1].shallow_clone() }
    }

    /// The terms `row[j] stages[j]` that are not zero.
    pub(super) fn terms<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = (f64, &'a Tensor)> {
        row.iter().copied().zip(&self.slots).filter(|(a, _)| *a != 0.0)
    }

    /// `row` as a `[1, 1, row.len()]` tensor where the block is.
    pub(super) fn device_row(&self, row: &[f64]) -> Tensor {
        let mut rows = self.rows.borrow_mut();
        if let Some((_, tensor)) = rows.iter().find(|(known, _)| known == row) {
            return tensor.shallow_clone();
        }
        let tensor = Tensor::from_slice(row).to_kind(self.block.kind()).to_device(self.block.device()).view([1, 1, -1]);
        if rows.len() == KEPT {
            drop(rows.remove(0));
        }
        rows.push((row.to_vec(), tensor.shallow_clone()));
        tensor
    }

    /// `base + factor * term`, where none of them is tracked, in one pass and with no view made.
    ///
    /// LibTorch's own sum with a factor is out of reach of the bindings, and a product with a number of the host makes a
    /// tensor of the number, another of its conversion and one of the product: three times as dear.
    pub(crate) fn add_scaled(&self, base: &Tensor, factor: f64, term: &Tensor) -> Tensor {
        if matches!(self.block.kind(), Kind::Float | Kind::Double) {
            base.addcmul(term, &self.number(factor))
        } else {
            base + term * factor // a factor of fewer bits would move the step
        }
    }

    /// A number as a tensor without axes where the block is: the last ones are kept, since those of a solve repeat.
    pub(super) fn number(&self, value: f64) -> Tensor {
        let kind = self.block.kind();
        // Steps of one grid may differ in the last bit of an f64, which is none of an f32.
        let value = if kind == Kind::Float { f64::from(value as f32) } else { value };
        let mut numbers = self.numbers.borrow_mut();
        if let Some((_, tensor)) = numbers.iter().find(|(known, _)| *known == value) {
            return tensor.shallow_clone();
        }
        let tensor = Tensor::full([0_i64; 0], value, (kind, self.block.device()));
        if numbers.len() == KEPT {
            drop(numbers.remove(0));
        }
        numbers.push((value, tensor.shallow_clone()));
        tensor
    }

    /// `base + h sum_j row[j] stages[j]` over all values, `[1, 1, n]`.
    pub(super) fn add_to(&self, base: &Tensor, h: f64, row: &[f64]) -> Tensor {
        if !self.tracked(row.len()) && !base.requires_grad() {
            return base.baddbmm(&self.device_row(row), &self.first(row.len()), 1.0, h);
        }
        self.terms(row).fold(base.shallow_clone(), |sum, (a, k)| sum + k.reshape([1, 1, -1]) * (h * a))
    }

    /// `sum_j row[j] stages[j]` as a vector of all values.
    pub(super) fn sum(&self, row: &[f64]) -> Tensor {
        if !self.tracked(row.len()) {
            return self.device_row(row).bmm(&self.first(row.len())).view([-1]);
        }
        let zero = self.block.select(1, 0).zeros_like().view([1, 1, -1]);
        self.add_to(&zero, 1.0, row).view([-1])
    }
}

fn view(block: &Tensor, index: i64, shape: &[i64]) -> Tensor {
    block.select(1, index).view(shape)
}
