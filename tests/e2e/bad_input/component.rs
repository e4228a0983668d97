//! Files that are no component for this host.

use super::manifest::Parts;
use super::{Stage, hostile};

/// Both verbs that look at a file refuse it in the same words, and nothing is touched.
#[track_caller]
pub(super) fn refused(bytes: &[u8], words: &[&str]) {
    let stage = Stage::new();
    let file = stage.world.file("given.wasm", bytes);
    stage.exec(&file, &super::GRANTED).expect(3, words);
    let ran = stage.world.minion(&["inspect", file.to_str().unwrap()]);
    ran.expect(3, words);
    stage.untouched();
}

/// Replaces words in a component by others of the same length.
fn patched(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut parts = Parts::of(&hostile());
    let mut places = 0;
    let mut at = 0;
    while let Some(found) = find(&parts.bare[at..], from.as_bytes()) {
        at += found;
        parts.bare[at..at + to.len()].copy_from_slice(to.as_bytes());
        places += 1;
    }
    assert!(places > 0, "`{from}` is not in the component");
    parts.file()
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

#[test]
fn a_missing_file_is_named() {
    let stage = Stage::new();
    let missing = stage.world.path("nowhere.wasm");
    let words = ["there is no file", "nowhere.wasm"];
    stage.exec(&missing, &[]).expect(2, &words);
    let ran = stage.world.minion(&["inspect", missing.to_str().unwrap()]);
    ran.expect(2, &words);
    stage.untouched();
}

#[test]
fn a_folder_without_source_is_told_what_is_missing() {
    let stage = Stage::new();
    let folder = stage.world.path("empty");
    std::fs::create_dir(&folder).unwrap();
    let words = ["there is no", "minion.toml", "minion-rt new"];
    stage.exec(&folder, &["--offline"]).expect(2, &words);
    stage.untouched();
}

#[test]
fn an_empty_file_is_refused() {
    refused(b"", &["the file is empty", "build the component again"]);
}

#[test]
fn a_truncated_file_is_refused_with_the_byte_where_it_ends() {
    let whole = std::fs::read(hostile()).unwrap();
    let half = &whole[..whole.len() / 2];
    refused(half, &["truncated", "copy or build it again"]);
}

#[test]
fn a_corrupt_file_is_refused_with_the_byte_that_is_wrong() {
    let mut damaged = std::fs::read(hostile()).unwrap();
    let middle = damaged.len() / 4;
    damaged[middle..middle + 64].fill(0xff);
    refused(&damaged, &["(byte ", "build it again"]);
}

#[test]
fn a_text_file_is_not_webassembly() {
    let words = ["not WebAssembly", "minion-rt build"];
    refused(b"#!/bin/sh\necho hello\n", &words);
}

#[test]
fn a_core_module_is_refused_with_the_way_to_a_component() {
    let words = ["a core WebAssembly module", "minion-rt build"];
    refused(b"\0asm\x01\0\0\0", &words);
}

#[test]
fn a_component_that_exports_nothing_of_ours_is_refused() {
    let words = [
        "exports neither `minion:blueprint/blueprint@0.1.0`",
        "minion-rt new",
    ];
    refused(b"\0asm\x0d\0\x01\0", &words);
}

#[test]
fn a_component_for_a_newer_contract_is_refused_with_the_range_that_is_spoken() {
    let words = ["0.7.0", "speaks 0.1.0 to 0.1.0", "use a newer minion-rt"];
    refused(&patched("@0.1.0", "@0.7.0"), &words);
}

#[test]
fn a_component_for_an_older_contract_is_refused_with_the_range_that_is_spoken() {
    let words = ["0.0.9", "speaks 0.1.0 to 0.1.0", "a newer minion-sdk"];
    refused(&patched("@0.1.0", "@0.0.9"), &words);
}

#[test]
fn an_import_in_our_name_that_no_one_offers_is_named() {
    let bytes = patched("minion:host/plugins", "minion:host/weather");
    let words = ["`minion:host/weather@0.1.0`", "the host offers"];
    refused(&bytes, &words);
}

#[test]
fn an_import_of_somebody_else_that_no_one_offers_is_named() {
    let bytes = patched("minion:host/log@0.1.0", "acme:others/log@0.1.0");
    refused(&bytes, &["`acme:others/log@0.1.0`"]);
}

#[test]
fn an_import_of_wasi_files_is_named() {
    let bytes = patched("minion:host/workspace@0.1.0", "wasi:filesystem/types@0.2.0");
    refused(&bytes, &["`wasi:filesystem/types@0.2.0`"]);
}
