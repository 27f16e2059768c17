//! The Community ID of a TCP connection: the same in Zeek, Suricata and Arkime, so that their logs can be joined
//! (version 1, <https://github.com/corelight/community-id-spec>).

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// IANA's protocol number of TCP.
const TCP: u8 = 6;

/// Returns `1:` and the base64 of the SHA-1 over seed 0, both addresses, protocol, padding and ports, the lower
/// endpoint first.
pub fn community_id(a: SocketAddr, b: SocketAddr) -> String {
    let (low, high) = if (a.ip(), a.port()) <= (b.ip(), b.port()) { (a, b) } else { (b, a) };
    let mut hash = Sha1::new_with_prefix(0u16.to_be_bytes());
    for endpoint in [low, high] {
        match endpoint.ip() {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
    }
    hash.update([TCP, 0]);
    hash.update(low.port().to_be_bytes());
    hash.update(high.port().to_be_bytes());
    let mut id = "1:".to_owned();
    STANDARD.encode_string(hash.finalize(), &mut id);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's example for TCP.
    #[test]
    fn the_example_of_the_specification() {
        let (a, b) = ("128.232.110.120:34855".parse().unwrap(), "66.35.250.204:80".parse().unwrap());
        assert_eq!(community_id(a, b), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(community_id(b, a), community_id(a, b));
    }
}
