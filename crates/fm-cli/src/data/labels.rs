//! Turning stored numbers into class labels.
//!
//! Files hold labels as anything from bytes to floats; a label is a whole number from zero to the number of classes. The
//! number of classes sizes an embedding table, so without a declared number a label that means more classes than there
//! are samples is an error: it is an identifier or a measurement, in the wrong column.

use std::path::Path;

use super::DataError;

/// The position of a column that is counted from the end if it is negative; `None` if there is no such column.
pub(super) fn position(column: i64, columns: usize) -> Option<usize> {
    let at = if column < 0 { column.checked_add_unsigned(columns as u64)? } else { column };
    usize::try_from(at).ok().filter(|&at| at < columns)
}

/// The labels and the number of classes; `path` is the file that the errors name.
pub(super) fn check(
    path: &Path,
    values: &[f64],
    samples: usize,
    classes: Option<usize>,
) -> Result<(Vec<u32>, usize), DataError> {
    if values.len() != samples {
        return Err(DataError::LabelCount { path: path.to_owned(), labels: values.len(), samples });
    }
    let labels = values.iter().enumerate().map(|(row, &value)| {
        let label = value as u32;
        if f64::from(label) != value {
            return Err(DataError::LabelNotAClass { path: path.to_owned(), row, value });
        }
        match classes {
            Some(classes) if label as usize >= classes => {
                Err(DataError::LabelOutOfRange { path: path.to_owned(), row, label, classes })
            }
            None if label as usize >= samples => {
                Err(DataError::LabelImplausible { path: path.to_owned(), row, label, samples })
            }
            _ => Ok(label),
        }
    });
    let labels = labels.collect::<Result<Vec<u32>, _>>()?;
    let found = labels.iter().max().map_or(0, |&largest| largest as usize + 1);
    Ok((labels, classes.unwrap_or(found)))
}
