//! PEP 503 with PEPs 592, 629 and 740: the anchors, whatever stands around them. A tokenizer that follows the standard is
//! enough, since nothing depends on what is inside what.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use percent_encoding::percent_decode_str;
use touchplate_packaging::simple::Yanked;

use super::{MAX_PAGE_FILES, Page, PageError, Raw};
use crate::fetch::agent::Document;

/// PEP 629: what a page is that does not say.
const UNSAID_VERSION: &str = "1.0";

pub(super) fn read(document: &Document) -> Result<Page, PageError> {
    let text = std::str::from_utf8(&document.bytes).map_err(|_not_text| PageError::Text)?;
    let mut emitter = DefaultEmitter::default();
    // So that a script's text is not taken for links.
    emitter.naively_switch_states(true);
    let (mut version, mut base, mut raw) = (None, None, Vec::new());
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(Token::StartTag(tag)) = token else {
            continue;
        };
        match tag.name.as_slice() {
            b"meta" if attribute(&tag, "name").as_deref() == Some("pypi:repository-version") => {
                version = version.or_else(|| attribute(&tag, "content"));
            }
            b"base" => base = base.or_else(|| document.url.join(&attribute(&tag, "href")?).ok()),
            b"a" => raw.extend(anchor(&tag)),
            _ => {}
        }
        if raw.len() > MAX_PAGE_FILES {
            return Err(PageError::TooManyFiles);
        }
    }
    let base = base.as_ref().unwrap_or(&document.url);
    Page::of(
        document,
        base,
        version.as_deref().unwrap_or(UNSAID_VERSION),
        raw,
    )
}

/// The anchor as a file, if it leads anywhere. As for pip, the name is the last segment of the address.
fn anchor(tag: &StartTag<()>) -> Option<Raw> {
    let url = attribute(tag, "href")?;
    let (address, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let address = address.split('?').next().unwrap_or_default();
    let filename = address.rsplit('/').next().unwrap_or_default();
    let filename = percent_decode_str(filename)
        .decode_utf8()
        .ok()?
        .into_owned();
    let sha256 = sha256(fragment);
    let yanked = attribute(tag, "data-yanked");
    Some(Raw {
        filename,
        sha256,
        size: None,
        requires_python: attribute(tag, "data-requires-python"),
        upload_time: None,
        yanked: yanked.map_or(Yanked::No, |reason| {
            Yanked::Yes(Some(reason).filter(|reason| !reason.is_empty()))
        }),
        provenance: attribute(tag, "data-provenance").filter(|url| !url.is_empty()),
        url,
    })
}

/// The digest in a fragment, which may hold more: `#egg=x&sha256=…`.
pub(super) fn sha256(fragment: &str) -> Option<String> {
    let parts = fragment.split('&');
    let found = parts.filter_map(|part| part.strip_prefix("sha256=")).next();
    found.map(str::to_owned)
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    String::from_utf8(value.0.clone()).ok()
}
