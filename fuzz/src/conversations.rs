//! Target for conversations made from the input: the report is the same however TCP carries them.

use arbitrary::{Result, Unstructured};
use whyclosed::side::Side;

use crate::conversation::{Act, Conversation, End, Fault, Reaction, What};
use crate::essence::{differences, essence};
use crate::segments::{Change, packets};

/// Sends one to three conversations cut, reordered and repeated; their report must equal that of the plainest capture.
/// Times are not compared, and each capture is shorter than any time that a rule uses: see `way::LASTS`.
pub fn conversation(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok((conversations, change)) = asked(&mut bytes) else { return };
    let plain = essence(&packets(&conversations, Change { seed: change.seed, ..Change::default() }));
    assert_eq!(plain["connections"].as_array().map(Vec::len), Some(conversations.len()));
    let differences = differences(&plain, &essence(&packets(&conversations, change)));
    assert!(differences.is_empty(), "{change:?} of {conversations:?}:\n{}", differences.join("\n"));
}

fn asked(bytes: &mut Unstructured<'_>) -> Result<(Vec<Conversation>, Change)> {
    let change = change(bytes)?;
    let count = bytes.int_in_range(1..=3)?;
    Ok(((0..count).map(|_| one(bytes)).collect::<Result<_>>()?, change))
}

fn change(bytes: &mut Unstructured<'_>) -> Result<Change> {
    let cut = match bytes.int_in_range(0..=3)? {
        0 => None,
        1 => Some(1),
        2 => Some(bytes.int_in_range(2..=19)?),
        _ => Some(bytes.int_in_range(20..=1460)?),
    };
    let shuffle_turns = bytes.arbitrary()?;
    Ok(Change {
        cut,
        shuffle: bytes.arbitrary()?,
        shuffle_turns,
        duplicate: bytes.arbitrary()?,
        overlap: bytes.arbitrary()?,
        wrap: bytes.arbitrary()?,
        // If a conflicting copy could overtake the original, the copy would count as the first.
        conflict: bytes.arbitrary::<bool>()? && !shuffle_turns,
        seed: u64::from(bytes.arbitrary::<u16>()?),
    })
}

/// Generates a conversation.
pub fn one(bytes: &mut Unstructured<'_>) -> Result<Conversation> {
    let (deflate, padding) = (bytes.arbitrary()?, bytes.int_in_range(0..=200)?);
    let acts = (0..bytes.int_in_range(0..=8)?).map(|_| act(bytes)).collect::<Result<_>>()?;
    Ok(Conversation { deflate, padding, acts, end: end(bytes)? })
}

fn side(bytes: &mut Unstructured<'_>) -> Result<Side> {
    bytes.choose(&Side::BOTH).copied()
}

fn act(bytes: &mut Unstructured<'_>) -> Result<Act> {
    let (side, unaware) = (side(bytes)?, bytes.arbitrary()?);
    let what = match bytes.int_in_range(0..=5)? {
        0 => What::Ping(payload(bytes)?),
        1 => What::Pong(payload(bytes)?),
        _ => What::Message {
            text: bytes.arbitrary()?,
            payload: text(bytes)?,
            cuts: (0..bytes.int_in_range(0..=4)?).map(|_| bytes.int_in_range(0..=4095)).collect::<Result<_>>()?,
            compressed: bytes.arbitrary()?,
            ping_inside: bytes.arbitrary()?,
        },
    };
    Ok(Act { side, unaware, what })
}

fn payload(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let length = bytes.int_in_range(0..=20)?;
    bytes.bytes(length.min(bytes.len())).map(<[u8]>::to_vec)
}

/// Generates a text: from the fuzzer's bytes, or with a length near one that needs another header form.
fn text(bytes: &mut Unstructured<'_>) -> Result<String> {
    Ok(match bytes.int_in_range(0..=5)? {
        0 => "long ".repeat(bytes.int_in_range(0..=800)?),
        1 => "ä".repeat(bytes.int_in_range(60..=70)?),
        _ => {
            let length = bytes.int_in_range(0..=60)?;
            String::from_utf8_lossy(bytes.bytes(length.min(bytes.len()))?).into_owned()
        }
    })
}

fn end(bytes: &mut Unstructured<'_>) -> Result<End> {
    // Without 1011: whether it followed a message or an answer depends on the capture order.
    const CODES: [u16; 11] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1013, 3000, 4242];
    let by = side(bytes)?;
    Ok(match bytes.int_in_range(0..=11)? {
        0 => End::Open,
        1 => End::Fin { by },
        2 => End::Reset { by },
        3..=5 => {
            let code = if bytes.ratio(1, 7)? { None } else { Some(*bytes.choose(&CODES)?) };
            let reason = text(bytes)?.chars().filter(|c| !c.is_control()).take(20).collect();
            End::Close { by, code, reason, answered: bytes.arbitrary()? }
        }
        _ => End::Fault { by, fault: fault(bytes)?, crossing: bytes.arbitrary()?, reaction: reaction(bytes)? },
    })
}

fn reaction(bytes: &mut Unstructured<'_>) -> Result<Reaction> {
    Ok(match bytes.int_in_range(0..=5)? {
        0 => Reaction::Fin,
        1 => Reaction::Reset,
        _ => Reaction::Close { code: Some(*bytes.choose(&[1002, 1007])?), answered: bytes.arbitrary()? },
    })
}

fn fault(bytes: &mut Unstructured<'_>) -> Result<Fault> {
    Ok(match bytes.int_in_range(0..=16)? {
        0 => Fault::Utf8InTheMiddle(bytes.int_in_range(0..=39)?),
        1 => Fault::Utf8AtTheEnd,
        2 => Fault::ReservedBits(bytes.int_in_range(1..=7)?),
        3 => Fault::ReservedOpcode(*bytes.choose(&[3, 4, 5, 6, 7, 11, 12, 13, 14, 15])?, bytes.int_in_range(0..=9)?),
        4 => Fault::UnexpectedContinuation,
        5 => Fault::InterleavedMessage,
        6 => Fault::FragmentedControl,
        7 => Fault::OversizedControl(bytes.int_in_range(126..=399)?),
        8 => Fault::Mask,
        9 => Fault::NonMinimalLength,
        10 => Fault::NonMinimalControl,
        11 => Fault::LengthTopBit,
        12 => Fault::CloseCode(*bytes.choose(&[1005, 1006, 999, 5000, 0])?),
        13 => Fault::HalfCloseCode,
        14 => Fault::CloseReason,
        15 => Fault::Deflate,
        _ => Fault::HttpAfterUpgrade,
    })
}
