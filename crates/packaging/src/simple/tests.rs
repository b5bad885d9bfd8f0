use super::*;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn file(filename: &str) -> FileEntry {
    FileEntry {
        filename: filename.parse().unwrap(),
        url: format!("https://files.example/{filename}"),
        sha256: DIGEST.parse().unwrap(),
        size: 4661,
        upload_time: "2024-11-06T22:37:09.220617Z".parse().unwrap(),
        requires_python: None,
        yanked: Yanked::No,
        core_metadata: None,
        provenance: None,
    }
}

fn page(files: Vec<FileEntry>) -> ProjectPage {
    ProjectPage {
        name: "sampleproject".parse().unwrap(),
        status: ProjectStatus::Active,
        status_reason: None,
        serial: 25_862_117,
        files,
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn full() -> FileEntry {
    FileEntry {
        requires_python: Some(">=3.9".to_owned()),
        core_metadata: Some(DIGEST.parse().unwrap()),
        provenance: Some(
            "https://index.example/integrity/sampleproject/4.0.0/w/provenance".to_owned(),
        ),
        ..file("sampleproject-4.0.0-py3-none-any.whl")
    }
}

#[test]
fn a_project_page_in_json() {
    assert_eq!(
        text(page(vec![full()]).to_json()),
        format!(
            concat!(
                r#"{{"files":[{{"core-metadata":{{"sha256":"{0}"}},"data-dist-info-metadata":{{"sha256":"{0}"}},"#,
                r#""filename":"sampleproject-4.0.0-py3-none-any.whl","hashes":{{"sha256":"{0}"}},"#,
                r#""provenance":"https://index.example/integrity/sampleproject/4.0.0/w/provenance","#,
                r#""requires-python":">=3.9","size":4661,"upload-time":"2024-11-06T22:37:09.220617Z","#,
                r#""url":"https://files.example/sampleproject-4.0.0-py3-none-any.whl","yanked":false}}],"#,
                r#""meta":{{"_last-serial":25862117,"api-version":"1.4"}},"name":"sampleproject","#,
                r#""project-status":{{"status":"active"}},"versions":["4.0.0"]}}"#,
                "\n"
            ),
            DIGEST
        )
    );
}

#[test]
fn what_is_absent_is_null_or_false() {
    assert_eq!(
        text(page(vec![file("sampleproject-1.0.tar.gz")]).to_json()),
        format!(
            concat!(
                r#"{{"files":[{{"core-metadata":false,"data-dist-info-metadata":false,"#,
                r#""filename":"sampleproject-1.0.tar.gz","hashes":{{"sha256":"{0}"}},"provenance":null,"#,
                r#""requires-python":null,"size":4661,"upload-time":"2024-11-06T22:37:09.220617Z","#,
                r#""url":"https://files.example/sampleproject-1.0.tar.gz","yanked":false}}],"#,
                r#""meta":{{"_last-serial":25862117,"api-version":"1.4"}},"name":"sampleproject","#,
                r#""project-status":{{"status":"active"}},"versions":["1.0"]}}"#,
                "\n"
            ),
            DIGEST
        )
    );
}

#[test]
fn files_and_versions_are_in_order_and_each_version_is_named_once() {
    let page = page(
        [
            "1.10.tar.gz",
            "1.9-py3-none-any.whl",
            "1.9.tar.gz",
            "1.9.0-py2-none-any.whl",
            "2.0rc1.tar.gz",
        ]
        .iter()
        .map(|rest| file(&format!("sampleproject-{rest}")))
        .collect(),
    );
    let json: serde_json::Value = serde_json::from_slice(&page.to_json()).unwrap();
    let names: Vec<&str> = json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["filename"].as_str().unwrap())
        .collect();
    let expected = [
        "sampleproject-1.9-py3-none-any.whl",
        "sampleproject-1.9.0-py2-none-any.whl",
        "sampleproject-1.9.tar.gz",
        "sampleproject-1.10.tar.gz",
        "sampleproject-2.0rc1.tar.gz",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        json["versions"],
        serde_json::json!(["1.9", "1.10", "2.0rc1"])
    );
    let html = text(page.to_html());
    let found: Vec<usize> = expected
        .iter()
        .map(|name| html.find(&format!(">{name}<")).unwrap())
        .collect();
    assert!(found.is_sorted());
}

#[test]
fn keys_are_sorted_at_every_depth() {
    let mut page = page(vec![full()]);
    page.status_reason = Some("why".to_owned());
    let json = page.to_json();
    // serde_json's own map sorts its keys: printing it again must change nothing.
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(format!("{value}\n").into_bytes(), json);
}

#[test]
fn yanked_is_false_true_or_the_reason() {
    for (yanked, json, html) in [
        (Yanked::No, "false", None),
        (Yanked::Yes(None), "true", Some("data-yanked=\"\" ")),
        (
            Yanked::Yes(Some(String::new())),
            "true",
            Some("data-yanked=\"\" "),
        ),
        (
            Yanked::Yes(Some("bröken \"<b>\"".to_owned())),
            r#""bröken \"<b>\"""#,
            Some("data-yanked=\"bröken &quot;&lt;b&gt;&quot;\" "),
        ),
    ] {
        let page = page(vec![FileEntry {
            yanked,
            ..file("sampleproject-1.0.tar.gz")
        }]);
        assert!(text(page.to_json()).contains(&format!("\"yanked\":{json}}}")));
        match html {
            None => assert!(!text(page.to_html()).contains("data-yanked")),
            Some(attribute) => assert!(text(page.to_html()).contains(attribute)),
        }
    }
}

#[test]
fn an_upload_time_without_a_fraction_has_none() {
    for (time, shown) in [
        ("2024-11-06T22:37:09Z", "2024-11-06T22:37:09Z"),
        ("2024-11-06T22:37:09.000000400Z", "2024-11-06T22:37:09Z"),
        ("2024-11-06T22:37:09.5Z", "2024-11-06T22:37:09.500000Z"),
        ("2024-11-06T22:37:09.000007Z", "2024-11-06T22:37:09.000007Z"),
    ] {
        let page = page(vec![FileEntry {
            upload_time: time.parse().unwrap(),
            ..file("sampleproject-1.0.tar.gz")
        }]);
        assert!(
            text(page.to_json()).contains(&format!("\"upload-time\":\"{shown}\"")),
            "{time}"
        );
    }
}

#[test]
fn a_project_page_in_html() {
    let archived = ProjectPage {
        status: ProjectStatus::Archived,
        serial: 0,
        ..page(vec![
            FileEntry {
                requires_python: Some(">=3.14".to_owned()),
                yanked: Yanked::Yes(Some("reason".to_owned())),
                ..full()
            },
            file("sampleproject-1.0.tar.gz"),
        ])
    };
    assert_eq!(
        text(archived.to_html()),
        format!(
            r#"<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="archived">    <title>Links for sampleproject</title>
  </head>
  <body>
    <h1>Links for sampleproject</h1>
<a href="https://files.example/sampleproject-1.0.tar.gz#sha256={DIGEST}" >sampleproject-1.0.tar.gz</a><br />
<a href="https://files.example/sampleproject-4.0.0-py3-none-any.whl#sha256={DIGEST}" data-requires-python="&gt;=3.14" data-yanked="reason" data-dist-info-metadata="sha256={DIGEST}" data-core-metadata="sha256={DIGEST}" data-provenance="https://index.example/integrity/sampleproject/4.0.0/w/provenance">sampleproject-4.0.0-py3-none-any.whl</a><br />
</body>
</html>
<!--SERIAL 0-->"#
        )
    );
}

#[test]
fn nothing_from_outside_closes_an_attribute() {
    let evil = "\"><script>alert('&')</script>".to_owned();
    let page = ProjectPage {
        status_reason: Some(evil.clone()),
        ..page(vec![FileEntry {
            url: evil.clone(),
            requires_python: Some(evil.clone()),
            yanked: Yanked::Yes(Some(evil.clone())),
            provenance: Some(evil),
            ..file("sampleproject-1.0.tar.gz")
        }])
    };
    let html = text(page.to_html());
    assert!(
        !html.contains("<script") && !html.contains("\">&lt;"),
        "{html}"
    );
    assert_eq!(html.matches("&quot;&gt;&lt;script&gt;").count(), 5);
}

#[test]
fn a_quarantined_project_offers_nothing_and_says_why() {
    let page = ProjectPage {
        status: ProjectStatus::Quarantined,
        status_reason: Some("looks <bad>".to_owned()),
        ..page(vec![full()])
    };
    assert_eq!(
        text(page.to_json()),
        concat!(
            r#"{"files":[],"meta":{"_last-serial":25862117,"api-version":"1.4"},"name":"sampleproject","#,
            r#""project-status":{"reason":"looks <bad>","status":"quarantined"},"versions":[]}"#,
            "\n"
        )
    );
    let html = text(page.to_html());
    assert!(html.contains(concat!(
        r#"<meta name="pypi:project-status" content="quarantined">"#,
        r#"<meta name="pypi:project-status-reason" content="looks &lt;bad&gt;">"#
    )));
    assert!(!html.contains("<a "));
}

#[test]
fn the_list_of_projects() {
    let entry = |display: &str, serial| IndexEntry {
        name: display.parse().unwrap(),
        display: display.parse().unwrap(),
        serial,
    };
    let page = IndexPage {
        serial: 24_888_689,
        projects: vec![entry("Zope.Interface", 7), entry("0", 3_075_854)],
    };
    assert_eq!(
        text(page.to_json()),
        concat!(
            r#"{"meta":{"_last-serial":24888689,"api-version":"1.4"},"#,
            r#""projects":[{"_last-serial":3075854,"name":"0"},{"_last-serial":7,"name":"Zope.Interface"}]}"#,
            "\n"
        )
    );
    assert_eq!(
        text(page.to_html()),
        r#"<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="1.4">
    <title>Simple index</title>
  </head>
  <body>
    <a href="/simple/0/">0</a>
    <a href="/simple/zope-interface/">Zope.Interface</a>
  </body>
</html>"#
    );
}

#[test]
fn each_status_reads_as_it_is_written_and_other_words_do_not() {
    for status in [
        ProjectStatus::Active,
        ProjectStatus::Archived,
        ProjectStatus::Quarantined,
        ProjectStatus::Deprecated,
    ] {
        assert_eq!(status.as_str().parse(), Ok(status));
        assert_eq!(
            serde_json::to_string(&status).unwrap(),
            format!("\"{status}\"")
        );
    }
    for word in ["", "Active", "deleted"] {
        assert_eq!(
            ProjectStatus::from_str(word),
            Err(UnknownStatus {
                given: word.to_owned()
            })
        );
    }
}
