//! What a benchmark counts: processor time where one thread works, wall time where several do.
//!
//! A busy machine takes the processor away for milliseconds at a time; the time that our process itself has had does not
//! see that, wall time does. For several threads the processor time is a sum and says nothing of the wait, so wall time is
//! all there is. The peers choose in the same way: `benches/peers/inputs.py`.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use criterion::Criterion;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// The clock of a benchmark.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The time that the process has had a processor.
    Cpu,
    /// The time on the wall.
    Wall,
}

/// Criterion with the clock for the number of threads that `RAYON_NUM_THREADS` allows.
pub fn criterion() -> Criterion<Clock> {
    let one_thread = std::env::var("RAYON_NUM_THREADS").is_ok_and(|threads| threads == "1");
    Criterion::default().with_measurement(if one_thread { Clock::Cpu } else { Clock::Wall })
}

/// The beginning of a measurement.
#[derive(Debug)]
pub enum Start {
    /// Of processor time.
    Cpu(ProcessTime),
    /// Of wall time.
    Wall(Instant),
}

impl Measurement for Clock {
    type Intermediate = Start;
    type Value = Duration;

    fn start(&self) -> Start {
        match self {
            Self::Cpu => Start::Cpu(ProcessTime::now()),
            Self::Wall => Start::Wall(Instant::now()),
        }
    }

    fn end(&self, start: Start) -> Duration {
        match start {
            Start::Cpu(start) => start.elapsed(),
            Start::Wall(start) => start.elapsed(),
        }
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        WallTime.add(a, b)
    }

    fn zero(&self) -> Duration {
        WallTime.zero()
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
