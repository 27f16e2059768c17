//! The thread that looks after the command, outside the sandbox: it passes signals on, waits for the exit code, looks whose
//! sockets are whose, and keeps the key log until it has been read. It never sees a captured byte.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use whyclosed::error::Error;
use whyclosed::facts::Facts;
use whyclosed::side::PerSide;

use super::keylog::KeyLog;
#[cfg(target_os = "linux")]
use super::processes::Looker;
#[cfg(not(target_os = "linux"))]
use super::sockets::Looker;
use super::sockets::{Owner, Sockets};
use crate::privileges;
use crate::signals::Passing;

/// The time between two looks at signals alone, once the key log has been read.
const IDLE: Duration = Duration::from_millis(10);

/// What has been observed of a command that has ended.
pub struct Observed {
    /// The exit code of a shell after this command.
    pub code: u8,
    /// The number of processes that it started and that are still running.
    pub left: u64,
    sockets: Sockets,
}

impl Observed {
    /// Returns whether the connections of the command can be told from those of others.
    pub fn tells_owners(&self) -> bool {
        self.sockets.tells_owners()
    }

    /// Returns whose connection this is.
    pub fn owner(&self, facts: &Facts) -> Owner {
        let PerSide { client, server } = facts.addresses();
        self.sockets.owner(client, server, facts.first.time..facts.last.time)
    }
}

/// The observation of a running command. Dropping it removes the key log.
pub struct Watcher {
    /// Tells the thread that the key log has been read; closed, that it may end.
    orders: Option<Sender<()>>,
    ended: Receiver<u8>,
    seen: Receiver<(Sockets, u64)>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Begins to watch a command that has just been started, and gives up the rights that this process has left. Once the
    /// command has ended, a byte is written to `to_stop`. If that fails, the command is killed.
    pub fn start(mut child: Child, passing: Passing, log: KeyLog, to_stop: UnixStream) -> Result<Self, Error> {
        let watching = Self::watch(&child, passing, log, to_stop);
        if watching.is_err() {
            let _ = child.kill();
        }
        watching
    }

    fn watch(child: &Child, passing: Passing, log: KeyLog, to_stop: UnixStream) -> Result<Self, Error> {
        // Root would lose the right to look at root's command, and to signal it.
        if !privileges::is_root() {
            privileges::seal()?;
        }
        let ((orders, taken), (code, ended), (observations, seen)) = (channel(), channel(), channel());
        let command = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
        let kept = Some((log, Looker::new()));
        let watching = Watching { command, is_running: true, passing, kept, code, observations, to_stop };
        let thread = Builder::new().name("watcher".to_owned()).spawn(move || watching.run(&taken));
        let thread = Some(thread.map_err(|source| Error::Wait { source })?);
        Ok(Self { orders: Some(orders), ended, seen, thread })
    }

    /// Waits until the command has ended, and removes the key log. From now on, signals end the program.
    pub fn finish(&self) -> Observed {
        let code = self.ended.recv().unwrap_or(u8::MAX);
        if let Some(orders) = &self.orders {
            // If the thread is gone, so is the key log.
            let _ = orders.send(());
        }
        let (sockets, left) = self.seen.recv().unwrap_or_default();
        Observed { code, left, sockets }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The state of the thread.
struct Watching {
    command: Pid,
    is_running: bool,
    passing: Passing,
    /// The key log until it has been read, and the looker until then.
    kept: Option<(KeyLog, Looker)>,
    code: Sender<u8>,
    observations: Sender<(Sockets, u64)>,
    to_stop: UnixStream,
}

impl Watching {
    fn run(mut self, orders: &Receiver<()>) {
        loop {
            self.pass_on();
            self.reap();
            let pause = self.kept.as_mut().map_or(IDLE, |(_, looker)| looker.look());
            match orders.recv_timeout(pause) {
                Ok(()) => {
                    let observed = self.kept.take().map(|(_, looker)| looker.finish());
                    let _ = self.observations.send(observed.unwrap_or_default());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Passes signals on to the command. Once it has ended, what comes is meant for it, too, until the session is over.
    fn pass_on(&mut self) {
        for (signal, is_shared) in self.passing.came() {
            if self.is_running && !is_shared {
                // The command may have become another user's, whom this one may not signal.
                let _ = Signal::try_from(signal).map(|signal| kill(self.command, signal));
            } else if self.kept.is_none() {
                Passing::end(signal);
            }
        }
    }

    /// Takes the exit codes of the processes that have ended, and ends the session after the command.
    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let (process, code) = match status {
                WaitStatus::Exited(process, code) => (process, code),
                WaitStatus::Signaled(process, signal, _) => (process, 128 + signal as i32),
                WaitStatus::StillAlive => return,
                _ => continue,
            };
            if process == self.command {
                self.is_running = false;
                let _ = self.code.send(u8::try_from(code).unwrap_or(u8::MAX));
                let _ = self.to_stop.write(&[0]);
            }
        }
    }
}
