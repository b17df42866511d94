//! The derivatives of a step as one block.

use std::cell::RefCell;

use tch::Tensor;

/// Coefficient rows that stay on the device. Tableaux have fewer; the rows of interpolants and of multistep methods on
/// unequal grids come and go.
const ROWS: usize = 32;

/// Derivatives of tensor states: a `[1, s, n]` block, and a handle per row in the state's shape.
#[derive(Debug)]
pub struct TensorStages {
    pub(super) shape: Vec<i64>,
    pub(super) block: Tensor,
    pub(super) slots: Vec<Tensor>,
    /// Coefficient rows on the device, uploaded when first used; the oldest make room. A step of a Runge-Kutta method has
    /// none to upload.
    pub(super) rows: RefCell<Vec<(Vec<f64>, Tensor)>>,
}

impl TensorStages {
    /// A derivative, in the state's shape.
    pub(crate) fn get(&self, index: usize) -> &Tensor {
        &self.slots[index]
    }

    pub(super) fn row_view(&self, index: usize) -> Tensor {
        self.block.select(1, index as i64).view(self.shape.as_slice())
    }

    pub(super) fn tracked(&self, count: usize) -> bool {
        self.slots[..count].iter().any(Tensor::requires_grad)
    }

    /// `row` as a `[1, 1, row.len()]` tensor where the block is.
    pub(super) fn device_row(&self, row: &[f64]) -> Tensor {
        let mut rows = self.rows.borrow_mut();
        if let Some((_, tensor)) = rows.iter().find(|(known, _)| known == row) {
            return tensor.shallow_clone();
        }
        let tensor = Tensor::from_slice(row).to_kind(self.block.kind()).to_device(self.block.device()).view([1, 1, -1]);
        if rows.len() == ROWS {
            drop(rows.remove(0));
        }
        rows.push((row.to_vec(), tensor.shallow_clone()));
        tensor
    }

    /// `sum_j row[j] stages[j]` as a vector of all values, outside the record.
    pub(super) fn sum(&self, row: &[f64]) -> Tensor {
        if self.tracked(row.len()) {
            let terms = row.iter().zip(&self.slots).filter(|(a, _)| **a != 0.0);
            return terms
                .fold(self.block.select(1, 0).zeros_like(), |sum, (&a, k)| sum + k.reshape([1, -1]) * a)
                .view([-1]);
        }
        let block = self.block.narrow(1, 0, row.len() as i64);
        self.device_row(row).bmm(&block).view([-1])
    }
}
