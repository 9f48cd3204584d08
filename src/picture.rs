//! Pictures: decoded within limits and encoded again, so that only pixels are left of an upload.

use std::io::Cursor;

use actix_web::web;
use domain::article::picture::{Copies, Picture, PictureFormat, WIDTHS};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::error::Problem;
use crate::error::code::Code;

/// The most pixels of a side of an upload, and of all of it.
const SIDE: u32 = 8_000;
const PIXELS: u64 = 24_000_000;

/// The most memory that a decoder may allocate, in bytes.
const MEMORY: u64 = 128 * 1024 * 1024;

/// The most uploads that are decoded at once; the others wait.
const AT_ONCE: usize = 2;

/// The quality of a JPEG, in percent.
const QUALITY: u8 = 82;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Returns the copies of an uploaded picture, without its metadata and turned as these say.
///
/// The content decides about the format: PNG, JPEG and WebP are decoded, any other one is refused.
pub async fn copies(upload: web::Bytes) -> Result<Copies, Problem> {
    let _turn = TURNS.acquire().await.map_err(|_| Problem::new(Code::Internal))?;
    let made = web::block(move || make(&upload)).await;
    made.map_err(|error| Problem::because(Code::Internal, error))?
}

fn make(upload: &[u8]) -> Result<Copies, Problem> {
    let image = decode(upload)?;
    let format = if image.color().has_alpha() { PictureFormat::Png } else { PictureFormat::Jpeg };
    let [card, sharp] = WIDTHS;
    let bytes = [encode(&image, card, format)?, encode(&image, sharp, format)?];
    let hash = bytes.iter().fold(Sha256::new(), |hash, copy| hash.chain_update(copy)).finalize();
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Copies { picture: Picture { hash, format }, bytes })
}

fn decode(upload: &[u8]) -> Result<DynamicImage, Problem> {
    let reader = ImageReader::new(Cursor::new(upload)).with_guessed_format();
    let mut reader = reader.map_err(invalid)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        let detail = "the picture must be a PNG, a JPEG or a WebP";
        return Err(Problem::because(Code::UnsupportedMediaType, detail));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(invalid)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS || decoder.total_bytes() > MEMORY {
        return Err(invalid("it has too many pixels"));
    }
    let orientation = decoder.orientation().map_err(invalid)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(invalid)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn encode(image: &DynamicImage, width: u32, format: PictureFormat) -> Result<Vec<u8>, Problem> {
    let is_large = image.width() > width || image.height() > width;
    let scaled = is_large.then(|| image.resize(width, width, FilterType::Triangle));
    let image = scaled.as_ref().unwrap_or(image);
    let mut bytes = Cursor::new(Vec::new());
    match format {
        PictureFormat::Png => {
            DynamicImage::from(image.to_rgba8()).write_to(&mut bytes, ImageFormat::Png)
        }
        PictureFormat::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&image.to_rgb8())
        }
    }
    .map_err(|error| Problem::because(Code::Internal, error))?;
    Ok(bytes.into_inner())
}

fn invalid(reason: impl ToString) -> Problem {
    Problem::because(Code::InvalidPicture, reason)
}
