//! [`BrownianPath`] for LibTorch tensors: drawn on the host, one upload for each increment.

use tch::{Kind, Tensor};

use crate::{BrownianPath, Noise, SolveError, State};

/// The numbers of the array of the same shape; tensors of less than 32 bits get those of `f32`, rounded.
impl Noise<Tensor> for BrownianPath {
    /// # Panics
    /// If the path is for another number of samples than the batch has.
    fn increment(&self, t0: f64, t1: f64, dw: &mut Tensor, area: Option<&mut Tensor>) -> Result<(), SolveError> {
        let wide = dw.kind() == Kind::Double;
        let (increments, areas) = if wide {
            draw::<f64>(self, t0, t1, dw, area.is_some())?
        } else {
            draw::<f32>(self, t0, t1, dw, area.is_some())?
        };
        *dw = upload(&increments, dw);
        if let (Some(area), Some(areas)) = (area, areas) {
            *area = upload(&areas, dw);
        }
        Ok(())
    }
}

/// On the host, flat.
fn draw<A: crate::Element + tch::kind::Element>(
    path: &BrownianPath,
    t0: f64,
    t1: f64,
    like: &Tensor,
    with_area: bool,
) -> Result<(Tensor, Option<Tensor>), SolveError> {
    let mut dw = vec![A::zero(); like.numel()];
    let mut area = with_area.then(|| dw.clone());
    path.fill((t0, t1), like.batch(), &mut dw, area.as_deref_mut())?;
    Ok((Tensor::from_slice(&dw), area.as_deref().map(Tensor::from_slice)))
}

fn upload(flat: &Tensor, like: &Tensor) -> Tensor {
    flat.to_kind(like.kind()).to_device(like.device()).view(like.size().as_slice())
}
