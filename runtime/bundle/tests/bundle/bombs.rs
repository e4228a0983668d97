//! Files within the rules of WebAssembly that are built to be expensive: they
//! are refused by a count, before anything is spent on them.

use std::time::{Duration, Instant};

use minion_bundle::{BadComponent, BadFile, MAX_DEPTH, read};
use wasm_encoder::{
    CodeSection, Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection,
    EntityType, Function, FunctionSection, ImportSection, Instruction, Module, ModuleSection,
    NestedComponentSection, PrimitiveValType, RawSection, TypeSection, ValType,
};

use crate::made::{Made, section};

/// What is refused by count needs no time; the bound leaves room for a slow machine.
fn refused_quickly(file: &[u8]) -> BadFile {
    let start = Instant::now();
    let refusal = read(file).expect_err("must be refused");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "took {:?}",
        start.elapsed()
    );
    refusal
}

fn too_much(file: &[u8]) -> &'static str {
    match refused_quickly(file) {
        BadFile::Component(BadComponent::TooMuch { what, .. }) => what,
        other => panic!("{other}"),
    }
}

fn with_module(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

fn nullary() -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types
}

fn with_function(function: &Function) -> Vec<u8> {
    let mut module = Module::new();
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut code = CodeSection::new();
    code.function(function);
    module
        .section(&nullary())
        .section(&functions)
        .section(&code);
    with_module(&module)
}

#[test]
fn hundred_thousand_imports_are_refused() {
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params::<[_; 0], PrimitiveValType>([])
        .result(None);
    let mut imports = ComponentImportSection::new();
    for n in 0..100_000 {
        imports.import(format!("f{n}").as_str(), ComponentTypeRef::Func(0));
    }
    let mut component = Component::new();
    component.section(&types).section(&imports);
    assert_eq!(too_much(&component.finish()), "imports");
}

#[test]
fn imports_spread_over_many_sections_are_refused() {
    let mut component = Component::new();
    let mut types = ComponentTypeSection::new();
    types
        .function()
        .params::<[_; 0], PrimitiveValType>([])
        .result(None);
    component.section(&types);
    for n in 0..100_000 {
        let mut imports = ComponentImportSection::new();
        imports.import(format!("f{n}").as_str(), ComponentTypeRef::Func(0));
        component.section(&imports);
    }
    assert_eq!(too_much(&component.finish()), "imports and exports");
}

#[test]
fn hundred_thousand_core_imports_are_refused() {
    let mut imports = ImportSection::new();
    for n in 0..100_000 {
        imports.import("m", &format!("f{n}"), EntityType::Function(0));
    }
    let mut module = Module::new();
    module.section(&nullary()).section(&imports);
    assert_eq!(too_much(&with_module(&module)), "core imports");
}

#[test]
fn million_functions_are_refused() {
    let mut functions = FunctionSection::new();
    for _ in 0..1_000_000 {
        functions.function(0);
    }
    let mut module = Module::new();
    module.section(&nullary()).section(&functions);
    assert_eq!(too_much(&with_module(&module)), "functions");
}

#[test]
fn one_enormous_function_is_refused() {
    let mut function = Function::new([]);
    for _ in 0..1_000_000 {
        function.instruction(&Instruction::Block(wasm_encoder::BlockType::Empty));
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    assert_eq!(too_much(&with_function(&function)), "bytes in one function");
}

#[test]
fn function_with_very_many_locals_is_refused() {
    let mut function = Function::new([(40_000, ValType::I64)]);
    function.instruction(&Instruction::End);
    assert_eq!(
        too_much(&with_function(&function)),
        "local variables in one function"
    );
}

#[test]
fn long_function_with_many_locals_is_refused() {
    let mut function = Function::new([(10_000, ValType::I64)]);
    for _ in 0..200_000 {
        function.instruction(&Instruction::Nop);
    }
    function.instruction(&Instruction::End);
    assert_eq!(
        too_much(&with_function(&function)),
        "bytes × local variables in one function"
    );
}

#[test]
fn components_in_components_are_refused() {
    let mut component = Component::new();
    for _ in 0..=MAX_DEPTH {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    assert_eq!(too_much(&component.finish()), "levels of nesting");
}

#[test]
fn deeply_nested_types_are_refused() {
    let one_level = [0x41, 1, 1];
    let data = [vec![1], one_level.repeat(1_000_000)].concat();
    let mut component = Component::new();
    component.section(&RawSection { id: 7, data: &data });
    let refusal = refused_quickly(&component.finish()).to_string();
    assert!(refusal.contains("nesting is too deep"), "{refusal}");
}

#[test]
fn types_that_double_at_each_step_are_refused() {
    let mut types = ComponentTypeSection::new();
    types
        .defined_type()
        .tuple([PrimitiveValType::U8, PrimitiveValType::U8]);
    for n in 0..100 {
        use wasm_encoder::ComponentValType::Type;
        types.defined_type().tuple([Type(n), Type(n)]);
    }
    let mut component = Component::new();
    component.section(&types);
    let refusal = refused_quickly(&component.finish()).to_string();
    assert!(refusal.contains("no valid component"), "{refusal}");
}

#[test]
fn manifest_of_many_megabytes_is_refused() {
    let mut file = Made::plugin().component;
    file.extend(section("minion:manifest", &vec![b'['; 30 * 1024 * 1024]));
    assert!(
        refused_quickly(&file)
            .to_string()
            .contains("minion:manifest")
    );
}

#[test]
fn manifest_of_brackets_alone_is_refused() {
    let mut file = Made::plugin().component;
    file.extend(section("minion:manifest", &vec![b'['; 60 * 1024]));
    assert!(
        refused_quickly(&file)
            .to_string()
            .contains("minion:manifest")
    );
}

#[test]
fn section_that_claims_more_than_the_file_is_refused() {
    let mut file = Made::plugin().component;
    file.extend([0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert!(refused_quickly(&file).to_string().contains("truncated"));
}
