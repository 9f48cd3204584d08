//! A segment of the log: the events of one round, or a part of them, under one key.
//!
//! One key for each round costs the tree half as much as one key for each event.

/// The largest size of a segment in bytes: far below the size of values that sled stores in
/// files that it never syncs.
pub(super) const MAX_BYTES: usize = 32 * 1024;

/// Events that were logged at the same time.
pub(super) struct Segment {
    logged_at: u64,
    events: Vec<Vec<u8>>,
    bytes: usize,
}

impl Segment {
    /// Creates a segment without events.
    pub(super) fn new(logged_at: u64) -> Self {
        Self { logged_at, events: Vec::new(), bytes: 0 }
    }

    /// Adds an event. Returns the event if the segment is full. An empty segment takes an event
    /// of any size.
    pub(super) fn push(&mut self, event: Vec<u8>) -> Option<Vec<u8>> {
        if !self.events.is_empty() && self.bytes + event.len() > MAX_BYTES {
            return Some(event);
        }
        self.bytes += event.len();
        self.events.push(event);
        None
    }

    /// When the events were logged, in milliseconds since the Unix epoch.
    pub(super) fn logged_at(&self) -> u64 {
        self.logged_at
    }

    /// The number of events.
    pub(super) fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Returns the events in their order.
    pub(super) fn into_events(self) -> impl Iterator<Item = Vec<u8>> {
        self.events.into_iter()
    }

    /// Returns the bytes to store: the time, then the length and the bytes of each event. All
    /// numbers are big-endian.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = self.logged_at.to_be_bytes().to_vec();
        for event in &self.events {
            bytes.extend_from_slice(&(event.len() as u32).to_be_bytes());
            bytes.extend_from_slice(event);
        }
        bytes
    }

    /// Reads the bytes that [`Segment::write`] returned. Returns `None` if they are malformed.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (logged_at, mut rest) = bytes.split_first_chunk()?;
        let mut segment = Self::new(u64::from_be_bytes(*logged_at));
        while let Some((length, after)) = rest.split_first_chunk() {
            let (event, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            segment.events.push(event.to_vec());
            rest = after;
        }
        rest.is_empty().then_some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_read_as_written_and_has_a_largest_size() {
        let mut segment = Segment::new(7);
        assert_eq!(segment.push(b"one".to_vec()), None);
        assert_eq!(segment.push(Vec::new()), None);
        assert!(segment.push(vec![0; MAX_BYTES]).is_some());
        let read = Segment::read(&segment.write()).unwrap();
        assert_eq!((read.logged_at(), read.len()), (7, 2));
        assert_eq!(read.into_events().collect::<Vec<_>>(), [b"one".to_vec(), Vec::new()]);
        assert!(Segment::read(&segment.write()[..10]).is_none());
    }
}
