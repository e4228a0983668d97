//! A set of deeds of one kind: a union of terms, each an intersection of atoms,
//! without what is denied.
//!
//! Inclusion is decided, and soundly: `covers` says yes only where it is so.
//! Where two patterns relate in a way that cannot be shown, it says no.

use std::fmt;

/// What a set is made of: a pattern, or terms of an agent.
pub(crate) trait Atom: Clone + PartialEq + fmt::Display {
    /// One deed of the kind.
    type Deed: ?Sized;
    /// Whether the atom takes the deed.
    fn takes(&self, deed: &Self::Deed) -> bool;
    /// Whether it denies the deed. What denies may take more than what allows.
    fn denies(&self, deed: &Self::Deed) -> bool {
        self.takes(deed)
    }
    /// Whether every deed that `other` takes is taken by this one too. A no may
    /// also mean that it could not be shown.
    fn covers(&self, other: &Self) -> bool;
    /// Whether some deed is taken by both. A yes may also mean that the
    /// contrary could not be shown.
    fn overlaps(&self, other: &Self) -> bool;
    /// Both in one, where one atom can say it.
    fn meet(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            return Some(other.clone());
        }
        other.covers(self).then(|| self.clone())
    }
}

/// A set of deeds. The default is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set<A> {
    terms: Vec<Term<A>>,
    denied: Vec<A>,
}

/// Everything that all of its atoms take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term<A>(Vec<A>);

impl<A> Default for Set<A> {
    fn default() -> Self {
        Self {
            terms: Vec::new(),
            denied: Vec::new(),
        }
    }
}

impl<A: Atom> Set<A> {
    /// The union of these atoms.
    pub(crate) fn of(atoms: impl IntoIterator<Item = A>) -> Self {
        let terms = atoms.into_iter().map(|atom| Term(vec![atom])).collect();
        Self {
            terms,
            denied: Vec::new(),
        }
    }

    pub(crate) fn takes(&self, deed: &A::Deed) -> bool {
        self.terms.iter().any(|term| term.takes(deed))
            && !self.denied.iter().any(|atom| atom.denies(deed))
    }

    /// Everything that either takes. A deny of either stays.
    pub(crate) fn union(mut self, other: &Self) -> Self {
        self.terms.extend(other.terms.iter().cloned());
        self.deny(other.denied.iter().cloned());
        self
    }

    /// Everything that both take.
    pub(crate) fn intersect(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for term in &self.terms {
            let met = other.terms.iter().filter_map(|theirs| term.meet(theirs));
            both.terms.extend(met);
        }
        both.deny(self.denied.iter().chain(&other.denied).cloned());
        both.tidy();
        both
    }

    /// Takes out what the atoms take, whatever else allows it.
    pub(crate) fn deny(&mut self, atoms: impl IntoIterator<Item = A>) {
        for atom in atoms {
            if !self.denied.contains(&atom) {
                self.denied.push(atom);
            }
        }
    }

    /// Each atom turned into another.
    pub(crate) fn map(self, turn: impl Fn(A) -> A) -> Self {
        let term = |term: Term<A>| Term(term.0.into_iter().map(&turn).collect());
        Self {
            terms: self.terms.into_iter().map(term).collect(),
            denied: self.denied,
        }
    }

    /// Whether everything that `other` takes is taken by this one too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.terms.iter().all(|term| self.covers_term(term, other))
    }

    fn covers_term(&self, term: &Term<A>, of: &Self) -> bool {
        if of.denied.iter().any(|atom| term.within(atom)) {
            return true;
        }
        let untouched = |atom: &A| {
            !term.0.iter().all(|part| part.overlaps(atom))
                || of.denied.iter().any(|theirs| theirs.covers(atom))
        };
        self.terms.iter().any(|own| own.covers(term)) && self.denied.iter().all(untouched)
    }

    /// The terms that `other` does not cover, as text, each with those of `other`
    /// that it touches.
    pub(crate) fn beyond(&self, other: &Self) -> Vec<(String, Vec<String>)> {
        let wider = |term: &&Term<A>| !other.covers_term(term, self);
        let told = |term: &Term<A>| {
            let touched = other.terms.iter().filter(|theirs| theirs.overlaps(term));
            let mut touched: Vec<_> = touched.map(|term| other.told(term)).collect();
            touched.dedup();
            (self.told(term), touched)
        };
        self.terms.iter().filter(wider).map(told).collect()
    }

    /// The terms that touch nothing of `other`, as text.
    pub(crate) fn apart(&self, other: &Self) -> Vec<String> {
        let lonely = |term: &&Term<A>| !other.terms.iter().any(|theirs| theirs.overlaps(term));
        let lonely = self.terms.iter().filter(lonely);
        lonely.map(|term| self.told(term)).collect()
    }

    fn told(&self, term: &Term<A>) -> String {
        let denied = self.denied.iter().filter(|atom| term.touches(atom));
        let denied: Vec<_> = denied.map(ToString::to_string).collect();
        match denied.as_slice() {
            [] => term.to_string(),
            denied => format!("{term} but not {}", denied.join(" ")),
        }
    }

    /// Terms that another one covers say nothing.
    fn tidy(&mut self) {
        let mut kept: Vec<Term<A>> = Vec::new();
        for term in std::mem::take(&mut self.terms) {
            if kept.iter().any(|other| other.covers(&term)) {
                continue;
            }
            kept.retain(|other| !term.covers(other));
            kept.push(term);
        }
        self.terms = kept;
    }
}

impl<A: Atom> Term<A> {
    fn takes(&self, deed: &A::Deed) -> bool {
        self.0.iter().all(|atom| atom.takes(deed))
    }

    fn covers(&self, other: &Self) -> bool {
        self.0.iter().all(|atom| other.within(atom))
    }

    fn within(&self, atom: &A) -> bool {
        self.0.iter().any(|own| atom.covers(own))
    }

    fn touches(&self, atom: &A) -> bool {
        self.0.iter().all(|own| own.overlaps(atom))
    }

    fn overlaps(&self, other: &Self) -> bool {
        other.0.iter().all(|atom| self.touches(atom))
    }

    /// Both in one; none where nothing is in both.
    fn meet(&self, other: &Self) -> Option<Self> {
        let mut atoms = self.0.clone();
        for theirs in &other.0 {
            if !atoms.iter().all(|own| own.overlaps(theirs)) {
                return None;
            }
            match atoms.iter().position(|own| own.meet(theirs).is_some()) {
                Some(index) => atoms[index] = atoms[index].meet(theirs)?,
                None => atoms.push(theirs.clone()),
            }
        }
        Some(Self(atoms))
    }
}

impl<A: Atom> fmt::Display for Term<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let atoms: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&atoms.join(" within "))
    }
}
