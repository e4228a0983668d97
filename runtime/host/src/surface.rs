//! The surface of a component: what of it a reviewer has to know, taken from its bytes.

use crate::inspect::{Inspected, Part};
use minion_bundle::Bundle;
use minion_grants::{PartName, Surface, SurfacePart};

impl Inspected {
    /// What of it a reviewer has to know.
    pub fn surface(&self) -> Surface {
        let bundle = self.bundle();
        let part = |(name, part): (&PartName, &Part)| (name.clone(), part_of(part));
        let prompt = |(name, text): (&String, &String)| Some((name.parse().ok()?, text.clone()));
        Surface {
            digest: bundle.digest,
            manifest: bundle.manifest.clone(),
            graph: bundle.graph.clone(),
            imports: imports(bundle),
            prompts: bundle.prompts.iter().filter_map(prompt).collect(),
            parts: self.plugins().iter().map(part).collect(),
        }
    }
}

fn part_of(part: &Part) -> SurfacePart {
    SurfacePart {
        digest: part.bundle.digest,
        origin: part.origin,
        manifest: part.bundle.manifest.clone(),
        imports: imports(&part.bundle),
    }
}

fn imports(bundle: &Bundle) -> Vec<String> {
    let names = bundle.imports.iter().map(|import| import.name.clone());
    names.collect()
}
