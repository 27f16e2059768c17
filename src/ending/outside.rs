//! The ending of a TLS connection that is seen from outside.

use super::{Ending, Kind, first_end};
use crate::facts::Facts;
use crate::tls::outside::View;

impl Ending {
    /// Determines the ending of a connection by its records: a closing handshake, if they have its sizes; else the first
    /// close_notify, FIN or RST. The side is not known if sizes may hide a closing handshake before that.
    pub(super) fn seen_from_outside(facts: &Facts, view: &View) -> Self {
        if let Some(closing) = &view.closing {
            return Self { kind: Kind::CloseHandshake, by: Some(closing.by), carrier: Some(closing.first().carrier) };
        }
        match first_end(facts) {
            Some((kind, by, carrier)) => {
                let by = (!view.may_hide_closing).then_some(by);
                Self { kind, by, carrier: Some(carrier) }
            }
            None => Self { kind: Kind::Open, by: None, carrier: None },
        }
    }
}
