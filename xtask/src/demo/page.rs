//! The page that shows a demo: one file of HTML beside the pictures, no script, nothing from elsewhere.

use std::fmt::Write;

/// What one configuration led to.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) settings: String,
    pub(super) commands: Vec<String>,
    pub(super) numbers: Vec<(String, String)>,
    /// Paths relative to the page.
    pub(super) pictures: Vec<String>,
}

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Flow matching: demo</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
figure { display: inline-block; margin: 0 1rem 1rem 0; vertical-align: top; max-width: 100% }
img { max-width: 100%; border: 1px solid #ddd }
figcaption { color: #666; font-size: 0.9rem }
td { padding: 0.1rem 1.5rem 0.1rem 0; border-bottom: 1px solid #eee }
td:last-child { font-variant-numeric: tabular-nums }
pre { background: #f6f6f6; padding: 0.8rem; overflow-x: auto }
</style>
<h1>Flow matching: demo</h1>
"#;

pub(super) fn render(sections: &[Section], seconds: f64) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(
        page,
        "<p>Written by <code>cargo xtask demo</code>: trained, measured and drawn in {seconds:.0} s.</p>"
    );
    for section in sections {
        page += &section.html();
    }
    page + "</html>\n"
}

impl Section {
    fn html(&self) -> String {
        let rows = self
            .numbers
            .iter()
            .map(|(name, value)| format!("<tr><td>{}<td>{}\n", escape(name), escape(value)))
            .collect::<Vec<_>>()
            .concat();
        let figures = self.pictures.iter().map(|path| figure(path)).collect::<Vec<_>>().concat();
        format!(
            "<h2>{}</h2>\n{figures}<table>\n{rows}</table>\n<pre>{}</pre>\n<details><summary>Configuration</summary>\n<pre>{}</pre></details>\n",
            escape(&self.name),
            escape(&self.commands.join("\n")),
            escape(&self.settings),
        )
    }

    /// The numbers, for the terminal.
    pub(super) fn text(&self) -> String {
        let width = self.numbers.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let rows = self.numbers.iter().map(|(name, value)| format!("  {name:width$}  {value}\n"));
        format!("{}\n{}", self.name, rows.collect::<String>())
    }
}

fn figure(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let caption = file.trim_end_matches(".png").replace(['-', '_'], " ");
    let (path, caption) = (escape(path), escape(&caption));
    format!("<figure><img src=\"{path}\" alt=\"{caption}\"><figcaption>{caption}</figcaption></figure>\n")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section() -> Section {
        Section {
            name: "moons".to_owned(),
            settings: "a = \"<&>\"".to_owned(),
            commands: vec!["fm train demo/moons.toml".to_owned()],
            numbers: vec![("w2".to_owned(), "0.11".to_owned())],
            pictures: vec!["moons/plots/loss_curve.png".to_owned()],
        }
    }

    #[test]
    fn the_page_shows_numbers_commands_and_pictures() {
        let page = render(&[section()], 12.4);
        for part in [
            "in 12 s",
            "<td>w2<td>0.11",
            "fm train demo/moons.toml",
            "src=\"moons/plots/loss_curve.png\"",
            "<figcaption>loss curve</figcaption>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        assert!(render(&[section()], 0.0).contains("a = &quot;&lt;&amp;&gt;&quot;"));
    }
}
