//! An error on its way from the device.
//!
//! Reading a number back waits for all that the device was told before. A state of several parts therefore collects their
//! errors first and reads them together: parts are joined by [`PendingError::max`], which moves nothing.

#[cfg(feature = "tch")]
use super::tensor::read_back;
use crate::norm::larger;

/// The largest of some errors, of which those on a device have not been read yet.
///
/// An implementation of [`State`](crate::State) whose errors are on the host converts them: `error.into()`.
///
/// # Examples
/// ```
/// # use fm_solvers::PendingError;
/// assert_eq!(PendingError::from(0.5).max(PendingError::from(2.0)).read(), 2.0);
/// ```
#[derive(Debug)]
pub struct PendingError {
    host: f64,
    /// Scalars, and what each is to be multiplied by.
    device: Vec<(DeviceScalar, f64)>,
}

#[cfg(feature = "tch")]
type DeviceScalar = tch::Tensor;
#[cfg(not(feature = "tch"))]
type DeviceScalar = std::convert::Infallible;

impl From<f64> for PendingError {
    fn from(host: f64) -> Self {
        Self { host, device: Vec::new() }
    }
}

impl PendingError {
    /// The error `factor * scalar`.
    #[cfg(feature = "tch")]
    pub(super) fn on_device(scalar: tch::Tensor, factor: f64) -> Self {
        Self { host: 0.0, device: vec![(scalar, factor)] }
    }

    /// The larger of the two, where NaN is larger than any number.
    #[must_use]
    pub fn max(mut self, other: Self) -> Self {
        self.host = larger(self.host, other.host);
        self.device.extend(other.device);
        self
    }

    /// Waits for the device, once.
    pub fn read(self) -> f64 {
        #[cfg(feature = "tch")]
        if let [(first, _), ..] = &*self.device {
            let device = first.device();
            let scalars: Vec<_> = self.device.iter().map(|(scalar, _)| scalar.to_device(device)).collect();
            let values = if let [lone] = &*scalars { read_back(lone) } else { read_back(&stacked(&scalars)) };
            let errors = values.iter().zip(&self.device).map(|(value, (_, factor))| value * factor);
            return errors.fold(self.host, larger);
        }
        self.host
    }
}

/// Scalars of any kind as one vector.
#[cfg(feature = "tch")]
fn stacked(scalars: &[tch::Tensor]) -> tch::Tensor {
    let wide: Vec<_> = scalars.iter().map(|scalar| scalar.to_kind(tch::Kind::Double)).collect();
    tch::Tensor::stack(&wide, 0)
}
