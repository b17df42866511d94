//! Host numbers on a device.

use std::cell::RefCell;

use tch::{Device, Kind, Tensor};

/// How many are kept; those of a solve repeat.
const KEPT: usize = 32;

/// Numbers, and rows of them, uploaded when first used; the oldest make room. A step of a fixed grid has none to upload.
#[derive(Debug)]
pub(super) struct Numbers {
    kind: Kind,
    device: Device,
    scalars: RefCell<Vec<(f64, Tensor)>>,
    rows: RefCell<Vec<(Vec<f64>, Tensor)>>,
}

impl Numbers {
    /// To calculate with such tensors.
    pub(super) fn of(like: &Tensor) -> Self {
        Self { kind: like.kind(), device: like.device(), scalars: RefCell::default(), rows: RefCell::default() }
    }

    /// `base + factor * term`, where neither is tracked, in one pass and with no view made.
    ///
    /// LibTorch's own sum with a factor is out of reach of the bindings, and a product with a number of the host makes a
    /// tensor of the number, another of its conversion and one of the product: three times as dear.
    pub(super) fn add_scaled(&self, base: &Tensor, factor: f64, term: &Tensor) -> Tensor {
        if matches!(self.kind, Kind::Float | Kind::Double) {
            base.addcmul(term, &self.scalar(factor))
        } else {
            base + term * factor // a factor of fewer bits would move the step
        }
    }

    /// A number as a tensor without axes.
    pub(super) fn scalar(&self, value: f64) -> Tensor {
        // Steps of one grid may differ in the last bit of an f64, which is none of an f32.
        let value = if self.kind == Kind::Float { f64::from(value as f32) } else { value };
        let mut scalars = self.scalars.borrow_mut();
        if let Some((_, tensor)) = scalars.iter().find(|(known, _)| *known == value) {
            return tensor.shallow_clone();
        }
        let tensor = Tensor::full([0_i64; 0], value, (self.kind, self.device));
        if scalars.len() == KEPT {
            drop(scalars.remove(0));
        }
        scalars.push((value, tensor.shallow_clone()));
        tensor
    }

    /// `row` as a `[1, 1, row.len()]` tensor.
    pub(super) fn row(&self, row: &[f64]) -> Tensor {
        let mut rows = self.rows.borrow_mut();
        if let Some((_, tensor)) = rows.iter().find(|(known, _)| known == row) {
            return tensor.shallow_clone();
        }
        let tensor = Tensor::from_slice(row).to_kind(self.kind).to_device(self.device).view([1, 1, -1]);
        if rows.len() == KEPT {
            drop(rows.remove(0));
        }
        rows.push((row.to_vec(), tensor.shallow_clone()));
        tensor
    }
}
