//! The pictures that `fm plot` and the demonstration show: loss curves, clouds of points, paths, fields and images.
//!
//! The charts are drawn with plotters' shapes on a canvas three times as large as the picture, which is then averaged
//! down: the shapes have hard edges, and averaging is the simplest smoothing that treats lines, text and dots alike.
//! Axes are our own few lines instead of plotters' charts, because clouds of points are only comparable on square panels
//! with equal limits, and ticks should be round numbers on logarithmic axes as well. The font is compiled in: a picture
//! looks the same on a server without fonts.
//!
//! Values that are not finite are left out of point clouds, and said so; in images they are magenta.

mod axes;
mod canvas;
mod convergence;
mod error;
mod field;
mod images;
mod loss;
mod points;
mod style;
#[cfg(test)]
mod tests;
mod ticks;

pub use self::convergence::{ErrorPanel, error_against_nfe};
pub use self::error::PlotError;
pub use self::field::{FieldPanel, field};
pub use self::images::{Pixels, image_grid, strip};
pub use self::loss::loss_curve;
pub use self::points::{scatter_pair, trajectories};
