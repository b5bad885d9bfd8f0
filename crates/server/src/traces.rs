//! Traces for OpenTelemetry: spans with a target of their own, which the log leaves out, sent by OTLP over HTTP.
//!
//! Nobody who traces nothing pays for it: without a collector no span of that target is ever made. Answers from memory, which
//! take less time than a span, are not traced.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::http::StatusCode;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use touchplate_client::fetch::{Agent, Sending, Settings, SettingsError};
use touchplate_index::RequestId;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::config::Config;
use crate::metrics::Route;

/// The target of spans that are for traces.
pub(crate) const TARGET: &str = touchplate_index::TRACES;

/// What a collector says to a batch: nothing, or a sentence.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Where a collector listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector(Url);

/// A text that is no collector's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the URL of a collector, such as `http://127.0.0.1:4318`, without a user, a query or a fragment"
)]
pub struct InvalidCollector;

impl FromStr for Collector {
    type Err = InvalidCollector;

    fn from_str(given: &str) -> Result<Self, InvalidCollector> {
        let url = Url::parse(given).map_err(|_| InvalidCollector)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        match plain && web && url.fragment().is_none() {
            true => Ok(Self(url)),
            false => Err(InvalidCollector),
        }
    }
}

impl Collector {
    /// OTLP over HTTP 1.x, "Endpoint URLs": the path of traces below the base.
    fn traces(&self) -> String {
        format!("{}/v1/traces", self.0.as_str().trim_end_matches('/'))
    }
}

/// A share of all: from 0, nothing, to 1, everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

/// No share is not a number.
impl Eq for Share {}

impl Default for Share {
    fn default() -> Self {
        Self(1.0)
    }
}

/// A text that is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number between 0 and 1, found `{given}`")]
pub struct InvalidShare {
    given: String,
}

impl FromStr for Share {
    type Err = InvalidShare;

    fn from_str(given: &str) -> Result<Self, InvalidShare> {
        let share = given
            .parse()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share));
        share.map(Self).ok_or_else(|| InvalidShare {
            given: given.chars().take(80).collect(),
        })
    }
}

/// What sends traces.
pub struct Traces(SdkTracerProvider);

/// Why there are to be traces and can be none.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// What the environment says of proxies.
    #[error("no collector can be reached")]
    Environment(#[from] SettingsError),
    /// The exporter.
    #[error("traces cannot be sent to `otlp_endpoint`")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

impl Traces {
    /// Those that a configuration asks for, sent by a thread of their own.
    ///
    /// # Errors
    /// When the environment's proxies or the collector's URL cannot be used.
    pub fn of(config: &Config) -> Result<Option<Self>, TracesError> {
        let Some(collector) = &config.otlp_endpoint else {
            return Ok(None);
        };
        let name = concat!("touchplate/", env!("CARGO_PKG_VERSION"));
        let settings = Settings::from_environment(name, &|name| std::env::var(name).ok())?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new(Agent::new(settings)))
            .with_endpoint(collector.traces())
            .build()?;
        let own = Sampler::TraceIdRatioBased(config.otlp_share.0);
        let resource = Resource::builder().with_service_name("touchplate");
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(own)))
            .with_resource(resource.build())
            .build();
        Ok(Some(Self(provider)))
    }

    /// What hands spans over.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let tracer = self.0.tracer("touchplate");
        // Where in the code and on which thread is nobody's question here, and half of a span.
        let spans = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracer(tracer);
        spans.with_filter(Targets::new().with_target(TARGET, Level::INFO))
    }

    /// Sends what is left.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces")
    }
}

/// The span of a request, in the trace that its client has begun, if it has.
pub(crate) fn request(request: &Request, route: Route, id: &RequestId) -> Span {
    let (method, path) = (request.method(), request.uri().path());
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = format!("{method} {}", route.as_str()),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = %method,
        url.path = path,
        http.response.status_code = tracing::field::Empty,
        touchplate.request_id = %id,
    );
    if !span.is_disabled() {
        let client = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
        // Without a layer that takes it there is nobody to tell.
        let _ = span.set_parent(client);
    }
    span
}

/// What its answer is.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    // As a signed number: of others the exporter makes text.
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// Sends batches, on the thread of the SDK that waits for each.
#[derive(Debug)]
struct Sender {
    agent: Agent,
    failed: AtomicBool,
}

impl Sender {
    fn new(agent: Agent) -> Self {
        let failed = AtomicBool::new(false);
        Self { agent, failed }
    }

    fn send(
        &self,
        request: &opentelemetry_http::Request<Bytes>,
    ) -> Result<opentelemetry_http::Response<Bytes>, HttpError> {
        let url: Url = request.uri().to_string().parse()?;
        let content_type = request.headers().get("content-type");
        let sending = Sending {
            url: &url,
            accept: "application/x-protobuf",
            authorization: None,
            content_type: content_type
                .and_then(|value| value.to_str().ok())
                .unwrap_or("application/x-protobuf"),
            length: u64::try_from(request.body().len())?,
        };
        let mut body = request.body().as_ref();
        let sent = self
            .agent
            .send_body(&sending, &mut body, MAX_ANSWER_BYTES)?;
        let answer = opentelemetry_http::Response::builder().status(sent.answer.status);
        Ok(answer.body(sent.answer.bytes.into())?)
    }
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(
        &self,
        request: opentelemetry_http::Request<Bytes>,
    ) -> Result<opentelemetry_http::Response<Bytes>, HttpError> {
        let sent = self.send(&request);
        let went = sent.as_ref().is_ok_and(|sent| sent.status().is_success());
        // Told when it begins and when it ends, not with each batch.
        if self.failed.swap(!went, Ordering::Relaxed) == went {
            match &sent {
                Ok(answer) if went => {
                    tracing::info!(
                        status = answer.status().as_u16(),
                        "the collector takes traces again"
                    );
                }
                Ok(answer) => {
                    tracing::warn!(
                        status = answer.status().as_u16(),
                        "the collector refuses traces; they are dropped"
                    );
                }
                Err(error) => {
                    tracing::warn!(%error, "the collector does not answer; traces are dropped");
                }
            }
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_a_plain_url() {
        let collector: Collector = "http://127.0.0.1:4318".parse().unwrap();
        assert_eq!(collector.traces(), "http://127.0.0.1:4318/v1/traces");
        let below: Collector = "https://collector.example/otlp/".parse().unwrap();
        assert_eq!(below.traces(), "https://collector.example/otlp/v1/traces");
        for given in [
            "",
            "127.0.0.1:4318",
            "grpc://127.0.0.1:4317",
            "http://user:secret@collector.example",
            "http://collector.example?x",
        ] {
            assert_eq!(given.parse::<Collector>(), Err(InvalidCollector), "{given}");
        }
    }

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        assert_eq!("0".parse(), Ok(Share(0.0)));
        assert_eq!("0.25".parse(), Ok(Share(0.25)));
        for given in ["", "-0.1", "1.1", "NaN", "inf", "half"] {
            assert!(given.parse::<Share>().is_err(), "{given}");
        }
    }
}
