//! Named numbers in the order in which they are printed.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::progress::show;

/// What a command has measured.
#[derive(Debug, Default)]
pub struct Report(Map<String, Value>);

impl Report {
    /// Adds a number or a word.
    pub fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Prints one JSON object, or a table.
    pub fn print(&self, json: bool) -> Result<()> {
        if json {
            show(&serde_json::to_string_pretty(&self.0)?);
            return Ok(());
        }
        let width = self.0.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in self.0.iter().filter(|(_, value)| !value.is_null()) {
            let value = match value.as_f64().filter(|_| value.is_f64()) {
                Some(number) if number != 0.0 && number.abs() < 1e-3 => format!("{number:.3e}"),
                Some(number) => format!("{number:.4}"),
                None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            };
            show(&format!("{name:width$}  {value}"));
        }
        Ok(())
    }
}
