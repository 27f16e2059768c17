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
        let mut outside_before = 0;
        let of_one = |capture| {
            let outsiders = those_in(outside, capture);
            let last_id = facts.of_capture(capture).end;
            let later = members.split_off(members.partition_point(|member| member.id as usize <= last_id));
            let fleet = Fleet::new(std::mem::replace(&mut members, later));
            let outside_members = outsiders.iter().zip(outside_before + 1_u32..);
            let outside_members =
                outside_members.filter_map(|(facts, id)| Some(Member::new(facts)?.numbered(id))).collect();
            let outside_fleet = Fleet::new(outside_members).before(&fleet);
            outside_before += outsiders.len() as u32;
            let files = files_of(captures, capture);
            let drops = files.iter().flat_map(|file| file.drops.iter().copied()).collect();
            Self { fleet, outside_fleet, spans: Spans::new(files, *until), drops }
        };
        (0..=last.unwrap_or_default()).map(of_one).collect()
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

/// Returns the connections of one capture among those of all, in the order of the captures.
fn those_in(facts: &[Box<Facts>], capture: u32) -> &[Box<Facts>] {
    let from = facts.partition_point(|facts| facts.capture < capture);
    let to = facts.partition_point(|facts| facts.capture <= capture);
    facts.get(from..to).unwrap_or_default()
}
