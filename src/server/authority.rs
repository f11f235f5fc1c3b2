//! The certificates of the server: an authority of its own, and what it signs.
//! All in PEM, as a Secret keeps them; runners get the authority with their plan.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// Life of the authority: longer than anybody keeps an installation untouched.
const AUTHORITY_YEARS: i64 = 10;
/// Life of the server's certificate, and its age at which the next is made.
const SERVING_DAYS: i64 = 365;
const RENEW_DAYS: i64 = 240;

const CA: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const NAMES: &str = "names";
const RENEW_AFTER: &str = "renew-after";

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A name cannot stand in a certificate, or a key cannot be made or read.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// The Secret does not hold what was written.
    #[error("the kept certificates lack the entry {0}")]
    Missing(&'static str),
    /// The Secret was edited.
    #[error("the kept certificates have an entry that is not a time: {RENEW_AFTER}")]
    RenewAfter(#[source] jiff::Error),
    /// A date is out of range.
    #[error("the life of a certificate cannot be computed")]
    Time(#[from] jiff::Error),
}

/// Everything that the server needs for TLS. Holds keys: never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The authority, in PEM: what clients trust.
    pub ca: String,
    ca_key: String,
    /// The server's certificate, in PEM.
    pub certificate: String,
    /// Its key, in PEM.
    pub key: String,
    names: Vec<String>,
    renew_after: Timestamp,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("names", &self.names)
            .field("renew_after", &self.renew_after)
            .finish_non_exhaustive()
    }
}

/// Names under which a Service is reached from inside the cluster.
pub fn service_names(service: &str, namespace: &str) -> Vec<String> {
    let base = format!("{service}.{namespace}");
    vec![service.to_owned(), base.clone(), format!("{base}.svc"), format!("{base}.svc.cluster.local")]
}

impl Certificates {
    /// Makes an authority and a certificate for these names (DNS names or addresses).
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn create(names: &[String], now: Timestamp) -> Result<Self, CertificatesError> {
        let ca_key = KeyPair::generate()?;
        let mut params = authority();
        set_life(&mut params, now, AUTHORITY_YEARS * 365)?;
        let ca = params.self_signed(&ca_key)?.pem();
        Self::sign(ca, ca_key.serialize_pem(), names, now)
    }

    /// The same authority with a new certificate: whoever trusts it need not be told.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate, or the authority's key cannot be read.
    pub fn renew(&self, names: &[String], now: Timestamp) -> Result<Self, CertificatesError> {
        Self::sign(self.ca.clone(), self.ca_key.clone(), names, now)
    }

    /// Whether it is time for [`Certificates::renew`].
    pub fn is_due(&self, names: &[String], now: Timestamp) -> bool {
        now >= self.renew_after || self.names != names
    }

    /// As the data of a Secret.
    pub fn to_secret(&self) -> BTreeMap<String, String> {
        let entries = [
            (CA, self.ca.clone()),
            (CA_KEY, self.ca_key.clone()),
            (CERTIFICATE, self.certificate.clone()),
            (KEY, self.key.clone()),
            (NAMES, self.names.join(",")),
            (RENEW_AFTER, self.renew_after.to_string()),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// From the data of a Secret.
    ///
    /// # Errors
    /// When an entry is missing.
    pub fn from_secret(data: &BTreeMap<String, String>) -> Result<Self, CertificatesError> {
        let entry = |name: &'static str| data.get(name).cloned().ok_or(CertificatesError::Missing(name));
        Ok(Self {
            ca: entry(CA)?,
            ca_key: entry(CA_KEY)?,
            certificate: entry(CERTIFICATE)?,
            key: entry(KEY)?,
            names: entry(NAMES)?.split(',').map(str::to_owned).collect(),
            renew_after: entry(RENEW_AFTER)?.parse().map_err(CertificatesError::RenewAfter)?,
        })
    }

    fn sign(ca: String, ca_key: String, names: &[String], now: Timestamp) -> Result<Self, CertificatesError> {
        // The issuer's name and key are all that signing needs of the authority.
        let issuer = Issuer::new(authority(), KeyPair::from_pem(&ca_key)?);
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.to_vec())?;
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, "assay server");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_life(&mut params, now, SERVING_DAYS)?;
        let certificate = params.signed_by(&key, &issuer)?.pem();
        let renew_after = Timestamp::from_second(now.as_second() + RENEW_DAYS * 86_400)?;
        Ok(Self { ca, ca_key, certificate, key: key.serialize_pem(), names: names.to_vec(), renew_after })
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, "assay authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// From yesterday, because clocks differ, for so many days.
fn set_life(params: &mut CertificateParams, now: Timestamp, days: i64) -> Result<(), jiff::Error> {
    let part = |number: i8| u8::try_from(number).expect("months and days are positive");
    let time = |date: Date| rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()));
    let today = now.to_zoned(TimeZone::UTC).date();
    params.not_before = time(today.checked_sub(1.day())?);
    params.not_after = time(today.checked_add(days.days())?);
    Ok(())
}
