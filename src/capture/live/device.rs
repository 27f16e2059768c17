//! The network interfaces that can be captured on.

use std::net::IpAddr;
use std::path::Path;

use pcap::{Capture, Error as Pcap};

use crate::capture::filter::words;
use crate::capture::libpcap;
use crate::error::Error;

/// A network interface.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name, for `-i`.
    pub name: String,
    /// libpcap's description, if it has one.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is up.
    pub is_up: bool,
    /// Whether it is a loopback interface.
    pub is_loopback: bool,
    /// Whether it is wireless.
    pub is_wireless: bool,
    /// Whether this user can open it.
    pub openable: Openable,
}

/// The result of opening an interface as the current user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Openable {
    /// It can be opened. Its packets have this link type, in libpcap's words: `EN10MB (Ethernet)`.
    Yes(String),
    /// The user lacks the permission.
    Forbidden,
    /// It cannot be opened for another reason: libpcap's message.
    No(String),
}

/// Returns every network interface. Each is opened once to see whether that works.
///
/// libpcap's other devices (the netfilter log and queue, D-Bus, Bluetooth, USB) are left out: opening a queue would
/// take packets from its reader, and D-Bus, Bluetooth and USB carry no IP.
pub fn devices() -> Result<Vec<Device>, Error> {
    Ok(listed()?.map(Device::new).collect())
}

/// Returns the name of every network interface, and libpcap's description if it has one, without opening any.
pub fn names() -> Result<Vec<(String, Option<String>)>, Error> {
    Ok(listed()?.map(|device| (device.name, device.desc)).collect())
}

fn listed() -> Result<impl Iterator<Item = pcap::Device>, Error> {
    libpcap::load()?;
    let all = pcap::Device::list().map_err(|error| unlisted(&error))?;
    Ok(all.into_iter().filter(|device| is_network(&device.name)))
}

fn is_network(name: &str) -> bool {
    !cfg!(target_os = "linux") || name == "any" || Path::new("/sys/class/net").join(name).exists()
}

impl Device {
    fn new(device: pcap::Device) -> Self {
        Self {
            openable: Openable::of(&device.name),
            addresses: device.addresses.iter().map(|address| address.addr).collect(),
            is_up: device.flags.is_up(),
            is_loopback: device.flags.is_loopback(),
            is_wireless: device.flags.is_wireless(),
            description: device.desc,
            name: device.name,
        }
    }
}

impl Openable {
    fn of(name: &str) -> Self {
        match Capture::from_device(name).and_then(Capture::open) {
            Ok(capture) => Self::Yes(words_of(capture.get_datalink())),
            Err(error) if is_forbidden(&error) => Self::Forbidden,
            Err(error) => Self::No(words(&error)),
        }
    }
}

fn words_of(link_type: pcap::Linktype) -> String {
    let (name, description) = (link_type.get_name(), link_type.get_description());
    match (name, description) {
        (Ok(name), Ok(description)) => format!("{name} ({description})"),
        _ => link_type.0.to_string(),
    }
}

/// The error message for a device that carries no network packets.
pub(super) const NO_NETWORK: &str = "it carries no network packets";

/// Returns whether a device delivers network packets: it is an interface or the netfilter log. An unknown name passes.
pub(super) fn is_capturable(name: &str) -> bool {
    // libpcap's own error says best what is wrong with an unknown name.
    let is_special = ["dbus-", "usbmon", "bluetooth", "nfqueue"].iter().any(|start| name.starts_with(start));
    is_network(name) || !is_special
}

/// Returns the error for a failure to list the interfaces.
pub(super) fn unlisted(error: &Pcap) -> Error {
    Error::Interfaces { message: words(error) }
}

/// Returns the error for an interface that could not be opened, or that has failed.
pub(super) fn failed(name: &str, error: &Pcap) -> Error {
    if is_forbidden(error) {
        let program = std::env::current_exe().unwrap_or_else(|_| "whyclosed".into());
        Error::Forbidden { name: name.to_owned(), program }
    } else {
        let message = match words(error) {
            unknown if unknown.contains("No such device") => {
                "there is no such interface; `whyclosed interfaces` lists them".to_owned()
            }
            message => message,
        };
        Error::Interface { name: name.to_owned(), message }
    }
}

/// Returns whether an error is a missing permission, which libpcap reports only in its message.
fn is_forbidden(error: &Pcap) -> bool {
    let words = words(error).to_lowercase();
    words.contains("not permitted") || words.contains("permission")
}
