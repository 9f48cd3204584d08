//! The pictures of articles in the store: in chunks, because a store syncs large values slowly.

use domain::article::picture::{Copies, Picture, WIDTHS};
use domain::article::{Article, ArticleError};
use domain::event::Event;

use super::SetPicture;
use super::commands::{ArticleDeps, Result};
use crate::handling::Reply;
use crate::tables::article_key;
use crate::tables::chunk::Chunk;
use crate::tables::rows::Rows;

/// The most bytes of a chunk.
const CHUNK: usize = 16 * 1024;

impl ArticleDeps {
    /// Stores a picture, unless the store has it, and makes it that of an article. A picture is
    /// never removed: pages that are still open and copies of the article may show it.
    pub(super) fn set_picture(
        &self,
        SetPicture { id, copies, expected, .. }: &SetPicture,
        rows: &mut Rows,
    ) -> Result<Article> {
        let article = self.article(*id, rows)?;
        article.expect_version(expected.as_deref(), false)?;
        let tables = &self.shared.tables;
        let Copies { picture, bytes } = &**copies;
        if rows.get(&tables.pictures, &picture.hash)?.is_none() {
            let counts: Vec<_> = bytes.iter().map(|copy| chunks(copy).count() as u32).collect();
            rows.put(&tables.pictures, &picture.hash, &counts, None)?;
            for (width, copy) in WIDTHS.into_iter().zip(bytes) {
                for (place, chunk) in chunks(copy).enumerate() {
                    let key = chunk_key(picture, width, place);
                    rows.put(&tables.picture_chunks, key, &Chunk(chunk.to_vec()), None)?;
                }
            }
        }
        let article = article.with_picture(picture.clone());
        rows.put(&tables.articles, article_key(*id), &article, None)?;
        rows.publish(Event::ArticleChanged(article.clone()));
        Ok(article)
    }

    /// Returns the bytes of a copy of a picture; `None` if the store does not have it.
    pub(super) async fn picture(
        self,
        picture: Picture,
        width: u32,
    ) -> Reply<Option<Vec<u8>>, ArticleError> {
        let tables = &self.shared.tables;
        let Some(counts) = tables.pictures.get(&picture.hash).await? else { return Ok(None) };
        let place = WIDTHS.iter().position(|known| *known == width);
        let Some(count) = place.and_then(|place| counts.value.get(place)) else { return Ok(None) };
        let keys: Vec<_> =
            (0..*count as usize).map(|place| chunk_key(&picture, width, place)).collect();
        let chunks = tables.picture_chunks.get_many(&keys).await?;
        let chunks: Option<Vec<_>> =
            chunks.into_iter().map(|chunk| chunk.map(|chunk| chunk.value.0)).collect();
        Ok(chunks.map(|chunks| chunks.concat()))
    }
}

fn chunks(copy: &[u8]) -> impl Iterator<Item = &[u8]> {
    // The key and the length of a value take some bytes too.
    copy.chunks(CHUNK - 64)
}

fn chunk_key(picture: &Picture, width: u32, place: usize) -> String {
    format!("{}-{width}/{place:04}", picture.hash)
}
