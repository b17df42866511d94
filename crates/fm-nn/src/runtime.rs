//! The process around LibTorch: memory, threads and devices.

#![expect(unsafe_code, reason = "mallopt and dlopen have no safe form; nothing else in the crate is unsafe")]

use std::ffi::CString;
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use tch::{Cuda, Device};

use crate::{DeviceConfig, NnError};

/// Prepares the process for LibTorch, once; call it before the first tensor is made.
///
/// - glibc hands freed memory back to the kernel by default, and takes it again at the next step. Raising its two
///   thresholds saves that at every step, which small networks notice.
/// - A program that was linked against the CPU LibTorch computes on CUDA if `libtorch_cuda.so` is loaded before the
///   first query; it is, if it stands beside the `libtorch_cpu.so` that the program runs with.
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        keep_freed_memory();
        load_cuda();
    });
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_freed_memory() {
    const BYTES: libc::c_int = 1 << 30;
    // SAFETY: mallopt only stores two numbers in the allocator.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, BYTES);
        libc::mallopt(libc::M_MMAP_THRESHOLD, BYTES);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_freed_memory() {}

/// Lets a write beyond the file size limit fail with an error, where the system would end the program by a signal.
///
/// A choice for the whole process, so it is the program's to make and not part of [`prepare`].
#[cfg(unix)]
pub fn ignore_file_size_signal() {
    // SAFETY: SIG_IGN installs no handler.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

#[cfg(not(unix))]
pub fn ignore_file_size_signal() {}

/// The file that this process has loaded LibTorch's CPU part from.
pub fn libtorch_cpu() -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|p| p.ends_with("/libtorch_cpu.so")))
        .map(PathBuf::from)
}

#[cfg(target_os = "linux")]
fn load_cuda() {
    let Some(library) = libtorch_cpu().map(|cpu| cpu.with_file_name("libtorch_cuda.so")).filter(|p| p.exists()) else {
        return;
    };
    let Ok(name) = CString::new(library.into_os_string().into_encoded_bytes()) else { return };
    // SAFETY: the library is a part of the LibTorch that is already loaded; its initialisers register CUDA with it. On
    // failure (no driver) nothing is registered and `Cuda::is_available` stays false, which `device` reports.
    unsafe {
        libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL);
    }
}

#[cfg(not(target_os = "linux"))]
fn load_cuda() {}

/// The device of a configuration.
///
/// # Errors
/// [`NnError::NoCuda`] if CUDA is asked for and not there.
pub fn device(config: DeviceConfig) -> Result<Device, NnError> {
    prepare();
    match config {
        DeviceConfig::Cpu => Ok(Device::Cpu),
        DeviceConfig::Auto => Ok(Device::cuda_if_available()),
        DeviceConfig::Cuda if Cuda::is_available() => Ok(Device::Cuda(0)),
        DeviceConfig::Cuda if Cuda::device_count() == 0 => {
            Err(NnError::NoCuda { reason: "LibTorch sees no CUDA device" })
        }
        DeviceConfig::Cuda => Err(NnError::NoCuda { reason: "LibTorch cannot use it" }),
    }
}

/// Sets the number of LibTorch's threads: `threads`, or for 0 by the multiplications in one layer of one step.
///
/// With two threads a small network is slower than with one: the threads wait for each other longer than they compute.
pub fn set_threads(threads: usize, batch: usize, width: usize) {
    const WORTH_SHARING: usize = 1 << 28;
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let chosen = match threads {
        0 if batch.saturating_mul(width).saturating_mul(width) < WORTH_SHARING => 1,
        0 => available,
        given => given,
    };
    tch::set_num_threads(chosen.min(1024) as i32);
}

/// Whether the system would give memory for an array of numbers of this shape: the request that can only fail is refused
/// with words, where the allocator would end the program.
pub(crate) fn fits_in_memory(shape: &[usize]) -> bool {
    let values = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    values.is_some_and(|values| Vec::<f32>::new().try_reserve_exact(values).is_ok())
}

/// The version of LibTorch that this crate is built for.
pub const LIBTORCH: &str = "2.11.0";

/// The number of threads that LibTorch uses in an operation.
pub fn threads() -> usize {
    tch::get_num_threads() as usize
}
