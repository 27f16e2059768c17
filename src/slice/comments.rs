//! The comments on the packets of a copy.

/// Comments on packets. A text that is on several packets is kept once.
#[derive(Debug, Default)]
pub struct Comments {
    texts: Vec<Box<str>>,
    /// Packets, each with the index of a text; in ascending order after [`Self::sort`].
    places: Vec<(u64, u32)>,
}

impl Comments {
    /// Adds a comment on packets.
    pub(super) fn add(&mut self, packets: &[u64], text: String) {
        let Ok(at) = u32::try_from(self.texts.len()) else { return };
        self.texts.push(text.into());
        self.places.extend(packets.iter().map(|packet| (*packet, at)));
    }

    /// Sorts the comments, after which they can be looked up.
    pub(super) fn sort(&mut self) {
        self.places.sort_unstable();
    }

    /// Returns the comments on a packet, in the order in which they were added.
    pub fn on(&self, packet: u64) -> Vec<&str> {
        let first = self.places.partition_point(|(on, _)| *on < packet);
        let own = self.places.get(first..).unwrap_or_default().iter().take_while(|(on, _)| *on == packet);
        own.filter_map(|(_, at)| self.texts.get(*at as usize).map(|text| &**text)).collect()
    }
}
