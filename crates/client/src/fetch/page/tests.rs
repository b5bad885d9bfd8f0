use super::*;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn document(content_type: &str, text: &str) -> Document {
    Document {
        url: "https://index.example/simple/demo/".parse().unwrap(),
        content_type: content_type.to_owned(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn html(text: &str) -> Result<Page, PageError> {
    Page::read(&document("text/html", text))
}

fn json(text: &str) -> Result<Page, PageError> {
    Page::read(&document("application/vnd.pypi.simple.v1+json", text))
}

fn file(more: &str) -> String {
    format!(
        r#"{{"meta":{{"api-version":"1.4"}},"name":"demo","files":[{{"filename":"demo-1.0.tar.gz","url":"../../f/demo-1.0.tar.gz","hashes":{{"sha256":"{DIGEST}","md5":"x"}}{more}}}]}}"#
    )
}

#[test]
fn both_forms_say_the_same() {
    let from_json = json(&file(
        r#","requires-python":">=3.9","yanked":"bad & worse","provenance":"https://index.example/p","future":[1]"#,
    ))
    .unwrap();
    let from_html = html(&format!(
        r#"<!DOCTYPE html><HTML><head><meta name="pypi:repository-version" content="1.4">
        <script>"<a href='/evil-1.0.tar.gz'>"</script><!-- <a href="x-1.0.tar.gz"> --></head><body>
        <A class=x HREF="../../f/demo-1.0.tar.gz#sha256={DIGEST}" data-requires-python="&gt;=3.9" data-yanked='bad &amp; worse'
           data-provenance="https://index.example/p">demo</a><br/><a>nowhere</a><a href="demo-1.0.exe">other</a>
        <a href="mailto:demo-1.0.tar.gz">"#
    ))
    .unwrap();
    assert_eq!(from_json, from_html);
    let entry = &from_json.files[0];
    assert_eq!(
        entry.url.as_str(),
        "https://index.example/f/demo-1.0.tar.gz"
    );
    assert_eq!(entry.sha256, Some(DIGEST.parse().unwrap()));
    assert_eq!(entry.yanked, Yanked::Yes(Some("bad & worse".to_owned())));
    assert_eq!(from_json.files.len(), 1);
}

#[test]
fn silence_about_provenance_depends_on_the_version() {
    let announced = |page: Page| page.files[0].provenance.clone();
    assert_eq!(announced(json(&file("")).unwrap()), Announced::Nowhere);
    assert_eq!(
        announced(json(&file(r#","provenance":null"#)).unwrap()),
        Announced::Nowhere
    );
    let old = file("").replace("1.4", "1.2");
    assert_eq!(announced(json(&old).unwrap()), Announced::Unsaid);
    assert_eq!(
        announced(html("<a href=demo-1.0.zip>").unwrap()),
        Announced::Unsaid
    );
    for found in ["http://index.example/p", "/p"] {
        let page = json(&file(&format!(r#","provenance":"{found}""#))).unwrap();
        assert_eq!(announced(page), Announced::Unusable(found.to_owned()));
    }
    let loopback = file(r#","provenance":"http://127.0.0.1:1/p""#);
    assert!(matches!(
        announced(json(&loopback).unwrap()),
        Announced::At(_)
    ));
}

#[test]
fn what_is_no_page_is_refused() {
    for (text, message) in [
        (file("").replace(DIGEST, "ba78"), "is not a digest"),
        (file("").replace("1.4", "2.0"), "expected version 1"),
        (file("").replace("1.4", "next"), "expected version 1"),
        (file("").replace("files", "Files"), "not PEP 691 JSON"),
        (file(r#","url":"x""#), "not PEP 691 JSON"),
        ("<html>".to_owned(), "not PEP 691 JSON"),
    ] {
        let error = json(&text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let error = Page::read(&document("application/pdf", "")).unwrap_err();
    assert!(matches!(error, PageError::ContentType { .. }));
    let error = html(r#"<meta name="pypi:repository-version" content="2.0">"#).unwrap_err();
    assert!(matches!(error, PageError::ApiVersion { .. }));
}

#[test]
fn a_base_moves_links_and_credentials_in_them_are_dropped() {
    let page = html("<base href='https://files.example/x/'><base href=/y/><a href='demo-1.0-py3-none-any.whl?q=1#egg=d'><a href='//u:p@other.example/demo-2.0.tar.gz'>").unwrap();
    assert_eq!(
        page.files[0].url.as_str(),
        "https://files.example/x/demo-1.0-py3-none-any.whl?q=1"
    );
    assert_eq!(
        page.files[1].url.as_str(),
        "https://other.example/demo-2.0.tar.gz"
    );
    let versions: Vec<String> = page.versions().iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["1.0", "2.0"]);
    assert_eq!(page.release(&"1".parse().unwrap()).len(), 1);
}
