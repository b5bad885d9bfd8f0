//! Which authority may speak for which project: each rule from a case that holds, with one thing changed.

use std::error::Error;

use touchplate_attest::domain::{
    DomainsError, EMBEDDED_AS_OF, MAX_DOMAINS, MAX_ISSUERS, MAX_PATTERNS, Refusal, Scope,
    TrustConfig, TrustConfigError, Vouched,
};
use touchplate_attest::{
    Attestation, AttestationBundle, DomainError, DomainName, FileFacts, Proven, Provenance,
    TrustDomain, TrustDomains, TrustRoot, TrustRootError, VerifyError,
};
use touchplate_trust::{Domain, Predicate, Workload};

use crate::support::{digest, now, publisher, workload};

const PRIVATE: &str = "acme_tools-1.0.tar.gz";
const PUBLIC: &str = "requests-1.0.tar.gz";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Two complete trust stacks; `public` stands for Sigstore's.
struct World {
    public: Domain,
    private: Domain,
}

fn root(stack: &Domain) -> TrustRoot {
    TrustRoot::from_json(&stack.trusted_root_json()).unwrap()
}

fn scope(projects: &[&str], issuers: &[&str]) -> Scope {
    let projects = projects.iter().map(|text| text.parse().unwrap()).collect();
    let issuers = issuers.iter().map(|text| text.parse().unwrap()).collect();
    Scope::new(projects, issuers)
}

fn named(name: &str) -> DomainName {
    name.parse().unwrap()
}

fn file(name: &str) -> FileFacts {
    FileFacts {
        filename: name.parse().unwrap(),
        sha256: digest(),
    }
}

impl World {
    fn new() -> Self {
        Self {
            public: Domain::new("public.example", now()).unwrap(),
            private: Domain::new("trust.acme.example", now()).unwrap(),
        }
    }

    fn public_domain(&self, scope: Scope) -> TrustDomain {
        TrustDomain::new(DomainName::public_good(), root(&self.public), scope).unwrap()
    }

    fn domain(&self, name: &str, scope: Scope) -> TrustDomain {
        TrustDomain::new(named(name), root(&self.private), scope).unwrap()
    }

    /// The public one for all, the private one for `acme-*`.
    fn domains(&self) -> TrustDomains {
        let acme = self.domain("acme", scope(&["acme-*"], &[]));
        TrustDomains::new(vec![self.public_domain(Scope::default()), acme]).unwrap()
    }
}

fn mint(stack: &Domain, name: &str, who: &Workload) -> Attestation {
    let json = stack.attest(who, name, &digest(), Predicate::Publish, now());
    Attestation::parse(&json.unwrap()).unwrap()
}

fn verify(
    domains: &TrustDomains,
    stack: &Domain,
    name: &str,
) -> Result<Vouched<Proven>, DomainError> {
    domains.verify(&file(name), &mint(stack, name, &workload()), now())
}

#[test]
fn each_domain_vouches_for_its_own_names() {
    let world = World::new();
    let domains = world.domains();
    let private = verify(&domains, &world.private, PRIVATE).unwrap();
    assert_eq!(private.domain, Some(named("acme")));
    assert_eq!(private.proof.root_digest(), root(&world.private).digest());
    let public = verify(&domains, &world.public, PUBLIC).unwrap();
    assert_eq!(public.domain, Some(DomainName::public_good()));
}

#[test]
fn a_private_authority_cannot_speak_for_a_public_name() {
    let world = World::new();
    let refused = verify(&world.domains(), &world.private, PUBLIC).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the trust domain acme vouches for it, and may not speak for the project requests: that name belongs to public-good"
    );
    assert!(matches!(refused, DomainError::Foreign { domain, .. } if domain == named("acme")));
    // Nor for a name that only looks like one of its own.
    for other in ["acme-1.0.tar.gz", "acmetools-1.0.tar.gz"] {
        let refused = verify(&world.domains(), &world.private, other).unwrap_err();
        assert!(matches!(refused, DomainError::Foreign { .. }), "{other}");
    }
}

#[test]
fn the_public_authority_cannot_speak_for_a_private_name() {
    let world = World::new();
    let refused = verify(&world.domains(), &world.public, PRIVATE).unwrap_err();
    assert!(matches!(
        refused,
        DomainError::Foreign { domain, owners, .. }
            if domain.is_public_good() && owners == [named("acme")]
    ));
}

#[test]
fn who_is_in_no_domain_is_refused_by_the_one_that_speaks() {
    let world = World::new();
    let stranger = Domain::new("stranger.example", now()).unwrap();
    let refused = verify(&world.domains(), &stranger, PRIVATE).unwrap_err();
    let DomainError::Refused {
        domain, refusal, ..
    } = &refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(*domain, named("acme"));
    assert!(matches!(
        refusal,
        Refusal::Unproven(VerifyError::UnknownCertificateLog { .. })
    ));
    // The message of the refusal is `verify`'s own, once.
    let source = refused.source().unwrap();
    assert!(source.to_string().contains("certificate"), "{source}");
    // Where there is one domain for all, nothing stands between.
    let alone = TrustDomains::new(vec![world.public_domain(Scope::default())]).unwrap();
    let refused = verify(&alone, &stranger, PUBLIC).unwrap_err();
    assert!(matches!(
        refused,
        DomainError::Alone(VerifyError::UnknownCertificateLog { .. })
    ));
}

#[test]
fn a_certificate_by_the_word_of_another_issuer_is_refused() {
    let world = World::new();
    let acme = |issuers: &[&str]| {
        let acme = world.domain("acme", scope(&["acme-*"], issuers));
        TrustDomains::new(vec![world.public_domain(Scope::default()), acme]).unwrap()
    };
    let gitlab = "https://gitlab.acme.example";
    assert!(verify(&acme(&[gitlab, GITHUB]), &world.private, PRIVATE).is_ok());
    let refused = verify(&acme(&[gitlab]), &world.private, PRIVATE).unwrap_err();
    let DomainError::Refused { refusal, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        refusal.to_string(),
        format!("expected a certificate issued on the word of {gitlab}, found one by {GITHUB}")
    );
    // Byte by byte: an issuer is no URL that could be normalised.
    let slash = format!("{GITHUB}/");
    assert!(verify(&acme(&[&slash]), &world.private, PRIVATE).is_err());
}

#[test]
fn an_issuer_that_a_foreign_domain_does_not_take_is_not_told_as_its_word() {
    let world = World::new();
    let acme = world.domain("acme", scope(&["acme-*"], &["https://gitlab.acme.example"]));
    let domains = TrustDomains::new(vec![world.public_domain(Scope::default()), acme]).unwrap();
    let refused = verify(&domains, &world.private, PUBLIC).unwrap_err();
    assert!(matches!(refused, DomainError::Refused { domain, .. } if domain.is_public_good()));
}

#[test]
fn a_name_belongs_to_the_narrowest_pattern_alone() {
    let world = World::new();
    let public = world.public_domain(scope(&["*", "acme-open"], &[]));
    let acme = world.domain("acme", scope(&["acme-*", "tools"], &[]));
    let lab = world.domain("lab", scope(&["acme-lab-*"], &[]));
    let domains = TrustDomains::new(vec![lab, public, acme]).unwrap();
    for (project, owner) in [
        ("acme-open", "public-good"),
        ("acme-open-x", "acme"),
        ("acme-lab-x", "lab"),
        ("acme-lab", "acme"),
        ("Acme_Lab.X", "lab"),
        ("tools", "acme"),
        ("acme", "public-good"),
        ("anything", "public-good"),
    ] {
        let speaking = domains.speaking_for(&project.parse().unwrap());
        let names: Vec<_> = speaking.iter().map(|it| it.name().as_str()).collect();
        assert_eq!(names, [owner], "{project}");
    }
}

#[test]
fn domains_that_list_the_same_pattern_share_it() {
    let world = World::new();
    let older = Domain::new("older.example", now()).unwrap();
    let old = TrustDomain::new(named("acme-old"), root(&older), scope(&["acme-*"], &[])).unwrap();
    let acme = world.domain("acme", scope(&["acme-*"], &[]));
    let public = world.public_domain(Scope::default());
    let domains = TrustDomains::new(vec![public, old, acme]).unwrap();
    for (stack, name) in [(&older, "acme-old"), (&world.private, "acme")] {
        let vouched = verify(&domains, stack, PRIVATE).unwrap();
        assert_eq!(vouched.domain, Some(named(name)));
    }
    let stranger = Domain::new("stranger.example", now()).unwrap();
    let refused = verify(&domains, &stranger, PRIVATE).unwrap_err();
    assert!(matches!(&refused, DomainError::RefusedByEach { refusals, .. } if refusals.len() == 2));
    let message = refused.to_string();
    assert!(
        message.contains("acme-old: ") && message.contains("; acme: "),
        "{message}"
    );
}

#[test]
fn a_name_that_nobody_lists_has_nobody_to_vouch_for_it() {
    let world = World::new();
    let acme = world.domain("acme", scope(&["acme-*"], &[]));
    let domains = TrustDomains::new(vec![acme]).unwrap();
    let refused = verify(&domains, &world.public, PUBLIC).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no trust domain speaks for the project requests"
    );
    let refused = verify(&domains, &world.private, PUBLIC).unwrap_err();
    assert!(matches!(&refused, DomainError::Foreign { owners, .. } if owners.is_empty()));
    assert!(
        refused
            .to_string()
            .ends_with("requests: no trust domain does")
    );
}

#[test]
fn a_domain_must_say_what_it_speaks_for() {
    let world = World::new();
    let refuses = |name: &str, scope: Scope| {
        TrustDomain::new(named(name), root(&world.private), scope).unwrap_err()
    };
    for name in ["acme", "staging"] {
        assert!(matches!(
            refuses(name, Scope::default()),
            DomainsError::NoPatterns { .. }
        ));
        let everything = refuses(name, scope(&["acme-*", "*"], &[]));
        assert!(matches!(everything, DomainsError::AllNames { .. }));
        assert!(everything.to_string().contains("all-names = true"));
        let idle = refuses(name, scope(&["acme-*"], &[]).stating_all_names());
        assert!(matches!(idle, DomainsError::IdleAllNames { .. }));
    }
    let many: Vec<_> = (0..=MAX_PATTERNS).map(|at| format!("p{at}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert!(matches!(
        refuses("acme", scope(&many, &[])),
        DomainsError::TooManyPatterns { .. }
    ));
    let many: Vec<_> = (0..=MAX_ISSUERS)
        .map(|at| format!("https://i{at}"))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert!(matches!(
        refuses("acme", scope(&["a"], &many)),
        DomainsError::TooManyIssuers { .. }
    ));

    let everything = world.domain("acme", scope(&["*"], &[]).stating_all_names());
    let domains = TrustDomains::new(vec![world.public_domain(Scope::default()), everything]);
    let domains = domains.unwrap();
    for (stack, owner) in [(&world.public, "public-good"), (&world.private, "acme")] {
        assert_eq!(
            verify(&domains, stack, PUBLIC).unwrap().domain,
            Some(named(owner))
        );
    }
}

#[test]
fn domains_of_a_set_have_names_of_their_own_and_are_few() {
    let world = World::new();
    assert!(matches!(
        TrustDomains::new(Vec::new()),
        Err(DomainsError::Empty)
    ));
    let acme = world.domain("acme", scope(&["acme-*"], &[]));
    let twice = TrustDomains::new(vec![acme.clone(), acme]);
    assert!(matches!(twice, Err(DomainsError::Repeated { .. })));
    let many = (0..=MAX_DOMAINS).map(|at| world.domain(&format!("d{at}"), scope(&["a"], &[])));
    assert!(matches!(
        TrustDomains::new(many.collect()),
        Err(DomainsError::TooMany { .. })
    ));
}

#[test]
fn one_root_alone_is_for_every_name() {
    let world = World::new();
    let only = TrustDomains::only(root(&world.private));
    for name in [PRIVATE, PUBLIC] {
        assert_eq!(verify(&only, &world.private, name).unwrap().domain, None);
        assert!(matches!(
            verify(&only, &world.public, name).unwrap_err(),
            DomainError::Alone(VerifyError::UnknownCertificateLog { .. })
        ));
    }
    assert!(TrustDomains::public_good().only_root().is_none());
}

#[test]
fn a_provenance_object_is_judged_in_the_same_way() {
    let world = World::new();
    let object = |stack: &Domain, name: &str| {
        let bundle = AttestationBundle::new(publisher(), vec![mint(stack, name, &workload())]);
        Provenance::new(vec![bundle])
    };
    let domains = world.domains();
    let judge = |stack: &Domain, name: &str| {
        domains.verify_provenance(&file(name), &object(stack, name), &[publisher()], now())
    };
    let vouched = judge(&world.private, PRIVATE).unwrap();
    assert_eq!(
        (vouched.domain, vouched.proof.len()),
        (Some(named("acme")), 1)
    );
    assert!(matches!(
        judge(&world.private, PUBLIC).unwrap_err(),
        DomainError::Foreign { .. }
    ));
    let acme = world.domain("acme", scope(&["acme-*"], &["https://gitlab.acme.example"]));
    let narrow = TrustDomains::new(vec![acme]).unwrap();
    let refused = narrow
        .verify_provenance(&file(PRIVATE), &object(&world.private, PRIVATE), &[], now())
        .unwrap_err();
    assert!(matches!(
        refused,
        DomainError::Refused {
            refusal: Refusal::Issuer { .. },
            ..
        }
    ));
}

#[test]
fn a_client_trust_config_gives_its_root() {
    let stack = World::new().private;
    let root_json = String::from_utf8(stack.trusted_root_json()).unwrap();
    let media_type = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
    let config = |more: &str| {
        format!(
            r#"{{"mediaType":"{media_type}","trustedRoot":{root_json},"signingConfig":{{"caUrls":[]}}{more}}}"#
        )
    };
    let read = TrustConfig::parse(config("").as_bytes()).unwrap();
    assert_eq!(read.root_json(), root_json);
    assert_eq!(read.root().digest(), root(&stack).digest());
    assert_eq!(read.signing_config(), Some(r#"{"caUrls":[]}"#));
    let plain = TrustConfig::parse(root_json.as_bytes()).unwrap();
    assert_eq!(plain.root().digest(), read.root().digest());
    assert_eq!(plain.signing_config(), None);

    let refuses = |json: &str| TrustConfig::parse(json.as_bytes()).unwrap_err();
    let unknown = refuses(&config(r#","trustedRoots":[]"#));
    assert!(matches!(unknown, TrustConfigError::Malformed(_)));
    assert!(
        unknown
            .source()
            .unwrap()
            .to_string()
            .contains("trustedRoots")
    );
    let none = refuses(&format!(
        r#"{{"mediaType":"{media_type}","signingConfig":{{}}}}"#
    ));
    assert!(matches!(none, TrustConfigError::Malformed(_)));
    let twice = refuses(&config(&format!(r#","trustedRoot":{root_json}"#)));
    assert!(matches!(twice, TrustConfigError::Json(_)));
    assert!(matches!(refuses("{"), TrustConfigError::Json(_)));
    // Another version is another document; so is a configuration inside a configuration.
    for json in [
        config("").replace("v0.1+json", "v0.2+json"),
        config("").replace(&root_json, &config("")),
    ] {
        assert!(
            matches!(
                refuses(&json),
                TrustConfigError::Root(
                    TrustRootError::MediaType { .. } | TrustRootError::Malformed(_)
                )
            ),
            "{json:.200}"
        );
    }
}

#[test]
fn the_embedded_roots_are_usable() {
    let public_good = TrustConfig::public_good();
    assert_eq!(
        public_good.root().digest(),
        TrustRoot::public_good().digest()
    );
    let again = TrustConfig::parse(public_good.root_json().as_bytes()).unwrap();
    assert_eq!(again.root().digest(), TrustRoot::public_good().digest());
    let staging = TrustConfig::staging().root().clone();
    assert_ne!(staging.digest(), public_good.root().digest());
    TrustDomain::new(DomainName::staging(), staging, scope(&["rehearsal"], &[])).unwrap();
    assert_eq!(EMBEDDED_AS_OF.to_string(), "2026-10-23T00:00:00Z");
}

#[test]
fn the_checks_one_by_one_are_those_of_the_domain_that_speaks_for_the_name() {
    let world = World::new();
    let acme = scope(&["acme-*"], &[GITHUB]);
    let other = scope(&["acme-*"], &["https://gitlab.acme.example"]);
    let minted = |stack: &Domain, name: &str| mint(stack, name, &workload()).json().to_owned();
    let told = |scope: Scope, json: &str, name: &str| {
        let public = world.public_domain(Scope::default());
        let domains = TrustDomains::new(vec![public, world.domain("acme", scope)]).unwrap();
        domains.report(&file(name), json.as_bytes(), now()).unwrap()
    };
    let private = minted(&world.private, PRIVATE);
    let held = told(acme.clone(), &private, PRIVATE);
    assert_eq!(held.domain, Some(named("acme")));
    assert_eq!(held.root_digest, *root(&world.private).digest());
    assert!(held.proven().is_some());
    let issuer = told(other, &private, PRIVATE);
    assert!(issuer.report.proven().is_some() && issuer.proven().is_none());
    assert!(matches!(issuer.issuer, Some(Err(Refusal::Issuer { .. }))));
    let foreign = told(acme, &minted(&world.private, PUBLIC), PUBLIC);
    assert_eq!(foreign.domain, Some(DomainName::public_good()));
    assert!(foreign.proven().is_none() && foreign.issuer.is_none());
    let only = TrustDomains::only(root(&world.private));
    let only = only.report(&file(PRIVATE), private.as_bytes(), now());
    assert!(only.unwrap().proven().is_some());
}
