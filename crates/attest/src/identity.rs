//! Who a certificate says that it was issued to: subject names, issuer, and the claims that Fulcio copies from the
//! identity token.
//!
//! Source: Fulcio's `oid-info.md` (arc 1.3.6.1.4.1.57264.1) and `certificate-specification.md`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A subject alternative name of a signing certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectName {
    /// An e-mail address (rfc822Name): a person, or a cloud's service account.
    Email(String),
    /// A URI: a workflow.
    Uri(String),
    /// A name within a domain, `name!domain` (otherName of OID .1.7): an account of an identity provider without addresses.
    Username(String),
}

impl SubjectName {
    /// The name without its kind.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(name) | Self::Uri(name) | Self::Username(name) => name,
        }
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whom a certificate was issued to, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    san: SubjectName,
    /// Fulcio gives one name. A further one is kept so that nobody is matched by a name that is not the only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further: Vec<SubjectName>,
    issuer: String,
}

impl Identity {
    pub(crate) fn new(san: SubjectName, further: Vec<SubjectName>, issuer: String) -> Self {
        Self {
            san,
            further,
            issuer,
        }
    }

    /// The subject alternative name; the first one where there are several.
    pub fn san(&self) -> &SubjectName {
        &self.san
    }

    /// The one subject alternative name, or `None` where there are several: then none of them says who it was.
    pub fn only_san(&self) -> Option<&SubjectName> {
        self.further.is_empty().then_some(&self.san)
    }

    /// Every subject alternative name.
    pub fn sans(&self) -> impl Iterator<Item = &SubjectName> {
        std::iter::once(&self.san).chain(&self.further)
    }

    /// The OpenID Connect issuer of the identity token (OID .1.8).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// One row a claim: field, number below Fulcio's arc, words for people.
macro_rules! claims {
    ($($(#[$doc:meta])* $field:ident, $number:literal, $label:literal;)*) => {
        /// The claims of a certificate's holder, as the certificate authority copied them from the identity token.
        /// Absent where the certificate does not carry them.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Claims {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<String>,)*
            /// Claims that are newer than this program, by the last number of their OID.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub other: BTreeMap<u32, String>,
        }

        impl Claims {
            /// Each claim that is there: key, words for people, value.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
                [$((stringify!($field), $label, self.$field.as_deref())),*]
                    .into_iter()
                    .filter_map(|(key, label, value)| Some((key, label, value?)))
            }

            /// The names of all claims, as the fields are called.
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Where the claim with this number belongs; none for one that is newer than this program.
            pub fn field(&mut self, number: u32) -> Option<&mut Option<String>> {
                match number {
                    $($number => Some(&mut self.$field),)*
                    _ => None,
                }
            }

            /// Each claim that is there, by its number. For making certificates.
            pub fn numbered(&self) -> impl Iterator<Item = (u32, &str)> {
                let known = [$(($number, self.$field.as_deref())),*].into_iter();
                let other = self.other.iter().map(|(number, value)| (*number, Some(value.as_str())));
                known.chain(other).filter_map(|(number, value)| Some((number, value?)))
            }
        }
    };
}

claims! {
    /// .1.2, deprecated: the event that started the workflow.
    github_workflow_trigger, 2, "GitHub workflow trigger";
    /// .1.3, deprecated: the commit.
    github_workflow_sha, 3, "GitHub workflow commit";
    /// .1.4, deprecated: the workflow's display name.
    github_workflow_name, 4, "GitHub workflow name";
    /// .1.5, deprecated: `owner/repository`.
    github_workflow_repository, 5, "GitHub workflow repository";
    /// .1.6, deprecated: the git ref.
    github_workflow_ref, 6, "GitHub workflow ref";
    /// .1.9: the build instructions that asked for the signature; with a reusable workflow, the called one.
    build_signer_uri, 9, "build instructions that signed";
    /// .1.10: the version of those instructions.
    build_signer_digest, 10, "version of those instructions";
    /// .1.11: `github-hosted`, `self-hosted` and the like.
    runner_environment, 11, "runner";
    /// .1.12: the repository.
    source_repository_uri, 12, "source repository";
    /// .1.13: the commit.
    source_repository_digest, 13, "commit";
    /// .1.14: the git ref.
    source_repository_ref, 14, "ref";
    /// .1.15: the repository's number, which survives a rename.
    source_repository_id, 15, "repository id";
    /// .1.16: the repository's owner.
    source_repository_owner_uri, 16, "repository owner";
    /// .1.17: the owner's number.
    source_repository_owner_id, 17, "owner id";
    /// .1.18: the top-level build instructions; with a reusable workflow, the calling one.
    build_config_uri, 18, "workflow";
    /// .1.19: the version of the top-level instructions.
    build_config_digest, 19, "version of the workflow";
    /// .1.20: what started the build.
    build_trigger, 20, "trigger";
    /// .1.21: the run's page.
    run_invocation_uri, 21, "run";
    /// .1.22: `public`, `private` or `internal` when it was signed.
    source_repository_visibility, 22, "repository visibility when signed";
    /// .1.23: the deployment environment of the job.
    deployment_environment, 23, "deployment environment";
    /// .1.24: the token's `sub`.
    token_subject, 24, "token subject";
}
