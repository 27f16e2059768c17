//! Writes an empty `libpcap.a`, and makes the linker look for it first.
//!
//! The crate `pcap` is linked with a library `pcap`. This empty one satisfies the linker, and leaves the functions to
//! `lib.rs`.

use std::path::PathBuf;
use std::{env, fs, io};

/// The first bytes of an archive (`ar(5)`), and all of one without members.
const EMPTY_ARCHIVE: &[u8] = b"!<arch>\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_CFG_UNIX").is_none() {
        return Ok(());
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(folder.join("libpcap.a"), EMPTY_ARCHIVE)?;
    println!("cargo::rustc-link-search=native={}", folder.display());
    Ok(())
}
