//! A certificate of one's own making, for a bank on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;

/// A certificate and its key.
pub(super) struct Certificate {
    made: CertifiedKey<KeyPair>,
    folder: TempDir,
}

impl Certificate {
    /// A new one, for 127.0.0.1.
    pub(super) fn new() -> Self {
        let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bank.pem"), made.cert.pem()).unwrap();
        Self { made, folder }
    }

    /// The file that whoever trusts it names in SSL_CERT_FILE.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("bank.pem")
    }

    /// How a server shows it.
    pub(super) fn server_config(&self) -> Arc<ServerConfig> {
        let key = PrivatePkcs8KeyDer::from(self.made.signing_key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth();
        Arc::new(config.with_single_cert(vec![self.made.cert.der().clone()], key.into()).unwrap())
    }
}
