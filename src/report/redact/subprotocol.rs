//! Subprotocols, and credentials passed in place of one: browsers cannot set Authorization, so programs send tokens in
//! Sec-WebSocket-Protocol.

use super::{patterns, random};

/// Names that do not look like one, from the IANA WebSocket Subprotocol Name Registry, and common ones that are not
/// registered.
const NAMES: &[&str] = &[
    "xmpp",
    "mqttv3.1",
    "mqttv3.1.1",
    "msrpc",
    "bfcp",
    "wpcp",
    "wsdc",
    "dwp",
    "rtps",
    "t140",
    "gwp",
    "wamp.2.msgpack",
    "xmpp-framing",
    "ship",
    "avtp",
    "bnetgateway",
    "binary.k8s.io",
    "v5.channel.k8s.io",
];

/// Words in a token which announce that the next token is a credential.
const CREDENTIAL: &[&str] =
    &["token", "bearer", "auth", "jwt", "apikey", "api_key", "api-key", "session", "secret", "password", "credential"];

/// Returns the tokens of a list and the separators between them, in order, each with whether it may be shown.
pub fn tokens(list: &str) -> impl Iterator<Item = (&str, bool)> {
    let announces = |token: &str| {
        let lower = token.to_ascii_lowercase();
        CREDENTIAL.iter().any(|word| lower.contains(word))
    };
    let mut announced = false;
    list.split_inclusive([',', ' ', '\t'])
        .flat_map(|piece| {
            let token = piece.trim_end_matches([',', ' ', '\t']);
            [token, piece.get(token.len()..).unwrap_or_default()]
        })
        .filter(|piece| !piece.is_empty())
        .map(move |token| {
            if token.starts_with([',', ' ', '\t']) {
                return (token, true);
            }
            let is_name = may_be_read(token);
            let is_secret = std::mem::replace(&mut announced, is_name && announces(token));
            (token, !is_secret && is_name)
        })
}

fn may_be_read(token: &str) -> bool {
    NAMES.contains(&token) || (random::is_name(token) && patterns::find(token.as_bytes()).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(list: &str) -> Vec<&str> {
        tokens(list).filter_map(|(token, is_name)| (!is_name).then_some(token)).collect()
    }

    #[test]
    fn names_are_told_from_credentials() {
        for name in [
            "graphql-transport-ws",
            "graphql-ws",
            "mqtt",
            "mqttv3.1",
            "v12.stomp",
            "wamp.2.json",
            "ocpp1.6",
            "ocpp2.0.1",
            "chat",
            "soap",
            "v4.channel.k8s.io",
            "actioncable-v1-json",
            "vite-hmr",
            "sip",
        ] {
            assert_eq!(secrets(name), [""; 0], "{name}");
        }
        assert_eq!(secrets("chat, access_token, swordfish"), ["swordfish"]);
        assert_eq!(secrets("hunter2,chat"), ["hunter2"]);
        assert_eq!(
            secrets("base64url.bearer.authorization.k8s.io.c2VjcmV0LXRva2Vu"),
            ["base64url.bearer.authorization.k8s.io.c2VjcmV0LXRva2Vu"]
        );
        assert_eq!(
            secrets("realtime, openai-insecure-api-key.sk-proj-Zk3bQ9"),
            ["openai-insecure-api-key.sk-proj-Zk3bQ9"]
        );
    }
}
