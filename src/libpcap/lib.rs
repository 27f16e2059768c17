//! The functions of libpcap that the crate `pcap` declares. Each looks up its twin in the system's library when it is
//! first called.
//!
//! ```text
//! whyclosed ─ pcap ─ pcap_compile (here) ─ dlsym ─ pcap_compile (libpcap.so.1), or an error where there is none
//! ```
//!
//! So one program runs everywhere: captures are read without libpcap, and an attempt to capture or filter reports which
//! package to install. All `unsafe` of whyclosed is in this crate. It rests on three facts: the types below are those
//! of libpcap's headers (`pcap/pcap.h`; a pointer is a pointer, whatever it points to), which have not changed since
//! libpcap 1.0; the callers fulfil the requirements of the headers, since `pcap` calls these functions as it would call
//! libpcap's; and the library is never unloaded.
#![cfg(unix)]

use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use libloading::Library;

/// The names of the library, the usual ones first: on Fedora, Alpine, Arch and in builds from source; on Debian and
/// Ubuntu; on macOS, where it is part of the system; on the BSDs, and on machines with the development package.
const NAMES: &[&str] = if cfg!(target_vendor = "apple") {
    &["/usr/lib/libpcap.A.dylib", "libpcap.A.dylib", "libpcap.dylib"]
} else {
    &["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"]
};

/// The error message of libpcap's functions if there is no libpcap.
const ABSENT: &CStr = c"libpcap is not installed";

/// The size of a caller's buffer for an error message (`PCAP_ERRBUF_SIZE`).
const ERROR_SIZE: usize = 256;

/// Loads the system's libpcap, unless that has been done before.
///
/// # Errors
///
/// Returns the system's message if there is no libpcap, or if it cannot be loaded.
pub fn load() -> Result<(), String> {
    library().as_ref().map(drop).map_err(Clone::clone)
}

fn library() -> &'static Result<Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // SAFETY: libpcap's initialisation has no preconditions.
        let mut tried = NAMES.iter().map(|name| unsafe { Library::new(name) });
        let first = tried.next().unwrap_or(Err(libloading::Error::DlOpenUnknown));
        first.or_else(|error| tried.find_map(Result::ok).ok_or(error)).map_err(|error| error.to_string())
    })
}

/// Looks up a function of libpcap; `None` if there is none.
///
/// # Safety
///
/// `T` must be the type of a pointer to the function of this name.
unsafe fn twin<T: Copy>(name: &str) -> Option<T> {
    let library = library().as_ref().ok()?;
    // SAFETY: the caller guarantees the type; the copy of the symbol stays valid, because the library stays loaded.
    unsafe { library.get::<T>(name.as_bytes()) }.ok().map(|symbol| *symbol)
}

/// Writes the error message to the buffer of a caller.
///
/// # Safety
///
/// `buffer` must be null, or have room for [`ERROR_SIZE`] bytes.
unsafe fn refuse(buffer: *mut c_char) {
    const { assert!(ABSENT.to_bytes_with_nul().len() <= ERROR_SIZE) };
    if !buffer.is_null() {
        // SAFETY: there is room for that many bytes, and only the caller knows its buffer.
        unsafe { buffer.copy_from_nonoverlapping(ABSENT.as_ptr(), ABSENT.to_bytes_with_nul().len()) };
    }
}

/// The callback that libpcap calls for each packet.
type Handler = unsafe extern "C" fn(*mut c_uchar, *const c_void, *const c_uchar);

/// Defines functions that call their twins. After `=>` follow the value they return without a twin and, if they have
/// one, the buffer for the error message.
macro_rules! twins {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? => $absent:expr $(, tells $buffer:ident)?;)*) => {$(
        #[doc = concat!("Calls [", stringify!($name), "(3pcap)](https://www.tcpdump.org/manpages/).")]
        ///
        /// # Safety
        ///
        /// The arguments must be as the manual requires.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            type Twin = unsafe extern "C" fn($($type),*) $(-> $result)?;
            static TWIN: OnceLock<Option<Twin>> = OnceLock::new();
            // SAFETY: this is the type of libpcap's function of this name.
            match TWIN.get_or_init(|| unsafe { twin(stringify!($name)) }) {
                // SAFETY: the caller follows the manual, as for libpcap's own function.
                Some(twin) => unsafe { twin($($argument),*) },
                None => {
                    // SAFETY: the manual requires a buffer of PCAP_ERRBUF_SIZE bytes.
                    $(unsafe { refuse($buffer) };)?
                    $absent
                }
            }
        }
    )*};
}

/// `PCAP_ERROR`.
const ERROR: c_int = -1;

twins! {
    // Capturing.
    fn pcap_create(device: *const c_char, error: *mut c_char) -> *mut c_void => null_mut(), tells error;
    fn pcap_set_snaplen(pcap: *mut c_void, snaplen: c_int) -> c_int => ERROR;
    fn pcap_set_promisc(pcap: *mut c_void, promiscuous: c_int) -> c_int => ERROR;
    fn pcap_set_rfmon(pcap: *mut c_void, monitor: c_int) -> c_int => ERROR;
    fn pcap_set_timeout(pcap: *mut c_void, milliseconds: c_int) -> c_int => ERROR;
    fn pcap_set_buffer_size(pcap: *mut c_void, size: c_int) -> c_int => ERROR;
    fn pcap_set_tstamp_type(pcap: *mut c_void, kind: c_int) -> c_int => ERROR;
    fn pcap_set_tstamp_precision(pcap: *mut c_void, precision: c_int) -> c_int => ERROR;
    fn pcap_set_immediate_mode(pcap: *mut c_void, immediate: c_int) -> c_int => ERROR;
    fn pcap_activate(pcap: *mut c_void) -> c_int => ERROR;
    fn pcap_setnonblock(pcap: *mut c_void, nonblock: c_int, error: *mut c_char) -> c_int => ERROR, tells error;
    fn pcap_setdirection(pcap: *mut c_void, direction: c_uint) -> c_int => ERROR;
    fn pcap_get_selectable_fd(pcap: *mut c_void) -> c_int => ERROR;
    fn pcap_stats(pcap: *mut c_void, statistics: *mut c_void) -> c_int => ERROR;
    fn pcap_sendpacket(pcap: *mut c_void, bytes: *const c_uchar, size: c_int) -> c_int => ERROR;
    fn pcap_findalldevs(devices: *mut *mut c_void, error: *mut c_char) -> c_int => ERROR, tells error;
    fn pcap_freealldevs(devices: *mut c_void) => ();

    // Files, and handles without a device.
    fn pcap_open_dead(link_type: c_int, snaplen: c_int) -> *mut c_void => null_mut();
    fn pcap_open_dead_with_tstamp_precision(link_type: c_int, snaplen: c_int, precision: c_uint) -> *mut c_void
        => null_mut();
    fn pcap_open_offline(path: *const c_char, error: *mut c_char) -> *mut c_void => null_mut(), tells error;
    fn pcap_open_offline_with_tstamp_precision(path: *const c_char, precision: c_uint, error: *mut c_char) -> *mut c_void
        => null_mut(), tells error;
    fn pcap_fopen_offline(file: *mut c_void, error: *mut c_char) -> *mut c_void => null_mut(), tells error;
    fn pcap_fopen_offline_with_tstamp_precision(file: *mut c_void, precision: c_uint, error: *mut c_char) -> *mut c_void
        => null_mut(), tells error;
    fn pcap_major_version(pcap: *mut c_void) -> c_int => ERROR;
    fn pcap_minor_version(pcap: *mut c_void) -> c_int => ERROR;
    fn pcap_fileno(pcap: *mut c_void) -> c_int => ERROR;
    fn pcap_close(pcap: *mut c_void) => ();
    fn pcap_geterr(pcap: *mut c_void) -> *mut c_char => ABSENT.as_ptr().cast_mut();

    // Packets.
    fn pcap_loop(pcap: *mut c_void, count: c_int, handler: Handler, own: *mut c_uchar) -> c_int => ERROR;
    fn pcap_dispatch(pcap: *mut c_void, count: c_int, handler: Handler, own: *mut c_uchar) -> c_int => ERROR;
    fn pcap_next_ex(pcap: *mut c_void, header: *mut *mut c_void, bytes: *mut *const c_uchar) -> c_int => ERROR;
    fn pcap_breakloop(pcap: *mut c_void) => ();

    // Filters.
    fn pcap_compile(pcap: *mut c_void, program: *mut c_void, text: *const c_char, optimize: c_int, netmask: c_uint) -> c_int
        => ERROR;
    fn pcap_setfilter(pcap: *mut c_void, program: *mut c_void) -> c_int => ERROR;
    fn pcap_offline_filter(program: *const c_void, header: *const c_void, bytes: *const c_uchar) -> c_int => 0;
    fn pcap_freecode(program: *mut c_void) => ();

    // Link types.
    fn pcap_datalink(pcap: *mut c_void) -> c_int => ERROR;
    fn pcap_set_datalink(pcap: *mut c_void, link_type: c_int) -> c_int => ERROR;
    fn pcap_list_datalinks(pcap: *mut c_void, link_types: *mut *mut c_int) -> c_int => ERROR;
    fn pcap_free_datalinks(link_types: *mut c_int) => ();
    fn pcap_datalink_name_to_val(name: *const c_char) -> c_int => ERROR;
    fn pcap_datalink_val_to_name(link_type: c_int) -> *const c_char => null();
    fn pcap_datalink_val_to_description(link_type: c_int) -> *const c_char => null();

    // Writing.
    fn pcap_dump_open(pcap: *mut c_void, path: *const c_char) -> *mut c_void => null_mut();
    fn pcap_dump_open_append(pcap: *mut c_void, path: *const c_char) -> *mut c_void => null_mut();
    fn pcap_dump_fopen(pcap: *mut c_void, file: *mut c_void) -> *mut c_void => null_mut();
    fn pcap_dump_flush(dumper: *mut c_void) -> c_int => ERROR;
    fn pcap_dump_close(dumper: *mut c_void) => ();
    fn pcap_dump(dumper: *mut c_uchar, header: *const c_void, bytes: *const c_uchar) => ();
}

#[cfg(target_vendor = "apple")]
twins! {
    fn pcap_set_want_pktap(pcap: *mut c_void, wanted: c_int) -> c_int => ERROR;
}
