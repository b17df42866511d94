//! The pictures of samples, by what a sample is: a point of the plane or an image.

use std::path::Path;

use anyhow::{Result, bail};
use fm_nn::Generated;
use fm_nn::random::{Purpose, stream};
use ndarray::{Array2, ArrayD, Axis, s};

use super::sampling::Sampler;
use crate::config::{DataConfig, FileConfig, Prepared, ScalingConfig};
use crate::plot::{self, Pixels};

/// Points of the real data shown beside samples.
const POINTS: usize = 2000;

/// What a sample looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A point of the plane.
    Point,
    /// A grey or coloured image.
    Image,
    /// Nothing that has a picture.
    Other,
}

/// How samples of this shape are shown.
pub fn look(shape: &[usize]) -> Look {
    match *shape {
        [2] => Look::Point,
        [_, _] | [1 | 3, _, _] => Look::Image,
        _ => Look::Other,
    }
}

/// One picture of samples: points beside the data, or a grid of images.
pub fn samples(path: &Path, sampler: &Sampler, generated: &Generated) -> Result<()> {
    let shape = &sampler.generator.data().shape;
    match look(shape) {
        Look::Point => {
            let data = real_points(sampler)?;
            plot::scatter_pair(path, "", &generated.x, &data, Some(&generated.source))?;
        }
        Look::Image => {
            let columns = (generated.x.nrows() as f64).sqrt().ceil() as usize;
            plot::image_grid(path, "", &images(shape, &generated.x)?, pixels(sampler, &generated.x), columns, &[])?;
        }
        Look::Other => bail!("samples of shape {shape:?} have no picture; write them as .npy"),
    }
    Ok(())
}

/// Real points to compare with: fresh ones of a density, or rows of the file.
pub fn real_points(sampler: &Sampler) -> Result<Array2<f32>> {
    Ok(match sampler.trained.prepare()? {
        Prepared::Toy(density) => density.sample(POINTS, &mut stream(sampler.seed, Purpose::Evaluation, 0)),
        Prepared::File(split) => split.train.x.slice(s![..split.train.x.nrows().min(POINTS), ..]).to_owned(),
    })
}

/// Real images for a grid beside the samples: `columns` of each class in turn, or any if there are no classes. `None` if
/// there are not enough.
pub fn real_rows(sampler: &Sampler, rows: usize, columns: usize) -> Result<Option<Array2<f32>>> {
    let Prepared::File(split) = sampler.trained.prepare()? else { return Ok(None) };
    let train = &split.train;
    let chosen: Vec<usize> = match &train.labels {
        Some(labels) => (0..rows as u32)
            .flat_map(|class| (0..labels.len()).filter(move |&i| labels[i] == class).take(columns))
            .collect(),
        None => (0..train.x.nrows().min(rows * columns)).collect(),
    };
    Ok((chosen.len() == rows * columns).then(|| train.x.select(Axis(0), &chosen)))
}

/// Flat rows as images, `[n, d] -> [n, ...shape]`.
pub fn images(shape: &[usize], x: &Array2<f32>) -> Result<ArrayD<f32>> {
    let full: Vec<usize> = [x.len_of(Axis(0))].iter().chain(shape).copied().collect();
    Ok(x.as_standard_layout().into_owned().into_shape_with_order(full)?)
}

/// What is black and white, and how large a pixel is drawn.
pub fn pixels(sampler: &Sampler, x: &Array2<f32>) -> Pixels {
    let range = match &sampler.trained.data {
        DataConfig::File(FileConfig { scaling: ScalingConfig::Range { low, high }, .. }) => (*low, *high),
        _ => x.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v))),
    };
    let side = sampler.generator.data().shape.last().copied().unwrap_or(1);
    Pixels { range, upscale: (48 / side.max(1)).clamp(1, 8) as u32 }
}
