//! A small configuration with the shapes that the real one has: plain values, sections, tagged sections, arrays of tables;
//! and the real one, from the files of the demo.

use serde::Deserialize;

use super::*;
use crate::config::RunConfig;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Config {
    seed: u64,
    widths: Vec<u32>,
    train: Train,
    optimizer: Optimizer,
    stages: Vec<Stage>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Train {
    steps: u64,
    batch_size: u64,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Optimizer {
    Adam {
        #[serde(default = "rate")]
        learning_rate: f64,
        #[serde(default = "rate")]
        beta1: f64,
    },
    Sgd {
        #[serde(default = "rate")]
        learning_rate: f64,
        momentum: f64,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Stage {
    width: u32,
}

fn rate() -> f64 {
    0.5
}

impl Default for Config {
    fn default() -> Self {
        let optimizer = Optimizer::Adam { learning_rate: 1e-3, beta1: 0.9 };
        Self { seed: 0, widths: vec![64, 64], train: Train::default(), optimizer, stages: vec![] }
    }
}

impl Default for Train {
    fn default() -> Self {
        Self { steps: 100, batch_size: 256, name: "run".into() }
    }
}

impl Settings for Config {}

fn read(text: &str, sets: &[&str]) -> Result<Config, SettingsError> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    parse(text, &sets, Path::new("c.toml"))
}

#[track_caller]
fn says(text: &str, sets: &[&str], want: &str) {
    let message = read(text, sets).unwrap_err().to_string();
    assert!(message.starts_with(want), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

#[test]
fn nothing_written_is_the_default() {
    assert_eq!(read("", &[]).unwrap(), Config::default());
}

#[test]
fn written_values_and_sets_replace_defaults() {
    let config = read(
        "seed = 7\nwidths = [8]\n[train]\nsteps = 5\n[optimizer]\nlearning_rate = 1\n[[stages]]\nwidth = 3",
        &["train.batch_size = 32", "train.name=a b", "seed=8"],
    );
    let want = Config {
        seed: 8,
        widths: vec![8],
        train: Train { steps: 5, batch_size: 32, name: "a b".into() },
        optimizer: Optimizer::Adam { learning_rate: 1.0, beta1: 0.9 },
        stages: vec![Stage { width: 3 }],
    };
    assert_eq!(config.unwrap(), want);
}

#[test]
fn another_kind_forgets_the_keys_of_the_first() {
    let sgd = Optimizer::Sgd { learning_rate: 0.5, momentum: 0.9 };
    let written = "[optimizer]\nkind = 'sgd'\nmomentum = 0.9";
    assert_eq!(read(written, &[]).unwrap().optimizer, sgd);
    let by_set = ["optimizer.kind=sgd", "optimizer.momentum=0.9"];
    assert_eq!(read("[optimizer]\nkind = 'adam'\nbeta1 = 0.8", &by_set).unwrap().optimizer, sgd);
    let same = Optimizer::Adam { learning_rate: 1e-3, beta1: 0.8 };
    assert_eq!(read("[optimizer]\nkind = 'adam'\nbeta1 = 0.8", &["optimizer.kind=adam"]).unwrap().optimizer, same);
}

#[test]
fn unknown_keys_come_with_the_nearest_known_one() {
    let unknown = "c.toml: unknown key ";
    says(
        "[optimizer]\nlerning_rate = 1",
        &[],
        &format!("{unknown}`optimizer.lerning_rate`; did you mean `learning_rate`?"),
    );
    says(
        "sede = 1\n[trian]\nsteps = 2",
        &[],
        &format!("{unknown}`sede`; did you mean `seed`?; unknown key `trian`; did you"),
    );
    says(
        "[train]\nlearning_rate = 1",
        &[],
        &format!("{unknown}`train.learning_rate`; did you mean `optimizer.learning_rate`?"),
    );
    says(
        "[[stages]]\nwidth = 1\n[[stages]]\nwidht = 1",
        &[],
        &format!("{unknown}`stages[1].widht`; did you mean `width`?"),
    );
    says("[optimizer]\nkind = 'sgd'\nmomentum = 1\nbeta1 = 1", &[], &format!("{unknown}`optimizer.beta1`"));
    says("", &["train.stesp=1"], "--set: unknown key `train.stesp`; did you mean `steps`?");
    let message = read("zzzzzz = 1", &[]).unwrap_err().to_string();
    assert_eq!(message, "c.toml: unknown key `zzzzzz`; remove it");
}

#[test]
fn syntax_errors_have_line_and_column() {
    says("seed = 1\n[train\nsteps = 1", &[], "c.toml: line 2, column 7: ");
    says("ä = 1", &[], "c.toml: line 1, column 1: ");
    says("seed = 1\nseed = 2", &[], "c.toml: line 2, column 1: duplicate key");
}

#[test]
fn type_errors_name_the_key() {
    says("[train]\nsteps = 'many'", &[], "c.toml: `train.steps`: invalid type: string \"many\", expected u64");
    says("[train]\nsteps = -1", &[], "c.toml: `train.steps`: ");
    says("[optimizer]\nbeta1 = 0.1\nlearning_rate = 'fast'", &[], "c.toml: `optimizer.learning_rate`: invalid type");
    let sgd = "[optimizer]\nkind = 'sgd'\n";
    says(&format!("{sgd}momentum = 'x'"), &[], "c.toml: `optimizer.momentum`: invalid type");
    says(&format!("{sgd}momentum = 1\nlearning_rate = 'x'"), &["seed=1"], "c.toml: `optimizer.learning_rate`: invalid");
    says(&format!("{sgd}momentum = 'x'\nlearning_rate = 'x'"), &[], "c.toml: `optimizer.momentum`: invalid type");
    says("optimizer = 3", &[], "c.toml: `optimizer`: ");
    says(
        "[optimizer]\nkind = 'adamm'",
        &[],
        "c.toml: `optimizer.kind`: unknown variant `adamm`, expected `adam` or `sgd`; did you mean `adam`?",
    );
    says("[optimizer]\nkind = 3", &[], "c.toml: `optimizer.kind`: ");
    says("[train]\nsteps = 3", &["train.batch_size=big"], "--set: `train.batch_size`: invalid type: string \"big\"");
    says("widths = [1, 'a']", &[], "c.toml: `widths[1]`: invalid type");
    says("[[stages]]\nwidth = 1\n[[stages]]\nwidth = []", &[], "c.toml: `stages[1].width`: invalid type: sequence");
    says("[train]\nsteps = { a = 1 }", &[], "c.toml: `train.steps`: invalid type: map");
}

/// Two values that read the same: the one that is right is not blamed, and of two wrong ones the first is named.
#[test]
fn type_errors_name_the_key_among_equal_values() {
    says("[train]\nname = 'many'\nsteps = 'many'", &[], "c.toml: `train.steps`: invalid type: string \"many\"");
    says("seed = 3\n[train]\nname = 3", &[], "c.toml: `train.name`: invalid type: integer `3`");
    says("seed = 3\n[optimizer]\nkind = 3", &[], "c.toml: `optimizer.kind`: invalid type: integer `3`");
    says("", &["train.steps=1e3", "train.batch_size=1e3"], "--set: `train.");
}

#[test]
fn missing_keys_are_named_with_the_kind_that_needs_them() {
    let missing = "`optimizer.momentum`: missing; `optimizer.kind = \"sgd\"` needs it";
    says("[optimizer]\nkind = 'sgd'", &[], &format!("c.toml: {missing}"));
    says("[optimizer]\nkind = 'sgd'", &["optimizer.learning_rate=1"], &format!("c.toml: {missing}"));
    says("", &["optimizer.kind=sgd"], &format!("--set: {missing}"));
    says("[optimizer]\nkind = 'adam'", &["optimizer.kind=sgd"], &format!("--set: {missing}"));
}

const DEMO: [&str; 2] = [include_str!("../../../../demo/moons.toml"), include_str!("../../../../demo/digits.toml")];

fn real(text: &str, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    parse::<RunConfig>(text, &sets, Path::new("c.toml")).unwrap_err().to_string()
}

/// A demo file with one more value.
fn with(text: &str, set: &str) -> String {
    let mut table = toml::from_str(text).unwrap();
    apply_set(&mut table, set).unwrap();
    table.to_string()
}

#[test]
fn a_wrong_word_is_blamed_on_its_own_key() {
    let mistakes = [
        ("path.kind", "lineer", "linear"),
        ("coupling.kind", "exakt", "exact"),
        ("prediction.kind", "velocty", "velocity"),
        ("time.kind", "unifrom", "uniform"),
        ("solver.method", "mid_point", "midpoint"),
        ("network.kind", "mpl", "mlp"),
        ("network.activation", "selo", "selu"),
        ("training.device", "cdua", "cuda"),
        ("optimizer.decay", "cosin", "cosine"),
        ("weighting.kind", "unform", "uniform"),
        ("source.kind", "normall", "normal"),
        ("data.kind", "fil", "file"),
    ];
    for text in DEMO {
        for (key, wrong, right) in mistakes {
            let set = format!("{key}={wrong}");
            let want = |place| format!("{place}: `{key}`: unknown variant `{wrong}`, expected ");
            for (place, message) in [("--set", real(text, &[&set])), ("c.toml", real(&with(text, &set), &[]))] {
                assert!(message.starts_with(&want(place)), "{message}");
                assert!(message.ends_with(&format!("; did you mean `{right}`?")), "{message}");
            }
        }
        // A word that is right in another place of the file.
        for (key, word) in [("path.kind", "moons"), ("coupling.kind", "range"), ("network.kind", "exact")] {
            let message = real(text, &[&format!("{key}={word}")]);
            assert!(message.starts_with(&format!("--set: `{key}`: unknown variant `{word}`")), "{message}");
        }
        for (key, value) in [("path.kind", "3"), ("coupling.kind", "0.5"), ("training.device", "true"), ("ema", "3")] {
            let message = real(text, &[&format!("{key}={value}")]);
            assert!(message.starts_with(&format!("--set: `{key}`: invalid type: ")), "{message}");
        }
        let message = real(text, &["training.log_every=1e3", "training.checkpoint_every=1e3"]);
        assert!(message.starts_with("--set: `training.") && message.contains("every`: invalid type"), "{message}");
    }
    let message = real(DEMO[0], &["source.density.kind=mons"]);
    assert!(message.starts_with("--set: `source.density.kind`: unknown variant `mons`"), "{message}");
    let message = real(DEMO[1], &["data.scaling.kind=rangee"]);
    assert!(message.starts_with("--set: `data.scaling.kind`: unknown variant `rangee`"), "{message}");
}

#[test]
fn keys_that_are_unset_by_default_are_suggested() {
    let file = "[data]\nkind = 'file'\n";
    for (key, meant) in [
        ("label_colum", "label_column"),
        ("labels_colum", "label_column"),
        ("clases", "classes"),
        ("lables", "labels"),
        ("kye", "key"),
        ("label_key", "labels_key"),
        ("sampleshape", "sample_shape"),
        ("paht", "path"),
    ] {
        let message = real(&format!("{file}{key} = 1"), &[]);
        assert_eq!(message, format!("c.toml: unknown key `data.{key}`; did you mean `{meant}`?"));
    }
}

#[test]
fn keys_of_another_kind_say_so() {
    for (set, says) in [
        ("data.path=my.csv", "`data.path`: it belongs to `data.kind = \"file\"`"),
        ("data.label_column=-1", "`data.label_column`: it belongs to `data.kind = \"file\"`"),
        ("data.label_colum=-1", "`data.label_colum`; did you mean `label_column` of `data.kind = \"file\"`?"),
        ("source.density.kind=moons", "`source.density`: it belongs to `source.kind = \"toy\"`"),
        ("time.mean=1", "`time.mean`: it belongs to `time.kind = \"logit-normal\"`"),
        ("weighting.space=data", "`weighting.space`: it belongs to `weighting.kind = \"prediction\"`"),
        ("data.density.std=1", "`data.density.std`: it belongs to `data.density.kind = \"eight-gaussians\"`"),
    ] {
        assert_eq!(real("", &[set]), format!("--set: unknown key {says}"));
    }
    let message = real("[data]\nkind = 'file'\ndensity.kind = 'moons'", &[]);
    assert_eq!(message, "c.toml: unknown key `data.density`: it belongs to `data.kind = \"toy\"`");
}

#[test]
fn a_range_needs_bounds() {
    let says = "`data.scaling.low`: missing; `data.scaling.kind = \"range\"` needs it";
    let file = "[data]\nkind = 'file'\nscaling = { kind = 'range' }";
    assert_eq!(real(file, &[]), format!("c.toml: {says}"));
    assert_eq!(real("[data]\nkind = 'file'", &["data.scaling.kind=range"]), format!("--set: {says}"));
    assert_eq!(real(file, &["data.scaling.high=1"]), format!("c.toml: {says}"));
    let density = "`source.density`: missing; `source.kind = \"toy\"` needs it";
    assert_eq!(real(DEMO[1], &["source.kind=toy"]), format!("--set: {density}"));
    let radius = real("[source]\nkind = 'toy'\ndensity = { radius = 1 }", &[]);
    assert_eq!(radius, "c.toml: `source.density.kind`: missing");
}

#[test]
fn sets_that_are_no_assignments() {
    let table = || toml::from_str::<Table>("seed = 1").unwrap();
    let fails = |set: &str| apply_set(&mut table(), set).unwrap_err();
    assert!(matches!(fails("seed"), SetError::NoEquals { .. }));
    for set in ["=1", "a..b=1", "a b=1", "[a]=1", "a.=1"] {
        assert!(matches!(fails(set), SetError::Key { .. }), "{set}");
    }
    for set in ["a=", "a=[1, 2", "a=\"open", "a={b = }", "a=1\nb = 2"] {
        assert!(matches!(fails(set), SetError::Value { .. }), "{set}");
    }
    assert_eq!(fails("seed.x.y=1"), SetError::NotASection { set: "seed.x.y=1".into(), path: "seed".into() });
    says("", &["train.steps"], "--set \"train.steps\": no `=`");
}

#[test]
fn set_values_are_toml_or_words() {
    let mut table = Table::new();
    for set in
        ["a=3e-4", "b=true", "c=[1, 2]", "d=cosine", "e=\"x=y\"", "f.g.h=-1", "i={j = 1}", "k=out/run-1", "l=nan"]
    {
        apply_set(&mut table, set).unwrap();
    }
    let want = "a = 3e-4\nb = true\nc = [1, 2]\nd = 'cosine'\ne = 'x=y'\nf.g.h = -1\ni = {j = 1}\nk = 'out/run-1'";
    let number = table.remove("l").and_then(|value| value.as_float()).unwrap();
    assert!(number.is_nan());
    assert_eq!(table, toml::from_str(want).unwrap());
}
