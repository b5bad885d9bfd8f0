use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use touchplate_attest::Sha256;
use touchplate_client::identity::IdentityToken;
use touchplate_client::identity::login::{Login, LoginError, Provider};
use url::Url;

use crate::server::{Server, answer, ok};
use crate::{agent, token};

type Pairs = HashMap<String, String>;

/// What a provider does otherwise than it should.
#[derive(Clone, Default)]
struct Twist {
    discovery: Value,
    claims: Value,
    state: Option<String>,
    denies: bool,
}

/// A provider that lets everybody in, and the request by which the person came.
struct SmallProvider {
    server: Server,
    came: Arc<Mutex<Pairs>>,
}

impl SmallProvider {
    fn start(twist: &Twist) -> Self {
        let came: Arc<Mutex<Pairs>> = Arc::default();
        let (seen, twist) = (came.clone(), twist.clone());
        let server = Server::start(move |request| {
            let base = format!("http://{}", request.header("host").unwrap());
            match request.path.as_str() {
                "/.well-known/openid-configuration" => ok(described(&base, &twist).as_bytes()),
                "/token" => exchange(&request.body, &seen.lock().unwrap(), &base, &twist),
                _ => answer("404 Not Found", &[], b""),
            }
        });
        Self { server, came }
    }

    fn discover(&self) -> Result<Provider, LoginError> {
        Provider::discover(&agent(), &self.server.url.parse().unwrap())
    }

    /// As the browser does when the person has logged in: it goes where the provider sends it.
    fn person(&self, url: &Url, twist: &Twist) {
        let mut pairs: Pairs = url.query_pairs().into_owned().collect();
        let mut to: Url = pairs["redirect_uri"].parse().unwrap();
        if let Some(state) = &twist.state {
            pairs.insert("state".to_owned(), state.clone());
        }
        if twist.denies {
            to.query_pairs_mut().append_pair("error", "access_denied");
        } else {
            to.query_pairs_mut().append_pair("code", "the code");
        }
        to.query_pairs_mut().append_pair("state", &pairs["state"]);
        *self.came.lock().unwrap() = pairs;
        thread::spawn(move || {
            visit(&to, "/favicon.ico");
            let page = visit(&to, &format!("{}?{}", to.path(), to.query().unwrap()));
            assert!(page.contains("no-store"), "{page}");
        });
    }
}

fn described(base: &str, twist: &Twist) -> String {
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize?tenant=1"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
    });
    for (key, value) in twist.discovery.as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    document.to_string()
}

fn exchange(body: &[u8], came: &Pairs, base: &str, twist: &Twist) -> Vec<u8> {
    let asked: Pairs = url::form_urlencoded::parse(body).into_owned().collect();
    let challenge = Sha256::of(asked["code_verifier"].as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(challenge.as_bytes());
    let fits = asked["code"] == "the code"
        && asked["grant_type"] == "authorization_code"
        && asked["redirect_uri"] == came["redirect_uri"]
        && challenge == came["code_challenge"];
    if !fits {
        return answer("400 Bad Request", &[], br#"{"error":"invalid_grant"}"#);
    }
    let mut claims = json!({"iss": base, "sub": "alice", "aud": "sigstore", "exp": 4_000_000_000_u64,
        "nonce": came["nonce"]});
    for (key, value) in twist.claims.as_object().into_iter().flatten() {
        claims[key] = value.clone();
    }
    let answered = json!({"access_token": "x", "token_type": "Bearer", "id_token": token(&claims)});
    ok(answered.to_string().as_bytes())
}

fn visit(url: &Url, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

fn log_in(twist: &Twist) -> Result<IdentityToken, LoginError> {
    let small = SmallProvider::start(twist);
    let (agent, provider) = (agent(), small.discover()?);
    let login = Login::on_this_machine(&agent, &provider, "sigstore")?;
    small.person(login.url(), twist);
    login.finish(|| panic!("nobody types in a code"))
}

#[test]
fn a_person_logs_in_and_the_browser_comes_back() {
    let token = log_in(&Twist::default()).unwrap();
    assert_eq!(token.subject(), "alice");
    let small = SmallProvider::start(&Twist::default());
    let (agent, provider) = (agent(), small.discover().unwrap());
    let login = Login::on_this_machine(&agent, &provider, "sigstore").unwrap();
    let asked: Pairs = login.url().query_pairs().into_owned().collect();
    assert_eq!(asked["tenant"], "1");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["response_type"], "code");
    assert!(asked["scope"].contains("openid"));
    assert!(asked["redirect_uri"].starts_with("http://localhost:"));
}

#[test]
fn a_person_elsewhere_types_in_the_code() {
    let log_in = |code: &str| {
        let small = SmallProvider::start(&Twist::default());
        let (agent, provider) = (agent(), small.discover().unwrap());
        let login = Login::out_of_band(&agent, &provider, "sigstore").unwrap();
        *small.came.lock().unwrap() = login.url().query_pairs().into_owned().collect();
        login.finish(|| Ok(code.to_owned()))
    };
    assert_eq!(log_in("the code\n").unwrap().subject(), "alice");
    assert!(matches!(log_in("\n"), Err(LoginError::NoCode(_))));
    assert!(matches!(
        log_in("another"),
        Err(LoginError::Refused { status: 400, said }) if said == "invalid_grant"
    ));
}

/// A provider that does this otherwise is refused.
fn refuses(change: impl FnOnce(&mut Twist)) -> LoginError {
    let mut twist = Twist::default();
    change(&mut twist);
    log_in(&twist).unwrap_err()
}

#[test]
fn an_answer_to_another_login_is_refused() {
    use LoginError as E;
    let state = refuses(|twist| twist.state = Some("forged".to_owned()));
    assert!(matches!(state, E::State));
    let nonce = refuses(|twist| twist.claims = json!({"nonce": "old"}));
    assert!(matches!(nonce, E::Nonce));
    let audience = refuses(|twist| twist.claims = json!({"aud": ["other"]}));
    assert!(matches!(audience, E::Audience { .. }));
    let issuer = refuses(|twist| twist.claims = json!({"iss": "https://other.example"}));
    assert!(matches!(issuer, E::Issuer { .. }));
    let denied = refuses(|twist| twist.denies = true);
    assert!(matches!(denied, E::Denied { said } if said == "access_denied"));
}

#[test]
fn a_provider_that_describes_another_or_gives_up_encryption_is_refused() {
    use LoginError as E;
    let other = refuses(|twist| twist.discovery = json!({"issuer": "https://other.example"}));
    assert!(matches!(other, E::OtherProvider { .. }));
    for endpoint in ["authorization_endpoint", "token_endpoint"] {
        let plain = refuses(|twist| twist.discovery = json!({endpoint: "http://other.example/x"}));
        assert!(matches!(plain, E::ProviderUrl { .. }), "{plain:?}");
        let none = refuses(|twist| twist.discovery = json!({endpoint: null}));
        assert!(matches!(none, E::Discovery { .. }), "{none:?}");
    }
    let plain = Provider::discover(&agent(), &"http://login.example".parse().unwrap());
    assert!(matches!(plain, Err(E::ProviderUrl { .. })));
}
