//! Every picture decoded again: its size, and pixels where something must or must not be drawn.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, ArrayD, array};

use super::*;

struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// How many pixels are within a little of a colour.
    fn count(&self, colour: plotters::style::RGBColor) -> usize {
        let near = |p: &&[u8]| [colour.0, colour.1, colour.2].iter().zip(*p).all(|(a, b)| a.abs_diff(*b) <= 8);
        self.rgb.chunks_exact(3).filter(near).count()
    }
}

fn decode(path: &Path) -> Picture {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    Picture { width: info.width as usize, height: info.height as usize, rgb }
}

/// Draws into a fresh folder and checks that nothing else is left there.
fn drawn(draw: impl FnOnce(&Path) -> Result<(), PlotError>) -> Result<Picture, PlotError> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("picture.png");
    let result = draw(&path);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, usize::from(result.is_ok()));
    result.map(|()| decode(&path))
}

fn ring(n: usize, radius: f32) -> Array2<f32> {
    let angle = |i: usize| i as f32 / n as f32 * std::f32::consts::TAU;
    Array2::from_shape_fn((n, 2), |(i, c)| radius * if c == 0 { angle(i).cos() } else { angle(i).sin() })
}

fn digits(n: usize) -> ArrayD<f32> {
    ArrayD::from_shape_fn(vec![n, 8, 8], |i| ((i[1] * 8 + i[2]) as f32 / 63.0).mul_add(2.0, -1.0))
}

const EIGHT: Pixels = Pixels { range: (-1.0, 1.0), upscale: 8 };

#[test]
fn loss_curves_of_every_kind() {
    let falling: Vec<(u64, f64)> = (0..500).map(|i| (i * 10, 5.0 * (-(i as f64) / 80.0).exp() + 0.01)).collect();
    let with_gaps = [(0, 1.0), (1, f64::NAN), (2, f64::INFINITY), (3, 0.5), (4, -0.5)];
    for points in [&falling[..], &with_gaps, &[(7, 0.25)], &[(0, 1e300), (1, -1e300)], &[(5, 1.0), (5, 1.0)]] {
        let picture = drawn(|path| loss_curve(path, "loss", points)).unwrap();
        assert_eq!((picture.width, picture.height), (900, 500));
        assert!(picture.count(style::DATA) > 10, "{}", points.len());
    }
    let nothing = drawn(|path| loss_curve(path, "", &[(0, f64::NAN)]));
    assert!(nothing.err().unwrap().to_string().contains("picture.png: nothing to draw"));
}

#[test]
fn clouds_have_their_colours_and_panels() {
    let (samples, data, source) = (ring(300, 1.0), ring(300, 2.0), ring(300, 0.5));
    let two = drawn(|path| scatter_pair(path, "", &samples, &data, None)).unwrap();
    let three = drawn(|path| scatter_pair(path, "title", &samples, &data, Some(&source))).unwrap();
    assert_eq!(two.width / 2, three.width / 3);
    assert!(three.height > two.height);

    let mut broken = samples.clone();
    broken.fill(f32::NAN);
    broken[[0, 0]] = 1.0;
    assert!(drawn(|path| scatter_pair(path, "", &broken, &data, None)).is_ok(), "data alone");
    assert!(matches!(drawn(|path| scatter_pair(path, "", &broken, &broken, None)), Err(PlotError::Nothing { .. })));
    let one = array![[3.0, 3.0]];
    assert!(drawn(|path| scatter_pair(path, "", &one, &one, None)).is_ok(), "a range of zero");
    let far = array![[3e38, -3e38], [-3e38, 3e38]];
    assert!(drawn(|path| scatter_pair(path, "", &far, &data, None)).is_ok(), "the largest range");
}

#[test]
fn an_outlier_does_not_choose_the_limits() {
    let mut points = vec![(1e6, 1e6)];
    points.extend((0..2000).map(|i| (f64::from(i) / 2000.0, 0.0)));
    let [x, y] = points::square(points.into_iter()).unwrap();
    assert!(x.0 > -1.0 && x.1 < 2.0 && y.0 > -1.0 && y.1 < 2.0, "{x:?} {y:?}");
    let [x, y] = points::square([(0.0, 0.0), (4.0, 2.0)].into_iter()).unwrap();
    assert!(x.0 < 0.0 && x.1 > 4.0 && y.0 < -1.0 && y.1 > 3.0, "two points are both shown: {x:?} {y:?}");
}

#[test]
fn trajectories_show_both_ends() {
    let mut paths = Array3::from_shape_fn((20, 50, 2), |(s, i, c)| (s as f32 / 19.0) * ring(50, 1.0)[[i, c]]);
    let picture = drawn(|path| trajectories(path, "paths", &paths)).unwrap();
    assert!(picture.count(style::SAMPLES) > 25, "the key");
    paths.slice_mut(ndarray::s![10.., 0, ..]).fill(f32::NAN);
    assert!(drawn(|path| trajectories(path, "paths", &paths)).is_ok(), "a diverged path");
    let empty = Array3::zeros((0, 0, 2));
    assert!(matches!(drawn(|path| trajectories(path, "", &empty)), Err(PlotError::Nothing { .. })));
}

#[test]
fn fields_of_any_number_of_panels() {
    let (places, particles) = (ring(40, 1.0), ring(100, 0.7));
    let none = Array2::zeros((0, 2));
    for (count, velocities, particles) in
        [(1, &places, &particles), (4, &places, &none), (7, &Array2::zeros((40, 2)), &particles)]
    {
        let panel = |i| FieldPanel {
            t: f64::from(i) / 6.0,
            places: places.view(),
            velocities: velocities.view(),
            particles: particles.view(),
        };
        let panels: Vec<_> = (0..count).map(panel).collect();
        let picture = drawn(|path| field(path, "field", &panels)).unwrap();
        assert!(picture.width > 300 && picture.height > 300);
    }
    assert!(matches!(drawn(|path| field(path, "", &[])), Err(PlotError::Nothing { .. })));
}

#[test]
fn image_pixels_are_sharp_squares() {
    let picture = drawn(|path| image_grid(path, "", &digits(3), EIGHT, 2, &[])).unwrap();
    assert_eq!((picture.width, picture.height), (14 + 64 + 4 + 64 + 14, 14 + 64 + 4 + 64 + 14));
    for (x, y) in [(14, 14), (21, 21), (14 + 68, 14), (14, 14 + 68)] {
        assert_eq!(picture.at(x, y), [0, 0, 0], "the first pixel of an image");
    }
    assert_eq!(picture.at(22, 14), [4, 4, 4], "its neighbour begins eight further");
    assert_eq!(picture.at(14 + 63, 14 + 63), [255, 255, 255]);
    assert_eq!(picture.at(14 + 68, 14 + 68), [255, 255, 255], "there is no fourth image");

    let labels = ["zero".to_owned(), "one".to_owned()];
    let labelled = drawn(|path| image_grid(path, "digits", &digits(3), EIGHT, 2, &labels)).unwrap();
    assert!(labelled.width > picture.width && labelled.height > picture.height);
    let rgb = ArrayD::from_shape_fn(vec![1, 3, 2, 2], |i| if i[1] == 0 { 1.0 } else { -1.0 });
    assert_eq!(drawn(|path| image_grid(path, "", &rgb, EIGHT, 5, &[])).unwrap().at(20, 20), [255, 0, 0]);
    let mut broken = digits(1);
    broken[[0, 0, 0]] = f32::NAN;
    assert_eq!(drawn(|path| image_grid(path, "", &broken, EIGHT, 1, &[])).unwrap().at(15, 15), [255, 0, 255]);
}

#[test]
fn images_that_cannot_be_drawn() {
    let fails = |shape: &[usize], upscale| {
        let pixels = Pixels { upscale, ..EIGHT };
        drawn(|path| image_grid(path, "", &ArrayD::zeros(shape), pixels, 4, &[])).err().unwrap()
    };
    assert!(matches!(fails(&[2, 4], 1), PlotError::NotAnImage { .. }));
    assert!(fails(&[2, 5, 4, 4], 1).to_string().contains("[5, 4, 4]"));
    assert!(matches!(fails(&[0, 4, 4], 1), PlotError::Nothing { .. }));
    assert!(matches!(fails(&[2, 4, 4], u32::MAX), PlotError::TooLarge { .. }));
    let missing = Path::new("/no/such/folder/p.png");
    let message = image_grid(missing, "", &digits(1), EIGHT, 1, &[]).unwrap_err().to_string();
    assert!(message.contains("/no/such/folder/p.png") && message.contains("create the folder"), "{message}");
}

#[test]
fn strips_have_a_row_per_sample_and_a_column_per_time() {
    let frames = ArrayD::from_shape_fn(vec![5, 3, 8, 8], |i| i[0] as f32 / 4.0);
    let pixels = Pixels { range: (0.0, 1.0), upscale: 6 };
    let picture = drawn(|path| strip(path, "", &frames, &[0.0, 0.25, 0.5, 0.75, 1.0], pixels)).unwrap();
    assert_eq!((picture.width, picture.height), (28 + 5 * 52 - 4, 38 + 3 * 52 - 4 + 14));
    assert_eq!(picture.at(20, 50), [0, 0, 0]);
    assert_eq!(picture.at(14 + 2 * 52 + 5, 50), [128, 128, 128]);
    assert!(matches!(
        drawn(|path| strip(path, "", &ArrayD::zeros(vec![1, 0, 8, 8]), &[0.0], pixels)),
        Err(PlotError::Nothing { .. })
    ));
}
