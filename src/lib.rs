//! Why did each WebSocket connection in a packet capture close?

pub mod capture;
pub mod error;
pub mod limits;
pub mod packet;
pub mod seen;
pub mod side;
pub mod tcp;
