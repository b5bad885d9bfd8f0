//! Long descriptions on a project's page.

use touchplate_testkit::{TestServer, sample};

/// The project's page with that description.
async fn page_with(server: &TestServer, text: &str, content_type: &str) -> String {
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0")
        .field("description", text)
        .field("description_content_type", content_type);
    alice.upload(wheel).await.assert_ok();
    let page = server.get("/project/demo/").await.assert_ok();
    let policy = page.header("content-security-policy").unwrap();
    format!("{policy}\n{}", page.text())
}

#[tokio::test]
async fn markdown_is_rendered_and_cannot_leave_its_place() {
    let server = TestServer::start().await;
    let text = "# A *title*\n\n</div></section></main><script>alert(1)</script>\n\n![a](https://x.example/a.png)";
    let page = page_with(&server, text, "text/markdown").await;
    assert!(page.contains("<h3 id=\"readme-a-title\">A <em>title</em></h3>"));
    assert!(page.contains(">a</a>") && !page.contains("<img"), "{page}");
    assert!(!page.contains("alert(1)"));
    assert_eq!(page.matches("</main>").count(), 1);
    assert!(!page.contains(" https:;"), "{page}");
}

#[tokio::test]
async fn restructuredtext_is_rendered() {
    let server = TestServer::start().await;
    let text = "A title\n=======\n\n.. image:: https://x.example/a.png\n\n.. unknown::\n   <b>";
    let page = page_with(&server, text, "text/x-rst").await;
    assert!(page.contains("<h3 id=\"readme-a-title\">A title</h3>"));
    assert!(page.contains(".. unknown::\n   &lt;b&gt;"), "{page}");
}

#[tokio::test]
async fn pictures_are_shown_where_the_operator_says_so() {
    let server = TestServer::start_with(|config| {
        config.readme_images = touchplate_server::config::Images::Show;
    })
    .await;
    let text = "![a](https://x.example/a.png) ![b](http://x.example/b.png)";
    let page = page_with(&server, text, "text/markdown").await;
    assert!(page.contains("img-src 'self' data: https:;"), "{page}");
    assert!(
        page.contains("src=\"https://x.example/a.png\" alt=\"a\""),
        "{page}"
    );
    assert!(page.contains("href=\"http://x.example/b.png\""), "{page}");
    let front = server.get("/").await;
    let policy = front.header("content-security-policy").unwrap();
    assert!(!policy.contains("https:"), "{policy}");
}
