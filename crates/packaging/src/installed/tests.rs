use super::*;
use crate::{Filename, Sha256};

#[test]
fn record_is_read_as_installers_write_it() {
    let digest = Sha256::of(b"");
    let text = "demo/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n\"a, b.py\",md5=x,1\n../../../bin/demo,,\n/etc/x,sha256=!,\ndemo\\win.py\n";
    let rows = Record::parse(text.as_bytes()).unwrap().rows;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.path.as_str(), row.sha256, row.size))
        .collect();
    assert_eq!(
        told,
        [
            ("demo/__init__.py", Some(digest), Some(0)),
            ("a, b.py", None, Some(1)),
            ("../../../bin/demo", None, None),
            ("/etc/x", None, None),
            ("demo/win.py", None, None),
        ]
    );
    assert!(Record::parse(b"").unwrap().rows.is_empty());
    for (wrong, message) in [
        (&b"a\xff,,"[..], "expected CSV in UTF-8"),
        (b"a,,\n,,\n", "row 2 has no path"),
        (b"\"a\nb\",,\n", "row 1 has no path, or one with control"),
    ] {
        let error = Record::parse(wrong).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let many = "a,,\n".repeat(400_001);
    assert!(matches!(
        Record::parse(many.as_bytes()),
        Err(RecordError::TooLong)
    ));
}

fn wheel(name: &str) -> crate::WheelFilename {
    match name.parse().unwrap() {
        Filename::Wheel(wheel) => wheel,
        Filename::Sdist(_) => unreachable!("{name}"),
    }
}

#[test]
fn wheel_says_which_file_it_was() {
    let text = "Wheel-Version: 1.0\r\nGenerator: x\r\nTag: py2-none-any\r\ntag: py3-none-any\r\nBuild: 01a\r\n";
    let read = WheelFile::parse(text.as_bytes()).unwrap();
    assert!(read.is_of(&wheel("demo-1.0-1a-py2.py3-none-any.whl")));
    for other in [
        "demo-1.0-py2.py3-none-any.whl",
        "demo-1.0-2a-py2.py3-none-any.whl",
        "demo-1.0-1a-py3-none-any.whl",
    ] {
        assert!(!read.is_of(&wheel(other)), "{other}");
    }
    assert!(read.resembles(&wheel("demo-1.0-1a-py3-none-any.whl")));
    // Compressed as in filenames, and without the build.
    let read = WheelFile::parse(b"Tag: py2.py3-none-any\n").unwrap();
    assert!(read.is_of(&wheel("demo-1.0-7-py2.py3-none-any.whl")));
    assert!(!read.resembles(&wheel("demo-1.0-cp312-cp312-win_amd64.whl")));
    for (wrong, error) in [
        (&b"\xff"[..], WheelFileError::Text),
        (b"Wheel-Version: 1.0\n", WheelFileError::Tag),
        (b"Tag: nonsense\n", WheelFileError::Tag),
        (b"Tag: 1-py3-none-any\n", WheelFileError::Tag),
        (b"Tag: py3-none-any\nBuild: x\n", WheelFileError::Build),
    ] {
        assert_eq!(WheelFile::parse(wrong), Err(error));
    }
}

#[test]
fn direct_urls_are_of_one_kind() {
    for (text, expected) in [
        (
            r#"{"url":"file:///x","dir_info":{"editable":true}}"#,
            Some(DirectUrl::Editable("file:///x".to_owned())),
        ),
        (
            r#"{"url":"file:///x","dir_info":{}}"#,
            Some(DirectUrl::Directory("file:///x".to_owned())),
        ),
        (
            r#"{"url":"https://h.example/x","vcs_info":{"vcs":"git","commit_id":"0"}}"#,
            Some(DirectUrl::Vcs("https://h.example/x".to_owned())),
        ),
        (
            r#"{"url":"https://h.example/x.whl","archive_info":{}}"#,
            Some(DirectUrl::Archive("https://h.example/x.whl".to_owned())),
        ),
        (r#"{"url":"x"}"#, None),
        (r#"{"url":"x","dir_info":{},"vcs_info":{}}"#, None),
        (r#"{"dir_info":{}}"#, None),
        ("", None),
    ] {
        assert_eq!(DirectUrl::parse(text.as_bytes()).ok(), expected, "{text}");
    }
}

#[test]
fn what_installers_write_for_a_command_is_known_and_nothing_else_is() {
    let text = b"[console_scripts]\ndemo = demo.cli:Main.run [extra]\n# no = x:y\nbad = demo\nworse = os;x:y\n[other]\nx = y:z\n";
    let found = commands(text);
    let expected = Command {
        name: "demo".to_owned(),
        module: "demo.cli".to_owned(),
        function: "Main.run".to_owned(),
    };
    assert_eq!(found, [expected]);
    let uv = "#!/venv/bin/python\n# -*- coding: utf-8 -*-\nimport sys\nfrom demo.cli import Main\nif __name__ == \"__main__\":\n    if sys.argv[0].endswith(\"-script.pyw\"):\n        sys.argv[0] = sys.argv[0][:-11]\n    elif sys.argv[0].endswith(\".exe\"):\n        sys.argv[0] = sys.argv[0][:-4]\n    sys.exit(Main.run())\n";
    let pip = "#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\nimport sys\nfrom demo.cli import Main\nif __name__ == '__main__':\n    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(Main.run())\n";
    for (text, interpreter) in [(uv, "/venv/bin/python"), (pip, "/a b/python")] {
        let (named, body) = launcher_body(text).unwrap();
        assert_eq!(named, interpreter);
        assert!(is_launcher(body, &found[0]));
        assert!(!is_launcher(&format!("import evil\n{body}"), &found[0]));
        assert!(!is_launcher(&format!("{body}\nevil()"), &found[0]));
    }
    for none in ["", "import sys\n", "#!", "#!/bin/sh\n'''exec' x\n"] {
        assert!(
            launcher_body(none).is_none_or(|(_, body)| !is_launcher(body, &found[0])),
            "{none}"
        );
    }
}
