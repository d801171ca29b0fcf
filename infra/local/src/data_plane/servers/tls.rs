//! The certificate authority that clients are to trust, and the certificate of the servers.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// The name in the certificate, and so the host name that clients connect to.
pub(super) const HOST: &str = "localhost";

/// What the servers and their clients need.
#[derive(Debug)]
pub(super) struct Identity {
    /// The certificate authority, for clients.
    pub(super) ca_pem: String,
    /// The certificate of the servers.
    pub(super) cert_pem: String,
    /// Its private key.
    pub(super) key_pem: String,
}

impl Identity {
    /// Makes a new authority and one certificate, good for every server on this host. The key of
    /// the authority is forgotten at once: nothing else is ever to be signed with it, and a key
    /// that is nowhere cannot be stolen.
    pub(super) fn generate() -> Result<Self, rcgen::Error> {
        let ca_key = KeyPair::generate()?;
        let mut ca = dated(CertificateParams::new(Vec::new())?);
        ca.distinguished_name.push(DnType::CommonName, "aurora-restore local cloud");
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_pem = ca.self_signed(&ca_key)?.pem();

        let key = KeyPair::generate()?;
        let mut server = dated(CertificateParams::new([HOST.into(), "127.0.0.1".into()])?);
        server.distinguished_name.push(DnType::CommonName, HOST);
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let cert_pem = server.signed_by(&key, &Issuer::new(ca, ca_key))?.pem();
        Ok(Self { ca_pem, cert_pem, key_pem: key.serialize_pem() })
    }
}

/// Fixed dates: a certificate of a data folder that is gone after use does not run out in use.
fn dated(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    params
}
