//! A self-signed certificate for a server on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;

/// A certificate and its key.
pub(crate) struct Certificate {
    certified: CertifiedKey<KeyPair>,
    folder: TempDir,
}

impl Certificate {
    /// Creates a certificate for 127.0.0.1.
    pub(crate) fn new() -> Self {
        let certified = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("certificate.pem"), certified.cert.pem()).unwrap();
        let key = certified.signing_key.serialize_pem();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        Self { certified, folder }
    }

    /// The file of the certificate. A client that trusts it has this path in `SSL_CERT_FILE`.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// The file of its key.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// The configuration of a server that presents the certificate.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let key = PrivatePkcs8KeyDer::from(self.certified.signing_key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth();
        Arc::new(
            config.with_single_cert(vec![self.certified.cert.der().clone()], key.into()).unwrap(),
        )
    }
}
