//! What an uploader may put into every field to break a page: markup, invisible characters, ten thousand of them.

use touchplate_testkit::{TestServer, sample};

use super::upload;

pub(super) const LONG_NAME_PAGE: &str = "/project/a-name-that-goes-on-and-on-without-coming-to-the-point-as-some-generated-ones-do-which-are-longer-than-anybody-reads/";

pub(super) async fn fill(server: &TestServer) {
    let eve = server.publisher("eve").await.of("hostile").await;
    let long = "w".repeat(10_000);
    let wheel = sample::wheel("hostile", "1.0")
        .field("summary", "<img src=x onerror=alert(1)> \u{202e}gnirts desrever\u{202c} zero\u{200b}width {{ 7 * 7 }}")
        .field("description", "<script>alert(1)</script>\n\n# A heading <svg onload=alert(1)>\n\n[a link](javascript:alert(1))\n\n<iframe src=//evil.example></iframe>")
        .field("description_content_type", "text/markdown")
        .field("author", &long)
        .field("author_email", "\"&lt;b&gt; O'Brien \u{202e}oc & \" <a@example.org>")
        .field("keywords", "<b>bold</b>,\u{2066}isolated\u{2069}")
        .field("license", &format!("<pre>{}", "a line of a licence\n".repeat(400)))
        .field("project_urls", &format!("Long, https://example.org/{}", "x".repeat(900)))
        .field_again("project_urls", "<i>Docs</i>, https://example.org/?a=%3Cscript%3E&b='x")
        .field_again("project_urls", "\u{202e}ecruoS, https://example.org/source")
        .field("requires_dist", "requests; extra == \"<script>\"")
        .attested();
    let answer = eve.upload(wheel).await;
    assert_eq!(
        answer.status,
        200,
        "hostile: {} {}",
        answer.reason,
        answer.text()
    );
    let project = LONG_NAME_PAGE
        .trim_start_matches("/project/")
        .trim_end_matches('/');
    let lena = server.publisher("lena").await.of(project).await;
    upload(
        &lena,
        sample::wheel(
            project,
            "1.0+a.local.version.of.which.there.is.no.end.either",
        )
        .field(
            "summary",
            &"A summary of which there is no end. ".repeat(12),
        ),
    )
    .await;
    let (origin, name) = (server.operator(), "hostile".parse().unwrap());
    server
        .index
        .yank(
            &origin,
            &name,
            &"1.0".parse().unwrap(),
            Some("<b>because</b> \u{202e}kcab".to_owned()),
        )
        .await
        .unwrap();
}
