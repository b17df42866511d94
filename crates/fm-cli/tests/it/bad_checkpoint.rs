//! Files that are no checkpoint, or no longer one: refused by whatever reads them.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use crate::program::Place;

/// A safetensors file of another program, with an entry in its header if given.
fn foreign(metadata: Option<&str>) -> Vec<u8> {
    let view = TensorView::new(Dtype::F32, vec![2], &[0; 8]).unwrap();
    let metadata = metadata.map(|text| HashMap::from([("flow-matching".to_owned(), text.to_owned())]));
    safetensors::serialize([("layer.weight", view)], metadata).unwrap()
}

#[test]
fn damaged_and_foreign_files_are_refused_by_every_command() {
    let place = Place::new();
    place.train("good", &[]).ok();
    let good = place.bytes("good/checkpoint.safetensors");
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let position = |what: &[u8]| good.windows(what.len()).position(|window| window == what).unwrap();
    let mut later = good.clone();
    let at = position(br#"\"format\":1"#) + br#"\"format\":"#.len();
    later[at] = b'9';
    let mut other_step = good.clone();
    // The header is a text inside a text.
    let at = position(br#"\\\"step\\\":12"#) + br#"\\\"step\\\":1"#.len();
    other_step[at] = b'3';

    let cases: [(&str, Vec<u8>, &[&str]); 8] = [
        ("empty", vec![], &["truncated", "use another copy"]),
        ("half", good[..good.len() / 2].to_vec(), &["truncated", "use another copy"]),
        ("tail", good[..good.len() - 1].to_vec(), &["truncated", "use another copy"]),
        ("text", b"learning_rate = 1e-3\nsteps = 12\n".to_vec(), &["not a checkpoint", "use another copy"]),
        ("foreign", foreign(None), &["not a checkpoint of this program", "name one"]),
        ("lookalike", foreign(Some("{}")), &["not a checkpoint of this program", "name one"]),
        ("flipped", flipped, &["checksum", "use an earlier copy"]),
        ("edited", other_step, &["checksum", "use an earlier copy"]),
    ];
    for (name, content, parts) in cases {
        std::fs::create_dir(place.path(name)).unwrap();
        let file = format!("{name}/checkpoint.safetensors");
        place.file(&file, &content);
        let parts = [parts, &[file.as_str()]].concat();
        place.fm(&["sample", name, "--out", "x.npy"]).refused(&parts);
        place.resume(name, &["training.steps=20"]).refused(&parts);
        assert_eq!(place.names(name), ["checkpoint.safetensors"], "nothing is written beside it");
        assert_eq!(place.bytes(&file), content);
    }
    assert!(!place.path("x.npy").exists());

    place.file("later.safetensors", later);
    for command in [&["eval", "later.safetensors"][..], &["plot", "later.safetensors", "--out", "plots"]] {
        place.fm(command).refused(&["later.safetensors", "format 9", "newer version"]);
    }
    assert!(!place.path("plots").exists());
}

#[test]
fn paths_without_a_checkpoint_say_so() {
    let place = Place::new();
    std::fs::create_dir(place.path("folder")).unwrap();
    place.fm(&["info", "folder"]).refused(&["folder:", "no checkpoint.safetensors", "name a checkpoint"]);
    place.fm(&["info", "nowhere"]).refused(&["nowhere:", "no such file", "name a checkpoint"]);
    place.fm(&["sample", "no/where.safetensors", "--out", "x.npy"]).refused(&["no/where.safetensors:", "no such file"]);
    place.fm(&["info", "run.toml"]).refused(&["run.toml:", "not a checkpoint"]);
}
