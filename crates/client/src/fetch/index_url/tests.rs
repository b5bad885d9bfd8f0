use std::fs;

use tempfile::TempDir;

use super::*;

/// A machine with nothing configured: `etc`, a home, a project folder.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(TempDir::new().unwrap());
        fs::create_dir_all(machine.path("work/project/deep")).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn with(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn find(&self, variables: &[(&str, &str)]) -> Result<Option<IndexUrl>, ConfigurationError> {
        let variable = |name: &str| {
            let home = ("HOME", self.path("home").display().to_string());
            let given = variables.iter().find(|(known, _)| *known == name);
            given.map_or_else(
                || (name == home.0).then_some(home.1),
                |(_, value)| Some((*value).replace("~", &self.path("home").display().to_string())),
            )
        };
        IndexUrl::find(Places {
            variable: &variable,
            folder: &self.path("work/project/deep"),
            system: self.0.path(),
        })
    }

    #[track_caller]
    fn finds(&self, variables: &[(&str, &str)], host: &str) {
        let found = self.find(variables).unwrap();
        let found = found.as_ref().and_then(|found| found.url.host_str());
        assert_eq!(found.unwrap_or_default(), host);
    }
}

fn pip(host: &str) -> String {
    format!("[global]\nindex-url = https://{host}/simple\n")
}

#[test]
fn nothing_is_built_in() {
    let machine = Machine::new();
    machine.finds(&[], "");
    machine.finds(&[("PIP_INDEX_URL", "")], "");
}

#[test]
fn the_environment_counts_before_files_and_pip_before_uv() {
    let machine = Machine::new();
    machine.with("home/.config/uv/uv.toml", "index-url = 'https://uv/'");
    machine.finds(&[], "uv");
    machine.with("etc/pip.conf", &pip("etc"));
    machine.finds(&[], "etc");
    machine.finds(&[("PIP_INDEX_URL", "https://p/")], "p");
    let both = [
        ("PIP_INDEX_URL", "https://p/"),
        ("UV_DEFAULT_INDEX", "https://u/"),
    ];
    machine.finds(&both, "u");
}

#[test]
fn pips_files_overrule_each_other_as_in_pip() {
    let machine = Machine::new();
    machine.with("etc/xdg/pip/pip.conf", &pip("xdg"));
    machine.finds(&[], "xdg");
    machine.with("etc/pip.conf", &pip("etc"));
    machine.finds(&[], "etc");
    machine.with("home/.pip/pip.conf", &pip("legacy"));
    machine.finds(&[], "legacy");
    machine.with("home/.config/pip/pip.conf", &pip("user"));
    machine.finds(&[], "user");
    machine.with("home/venv/pip.conf", &pip("venv"));
    machine.finds(&[("VIRTUAL_ENV", "~/venv")], "venv");
    machine.with("home/named.conf", &pip("named"));
    machine.finds(
        &[
            ("VIRTUAL_ENV", "~/venv"),
            ("PIP_CONFIG_FILE", "~/named.conf"),
        ],
        "named",
    );
    machine.finds(&[("PIP_CONFIG_FILE", "/dev/null")], "");
}

#[test]
fn pips_file_is_read_as_pip_reads_it() {
    let machine = Machine::new();
    let with = |text: &str, host: &str| machine.with("etc/pip.conf", text).finds(&[], host);
    with(
        "# c\n[install]\nindex-url = https://no/\n[global]\n; c\nINDEX_URL: https://yes/\n",
        "yes",
    );
    with(
        "[global]\nextra-index-url =\n  https://no/\n  index-url = https://no/\n",
        "",
    );
    with(
        "[global]\nindex-url = https://one/\nindex-url = https://two/\n",
        "two",
    );
}

#[test]
fn uvs_nearest_project_file_hides_those_above() {
    let machine = Machine::new();
    machine.with(
        "etc/uv/uv.toml",
        "[[index]]\nurl = 'https://system/'\ndefault = true",
    );
    machine.finds(&[], "system");
    machine.with("home/.config/uv/uv.toml", "index-url = 'https://user/'");
    machine.finds(&[], "user");
    machine.with(
        "work/uv.toml",
        "[[index]]\nurl='https://no/'\n[[index]]\nurl='https://above/'\ndefault=true",
    );
    machine.finds(&[], "above");
    machine.with(
        "work/project/pyproject.toml",
        "[tool.uv]\nindex-url = 'https://near/'",
    );
    machine.finds(&[], "near");
    machine.finds(&[("UV_NO_CONFIG", "1")], "");
    machine.with("home/x.toml", "index-url = 'https://named/'");
    machine.finds(&[("UV_CONFIG_FILE", "~/x.toml")], "named");
}

#[test]
fn what_cannot_be_used_is_said_without_its_password() {
    let machine = Machine::new();
    let error = machine
        .find(&[("PIP_INDEX_URL", "gopher://u:secret@x/")])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the index URL from PIP_INDEX_URL cannot be used"
    );
    let found = machine
        .find(&[("PIP_INDEX_URL", "https://u:p@x/simple")])
        .unwrap()
        .unwrap();
    assert_eq!(found.url.as_str(), "https://x/simple");
    assert!(found.authorization.is_some());
    machine.with("work/uv.toml", "index = 1");
    assert!(matches!(
        machine.find(&[]),
        Err(ConfigurationError::Toml { .. })
    ));
}
