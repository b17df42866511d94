//! `fm plot`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use ndarray::{Array2, Axis, s};

use super::pictures::{self, Look};
use super::sampling::{Sampler, Sampling};
use crate::plot::{self, FieldPanel, PlotError};
use crate::progress::{say, show};

/// Points in a picture of samples.
const POINTS: usize = 2000;
/// Paths in a picture of trajectories.
const PATHS: usize = 200;
/// Times at which the field or a strip of images is shown.
const TIMES: usize = 9;
/// Arrows along each side of the field.
const ARROWS: usize = 21;

/// Arguments of `fm plot`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the pictures [default: plots, in the folder of the run]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    sampling: Sampling,
}

/// Draws every picture that the run has and prints their names.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sampler = args.sampling.open()?;
    let out = args.out.clone().unwrap_or_else(|| sampler.trained.folder.path.join("plots"));
    fs::create_dir_all(&out).with_context(|| {
        format!("{}: cannot be used for output; choose a folder that you may write to", out.display())
    })?;
    match pictures::look(&sampler.generator.data().shape) {
        Look::Point => points(&sampler, &out)?,
        Look::Image => images(&sampler, &out)?,
        Look::Other => say("samples of this shape have no picture; only the loss is drawn"),
    }
    if sampler.trained.folder.metrics().exists() {
        let metrics = sampler.trained.folder.read_metrics()?;
        let points: Vec<_> = metrics.iter().map(|metric| (metric.step, metric.loss)).collect();
        if !points.is_empty() {
            draw(&out, "loss.png", |path| plot::loss_curve(path, "Training loss", &points))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes one picture, and prints its name once it is there.
fn draw(out: &Path, name: &str, picture: impl FnOnce(&Path) -> Result<(), PlotError>) -> Result<()> {
    let path = out.join(name);
    picture(&path)?;
    show(&path.display().to_string());
    Ok(())
}

fn points(sampler: &Sampler, out: &Path) -> Result<()> {
    let generated = sampler.draw(POINTS, sampler.every_class(POINTS)?, true)?;
    let data = pictures::real_points(sampler)?;
    draw(out, "samples.png", |path| {
        plot::scatter_pair(path, "Samples beside data", &generated.x, &data, Some(&generated.source))
    })?;
    let paths = generated.trajectory.slice(s![.., ..PATHS, ..]).to_owned();
    draw(out, "trajectories.png", |path| plot::trajectories(path, "From the source to the data", &paths))?;

    if !sampler.generator.knows_no_class() {
        say("the field is left out: the model has never seen unlabelled samples (guidance.label_drop)");
        return Ok(());
    }
    let every = shown(generated.times.len(), 4);
    let places = arrow_grid(&generated.source, &data);
    let velocities = every
        .iter()
        .map(|&i| sampler.generator.velocity(generated.times[i], &places))
        .collect::<Result<Vec<_>, _>>()?;
    let panels: Vec<FieldPanel<'_>> = every
        .iter()
        .zip(&velocities)
        .map(|(&i, velocities)| FieldPanel {
            t: generated.times[i],
            places: places.view(),
            velocities: velocities.view(),
            particles: generated.trajectory.index_axis(Axis(0), i),
        })
        .collect();
    draw(out, "field.png", |path| plot::field(path, "Velocity field", &panels))
}

fn images(sampler: &Sampler, out: &Path) -> Result<()> {
    let data = sampler.generator.data();
    let (rows, columns) = (if data.classes > 0 { data.classes } else { 8 }, 12);
    // Row by row, one class each.
    let labels = (data.classes > 0).then(|| (0..rows * columns).map(|i| (i / columns) as u32).collect());
    let names: Vec<String> = (0..data.classes).map(|class| class.to_string()).collect();
    let generated = sampler.draw(rows * columns, labels, true)?;
    let pixels = || pictures::pixels(sampler, &generated.x);
    let grid = pictures::images(&data.shape, &generated.x)?;
    draw(out, "grid.png", |path| plot::image_grid(path, "Samples", &grid, pixels(), columns, &names))?;

    if let Some(real) = pictures::real_rows(sampler, rows, columns)? {
        let real = pictures::images(&data.shape, &real)?;
        draw(out, "data.png", |path| plot::image_grid(path, "Data", &real, pixels(), columns, &names))?;
    }

    let times = shown(generated.times.len(), TIMES);
    // The first sample of each row.
    let frames = generated.trajectory.slice(s![.., ..;columns, ..]).select(Axis(0), &times);
    let shape: Vec<usize> = [times.len(), rows].iter().chain(&data.shape).copied().collect();
    let frames = frames.into_shape_with_order(shape)?;
    let times: Vec<f64> = times.iter().map(|&i| generated.times[i]).collect();
    draw(out, "strip.png", |path| plot::strip(path, "The same samples over time", &frames, &times, pixels()))
}

/// `count` indices spread evenly over `0..len`, with both ends.
fn shown(len: usize, count: usize) -> Vec<usize> {
    let count = count.min(len);
    (0..count).map(|i| i * (len - 1) / (count - 1).max(1)).collect()
}

/// A square lattice over both clouds.
fn arrow_grid(source: &Array2<f32>, data: &Array2<f32>) -> Array2<f32> {
    let bounds = |axis: usize| {
        let column = source.column(axis).into_iter().chain(data.column(axis));
        column.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
    };
    let at = |(low, high): (f32, f32), i: usize| low + (high - low) * i as f32 / (ARROWS - 1) as f32;
    let (x, y) = (bounds(0), bounds(1));
    Array2::from_shape_fn(
        (ARROWS * ARROWS, 2),
        |(k, axis)| if axis == 0 { at(x, k % ARROWS) } else { at(y, k / ARROWS) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_indices_span_the_grid() {
        assert_eq!(shown(51, 3), [0, 25, 50]);
        assert_eq!(shown(2, 9), [0, 1]);
        assert_eq!(shown(1, 4), [0]);
    }
}
