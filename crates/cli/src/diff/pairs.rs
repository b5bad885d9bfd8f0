//! Which file of one release is held against which of the other.

use touchplate_packaging::Filename;

use crate::verify::Evidence;

/// The files of two releases.
#[derive(Debug, Default)]
pub(super) struct Pairs<'e> {
    /// Counterparts.
    pub(super) both: Vec<(&'e Evidence, &'e Evidence)>,
    /// Those of the old release that have none.
    pub(super) only_old: Vec<&'e Evidence>,
    /// Those of the new release that have none.
    pub(super) only_new: Vec<&'e Evidence>,
}

/// What makes two files counterparts: both sdists of one form, or wheels for the same platforms.
fn likeness(filename: &Filename) -> String {
    match filename {
        Filename::Sdist(sdist) => sdist.format().extension().to_owned(),
        Filename::Wheel(wheel) => {
            let tags = wheel.tags().iter().map(ToString::to_string);
            tags.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Pairs them; one of several wheels for the same platforms, which only builds tell apart, is each other's in their order.
pub(super) fn pair<'e>(old: &'e [Evidence], new: &'e [Evidence]) -> Pairs<'e> {
    let mut pairs = Pairs::default();
    let mut rest: Vec<&Evidence> = old.iter().collect();
    for file in new {
        let wanted = likeness(&file.target.facts.filename);
        let counterpart = rest
            .iter()
            .position(|other| likeness(&other.target.facts.filename) == wanted);
        match counterpart {
            Some(at) => pairs.both.push((rest.remove(at), file)),
            None => pairs.only_new.push(file),
        }
    }
    pairs.only_old = rest;
    pairs
}
