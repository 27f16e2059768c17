//! Generates conversations with proptest.

use proptest::prelude::*;
use whyclosed::side::Side;

use crate::support::conversation::{Act, Conversation, End, Fault, Reaction, What};

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

fn what() -> impl Strategy<Value = What> {
    let text = prop_oneof![
        8 => "[a-z ,.é€😀]{0,40}",
        2 => "[a-zäöü]{120,140}",
        1 => (0usize..4000).prop_map(|len| "long ".repeat(len / 5)),
    ];
    let cuts = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(0usize..4096, 1..5)];
    prop_oneof![
        4 => (any::<bool>(), text, cuts, any::<bool>(), any::<bool>()).prop_map(
            |(text, payload, cuts, compressed, ping_inside)| What::Message { text, payload, cuts, compressed, ping_inside }
        ),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(What::Ping),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(What::Pong),
    ]
}

pub fn act() -> impl Strategy<Value = Act> {
    (sides(), any::<bool>(), what()).prop_map(|(side, unaware, what)| Act { side, unaware, what })
}

pub fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (0usize..40).prop_map(Fault::Utf8InTheMiddle),
        Just(Fault::Utf8AtTheEnd),
        (1u8..8).prop_map(Fault::ReservedBits),
        (prop_oneof![3u8..8, 11u8..16], 0usize..10).prop_map(|(opcode, len)| Fault::ReservedOpcode(opcode, len)),
        Just(Fault::UnexpectedContinuation),
        Just(Fault::InterleavedMessage),
        Just(Fault::FragmentedControl),
        (126usize..400).prop_map(Fault::OversizedControl),
        Just(Fault::Mask),
        Just(Fault::NonMinimalLength),
        Just(Fault::NonMinimalControl),
        Just(Fault::LengthTopBit),
        prop_oneof![Just(1005u16), Just(1006), Just(999), Just(5000), Just(0)].prop_map(Fault::CloseCode),
        Just(Fault::HalfCloseCode),
        Just(Fault::CloseReason),
        Just(Fault::Deflate),
        Just(Fault::HttpAfterUpgrade),
    ]
}

fn end() -> impl Strategy<Value = End> {
    // Without 1011: whether it followed a message or an answer depends on the capture order.
    let code = prop_oneof![
        1 => Just(None),
        6 => prop::sample::select(vec![1000u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1013, 3000, 4242]).prop_map(Some),
    ];
    let reaction = prop_oneof![
        4 => (prop_oneof![Just(1002u16), Just(1007)], any::<bool>())
            .prop_map(|(code, answered)| Reaction::Close { code: Some(code), answered }),
        1 => Just(Reaction::Fin),
        1 => Just(Reaction::Reset),
    ];
    prop_oneof![
        1 => Just(End::Open),
        3 => (sides(), code, "[a-z é]{0,20}", any::<bool>())
            .prop_map(|(by, code, reason, answered)| End::Close { by, code, reason, answered }),
        1 => sides().prop_map(|by| End::Fin { by }),
        1 => sides().prop_map(|by| End::Reset { by }),
        6 => (sides(), fault(), any::<bool>(), reaction)
            .prop_map(|(by, fault, crossing, reaction)| End::Fault { by, fault, crossing, reaction }),
    ]
}

/// Generates any conversation of one connection.
pub fn conversation() -> impl Strategy<Value = Conversation> {
    (any::<bool>(), 0usize..200, prop::collection::vec(act(), 0..8), end())
        .prop_map(|(deflate, padding, acts, end)| Conversation { deflate, padding, acts, end })
}
