//! Any bytes in, the outside of a component out: what it imports and exports,
//! and the custom sections at its top level.
//!
//! The whole file is validated, nothing is compiled or executed. Refuses what
//! is no component, what is damaged, and what is so large or so entangled that
//! compiling it later would be an attack.

use minion_grants::shown;
use thiserror::Error;
use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::TypesRef;
use wasmparser::{
    ComponentExternalKind, Encoding, FuncValidatorAllocations, FunctionBody, Parser, Payload,
    ValidPayload, Validator, WasmFeatures,
};

/// The largest file that is read.
pub const MAX_FILE_BYTES: usize = 32 * 1024 * 1024;
/// The most imports, and the most exports, of a component.
pub const MAX_INTERFACES: u32 = 1_000;
/// The most imports of one core module inside of a component.
pub const MAX_CORE_IMPORTS: u32 = 10_000;
/// The most functions of all core modules inside of a component.
pub const MAX_FUNCTIONS: u32 = 200_000;
/// The most bytes of one function. The interpreter loops of `QuickJS` and
/// `CPython`, the largest functions known, stay beneath a quarter of it.
pub const MAX_FUNCTION_BYTES: usize = 1024 * 1024;
/// The most local variables of one function.
pub const MAX_LOCALS: u64 = 20_000;
/// The most bytes × local variables of one function: an optimising compiler
/// may spend time on their product.
pub const MAX_FUNCTION_WORK: u64 = 1_000_000_000;
/// How deep components and modules may stand in one another.
pub const MAX_DEPTH: usize = 16;

/// The outside of a component.
#[derive(Debug, Clone)]
pub(crate) struct Component<'a> {
    /// In the order of the file.
    pub(crate) imports: Vec<Interface>,
    /// In the order of the file.
    pub(crate) exports: Vec<Interface>,
    /// Custom sections at the top level, in the order of the file.
    pub(crate) sections: Vec<(&'a str, &'a [u8])>,
}

/// Something that a component imports or exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// As it stands in the file: `minion:host/workspace@0.1.0`.
    pub name: String,
    /// The names of its functions, sorted; none where it is no interface.
    pub functions: Vec<String>,
    /// It has types and nothing else, so importing it gives nothing to call.
    pub only_types: bool,
}

/// Why a file is not a component that can be looked at.
#[derive(Debug, Error)]
pub enum BadComponent {
    /// There is nothing in it.
    #[error("the file is empty; build the component again")]
    Empty,
    /// More bytes than are ever read.
    #[error(
        "the file has {bytes} bytes, at most {MAX_FILE_BYTES} are read; build it with `minion-rt build`, which optimises for size"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It doesn't begin as WebAssembly does.
    #[error(
        "the file is not WebAssembly: it does not begin with `\\0asm`; build one with `minion-rt build`"
    )]
    NotWasm,
    /// It ends too early.
    #[error(
        "the file is truncated or damaged: it ends in the middle of something (byte {at} of {bytes}); copy or build it again"
    )]
    Truncated {
        /// Where reading stopped.
        at: u64,
        /// The size of the file.
        bytes: usize,
    },
    /// A core module, which has no typed interfaces.
    #[error(
        "the file is a core WebAssembly module, not a component; make one with `minion-rt build`, or with `wasm-tools component new`"
    )]
    CoreModule,
    /// It breaks the rules of WebAssembly.
    #[error("the file is no valid component (byte {at}): {reason}; build it again")]
    Invalid {
        /// Where.
        at: u64,
        /// The rule, in the validator's words.
        reason: String,
    },
    /// It is within the rules, but built to be expensive.
    #[error("the component has {found} {what}, at most {limit} are accepted")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much was found.
        found: u64,
        /// The bound.
        limit: u64,
    },
}

/// What is done with the code of functions. Everything around it is always validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Functions {
    /// Every instruction is looked at.
    Validate,
    /// These very bytes were validated before.
    Sound,
}

/// Reads and validates a component.
pub(crate) fn component(bytes: &[u8], functions: Functions) -> Result<Component<'_>, BadComponent> {
    check_header(bytes)?;
    let mut walk = Walk::new(bytes.len(), functions);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| walk.bad(&error))?;
        walk.take(&payload)?;
    }
    Ok(walk.component)
}

fn check_header(bytes: &[u8]) -> Result<(), BadComponent> {
    const MAGIC: &[u8] = b"\0asm";
    let start = &bytes[..bytes.len().min(MAGIC.len())];
    match bytes.len() {
        0 => Err(BadComponent::Empty),
        _ if !MAGIC.starts_with(start) => Err(BadComponent::NotWasm),
        1..8 => Err(BadComponent::Truncated {
            at: bytes.len() as u64,
            bytes: bytes.len(),
        }),
        count if count > MAX_FILE_BYTES => Err(BadComponent::TooLarge { bytes: count }),
        _ => Ok(()),
    }
}

/// One reading of a file, from its first to its last byte.
struct Walk<'a> {
    bytes: usize,
    code: Functions,
    validator: Validator,
    spare: FuncValidatorAllocations,
    depth: usize,
    functions: u32,
    names: Vec<(Side, &'a str)>,
    component: Component<'a>,
}

#[derive(Clone, Copy)]
enum Side {
    Import,
    Export,
}

impl<'a> Walk<'a> {
    fn new(bytes: usize, code: Functions) -> Self {
        Self {
            bytes,
            code,
            validator: Validator::new_with_features(WasmFeatures::default()),
            spare: FuncValidatorAllocations::default(),
            depth: 0,
            functions: 0,
            names: Vec::new(),
            component: Component {
                imports: Vec::new(),
                exports: Vec::new(),
                sections: Vec::new(),
            },
        }
    }

    fn take(&mut self, payload: &Payload<'a>) -> Result<(), BadComponent> {
        self.bound(payload)?;
        let valid = self.validator.payload(payload);
        match valid.map_err(|error| self.bad(&error))? {
            ValidPayload::Func(..) if self.code == Functions::Sound => Ok(()),
            ValidPayload::Func(function, body) => {
                bound_function(&body)
                    .map_err(|problem| problem.unwrap_or_else(|error| self.bad(&error)))?;
                let mut checker = function.into_validator(std::mem::take(&mut self.spare));
                let verdict = checker.validate(&body);
                self.spare = checker.into_allocations();
                verdict.map_err(|error| self.bad(&error))
            }
            ValidPayload::End(types) if self.depth == 0 => {
                self.name_interfaces(types.as_ref());
                Ok(())
            }
            ValidPayload::Parser(_) => {
                self.depth += 1;
                at_most("levels of nesting", self.depth as u64, MAX_DEPTH as u64)
            }
            ValidPayload::End(_) => {
                self.depth -= 1;
                Ok(())
            }
            ValidPayload::Ok => self.note(payload),
        }
    }

    /// Looks at counts before the validator spends time on what is counted.
    fn bound(&mut self, payload: &Payload<'a>) -> Result<(), BadComponent> {
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if self.depth == 0 => Err(BadComponent::CoreModule),
            Payload::ComponentImportSection(section) => {
                at_most("imports", section.count().into(), MAX_INTERFACES.into())
            }
            Payload::ComponentExportSection(section) => {
                at_most("exports", section.count().into(), MAX_INTERFACES.into())
            }
            Payload::ImportSection(section) => at_most(
                "core imports",
                section.count().into(),
                MAX_CORE_IMPORTS.into(),
            ),
            Payload::FunctionSection(section) => {
                self.functions = self.functions.saturating_add(section.count());
                at_most("functions", self.functions.into(), MAX_FUNCTIONS.into())
            }
            _ => Ok(()),
        }
    }

    /// Keeps what stands at the top level.
    fn note(&mut self, payload: &Payload<'a>) -> Result<(), BadComponent> {
        if self.depth > 0 {
            return Ok(());
        }
        match payload {
            Payload::CustomSection(section) => {
                self.component
                    .sections
                    .push((section.name(), section.data()));
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import.map_err(|error| self.bad(&error))?;
                    self.names.push((Side::Import, import.name.name));
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export.map_err(|error| self.bad(&error))?;
                    if export.kind != ComponentExternalKind::Type {
                        self.names.push((Side::Export, export.name.name));
                    }
                }
            }
            _ => {}
        }
        at_most(
            "imports and exports",
            self.names.len() as u64,
            (2 * MAX_INTERFACES).into(),
        )
    }

    fn name_interfaces(&mut self, types: TypesRef<'_>) {
        for (side, name) in std::mem::take(&mut self.names) {
            let (list, item) = match side {
                Side::Import => (
                    &mut self.component.imports,
                    types.component_item_for_import(name),
                ),
                Side::Export => (
                    &mut self.component.exports,
                    types.component_item_for_export(name),
                ),
            };
            list.push(interface(name, types, item.map(|item| &item.ty)));
        }
    }

    fn bad(&self, error: &wasmparser::Error) -> BadComponent {
        let at = error.offset();
        if error.message() == "unexpected end-of-file" {
            return BadComponent::Truncated {
                at,
                bytes: self.bytes,
            };
        }
        BadComponent::Invalid {
            at,
            reason: shown(error.message()),
        }
    }
}

/// The outer error is a bound that was passed, the inner one damage.
fn bound_function(body: &FunctionBody<'_>) -> Result<(), Result<BadComponent, wasmparser::Error>> {
    let bytes = body.as_bytes().len();
    at_most(
        "bytes in one function",
        bytes as u64,
        MAX_FUNCTION_BYTES as u64,
    )
    .map_err(Ok)?;
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(Err)? {
        locals += u64::from(group.map_err(Err)?.0);
    }
    at_most("local variables in one function", locals, MAX_LOCALS).map_err(Ok)?;
    let work = locals * bytes as u64;
    at_most(
        "bytes × local variables in one function",
        work,
        MAX_FUNCTION_WORK,
    )
    .map_err(Ok)
}

fn interface(name: &str, types: TypesRef<'_>, of: Option<&ComponentEntityType>) -> Interface {
    let mut interface = Interface {
        name: name.to_owned(),
        functions: Vec::new(),
        only_types: false,
    };
    if let Some(ComponentEntityType::Instance(instance)) = of {
        let exports = &types[*instance].exports;
        let is_type = |of: &ComponentEntityType| matches!(of, ComponentEntityType::Type { .. });
        let is_function = |of: &ComponentEntityType| matches!(of, ComponentEntityType::Func(_));
        interface.only_types = exports.values().all(|item| is_type(&item.ty));
        let functions = exports.iter().filter(|(_, item)| is_function(&item.ty));
        interface.functions = functions.map(|(name, _)| name.clone()).collect();
        interface.functions.sort();
    }
    interface
}

fn at_most(what: &'static str, found: u64, limit: u64) -> Result<(), BadComponent> {
    if found > limit {
        return Err(BadComponent::TooMuch { what, found, limit });
    }
    Ok(())
}
