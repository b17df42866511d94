//! Files: what was written is read, and nothing else is.

use std::fs;

use fm_nn::{Checkpoint, CheckpointError, Config, MlpConfig, NetworkConfig, Trainer};

use super::{labelled, small_config};

fn checkpoint() -> Checkpoint {
    let mut trainer = Trainer::new(small_config(), labelled()).unwrap();
    for _ in 0..3 {
        trainer.step().unwrap();
    }
    trainer.checkpoint([("note".to_owned(), "α".to_owned())].into()).unwrap()
}

#[test]
fn a_file_holds_the_whole_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let saved = checkpoint();
    saved.save(&path).unwrap();
    assert_eq!(Checkpoint::load(&path).unwrap(), saved);
    assert_eq!(saved.step, 3);
    assert_ne!(saved.weights, saved.ema);
    let first = fs::read(&path).unwrap();
    saved.save(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first, "the same run is the same file");
}

#[test]
fn settings_come_back_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let mut saved = checkpoint();
    // Doubles with every bit of the mantissa in use, which short decimals never are.
    let mut bits = 0.123_456_789_f64.to_bits();
    for _ in 0..200 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        saved.config.optimizer.learning_rate = f64::from_bits(0x3f50_0000_0000_0000 | (bits >> 12));
        saved.save(&path).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), saved);
    }
}

#[test]
fn damage_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    checkpoint().save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in [0, 1, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let error = Checkpoint::load(&path).unwrap_err();
        assert!(matches!(error, CheckpointError::Damaged { .. }), "cut at {cut}: {error}");
    }
    // One flipped bit in each sixteenth of the file.
    for part in 0..16 {
        let mut flipped = whole.clone();
        flipped[(whole.len() - 1) * part / 15] ^= 4;
        fs::write(&path, &flipped).unwrap();
        assert!(Checkpoint::load(&path).is_err(), "bit flipped in part {part}");
    }
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(&path, &flipped).unwrap();
    assert!(matches!(Checkpoint::load(&path), Err(CheckpointError::Checksum { .. })));
}

#[test]
fn foreign_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    assert!(matches!(Checkpoint::load(&path), Err(CheckpointError::Read { .. })));
    let data = [0_u8; 8];
    let view = || safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2], &data).unwrap();
    fs::write(&path, safetensors::serialize([("w", view())], None).unwrap()).unwrap();
    assert!(matches!(Checkpoint::load(&path), Err(CheckpointError::Foreign { .. })));
    let metadata = [("flow-matching".to_owned(), "{\"format\": 9}".to_owned())].into();
    fs::write(&path, safetensors::serialize([("w", view())], Some(metadata)).unwrap()).unwrap();
    assert!(matches!(Checkpoint::load(&path), Err(CheckpointError::Version { found: 9, .. })));
}

#[test]
fn another_run_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let saved = checkpoint();
    let resume = |config: Config| Trainer::resume(config, labelled(), &saved, &path).map(drop);

    let mut longer = small_config();
    longer.training.steps = 100;
    longer.training.checkpoint_every = 7;
    assert!(resume(longer).is_ok());

    let network = NetworkConfig::Mlp(MlpConfig { hidden: 17, blocks: 1, time_features: 4, ..MlpConfig::default() });
    let error = resume(Config { network, ..small_config() }).unwrap_err().to_string();
    assert!(error.contains("`input.weight` is [16, 2] in the file and [17, 2] in the network"), "{error}");

    let mut changed = small_config();
    changed.optimizer.learning_rate = 0.5;
    let error = resume(changed).unwrap_err().to_string();
    assert!(error.contains("`optimizer.learning_rate` was 0.001 in the interrupted run and is 0.5 now"), "{error}");
}

#[test]
fn a_full_or_forbidden_place_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = checkpoint().save(&folder.path().join("no/such/folder/c.safetensors")).unwrap_err();
    assert!(error.to_string().contains("create the folder first"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
