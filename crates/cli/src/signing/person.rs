//! A person at a terminal: the browser is opened, or the address shown.

use std::io;
use std::process::{Command, Stdio};

use touchplate_client::fetch::Agent;
use touchplate_client::identity::IdentityToken;
use touchplate_client::identity::login::{Login, LoginError, Provider};
use url::Url;

use crate::report::note;

/// Logs in.
pub(super) fn log_in(
    agent: &Agent,
    issuer: &Url,
    client: &str,
    out_of_band: bool,
) -> Result<IdentityToken, LoginError> {
    let provider = Provider::discover(agent, issuer)?;
    if out_of_band {
        let login = Login::out_of_band(agent, &provider, client)?;
        note(&format!("Log in here, in any browser:\n  {}", login.url()));
        return login.finish(|| {
            note("Type in the code that is shown then:");
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            Ok(line)
        });
    }
    let login = Login::on_this_machine(agent, &provider, client)?;
    note(&format!(
        "Log in here, in a browser on this machine (elsewhere: --out-of-band):\n  {}",
        login.url()
    ));
    open(login.url());
    login.finish(|| Ok(String::new()))
}

/// Opens a browser, if one can be found: the address was shown as well.
fn open(url: &Url) {
    let named = std::env::var("BROWSER").ok().filter(|it| !it.is_empty());
    let usual = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let program = named.as_deref().unwrap_or(usual);
    let mut command = Command::new(program);
    command.arg(url.as_str());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Whether it opened, nobody can say; the address was shown.
    let _ = command.spawn();
}
