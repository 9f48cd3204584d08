//! The pictures that administrators upload.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The widths of the copies of a picture, in pixels: that of a card, and that of a sharp one.
pub const WIDTHS: [u32; 2] = [400, 800];

/// The format of the copies of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureFormat {
    /// JPEG, for a picture without transparent parts.
    Jpeg,
    /// PNG.
    Png,
}

/// A picture in the store, named by the hash of its copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The hash, in hexadecimal digits.
    pub hash: String,
    /// The format of its copies.
    pub format: PictureFormat,
}

/// The copies of a picture, one of each width.
#[derive(Clone, PartialEq, Eq)]
pub struct Copies {
    /// The picture.
    pub picture: Picture,
    /// The bytes of its copies, in the order of [`WIDTHS`].
    pub bytes: [Vec<u8>; 2],
}

impl PictureFormat {
    /// Returns the end of the name of a file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// Returns the media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

impl Picture {
    /// Returns the address of a copy.
    pub fn address(&self, width: u32) -> String {
        format!("/pictures/{}-{width}.{}", self.hash, self.format.extension())
    }

    /// Reads the name of a copy, which is the end of its address; `None` if it is not one.
    pub fn of_name(name: &str) -> Option<(Self, u32)> {
        let (start, extension) = name.split_once('.')?;
        let (hash, width) = start.split_once('-')?;
        let width = WIDTHS.into_iter().find(|known| known.to_string() == width)?;
        let formats = [PictureFormat::Jpeg, PictureFormat::Png];
        let format = formats.into_iter().find(|format| format.extension() == extension)?;
        let is_hash =
            hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| (Self { hash: hash.to_owned(), format }, width))
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [card, sharp] = &self.bytes;
        write!(f, "{:?} of {} and {} bytes", self.picture, card.len(), sharp.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_picture_and_no_other_name_does() {
        let picture = Picture { hash: "0f".repeat(32), format: PictureFormat::Png };
        let address = picture.address(800);
        let name = address.strip_prefix("/pictures/").unwrap();
        assert_eq!(Picture::of_name(name), Some((picture, 800)));
        for (from, to) in
            [("-800", "-801"), (".png", ".svg"), ("0f", "0F"), ("0f0f", "0f"), ("-", "")]
        {
            assert_eq!(Picture::of_name(&name.replacen(from, to, 1)), None, "{to}");
        }
    }
}
