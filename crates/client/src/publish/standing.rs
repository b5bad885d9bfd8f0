//! Where an index stands with a file.

use touchplate_packaging::Sha256;

/// What an index lists under a file's name, told by digest alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    New,
    /// The same bytes.
    Identical {
        /// Whether it says that attestations are there as well.
        attested: bool,
    },
    /// Other bytes.
    Conflicting {
        /// The digest that it lists.
        listed: Sha256,
    },
    /// There is no listing to ask, or it has no digest that can be compared.
    CannotBeTold {
        /// Why, in words.
        why: String,
    },
}
