//! Capture files, built byte by byte.

/// Byte order of a file or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub const BOTH: [Self; 2] = [Self::Little, Self::Big];

    pub fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn u64(self, value: u64) -> [u8; 8] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

/// A pcap file.
pub struct Pcap {
    pub bytes: Vec<u8>,
    order: Order,
    magic: u32,
}

impl Pcap {
    pub const MICROS: u32 = 0xa1b2_c3d4;
    pub const NANOS: u32 = 0xa1b2_3c4d;
    pub const MODIFIED: u32 = 0xa1b2_cd34;

    pub fn new(order: Order, magic: u32, link_type: u32) -> Self {
        let mut bytes = order.u32(magic).to_vec();
        bytes.extend(order.u16(2));
        bytes.extend(order.u16(4));
        for field in [0, 0, 65_535, link_type] {
            bytes.extend(order.u32(field));
        }
        Self { bytes, order, magic }
    }

    pub fn record(mut self, seconds: u32, fraction: u32, data: &[u8], length: u32) -> Self {
        for field in [seconds, fraction, data.len() as u32, length] {
            self.bytes.extend(self.order.u32(field));
        }
        if self.magic == Self::MODIFIED {
            self.bytes.extend([0xee; 8]);
        }
        self.bytes.extend(data);
        self
    }
}

/// A pcapng file.
pub struct Pcapng {
    pub bytes: Vec<u8>,
    order: Order,
}

impl Pcapng {
    pub fn new(order: Order) -> Self {
        Self { bytes: Vec::new(), order }.section(order)
    }

    pub fn section(mut self, order: Order) -> Self {
        self.order = order;
        let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    pub fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let padded = body.len().next_multiple_of(4);
        let length = self.order.u32(padded as u32 + 12);
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(vec![0; padded - body.len()]);
        self.bytes.extend(length);
        self
    }

    pub fn options(&self, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(self.order.u16(*code));
            bytes.extend(self.order.u16(value.len() as u16));
            bytes.extend(*value);
            bytes.extend(vec![0; value.len().next_multiple_of(4) - value.len()]);
        }
        if !options.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }

    pub fn interface(self, link_type: u16, snaplen: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = [&self.order.u16(link_type)[..], &[0; 2], &self.order.u32(snaplen)].concat();
        body.extend(self.options(options));
        self.block(1, &body)
    }

    pub fn statistics(self, interface: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = [&self.order.u32(interface)[..], &[0; 8]].concat();
        body.extend(self.options(options));
        self.block(5, &body)
    }

    pub fn enhanced(self, interface: u32, time: u64, data: &[u8], length: u32) -> Self {
        let front = self.order.u32(interface);
        self.timed(6, front, time, data, length, &[(2, &[0; 4])])
    }

    /// Appends an Enhanced Packet Block with the number of packets lost before it.
    pub fn enhanced_after(self, lost: u64, interface: u32, time: u64, data: &[u8]) -> Self {
        let front = self.order.u32(interface);
        let lost = self.order.u64(lost);
        self.timed(6, front, time, data, data.len() as u32, &[(2, &[0; 4]), (4, &lost)])
    }

    /// Appends an obsolete Packet Block.
    pub fn packet(self, interface: u16, time: u64, data: &[u8], length: u32) -> Self {
        let ([a, b], [c, d]) = (self.order.u16(interface), self.order.u16(0xffff));
        self.timed(2, [a, b, c, d], time, data, length, &[(2, &[0; 4])])
    }

    /// Appends an obsolete Packet Block with the number of packets lost before it.
    pub fn packet_after(self, lost: u16, interface: u16, time: u64, data: &[u8]) -> Self {
        let ([a, b], [c, d]) = (self.order.u16(interface), self.order.u16(lost));
        self.timed(2, [a, b, c, d], time, data, data.len() as u32, &[])
    }

    fn timed(self, kind: u32, front: [u8; 4], time: u64, data: &[u8], length: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = front.to_vec();
        for field in [(time >> 32) as u32, time as u32, data.len() as u32, length] {
            body.extend(self.order.u32(field));
        }
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.options(options));
        self.block(kind, &body)
    }

    pub fn simple(self, data: &[u8], length: u32) -> Self {
        let body = [&self.order.u32(length)[..], data].concat();
        self.block(3, &body)
    }
}
