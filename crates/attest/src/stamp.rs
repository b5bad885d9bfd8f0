//! Timestamps of RFC 3161: an authority's signed word that it saw some bytes at a certain time.
//!
//! A [`Token`] is read strictly and once; [`Token::verify`] then holds it against the timestamp [authorities](Authority)
//! of a trust root. In Sigstore the message is the signature's bytes: the time proves that the signature existed while
//! its certificate was valid. Two things that a token may state are not looked at: its accuracy, since no authority in
//! use states more than a second and a certificate's ten minutes are not that precise; and the authority's name, a hint
//! by RFC 3161 §2.4.2, since the signed attributes name the certificate itself.

mod attributes;
mod authority;
mod certificate;
mod error;
mod info;
mod token;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::crypto::Provider;

pub use authority::{Authority, MAX_AUTHORITY_CERTIFICATES};
pub use error::StampError;
pub use token::{MAX_EMBEDDED_CERTIFICATES, MAX_TOKEN_BYTES, Token};

/// What a token proves: a time, on an authority's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the authority saw the message.
    pub time: Timestamp,
    /// The authority's URI, as its root names it.
    pub authority: String,
}

impl Token {
    /// Holds the token against a root's authorities; `message` is what was stamped.
    ///
    /// 1. An authority of the root has the signer: the root has its certificate, or the token embeds one that names one
    ///    of the root's as its issuer. [`StampError::UnknownAuthority`] otherwise, and then the token says nothing, good
    ///    or bad. All that is wrong further on is wrong with a token that claims to be of a known authority.
    /// 2. An embedded certificate is signed by the authority, through embedded ones in between if need be, and is one
    ///    for timestamps. The root's own were checked when the authority was read.
    /// 3. The token's signed attributes name this certificate.
    /// 4. The root believes the authority at the token's time (both ends of its window included), and the certificate
    ///    and each above it are valid at that time, which is not after `now`.
    /// 5. The token is about the message.
    /// 6. The signature holds.
    ///
    /// # Errors
    ///
    /// Where several authorities have the signer, the first one's.
    pub fn verify(
        &self,
        message: &[u8],
        authorities: &[Authority],
        now: Timestamp,
        provider: &dyn Provider,
    ) -> Result<Stamp, StampError> {
        let mut first_error = None;
        for signer in self.signers(authorities) {
            match self.verify_by(&signer, message, now, provider) {
                Ok(()) => {
                    return Ok(Stamp {
                        time: self.time(),
                        authority: signer.authority().uri().to_owned(),
                    });
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(StampError::UnknownAuthority))
    }

    fn verify_by(
        &self,
        signer: &authority::Signer<'_>,
        message: &[u8],
        now: Timestamp,
        provider: &dyn Provider,
    ) -> Result<(), StampError> {
        let time = self.time();
        signer.is_issued(provider)?;
        let named = self.attributes.signing_certificate()?;
        if !named.names(signer.certificate()) {
            return Err(StampError::OtherSigningCertificate);
        }
        signer.is_valid_at(time)?;
        if time > now {
            return Err(StampError::InFuture { time, now });
        }
        if self.imprint.hash.of(message) != self.imprint.digest {
            return Err(StampError::OtherMessage);
        }
        signer.verify(self, provider)
    }
}
