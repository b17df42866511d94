//! Storage that begins on a cache line.
//!
//! The allocator aligns to sixteen bytes, and then every vector of 64 bytes lies on two lines: passes over a kernel in cache take
//! twice as long. Rejected: a type of 64 bytes that is aligned by itself, over which the compiler vectorises the wrong loop.

use std::ops::{Deref, DerefMut, Range};

/// Bytes of a cache line, and of the widest vector.
pub(crate) const LINE: usize = 64;

/// A slice that begins on a cache line.
#[derive(Debug)]
pub(crate) struct Aligned<T> {
    memory: Vec<T>,
    place: Range<usize>,
}

impl<T: Copy> Aligned<T> {
    pub(crate) fn filled(len: usize, value: T) -> Self {
        Self::within(Vec::new(), len, value)
    }

    /// Within memory that was used before: it keeps what is there, and the value goes where more is needed.
    pub(crate) fn within(mut memory: Vec<T>, len: usize, value: T) -> Self {
        let room = LINE / size_of::<T>();
        if memory.capacity() < len + room {
            memory = vec![value; len + room];
        } else if memory.len() < len + room {
            memory.resize(len + room, value);
        }
        // The standard library may decline to tell the offset.
        let start = memory.as_ptr().align_offset(LINE).min(room);
        Self { memory, place: start..start + len }
    }

    /// The values, and `rest` up to the length.
    pub(crate) fn padded(values: impl Iterator<Item = T>, len: usize, rest: T) -> Self {
        let mut aligned = Self::filled(len, rest);
        aligned.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        aligned
    }

    pub(crate) fn into_memory(self) -> Vec<T> {
        self.memory
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.place.clone()]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.place.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::Aligned;
    use crate::limited::limited;

    #[test]
    fn slices_have_their_length_and_begin_on_a_line() {
        let _limited = limited();
        for len in [0, 1, 15, 16, 17, 1000] {
            let values = Aligned::padded((0..len / 2).map(|k| k as f32), len, -1.0);
            assert_eq!(values.len(), len);
            assert_eq!(values.as_ptr() as usize % 64, 0);
            assert!(values.iter().enumerate().all(|(k, &v)| v == if k < len / 2 { k as f32 } else { -1.0 }));
            let again = Aligned::within(values.into_memory(), len / 2, 0.0);
            assert!(again.iter().enumerate().all(|(k, &v)| v == k as f32));
        }
    }
}
