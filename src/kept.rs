//! Answers, and parts of them, that are made of the catalogue alone, kept as bytes until an article
//! changes.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{PoisonError, RwLock};

use actix_web::web::Bytes;
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use views::locale::Locale;

use crate::error::Problem;
use crate::error::code::Code;

/// How large the window of brotli is, as a power of two, and the buffer of its writer.
const WINDOW: u32 = 20;
const BUFFER: usize = 4_096;
/// How much work brotli does, from 0 to 11: as much as a change of the stock is worth.
const QUALITY: u32 = 4;

/// The bytes of one answer, in each language and encoding that was asked for.
#[derive(Default)]
pub struct KeptAnswer {
    kept: RwLock<HashMap<(Locale, Encoding), (u64, Bytes)>>,
}

/// The name of an encoding of the shop; `None` for none.
pub type Encoding = Option<&'static str>;

impl KeptAnswer {
    /// Returns the bytes for an edition of the catalogue; `make` makes them without an encoding.
    pub fn get(
        &self,
        locale: Locale,
        encoding: Encoding,
        edition: u64,
        make: impl FnOnce() -> Result<Vec<u8>, Problem>,
    ) -> Result<Bytes, Problem> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        match kept.get(&(locale, encoding)) {
            Some((of, bytes)) if *of == edition => return Ok(bytes.clone()),
            _ => drop(kept),
        }
        let bytes = encode(make()?, encoding);
        let bytes: Bytes = bytes.map_err(|error| Problem::because(Code::Internal, error))?.into();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.insert((locale, encoding), (edition, bytes.clone()));
        Ok(bytes)
    }
}

fn encode(bytes: Vec<u8>, encoding: Encoding) -> std::io::Result<Vec<u8>> {
    match encoding {
        Some("gzip") => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            gzip.write_all(&bytes)?;
            gzip.finish()
        }
        Some("br") => {
            let mut brotli = CompressorWriter::new(Vec::new(), BUFFER, QUALITY, WINDOW);
            brotli.write_all(&bytes)?;
            Ok(brotli.into_inner())
        }
        _ => Ok(bytes),
    }
}
