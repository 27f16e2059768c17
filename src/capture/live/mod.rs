//! Interfaces of this machine, through libpcap.

mod device;

pub use device::{Device, Openable, devices};
