/// A line of a dialect, from either side: nothing panics, and what is read is written so that it reads the same.
macro_rules! round_trip {
    ($dialect:ident) => {
        use idlewatt_stratum::$dialect::{ClientMessage, ServerMessage};

        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(message) = ClientMessage::parse(&text) {
                let again = ClientMessage::parse(&message.to_line());
                let is_unknown = matches!(message, ClientMessage::Unknown { .. });
                assert!(is_unknown || again == Ok(message));
            }
            if let Ok(message) = ServerMessage::parse(&text) {
                let again = ServerMessage::parse(&message.to_line());
                let is_unknown = matches!(message, ServerMessage::Unknown { .. });
                assert!(is_unknown || again == Ok(message));
            }
        });
    };
}
