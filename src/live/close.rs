//! How sockets end: every code (RFC 6455, section 7.4) with its word, and what a client does about it.

/// Code, word, and what to do.
pub const CLOSES: [(u16, &str, &str); 12] = [
    (1000, "", "The client has closed; whatever code it sent comes back."),
    (1001, "silent", "It said nothing for 35 s, not even a pong. Come back."),
    (1002, "protocol", "It broke the rules of WebSockets. Mend the client."),
    (1003, "text only", "It sent a binary message. Mend the client."),
    (1007, "no utf-8", "It sent a text that is none. Mend the client."),
    (1008, "expired", "Its token or session is over. Get a new token, then connect."),
    (
        1008,
        "revoked",
        "Its session was ended: signed out, password changed, user changed. Sign in.",
    ),
    (1008, "unauthorized", "A page listens to what its visitor may not. Sign in."),
    (1008, "rate", "It sent more frames in a second than allowed. Mend the client."),
    (1009, "too big", "It sent a message of more than 64 KiB. Mend the client."),
    (1012, "restarting", "The server closes, or opens again in a moment. Come back."),
    (1013, "unavailable", "The shop can't tell it anything just now. Come back."),
];
