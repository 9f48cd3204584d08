//! Answers, and parts of them, that are made of the catalogue alone and kept until an article
//! changes.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::Problem;

/// How large the window of brotli is, as a power of two, and the buffer of its writer.
const WINDOW: u32 = 20;
const BUFFER: usize = 4_096;
/// How much work brotli does, from 0 to 11: as much as a change of the stock is worth.
const QUALITY: u32 = 4;

/// What was made of the catalogue in each form that was asked for, such as each language.
pub struct Kept<Form, T>(RwLock<HashMap<Form, (u64, T)>>);

impl<Form, T> Default for Kept<Form, T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<Form: Eq + Hash, T: Clone> Kept<Form, T> {
    /// Returns what was made in a form of an edition of the catalogue, or makes it.
    pub fn get(
        &self,
        form: Form,
        edition: u64,
        make: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match kept.get(&form) {
            Some((of, made)) if *of == edition => return Ok(made.clone()),
            _ => drop(kept),
        }
        let made = make()?;
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.insert(form, (edition, made.clone()));
        Ok(made)
    }
}

/// Encodes bytes with an encoding of the shop; `None` leaves them.
pub fn encode(bytes: Vec<u8>, encoding: Option<&str>) -> io::Result<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use brotli::Decompressor;
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn each_form_is_made_once_for_each_edition() {
        let kept = Kept::default();
        let get = |form, edition, text: &str| kept.get(form, edition, || Ok(text.to_owned()));
        assert_eq!(get("fr", 1, "un").unwrap(), "un");
        assert_eq!(get("fr", 1, "deux").unwrap(), "un");
        assert_eq!(get("en", 1, "one").unwrap(), "one");
        assert_eq!(get("fr", 2, "deux").unwrap(), "deux");
        assert_eq!(get("fr", 1, "un").unwrap(), "un", "a slow request may be of an older edition");
    }

    #[test]
    fn encoded_bytes_are_the_same_decoded() {
        let text = "a lamp and another lamp ".repeat(50);
        let mut read = String::new();
        let brotli = encode(text.clone().into(), Some("br")).unwrap();
        Decompressor::new(brotli.as_slice(), BUFFER).read_to_string(&mut read).unwrap();
        let gzip = encode(text.clone().into(), Some("gzip")).unwrap();
        assert!(brotli.len() < 100 && gzip.len() < 100);
        GzDecoder::new(gzip.as_slice()).read_to_string(&mut read).unwrap();
        assert_eq!(read, text.repeat(2));
        assert_eq!(encode(text.clone().into(), None).unwrap(), text.as_bytes());
    }
}
