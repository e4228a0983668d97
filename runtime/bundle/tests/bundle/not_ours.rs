//! Files that are no component of ours: each refusal names the thing and the cure.

use minion_bundle::{BadComponent, BadContract, BadFile, MAX_FILE_BYTES, read};

use crate::made::{Made, bare_plugin, component, component_of, section};

fn refusal(bytes: &[u8]) -> String {
    read(bytes).expect_err("must be refused").to_string()
}

#[test]
fn empty_file_is_refused() {
    assert!(matches!(
        read(b""),
        Err(BadFile::Component(BadComponent::Empty))
    ));
    assert!(refusal(b"").contains("empty"));
}

#[test]
fn file_that_is_something_else_is_refused() {
    for bytes in [
        &b"#!/bin/sh\n"[..],
        b"\x7fELF",
        b"(component)",
        b"\0",
        b"\0asn",
        b"x",
    ] {
        let refusal = refusal(bytes);
        assert!(
            refusal.contains("not WebAssembly") || bytes == b"\0",
            "{bytes:?}: {refusal}"
        );
    }
}

#[test]
fn core_module_is_refused_with_the_way_to_a_component() {
    let refusal = refusal(b"\0asm\x01\0\0\0");
    assert!(refusal.contains("core WebAssembly module"), "{refusal}");
    assert!(refusal.contains("minion-rt build"), "{refusal}");
    assert!(refusal.contains("wasm-tools component new"), "{refusal}");
}

#[test]
fn unknown_encoding_is_refused() {
    let refusal = refusal(b"\0asm\x63\0\x07\0");
    assert!(refusal.contains("no valid component"), "{refusal}");
}

#[test]
fn file_without_its_end_is_called_truncated() {
    let file = Made::blueprint().file();
    for cut in [1, 4, 7, 9, 60, file.len() - 1] {
        let refusal = refusal(&file[..cut]);
        assert!(refusal.contains("truncated"), "{cut}: {refusal}");
    }
}

#[test]
fn file_past_the_bound_is_refused_unread() {
    let mut file = Made::plugin().file();
    file.resize(MAX_FILE_BYTES + 1, 0);
    let refusal = refusal(&file);
    assert!(refusal.contains(&MAX_FILE_BYTES.to_string()), "{refusal}");
}

#[test]
fn component_without_our_exports_is_told_which_are_missing() {
    let refusal = refusal(&component("export acme:other/thing@1.2.3;"));
    assert!(
        refusal.contains("minion:blueprint/blueprint@0.1.0"),
        "{refusal}"
    );
    assert!(refusal.contains("minion:node/node@0.1.0"), "{refusal}");
}

#[test]
fn component_that_is_both_kinds_is_refused() {
    let both = "export minion:blueprint/blueprint@0.1.0; export minion:node/node@0.1.0;";
    let refused = read(&component(both));
    assert!(matches!(
        refused,
        Err(BadFile::Contract(BadContract::BothKinds))
    ));
}

#[test]
fn newer_contract_is_refused_with_the_supported_range() {
    for version in ["0.1.1", "0.2.0", "1.0.0"] {
        let world = "import minion:host/log@VERSION; export minion:node/node@VERSION;";
        let refusal = refusal(&component_of(version, world));
        assert!(refusal.contains(version), "{refusal}");
        assert!(refusal.contains("0.1.0 to 0.1.0"), "{refusal}");
        assert!(refusal.contains("newer minion-rt"), "{refusal}");
    }
}

#[test]
fn older_contract_is_refused_with_the_supported_range() {
    let world = "import minion:host/log@VERSION; export minion:node/node@VERSION;";
    for version in ["0.0.9", "0.1.0-rc.1"] {
        let refusal = refusal(&component_of(version, world));
        assert!(refusal.contains("newer minion-sdk"), "{refusal}");
    }
}

#[test]
fn import_that_the_contract_does_not_have_is_named() {
    let world = "import minion:host/time-travel@0.1.0; export minion:node/node@0.1.0;";
    let refusal = refusal(&component(world));
    assert!(
        refusal.contains("minion:host/time-travel@0.1.0"),
        "{refusal}"
    );
    assert!(refusal.contains("minion:host/workspace"), "{refusal}");
}

#[test]
fn component_without_a_manifest_is_refused() {
    let refusal = refusal(&bare_plugin());
    assert!(refusal.contains("minion:manifest"), "{refusal}");
    assert!(refusal.contains("minion-rt build"), "{refusal}");
}

#[test]
fn manifest_below_the_top_level_does_not_count() {
    let manifest = section(
        "minion:manifest",
        Made::plugin().manifest.to_string().as_bytes(),
    );
    let mut nested = b"\0asm\x0d\0\x01\0".to_vec();
    nested.extend(manifest);
    let mut file = bare_plugin();
    file.push(4);
    wasm_encoder::Encode::encode(&nested.as_slice(), &mut file);
    let refusal = refusal(&file);
    assert!(
        refusal.contains("no section `minion:manifest`"),
        "{refusal}"
    );
}

#[test]
fn text_of_the_file_is_shown_escaped() {
    let mut file = Made::plugin().file();
    file.extend(section("minion:\u{1b}[2J\u{202e}", b""));
    let refusal = refusal(&file);
    assert!(refusal.contains("minion:\\u{1b}[2J\\u{202e}"), "{refusal}");
    assert!(!refusal.contains('\u{1b}'), "{refusal}");
}
