//! A piece of the log: the events of a round, or of a part of it, under one key.
//!
//! One key a round instead of one an event halves what a command costs the tree.

/// The most bytes of a piece, far below where sled would keep it in a file that it never syncs.
pub(super) const MAX_BYTES: usize = 32 * 1024;

/// Events that were logged at one time.
pub(super) struct Segment {
    logged_at: u64,
    events: Vec<Vec<u8>>,
    bytes: usize,
}

impl Segment {
    /// A piece without events.
    pub(super) fn new(logged_at: u64) -> Self {
        Self { logged_at, events: Vec::new(), bytes: 0 }
    }

    /// Takes an event, unless there is no room for it beside those it has.
    pub(super) fn take(&mut self, event: Vec<u8>) -> Option<Vec<u8>> {
        if !self.events.is_empty() && self.bytes + event.len() > MAX_BYTES {
            return Some(event);
        }
        self.bytes += event.len();
        self.events.push(event);
        None
    }

    /// When the events were logged.
    pub(super) fn logged_at(&self) -> u64 {
        self.logged_at
    }

    /// How many events there are.
    pub(super) fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// The events.
    pub(super) fn events(self) -> impl Iterator<Item = Vec<u8>> {
        self.events.into_iter()
    }

    /// The bytes to store: the time, then each event behind its length, all numbers big-endian.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = self.logged_at.to_be_bytes().to_vec();
        for event in &self.events {
            bytes.extend_from_slice(&(event.len() as u32).to_be_bytes());
            bytes.extend_from_slice(event);
        }
        bytes
    }

    /// Takes apart what [`Segment::write`] has put together.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (logged_at, mut rest) = bytes.split_first_chunk()?;
        let mut segment = Self::new(u64::from_be_bytes(*logged_at));
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (event, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            segment.events.push(event.to_vec());
            rest = behind;
        }
        rest.is_empty().then_some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_read_as_it_was_written_and_grows_only_so_far() {
        let mut segment = Segment::new(7);
        assert_eq!(segment.take(b"one".to_vec()), None);
        assert_eq!(segment.take(Vec::new()), None);
        assert!(segment.take(vec![0; MAX_BYTES]).is_some());
        let read = Segment::read(&segment.write()).unwrap();
        assert_eq!((read.logged_at(), read.len()), (7, 2));
        assert_eq!(read.events().collect::<Vec<_>>(), [b"one".to_vec(), Vec::new()]);
        assert!(Segment::read(&segment.write()[..10]).is_none());
    }
}
