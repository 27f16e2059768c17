//! `whyclosed`: reads captures and says why each WebSocket connection closed.

mod arguments;
mod commands;
mod config;
mod exit;
mod inputs;
mod keys;
mod locale;
mod nearest;
mod output;
mod owning;
#[cfg(all(feature = "live", unix))]
mod privileges;
mod progress;
mod reporting;
mod sandbox;
mod sandboxing;
mod selecting;
mod signals;
mod sorting;
mod tables;
mod timing;
mod warning;

use crate::arguments::Cli;

/// Connections consist of many small allocations, which are freed in another order than they were made.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ! {
    exit::now(Cli::read().and_then(|cli| cli.run()).unwrap_or_else(|error| {
        output::print_error(&error);
        exit::ERROR
    }))
}
