//! A page as it is sent: as it is, or coded.

use std::sync::Arc;

use axum::http::HeaderValue;
use bytes::Bytes;
use tokio::sync::OnceCell;
use touchplate_packaging::Sha256;

use super::{Keeping, Moment};
use crate::coding::Coding;

/// A page as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub(crate) body: Bytes,
    /// The serial that the page shows, if its kind has one.
    pub(crate) serial: Option<u64>,
    /// May anybody see it?
    pub(crate) public: bool,
    /// Until when it is right, if that is known.
    pub(crate) moment: Option<Moment>,
    /// The body's digest.
    pub(super) plain: Sha256,
    /// Half of it, in hexadecimal.
    digest: Arc<str>,
    coded: Arc<Coded>,
    /// Where its codings are kept beyond this process, if they are.
    keeping: Option<Arc<Keeping>>,
}

/// What is made when it is first asked for, once, however many ask; none: the body is no longer as it is.
#[derive(Debug, Default)]
struct Coded {
    gzip: OnceCell<Option<Bytes>>,
    zstd: OnceCell<Option<Bytes>>,
}

/// What fits into one packet with its head gains nothing.
const MIN_CODED_BYTES: usize = 1024;

impl Rendered {
    pub(crate) fn new(body: Vec<u8>, serial: Option<u64>, public: bool) -> Self {
        let digest = Sha256::of(&body);
        Self::digested(body.into(), digest, serial, public)
    }

    /// A page whose digest is known.
    pub(super) fn digested(body: Bytes, plain: Sha256, serial: Option<u64>, public: bool) -> Self {
        let digest = plain.to_string();
        Self {
            body,
            serial,
            public,
            plain,
            moment: None,
            keeping: None,
            // 128 bits of it: no two versions of a page are ever confused, and headers stay short.
            digest: digest.get(..32).unwrap_or(&digest).into(),
            coded: Arc::default(),
        }
    }

    /// The page, whose codings are kept there.
    pub(super) fn kept_in(self, keeping: Keeping) -> Self {
        let keeping = Some(Arc::new(keeping));
        Self { keeping, ..self }
    }

    /// The page, right while that moment lasts.
    pub(super) fn of(self, moment: Moment) -> Self {
        let moment = Some(moment);
        Self { moment, ..self }
    }

    /// The coding that a client gets which would like `asked` best. What not everybody may see is rendered for each reader,
    /// and coding it each time would cost more than it saves.
    pub(crate) fn coding(&self, asked: Coding) -> Coding {
        let known = self.cell(asked).and_then(OnceCell::get);
        if self.public && self.body.len() >= MIN_CODED_BYTES && known != Some(&None) {
            asked
        } else {
            Coding::Identity
        }
    }

    fn cell(&self, coding: Coding) -> Option<&OnceCell<Option<Bytes>>> {
        match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(&self.coded.gzip),
            Coding::Zstd => Some(&self.coded.zstd),
        }
    }

    /// A strong validator: the digest of the body, and how that is coded.
    pub(crate) fn etag(&self, coding: Coding) -> HeaderValue {
        let digest = &self.digest;
        let etag = match coding {
            Coding::Identity => format!("\"{digest}\""),
            Coding::Gzip => format!("\"{digest}-gzip\""),
            Coding::Zstd => format!("\"{digest}-zstd\""),
        };
        HeaderValue::try_from(etag)
            .expect("hexadecimal digits and a word in quotes are a header value")
    }

    /// The body in that coding; none if it is no shorter than the body itself, which then is sent.
    pub(crate) async fn coded(&self, coding: Coding) -> Option<Bytes> {
        let plain = &self.body;
        let shorter = self.cell(coding)?.get_or_init(async || {
            if let Some(keeping) = &self.keeping
                && let Some(kept) = keeping.coded(coding, &self.plain).await
            {
                return Some(kept);
            }
            let body = plain.clone();
            let encoding = tokio::task::spawn_blocking(move || coding.encode(&body));
            // If that fails for want of memory, the body as it is remains a right answer.
            let coded = encoding.await.ok()?.ok()?;
            let coded = (coded.len() < plain.len()).then(|| Bytes::from(coded))?;
            if let Some(keeping) = &self.keeping {
                keeping.write(coding, self, coded.clone());
            }
            Some(coded)
        });
        shorter.await.clone()
    }

    /// Bytes of memory that the page takes at most: none of its codings is kept if it is longer than the page.
    pub(super) fn weight(&self) -> usize {
        self.body.len().saturating_mul(3)
    }
}
