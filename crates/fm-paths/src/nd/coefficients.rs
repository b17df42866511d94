//! The coefficients of a block of rows, without a vector to hold those of the batch.

use super::kernel::{BLOCK, Block};
use crate::{Mix, PathError, Prediction, Schedule, SchedulePoint, solve};

/// Coefficients (data, noise) of `M` quantities at `count` times from `first` on; `wanted` is the one that may be
/// infinite.
pub(super) fn of_ends<const M: usize>(
    schedule: &impl Schedule,
    t: &[f64],
    (first, count): (usize, usize),
    block: &mut Block<2, M>,
    quantities: impl Fn(SchedulePoint) -> [Mix; M],
    wanted: Prediction,
) -> Result<(), PathError> {
    let times = &t[first..first + count];
    // Both checks go over the block without a branch for each row: this is most of the time of a narrow batch.
    if times.iter().fold(true, |fine, t| fine & (0.0..=1.0).contains(t)) {
        let mut finite = true;
        for (row, &t) in times.iter().enumerate().take(BLOCK) {
            for (mix, [data, noise]) in quantities(schedule.at(t)).into_iter().zip(&mut *block) {
                data[row] = mix.data;
                noise[row] = mix.noise;
                finite &= mix.data.is_finite() & mix.noise.is_finite();
            }
        }
        if finite {
            return Ok(());
        }
    }
    // Something is wrong: the first row of the batch where it is.
    for (index, &t) in (first..).zip(times) {
        PathError::check_time(index, t)?;
        if quantities(schedule.at(t)).iter().any(|mix| !(mix.data.is_finite() && mix.noise.is_finite())) {
            return Err(PathError::Undefined { wanted, t, index });
        }
    }
    Ok(())
}

/// Coefficients (state, prediction) of the row that `goal` gives, from the prediction `given`.
pub(super) fn of_state(
    schedule: &impl Schedule,
    given: Prediction,
    t: &[f64],
    (first, count): (usize, usize),
    block: &mut Block<2, 1>,
    goal: impl Fn(usize, SchedulePoint) -> Result<Mix, PathError>,
    singular: impl Fn(usize) -> PathError,
) -> Result<(), PathError> {
    for (row, index) in (first..first + count).enumerate() {
        PathError::check_time(index, t[index])?;
        let point = schedule.at(t[index]);
        let conversion = solve(point.state(), given.row(point), goal(index, point)?).ok_or_else(|| singular(index))?;
        block[0][0][row] = conversion.state;
        block[0][1][row] = conversion.prediction;
    }
    Ok(())
}
