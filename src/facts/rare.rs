//! The facts that most connections do not have. A connection without any spends 8 bytes on them.

use std::ops::{Deref, DerefMut};

use thin_vec::ThinVec;

use super::{Breach, Continuity, Http2, Processes};
use crate::seen::Seen;
use crate::side::Side;
use crate::tls::{self, outside::View};
use crate::ws::violation::Context;

/// The facts that most connections do not have.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Rare {
    /// The HTTP/2 stream that carries the connection, if one does.
    pub http2: Option<Box<Http2>>,
    /// The beginning of the server's answer, if it was not HTTP, or not TLS after a ClientHello.
    pub answered_with: Option<Box<(Seen, Context)>>,
    /// The packet of the ClientHello, if the client began with one.
    pub client_hello: Option<Seen>,
    /// What is known of the TLS session; `None` until the connection is over.
    pub session: Option<Box<tls::Summary>>,
    /// The failure of the TLS handshake, and the side that gave up.
    pub tls: Option<Box<(Side, Seen, tls::Outcome)>>,
    /// The records of a TLS connection that was not decrypted, and is, or seems to be, a WebSocket.
    pub outside: Option<Box<View>>,
    /// The first broken rules, up to [`limits::VIOLATIONS`](crate::limits::VIOLATIONS).
    pub breaches: ThinVec<Breach>,
    /// The number of broken rules beyond those.
    pub more_breaches: u32,
    /// The places where frames of a side were lost sight of, the first ones, up to [`limits::GAPS`](crate::limits::GAPS).
    pub gaps: ThinVec<(Side, Seen)>,
    /// The processes at the connection's ends, if the capture names any.
    pub processes: Option<Box<Processes>>,
    /// The connection's place among all that is known of it, if only a period was to be read.
    pub continuity: Option<Box<Continuity>>,
}

/// The rare facts of a connection, which are allocated when they are first changed.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct OnDemand(Option<Box<Rare>>);

impl OnDemand {
    /// Returns the facts, without any if there are none.
    pub fn into_rare(self) -> Rare {
        self.0.map_or_else(Rare::default, |rare| *rare)
    }

    /// Returns the facts to be changed, if there are any. Unlike a change through [`DerefMut`], this allocates nothing.
    pub fn there_mut(&mut self) -> Option<&mut Rare> {
        self.0.as_deref_mut()
    }
}

impl Deref for OnDemand {
    type Target = Rare;

    fn deref(&self) -> &Rare {
        static NONE: Rare = Rare {
            http2: None,
            answered_with: None,
            client_hello: None,
            session: None,
            tls: None,
            outside: None,
            breaches: ThinVec::new(),
            more_breaches: 0,
            gaps: ThinVec::new(),
            processes: None,
            continuity: None,
        };
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for OnDemand {
    fn deref_mut(&mut self) -> &mut Rare {
        self.0.get_or_insert_default()
    }
}
