//! TCP checksums of changed packets, updated by the difference (RFC 1624): a correct one stays correct, and one that
//! the network card was left to fill in stays incorrect.

/// The offset of the checksum in the TCP header (RFC 9293 §3.1).
pub const FIELD: usize = 16;

/// The offset of the Data Offset field in the TCP header.
const DATA_OFFSET: usize = 12;

/// Returns the offset of the TCP header before the payload at `payload`. It begins with the ports, and its own length
/// fits; `None` if there is no such header.
pub fn tcp_header(packet: &[u8], payload: usize, ports: [u16; 2]) -> Option<usize> {
    let [source, destination] = ports.map(u16::to_be_bytes);
    (5..=15).filter_map(|words: usize| Some((payload.checked_sub(words * 4)?, words))).find_map(|(start, words)| {
        let header = packet.get(start..payload)?;
        let fits =
            header.starts_with(&[source, destination].concat()) && usize::from(header.get(DATA_OFFSET)? >> 4) == words;
        fits.then_some(start)
    })
}

/// Returns the sum of a payload, or of a part of it that begins at an even offset.
pub fn sum(bytes: &[u8]) -> u16 {
    words(bytes).fold(0, add)
}

/// Updates the checksum at `field` for a payload whose sum has changed from `old` to `new`.
pub fn adjust(packet: &mut [u8], field: usize, old: u16, new: u16) {
    if let Some(field) = packet.get_mut(field..).and_then(|rest| rest.first_chunk_mut()) {
        // RFC 1624: ~(~checksum + ~m + m′).
        *field = (!add(add(!u16::from_be_bytes(*field), !old), new)).to_be_bytes();
    }
}

/// Replaces the first bytes of the payload by `bytes`, and updates the checksum of the TCP header at `header`. Does
/// nothing if the packet has fewer bytes.
pub fn replace(packet: &mut [u8], header: usize, payload: usize, bytes: &[u8]) {
    let Some(old) = packet.get_mut(payload..payload + bytes.len()) else {
        return;
    };
    let before = sum(old);
    old.copy_from_slice(bytes);
    adjust(packet, header + FIELD, before, sum(bytes));
}

/// Returns the 16-bit words of `bytes`. The payload begins at an even offset of the segment, because a header consists
/// of whole words.
fn words(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]))
}

/// Adds in one's complement.
fn add(a: u16, b: u16) -> u16 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u16::from(carry)
}

#[cfg(test)]
mod tests {
    use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};

    use super::*;

    #[test]
    fn a_right_checksum_stays_right() {
        for payload in [&b"even"[..], b"odd", b"x"] {
            let mut packet = Vec::new();
            PacketBuilder::ipv4([1, 2, 3, 4], [5, 6, 7, 8], 64)
                .tcp(80, 5000, 7, 9)
                .ack(3)
                .write(&mut packet, payload)
                .unwrap();
            let at = packet.len() - payload.len();
            let header = tcp_header(&packet, at, [80, 5000]).unwrap();
            replace(&mut packet, header, at, &vec![b'z'; payload.len()]);
            let sliced = SlicedPacket::from_ip(&packet).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!() };
            let right = tcp.calc_checksum_ipv4([1, 2, 3, 4], [5, 6, 7, 8]).unwrap();
            assert_eq!(tcp.checksum(), right);
        }
    }
}
