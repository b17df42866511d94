//! A plan as a list of the pairs that have mass.

use anyhow::Result;
use fm_ot::{EntropicPlan, Pairing, Real};
use ndarray::Array1;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;

use super::Args;
use crate::data::{npy_bytes, write_npz};

/// A plan as a list.
#[derive(Debug)]
pub struct Entries {
    pub rows: Vec<usize>,
    pub cols: Vec<usize>,
    pub mass: Vec<f64>,
}

impl Entries {
    /// Every entry of an entropic plan that has mass.
    pub fn of<A: Real>(plan: &EntropicPlan<'_, A>) -> Self {
        let mut entries = Self { rows: Vec::new(), cols: Vec::new(), mass: Vec::new() };
        for i in 0..plan.dim().0 {
            for (j, mass) in plan.row(i).into_iter().enumerate().filter(|(_, mass)| *mass > 0.0) {
                entries.rows.push(i);
                entries.cols.push(j);
                entries.mass.push(mass);
            }
        }
        entries
    }

    /// Pairs drawn by their mass, with replacement.
    pub fn draw(&self, count: usize, args: &Args) -> Result<Pairing> {
        let mut rng = args.rng();
        let mut pairs = Pairing::default();
        for k in WeightedIndex::new(&self.mass)?.sample_iter(&mut rng).take(count) {
            pairs.source.push(self.rows[k]);
            pairs.target.push(self.cols[k]);
        }
        Ok(pairs)
    }

    /// Writes `plan.npz` beside the pairs.
    pub fn write(&self, args: &Args) -> Result<()> {
        let path = args.out.with_file_name("plan.npz");
        let indices = |indices: &[usize]| npy_bytes(&indices.iter().map(|&i| i as i64).collect::<Array1<_>>());
        let mass = npy_bytes(&Array1::from_vec(self.mass.clone()))?;
        write_npz(&path, &[("rows", indices(&self.rows)?), ("cols", indices(&self.cols)?), ("mass", mass)])?;
        Ok(())
    }
}
