//! Link-layer header types: the format of a packet's first bytes.

/// A link type: a number of the registry shared by pcap and pcapng (<https://www.tcpdump.org/linktypes.html>).
///
/// The constants have the registry's names without `LINKTYPE_`. A type without a constant is passed through unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet (IEEE 802.3).
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without HDLC-like framing (RFC 1661, RFC 1662).
    pub const PPP: Self = Self(9);
    /// ATM, LLC-encapsulated (RFC 2684).
    pub const ATM_RFC1483: Self = Self(100);
    /// PPP in HDLC-like framing (RFC 1662), or Cisco HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE session packets (RFC 2516).
    pub const PPP_ETHER: Self = Self(51);
    /// An IPv4 or IPv6 header, distinguished by its version.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11 wireless LAN.
    pub const IEEE802_11: Self = Self(105);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1, as delivered by the `any` device.
    pub const LINUX_SLL: Self = Self(113);
    /// A radiotap header before IEEE 802.11.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// A Per-Packet Information header before a packet of another type.
    pub const PPI: Self = Self(192);
    /// An IPv4 header.
    pub const IPV4: Self = Self(228);
    /// An IPv6 header.
    pub const IPV6: Self = Self(229);
    /// Linux netlink NFLOG messages.
    pub const NFLOG: Self = Self(239);
    /// Apple's PKTAP header before a packet of another type.
    pub const PKTAP: Self = Self(258);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
    /// `DLT_RAW` of most systems, which some programs write into files.
    pub const DLT_RAW: Self = Self(12);
    /// `DLT_RAW` of OpenBSD, which some programs write into files too.
    pub const DLT_RAW_OPENBSD: Self = Self(14);

    /// Returns the registry's name of a type that occurs in captures and that this program does not decode; `None` for
    /// all others.
    pub fn name_of_undecoded(self) -> Option<&'static str> {
        const USER0: u16 = 147;
        const USERS: [&str; 16] = [
            "USER0", "USER1", "USER2", "USER3", "USER4", "USER5", "USER6", "USER7", "USER8", "USER9", "USER10",
            "USER11", "USER12", "USER13", "USER14", "USER15",
        ];
        Some(match self.0 {
            104 => "C_HDLC",
            107 => "FRELAY",
            119 => "IEEE802_11_PRISM",
            122 => "IP_OVER_FC",
            user @ USER0..163 => return USERS.get(usize::from(user - USER0)).copied(),
            163 => "IEEE802_11_AVS",
            187 => "BLUETOOTH_HCI_H4",
            189 => "USB_LINUX",
            195 => "IEEE802_15_4_WITHFCS",
            201 => "BLUETOOTH_HCI_H4_WITH_PHDR",
            220 => "USB_LINUX_MMAPPED",
            227 => "CAN_SOCKETCAN",
            249 => "USBPCAP",
            252 => "WIRESHARK_UPPER_PDU",
            253 => "NETLINK",
            _ => return None,
        })
    }
}
