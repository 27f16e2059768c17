//! Comments on packets that name processes.

use super::Direction;
use super::known::Found;

/// Adds what the comment says of the packet's process; other comments say nothing.
pub(super) fn comment<'c>(comment: &'c str, found: &mut Found<'c>) {
    if let Some(fields) = comment.strip_prefix("rustnet ") {
        rustnet(fields, found);
    } else if ["PID: ", "ContainerName: ", "PodName: "].iter().any(|field| comment.starts_with(field)) {
        ptcpdump(comment, found);
    }
}

/// Reads a comment of ptcpdump: a field a line, `Name: value`. Later lines may be anything, such as arguments.
fn ptcpdump<'c>(comment: &'c str, found: &mut Found<'c>) {
    for line in comment.lines().take(4) {
        let Some((name, value)) = line.split_once(": ").filter(|(_, value)| !value.is_empty()) else { continue };
        match name {
            "PID" => found.pid = value.parse().ok(),
            "Cmd" => found.name = value.rsplit('/').next().unwrap_or(value),
            "ContainerName" => found.container = Some(value),
            "PodName" => found.pod = Some(value),
            "PodNamespace" => found.namespace = Some(value),
            // The arguments may look like further fields.
            "Args" => break,
            _ => {}
        }
    }
}

/// Reads the fields of a comment of rustnet: words of the form `name=value`. Its direction is that of the connection.
fn rustnet<'c>(fields: &'c str, found: &mut Found<'c>) {
    for (name, value) in fields.split(' ').filter_map(|field| field.split_once('=')) {
        match name {
            "process" => found.name = value,
            "pid" => found.pid = value.parse().ok(),
            "container" => found.container = Some(value),
            "pod" => found.pod = Some(value),
            "ns" => found.namespace = Some(value),
            "direction" => {
                found.of_connection = match value {
                    "outgoing" => Some(Direction::Outbound),
                    "incoming" => Some(Direction::Inbound),
                    _ => None,
                }
            }
            _ => {}
        }
    }
}
