//! PEP 503 HTML, whose form PEP 833 froze: line breaks and blanks are those of the public index.

use std::fmt::Write;

use html_escape::{encode_double_quoted_attribute as attribute, encode_text as text};

use crate::simple::{API_VERSION, FileEntry, IndexPage, ProjectPage, Yanked};

/// Of one link in bytes: room to begin with, not a bound.
const LINK_BYTES: usize = 640;

pub(super) fn project(page: &ProjectPage) -> String {
    let files = page.offered();
    let mut out = String::with_capacity(512 + files.len() * LINK_BYTES);
    let name = text(page.name.as_str());
    out.push_str(&head());
    push(
        &mut out,
        format_args!(
            "<meta name=\"pypi:project-status\" content=\"{}\">",
            page.status
        ),
    );
    if let Some(reason) = &page.status_reason {
        push(
            &mut out,
            format_args!(
                "<meta name=\"pypi:project-status-reason\" content=\"{}\">",
                attribute(reason)
            ),
        );
    }
    push(
        &mut out,
        format_args!(
            "    <title>Links for {name}</title>\n  </head>\n  <body>\n    <h1>Links for {name}</h1>\n"
        ),
    );
    files.into_iter().for_each(|file| link(&mut out, file));
    push(
        &mut out,
        format_args!("</body>\n</html>\n<!--SERIAL {}-->", page.serial),
    );
    out
}

/// The blanks between attributes are the public index' own.
fn link(out: &mut String, file: &FileEntry) {
    push(
        out,
        format_args!(
            "<a href=\"{}#sha256={}\" ",
            attribute(&file.url),
            file.sha256
        ),
    );
    if let Some(specifiers) = &file.requires_python {
        push(
            out,
            format_args!("data-requires-python=\"{}\" ", attribute(specifiers)),
        );
    }
    if file.yanked != Yanked::No {
        push(
            out,
            format_args!(
                "data-yanked=\"{}\" ",
                attribute(file.yanked.reason().unwrap_or_default())
            ),
        );
    }
    if let Some(sha256) = &file.core_metadata {
        push(
            out,
            format_args!(
                "data-dist-info-metadata=\"sha256={sha256}\" data-core-metadata=\"sha256={sha256}\""
            ),
        );
    }
    if let Some(url) = &file.provenance {
        push(out, format_args!(" data-provenance=\"{}\"", attribute(url)));
    }
    push(
        out,
        format_args!(">{}</a><br />\n", text(file.filename.as_str())),
    );
}

pub(super) fn index(page: &IndexPage) -> String {
    let mut out = head();
    out.push_str("    <title>Simple index</title>\n  </head>\n  <body>\n");
    for project in page.sorted() {
        let display = text(project.display.as_str());
        push(
            &mut out,
            format_args!(
                "    <a href=\"/simple/{}/\">{display}</a>\n",
                attribute(project.name.as_str())
            ),
        );
    }
    out.push_str("  </body>\n</html>");
    out
}

fn head() -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"{API_VERSION}\">\n"
    )
}

fn push(out: &mut String, part: std::fmt::Arguments<'_>) {
    out.write_fmt(part)
        .expect("a string takes whatever is written to it");
}
