//! The channels of a connection by the numbers of their streams, with what has to be known of all of them at each packet.

use std::collections::BTreeSet;

use super::channel::Channel;
use crate::limits;
use crate::prefetch::prefetch;
use crate::seen::Timestamp;

/// The streams that are, or may be, WebSockets.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// In ascending order of their streams; nearly all are added at the end.
    by_stream: Vec<(u32, Box<Channel>)>,
    /// Those that are over, by the time since when.
    over: BTreeSet<(Timestamp, u32)>,
    /// The bytes that all of them hold.
    held: usize,
    /// The number of those that are not to be reported, or not yet.
    unproved: usize,
}

/// A channel's part in the sums.
struct Part {
    held: usize,
    is_unproved: bool,
}

impl Part {
    fn of(channel: &Channel) -> Self {
        Self { held: channel.held_bytes(), is_unproved: !channel.facts().is_reportable() }
    }
}

impl Channels {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.by_stream.len()
    }

    /// Returns the number of bytes that they hold.
    pub const fn held_bytes(&self) -> usize {
        self.held
    }

    /// Returns the number of those that are not to be reported, or not yet.
    pub const fn unproved(&self) -> usize {
        self.unproved
    }

    /// Returns their streams in ascending order.
    pub fn streams(&self) -> impl Iterator<Item = &u32> {
        self.by_stream.iter().map(|(stream, _)| stream)
    }

    /// Returns all of them in the order of their streams.
    pub fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.by_stream.iter().map(|(_, channel)| &**channel)
    }

    /// Returns the channel of a stream.
    pub fn get(&self, stream: u32) -> Option<&Channel> {
        self.by_stream.get(self.place(stream).ok()?).map(|(_, channel)| &**channel)
    }

    /// Returns the channel of a stream for a change of its windows, which no sum depends on.
    pub fn for_windows(&mut self, stream: u32) -> Option<&mut Channel> {
        let place = self.place(stream).ok()?;
        self.by_stream.get_mut(place).map(|(_, channel)| &mut **channel)
    }

    /// Returns the channel of a stream if it reads frames: data changes nothing then that a sum depends on.
    pub fn for_frames(&mut self, stream: u32) -> Option<&mut Channel> {
        self.for_windows(stream).filter(|channel| channel.reads_frames())
    }

    /// Adds the channel of a stream that has none.
    pub fn insert(&mut self, stream: u32, channel: Channel) {
        if let Err(place) = self.place(stream) {
            self.add(&Part::of(&channel));
            self.by_stream.insert(place, (stream, Box::new(channel)));
        }
    }

    /// Changes the channel of a stream; returns what `change` returns, or `None` if there is no such channel.
    pub fn change<T>(&mut self, stream: u32, change: impl FnOnce(&mut Channel) -> T) -> Option<T> {
        let channel = self.for_windows(stream)?;
        let (before, was_over) = (Part::of(channel), channel.is_over());
        let result = change(channel);
        let after = Part::of(channel);
        if let Some(since) = channel.over_since()
            && !was_over
        {
            self.over.insert((since, stream));
        }
        self.subtract(&before);
        self.add(&after);
        Some(result)
    }

    /// Changes all of them, in the order of their streams.
    pub fn change_all(&mut self, mut change: impl FnMut(&mut Channel)) {
        let streams: Vec<u32> = self.streams().copied().collect();
        for stream in streams {
            self.change(stream, &mut change);
        }
    }

    /// Removes the channel of a stream.
    pub fn remove(&mut self, stream: u32) -> Option<Channel> {
        let (_, channel) = self.by_stream.remove(self.place(stream).ok()?);
        self.subtract(&Part::of(&channel));
        if let Some(since) = channel.over_since() {
            self.over.remove(&(since, stream));
        }
        Some(*channel)
    }

    /// Returns whether [`Self::take`] would take any.
    pub fn are_due(&self, now: Timestamp, most: usize) -> bool {
        self.len() > most || self.over.first().is_some_and(|(since, _)| is_due(*since, now))
    }

    /// Takes those that have been over for a while, in the order of their streams, and then the least recently heard of
    /// more than `most`.
    pub fn take(&mut self, now: Timestamp, most: usize) -> Vec<Channel> {
        let is_due = |over: &&(Timestamp, u32)| is_due(over.0, now);
        let mut due: Vec<u32> = self.over.iter().take_while(is_due).map(|(_, stream)| *stream).collect();
        due.sort_unstable();
        let mut taken: Vec<_> = due.into_iter().filter_map(|stream| self.remove(stream)).collect();
        while self.len() > most
            && let Some((idle, _)) = self.by_stream.iter().min_by_key(|(_, channel)| channel.last())
            && let idle = *idle
        {
            taken.extend(self.remove(idle));
        }
        taken
    }

    /// Takes all of them, in the order of their streams.
    pub fn into_all(self) -> impl Iterator<Item = Channel> {
        self.by_stream.into_iter().map(|(_, channel)| *channel)
    }

    /// Prefetches what finds a channel.
    #[inline]
    pub fn prefetch(&self) {
        if let Some(first) = self.by_stream.first() {
            prefetch(first);
        }
    }

    fn place(&self, stream: u32) -> Result<usize, usize> {
        self.by_stream.binary_search_by_key(&stream, |(stream, _)| *stream)
    }

    const fn add(&mut self, part: &Part) {
        self.held += part.held;
        self.unproved += part.is_unproved as usize;
    }

    const fn subtract(&mut self, part: &Part) {
        self.held -= part.held;
        self.unproved -= part.is_unproved as usize;
    }
}

/// Returns whether a channel has been over for long enough.
fn is_due(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) > limits::LINGER
}
