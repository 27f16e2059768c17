//! The connections that are shown, in their order. All of it is worked out once for each change, so that moving about costs
//! nothing, however many connections there are.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use super::contents::{Contents, Groups};
use super::filter::Filter;
use crate::ending::Kind;
use crate::report::Connection;
use crate::report::order::Order;
use crate::report::selection::Selection;

/// The orders that `s` goes through, with the names of their words.
pub(super) const ORDERS: [(Order, &str); 10] = [
    (Order::Severity, "order_severity"),
    (Order::Opened, "order_opened"),
    (Order::Ended, "order_ended"),
    (Order::Lifetime, "order_lifetime"),
    (Order::Bytes, "order_bytes"),
    (Order::Code, "order_code"),
    (Order::Rule, "order_rule"),
    (Order::Server, "order_server"),
    (Order::Client, "order_client"),
    (Order::Target, "order_target"),
];

/// The connections from which on a filter uses another thread: fewer are filtered before it has started.
const LEAST_FOR_A_THREAD: usize = 4096;

/// The connections that are shown, and how they were chosen.
#[derive(Default)]
pub(super) struct List {
    /// The connections that were asked for on the command line.
    pub asked: Selection,
    pub filter: Filter,
    /// The name of the cause, and of the server, of which alone connections are shown.
    pub cause: Option<String>,
    pub server: Option<String>,
    /// The place of the order in [`ORDERS`].
    order: usize,
    is_reversed: bool,
    /// Whether open connections come first.
    has_open_first: bool,
    /// All connections, in order.
    sorted: Vec<u32>,
    /// Whether each connection fits the filter.
    fitting: Vec<bool>,
    /// The connections that are shown, in order.
    pub shown: Vec<u32>,
    /// The causes and the servers with the number of their connections, the most frequent first.
    pub causes: Vec<Counted>,
    pub servers: Vec<Counted>,
}

/// A group, and the number of its connections that fit all but the choice of a group of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub group: u32,
    pub count: usize,
}

impl List {
    /// Lists nothing yet of a selection, in its order.
    pub(super) fn new(asked: Selection) -> Self {
        let order = ORDERS.iter().position(|(one, _)| Some(*one) == asked.order).unwrap_or_default();
        Self { asked, order, ..Self::default() }
    }

    /// Lists nothing yet of a running capture: open connections first, then by default those that ended last.
    pub(super) fn live(asked: Selection) -> Self {
        let asked_order = asked.order.is_some();
        let mut list = Self { has_open_first: true, ..Self::new(asked) };
        if !asked_order {
            list.order = ORDERS.iter().position(|(one, _)| *one == Order::Ended).unwrap_or_default();
            list.is_reversed = true;
        }
        list
    }

    /// Goes over to the complete report, of which other connections may have been asked for.
    pub(super) fn complete(&mut self, asked: Selection) {
        (self.asked, self.has_open_first) = (asked, false);
    }

    /// Returns the name of the word for the order, and whether it is reversed.
    pub(super) fn order(&self) -> (&'static str, bool) {
        (ORDERS.get(self.order).map_or("", |(_, name)| name), self.is_reversed)
    }

    /// Takes over other contents.
    pub(super) fn fill(&mut self, contents: &Contents) {
        self.sort(contents);
        self.apply(contents);
    }

    /// Sorts by what comes next in the round.
    pub(super) fn sort_by_next(&mut self, contents: &Contents) {
        self.order = (self.order + 1) % ORDERS.len();
        self.sort(contents);
        self.choose(contents);
    }

    /// Reverses the order.
    pub(super) fn reverse(&mut self, contents: &Contents) {
        self.is_reversed = !self.is_reversed;
        self.sorted.reverse();
        self.raise_open(contents);
        self.choose(contents);
    }

    /// Shows the connections that fit another filter.
    pub(super) fn filter(&mut self, filter: Filter, contents: &Contents) {
        self.filter = filter;
        self.apply(contents);
    }

    fn sort(&mut self, contents: &Contents) {
        self.sorted = contents.sorted(self.order);
        if self.is_reversed {
            self.sorted.reverse();
        }
        self.raise_open(contents);
    }

    /// Puts open connections first, if they come first, each in its order.
    fn raise_open(&mut self, contents: &Contents) {
        if self.has_open_first {
            let is_over = |at: &u32| contents.connection(*at).is_none_or(|connection| connection.ending != Kind::Open);
            self.sorted.sort_by_key(is_over);
        }
    }

    fn apply(&mut self, contents: &Contents) {
        let Self { asked, filter, .. } = self;
        let text = |at| if filter.has_texts() { contents.text(at) } else { "" };
        let fits =
            |(at, connection): (u32, &Connection)| asked.matches(connection) && filter.fits(connection, text(at));
        let all: Vec<_> = contents.connections().collect();
        let fitting = |part: &[(u32, &Connection)]| part.iter().copied().map(fits).collect::<Vec<_>>();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let part = all.len().div_ceil(cores).max(LEAST_FOR_A_THREAD);
        self.fitting = thread::scope(|scope| {
            let (first, others) = all.split_at(part.min(all.len()));
            let others: Vec<_> = others.chunks(part).map(|part| scope.spawn(move || fitting(part))).collect();
            let others = others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            std::iter::once(fitting(first)).chain(others).flatten().collect()
        });
        self.choose(contents);
    }

    /// Shows the connections of the chosen cause and server, and counts those of each.
    pub(super) fn choose(&mut self, contents: &Contents) {
        let Contents { causes, servers, .. } = contents;
        let number = |name: &Option<String>, of: &Groups| {
            // A name that no connection has any more stands for none of them.
            name.as_deref().map(|name| of.named(name).unwrap_or(u32::MAX))
        };
        let (cause, server) = (number(&self.cause, causes), number(&self.server, servers));
        let (mut of_causes, mut of_servers) = (vec![0; causes.names.len()], vec![0; servers.names.len()]);
        self.shown.clear();
        for &at in &self.sorted {
            let place = at as usize;
            let (Some(true), Some(&own_cause), Some(&own_server)) =
                (self.fitting.get(place), causes.of.get(place), servers.of.get(place))
            else {
                continue;
            };
            let is_of = |chosen: Option<u32>, own| chosen.is_none_or(|chosen| chosen == own);
            let (of_cause, of_server) = (is_of(cause, own_cause), is_of(server, own_server));
            let count = |counts: &mut Vec<usize>, group: u32| {
                counts.get_mut(group as usize).into_iter().for_each(|count| *count += 1);
            };
            if of_server {
                count(&mut of_causes, own_cause);
            }
            if of_cause {
                count(&mut of_servers, own_server);
            }
            if of_cause && of_server {
                self.shown.push(at);
            }
        }
        self.causes = counted(&of_causes);
        self.servers = counted(&of_servers);
    }
}

/// Lists the groups that have connections, the most frequent first.
fn counted(counts: &[usize]) -> Vec<Counted> {
    let groups = (0..).zip(counts).map(|(group, count)| Counted { group, count: *count });
    let mut groups: Vec<_> = groups.filter(|group| group.count > 0).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}
