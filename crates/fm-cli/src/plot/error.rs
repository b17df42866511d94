//! Why a picture could not be made.

use std::path::PathBuf;

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::drawing::DrawingAreaErrorKind;

use fm_nn::WriteError;

/// What the drawing library says.
pub(super) type DrawError = DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// There is nothing to draw.
    #[error("{}: nothing to draw; give at least one finite point or one image", path.display())]
    Nothing {
        /// The picture.
        path: PathBuf,
    },
    /// The images have a number of channels that has no colours.
    #[error("{}: images of shape {shape:?} cannot be drawn; give [h, w], [1, h, w] or [3, h, w]", path.display())]
    NotAnImage {
        /// The picture.
        path: PathBuf,
        /// The shape of one image.
        shape: Vec<usize>,
    },
    /// The picture would be too large.
    #[error("{}: the picture would have {width} x {height} pixels; draw fewer images, or less magnified", path.display())]
    TooLarge {
        /// The picture.
        path: PathBuf,
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// The drawing library failed.
    #[error("{}: cannot be drawn", path.display())]
    Draw {
        /// The picture.
        path: PathBuf,
        /// What the library says.
        #[source]
        source: Box<DrawError>,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
