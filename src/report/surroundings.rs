//! What judging a connection needs to know of its capture.

use super::spans::Spans;
use super::{Material, files_of};
use crate::capture::Drops;
use crate::diagnose::{Case, Fleet, Member};
use crate::facts::Facts;
use crate::seen::Timestamp;

/// The surroundings of the connections of one capture.
#[derive(Debug)]
pub(super) struct Surroundings {
    fleet: Fleet,
    outside_fleet: Fleet,
    spans: Spans,
    /// The periods of dropped packets.
    drops: Vec<Drops>,
}

impl Surroundings {
    /// Returns those of each capture. The connections, and those that are seen from outside, are in the order of the
    /// captures.
    pub fn of_each(material: &mut Material) -> Vec<Self> {
        let mut members = material.facts.take_members();
        let Material { captures, until, facts, outside, .. } = material;
        let last_outside = outside.last().map(|facts| facts.capture);
        let last_file = captures.last().map(|file| file.capture);
        let last = [last_file, facts.last_capture(), last_outside].into_iter().flatten().max();
        let of_one = |capture| {
            let before = facts.before(capture);
            // The captures come from the last to the first, each with the end of what is left, and the first with all of it:
            // no member is moved twice.
            let own = match members.partition_point(|member| member.id as usize <= before) {
                0 => std::mem::take(&mut members),
                others => members.split_off(others),
            };
            let fleet = Fleet::new(own);
            let (outside_before, outsiders) = outside_in(capture, outside);
            let outsiders = outsiders.iter().zip(outside_before as u32 + 1..);
            let outsiders = outsiders.filter_map(|(facts, id)| Some(Member::new(facts)?.numbered(id))).collect();
            let outside_fleet = Fleet::new(outsiders).before(&fleet);
            let files = files_of(captures, capture);
            let drops = files.iter().flat_map(|file| file.drops.iter().copied()).collect();
            Self { fleet, outside_fleet, spans: Spans::new(files, *until), drops }
        };
        let mut each: Vec<_> = (0..=last.unwrap_or_default()).rev().map(of_one).collect();
        each.reverse();
        each
    }

    /// Returns whether packets were dropped by the capture during a connection.
    pub fn had_drops(&self, facts: &Facts) -> bool {
        // A connection that is still open may have ended unseen.
        let last = if facts.is_over() { facts.last.time } else { Timestamp::from_nanos(i64::MAX) };
        self.drops.iter().any(|drops| drops.touch(facts.first.time, last))
    }

    /// Returns the case of a connection.
    pub fn case<'f>(&'f self, facts: &'f Facts) -> Case<'f> {
        let fleet = if facts.rare.outside.is_some() { &self.outside_fleet } else { &self.fleet };
        Case::new(facts, fleet, self.spans.end_after(facts.last.time))
    }
}

/// Returns the connections of one capture among those of all, in the order of the captures, and the number of those
/// before them.
fn outside_in(capture: u32, all: &[Box<Facts>]) -> (usize, &[Box<Facts>]) {
    let from = all.partition_point(|facts| facts.capture < capture);
    let to = all.partition_point(|facts| facts.capture <= capture);
    (from, all.get(from..to).unwrap_or_default())
}
