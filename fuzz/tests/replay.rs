//! The committed corpora, through every parser, as they are and damaged: on a stable compiler, from fixed seeds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz::TARGETS;
use fuzz::mutate::Mutator;

/// For each target, spread over its seeds. Offers take longest, a tenth of a millisecond when they get all the way.
const DAMAGED_PER_TARGET: usize = 50_000;

#[test]
fn every_seed_passes_its_parser() {
    let mut failed = Vec::new();
    for (target, parse) in TARGETS {
        for (path, seed) in corpus(target) {
            if catch_unwind(|| parse(&seed)).is_err() {
                failed.push(format!("{target}: {}", path.display()));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_parser_survives_thousands_of_damaged_seeds() {
    let mut failed = Vec::new();
    for (number, (target, parse)) in TARGETS.iter().enumerate() {
        let seeds = corpus(target);
        let mut mutator = Mutator::seed(number as u64 + 1);
        for round in 0..DAMAGED_PER_TARGET {
            let (_, seed) = &seeds[round % seeds.len()];
            let (_, other) = &seeds[(round / seeds.len()) % seeds.len()];
            let input = mutator.damage(seed, other);
            if catch_unwind(AssertUnwindSafe(|| parse(&input))).is_err() {
                failed.push(format!("{target}, round {round}; kept as {}", keep(target, &input).display()));
                break;
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_target_has_seeds() {
    for (target, _) in TARGETS {
        assert!(!corpus(target).is_empty(), "no seeds in fuzz/corpus/{target}");
    }
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the target has a corpus").map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Where the failing input can be picked up and, after the fix, moved into the corpus.
fn keep(target: &str, input: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("weir-fuzz-{target}"));
    std::fs::write(&path, input).unwrap();
    path
}
