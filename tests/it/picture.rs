//! Uploaded pictures: decoded within limits, encoded again, and served from the store.

use std::io::Cursor;

use flate2::Crc;
use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::header::HeaderMap;
use reqwest::{Method, multipart};
use serde_json::Value;

use crate::harness::TestShop;
use crate::people::{Admin, Answer};

/// The picture of the second article.
const PICTURE: &str = "/api/articles/2/picture";

#[actix_web::test]
async fn an_uploaded_picture_is_scaled_stored_and_served_for_good() {
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    let picture = photo(1_000, 500, ImageFormat::Png);
    let stale = admin.uploads_if("\"7-7\"", picture).await;
    stale.expect_problem(412, "precondition_failed");
    let live = shop.request(Method::GET, "/api/articles/2");
    assert!(Answer::to(live).await.json["article"]["picture"].as_str().unwrap().contains("mouse"));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let uploaded = admin.uploads(photo(1_000, 500, format)).await.expect(200).json;
        let address = uploaded["article"]["picture"].as_str().unwrap().to_owned();
        assert!(address.starts_with("/pictures/") && address.ends_with("-800.jpg"), "{address}");
        shop.kill();
        shop.start_again();
        for width in [800, 400] {
            let (headers, bytes) = shop.loads(&address.replace("800", &width.to_string())).await;
            assert_eq!(headers["content-type"], "image/jpeg");
            assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
            let copy = image::load_from_memory(&bytes).unwrap();
            assert_eq!((copy.width(), copy.height()), (width, width / 2));
        }
    }
    assert_eq!(admin.mouse().await["revision"], 3);
    for unknown in ["x.png", "-800.jpg", &format!("{}-800.jpg", "0".repeat(64))] {
        let missing = shop.request(Method::GET, &format!("/pictures/{unknown}"));
        assert_eq!(missing.send().await.unwrap().status(), 404);
    }
}

#[actix_web::test]
async fn what_is_no_picture_or_too_large_is_refused() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let whole = photo(64, 64, ImageFormat::Png);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    for (name, upload, status, code) in [
        ("nothing", Vec::new(), 415, "unsupported_media_type"),
        ("an SVG", svg, 415, "unsupported_media_type"),
        ("a GIF", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 415, "unsupported_media_type"),
        ("a page", b"<!DOCTYPE html><script>1</script>".to_vec(), 415, "unsupported_media_type"),
        ("half a picture", whole[..whole.len() / 2].to_vec(), 422, "invalid_picture"),
        ("a bomb", bomb(50_000), 422, "invalid_picture"),
        ("many pixels", bomb(7_000), 422, "invalid_picture"),
        ("a large file", vec![0; 2 * 1024 * 1024 + 1], 413, "body_too_large"),
    ] {
        let refused = admin.uploads(upload).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json["code"]),
            (status, &code.into()),
            "{name}"
        );
    }
    assert_eq!(admin.mouse().await["revision"], 0);
}

#[actix_web::test]
async fn only_pixels_are_left_of_an_upload() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let mut hidden = with_orientation(photo(200, 100, ImageFormat::Jpeg));
    hidden.extend(b"<script>alert(1)</script>");
    let uploaded = admin.uploads(hidden).await.expect(200).json;
    let (_, bytes) = shop.loads(uploaded["article"]["picture"].as_str().unwrap()).await;
    let copy = image::load_from_memory(&bytes).unwrap();
    assert_eq!((copy.width(), copy.height()), (100, 200), "the picture is turned");
    for left in [&b"Exif"[..], b"Paris", b"script"] {
        assert!(!bytes.windows(left.len()).any(|part| part == left));
    }
}

#[actix_web::test]
async fn a_form_of_the_desk_uploads_a_picture_too() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let cookie = crate::people::signs_in(&shop, "admin", "admin").await;
    for (upload, page) in [(photo(30, 30, ImageFormat::Png), 303), (vec![0; 3_000_000], 413)] {
        let file = multipart::Part::bytes(upload).file_name("a.png");
        let request = shop.request(Method::POST, "/admin/articles/picture/2");
        let request = request.header("sec-fetch-site", "same-origin").header("cookie", &cookie);
        let form = multipart::Form::new().part("picture", file);
        assert_eq!(request.multipart(form).send().await.unwrap().status(), page);
    }
    let picture = admin.mouse().await["picture"].clone();
    let (_, bytes) = shop.loads(picture.as_str().unwrap()).await;
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 30);
}

impl Admin {
    async fn uploads(&self, picture: Vec<u8>) -> Answer {
        let request = self.0.request(Method::PUT, PICTURE).body(picture);
        Answer::to(request).await
    }

    async fn uploads_if(&self, tag: &str, picture: Vec<u8>) -> Answer {
        let request = self.0.request(Method::PUT, PICTURE).header("if-match", tag);
        Answer::to(request.body(picture)).await
    }

    async fn mouse(&self) -> Value {
        self.0.get("/api/admin/articles?q=2").await.expect(200).json["articles"][0].clone()
    }
}

impl TestShop {
    async fn loads(&self, address: &str) -> (HeaderMap, Vec<u8>) {
        let answer = self.request(Method::GET, address).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{address}");
        (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }
}

/// Returns a picture with many colours.
fn photo(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let colour = |x: u32, y: u32| image::Rgb([x as u8, y as u8, (x * y) as u8]);
    let mut bytes = Cursor::new(Vec::new());
    let photo = DynamicImage::from(RgbImage::from_fn(width, height, colour));
    photo.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Returns a small PNG whose header says that each side has many pixels.
fn bomb(side: u32) -> Vec<u8> {
    let mut png = photo(1, 1, ImageFormat::Png);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let mut sum = Crc::new();
    sum.update(&png[12..29]);
    png[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    png
}

/// Adds EXIF data to a JPEG: that it is turned by 90 degrees, and where it was taken.
fn with_orientation(jpeg: Vec<u8>) -> Vec<u8> {
    let mut exif =
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend(b"Paris");
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, &exif, &jpeg[2..]].concat()
}
