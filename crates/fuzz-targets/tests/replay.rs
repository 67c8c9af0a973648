//! Every file of the corpus through its target, on the stable toolchain.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets::TARGETS;

/// The most bytes of the whole corpus: a reader of the repository pays for it.
const MAX_LEN: u64 = 100 * 1024;

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(path)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn names(directory: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files(&fuzz(directory)).iter().map(stem).collect()
}

#[test]
fn every_target_keeps_its_promises_for_its_corpus() {
    for (name, target) in TARGETS {
        let (mut accepted, mut refused) = (0, 0);
        for path in files(&fuzz("corpus").join(name)) {
            // What a panic is about: the test prints it when it fails.
            println!("{}", path.display());
            if target(&fs::read(path).unwrap()) {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
        // A corpus that a decoder only refuses shows nothing: a format has changed, and wants new seeds.
        assert!(accepted > 0 && refused > 0, "{name}: {accepted} accepted, {refused} refused");
    }
}

#[test]
fn a_target_has_a_fuzzer_and_a_corpus_and_nothing_else_has() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).unwrap();
    for name in targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let fuzzer = fs::read_to_string(fuzz("fuzz_targets").join(&name).with_extension("rs")).unwrap();
        assert!(fuzzer.contains(&format!("run(\"{name}\", ")), "{name} runs another target");
    }
}

#[test]
fn the_corpus_stays_small() {
    let files = TARGETS.iter().flat_map(|(name, _)| files(&fuzz("corpus").join(name)));
    let bytes: u64 = files.map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes <= MAX_LEN, "{bytes} bytes; minimise it (`cargo fuzz cmin`)");
}
