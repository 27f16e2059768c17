//! Why did each WebSocket connection in a packet capture close?

pub mod analyzer;
pub mod capture;
pub mod catalog;
pub mod chunk;
pub mod connection;
pub mod diagnose;
pub mod ending;
pub mod error;
pub mod event;
pub mod facts;
pub mod http;
pub mod limits;
pub mod packet;
pub mod render;
pub mod report;
pub mod seen;
pub mod side;
pub mod sink;
pub mod tcp;
pub mod tls;
pub mod ws;
