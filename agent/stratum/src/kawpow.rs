//! KawPow's dialect, as Ravencoin's pools speak it; the other ProgPoW coins use it too.
//!
//! A client sends `mining.subscribe`, `mining.authorize` and `mining.submit`; a server answers each, and sends
//! `mining.set_target` and `mining.notify` at any time. The nonce has 64 bits: the server keeps the most significant
//! bytes (extranonce1) for itself, so that no two connections search the same ones.
//!
//! Real counterparts differ in small things, and all of this is read: hex with `0x` or without and in either case, a
//! height as number or text, subscriptions with a name, with a list or with neither, notifications that leave out
//! target, seed hash or bits.

mod client;
mod notify;
mod server;

pub use crate::error_code::ErrorCode;
pub use client::ClientMessage;
pub use notify::NotifyMessage;
pub use server::ServerMessage;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Id, ParseError};
    use serde_json::{Value, json};

    fn server(value: &Value) -> Result<ServerMessage, ParseError> {
        ServerMessage::parse(&value.to_string())
    }

    fn refused(value: &Value) -> String {
        server(value).expect_err("refused").to_string()
    }

    fn notify(change: impl FnOnce(&mut Vec<Value>)) -> Value {
        let hash = "ab".repeat(32);
        let mut params = vec![
            json!("7"),
            json!(hash),
            json!(hash),
            json!("0f".repeat(32)),
            json!(true),
            json!(170_915),
            json!("1b00ffff"),
        ];
        change(&mut params);
        json!({"id": null, "method": "mining.notify", "params": params})
    }

    fn job(change: impl FnOnce(&mut Vec<Value>)) -> NotifyMessage {
        match server(&notify(change)).expect("reads") {
            ServerMessage::Notify(job) => job,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn subscriptions_are_read_in_every_form() {
        for (result, session, extranonce1) in [
            (json!([null, "605132"]), None, vec![0x60, 0x51, 0x32]),
            (json!(["s1", "0xAB"]), Some("s1"), vec![0xab]),
            (
                json!([[["mining.notify", "s2"]], "0001", 6]),
                Some("s2"),
                vec![0, 1],
            ),
            (json!([["mining.notify", "s3"], "01"]), None, vec![1]),
            (json!([[], ""]), None, vec![]),
            (json!([null, null]), None, vec![]),
            (json!([null]), None, vec![]),
        ] {
            let expected = ServerMessage::Subscribed {
                id: Id::Number(1),
                session: session.map(str::to_owned),
                extranonce1,
            };
            let line = json!({"id": 1, "result": result, "error": null});
            assert_eq!(server(&line), Ok(expected), "{line}");
        }
        for (extranonce1, words) in [("00".repeat(9), "at most 8 bytes"), ("605".into(), "hex")] {
            let line = json!({"id": 1, "result": [null, extranonce1]});
            assert!(refused(&line).contains(words));
            let line = json!({"method": "mining.set_extranonce", "params": [extranonce1]});
            assert!(refused(&line).contains(words));
        }
    }

    #[test]
    fn jobs_are_read_in_every_form() {
        let usual = job(|_| {});
        assert_eq!((usual.height, usual.bits), (170_915, Some(0x1b00_ffff)));
        let changes: [fn(&mut Vec<Value>); 4] = [
            |params| params[5] = json!("170915"),
            |params| params[1] = json!(format!("0x{}", "AB".repeat(32))),
            |params| params[3] = json!(format!("0X{}", "0F".repeat(32))),
            |params| params[6] = json!("0x1B00FFFF"),
        ];
        for change in changes {
            assert_eq!(job(change), usual);
        }
        for nothing in [Value::Null, json!("")] {
            let bare = job(|params| {
                for position in [2, 3, 6] {
                    params[position] = nothing.clone();
                }
            });
            assert_eq!((bare.seed_hash, bare.target, bare.bits), (None, None, None));
        }
        assert_eq!(job(|params| params.truncate(6)).bits, None);
        // Leading zeros may be left out of a target.
        let short = job(|params| params[3] = json!("0xff00"))
            .target
            .expect("one");
        assert_eq!(
            (short[..30].to_vec(), &short[30..]),
            (vec![0; 30], &[0xff, 0][..])
        );
    }

    #[test]
    fn what_is_no_job_is_refused_with_the_field() {
        for (position, value, words) in [
            (0, json!(7), "field 0 is not a text"),
            (
                1,
                json!("ab".repeat(31)),
                "field 1 is not hex of the right length",
            ),
            (2, json!("xyz"), "field 2"),
            (
                3,
                json!("0".repeat(65)),
                "field 3 is not one to 64 hex digits",
            ),
            (3, json!("0x"), "field 3"),
            (5, json!("-1"), "field 5 is not a height"),
            (5, json!(null), "field 5 is not a whole number"),
            (5, json!(1.5), "field 5"),
            (5, json!("99999999999999999999"), "field 5"),
            (
                6,
                json!("123456789"),
                "field 6 is not one to eight hex digits",
            ),
        ] {
            let told = refused(&notify(|params| params[position] = value));
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn shares_are_read_with_and_without_prefixes_and_refused_with_the_field() {
        let submit = |change: &dyn Fn(&mut [Value])| {
            let mix = "cd".repeat(32);
            let mut params =
                ["A.D", "7", "0x00000000000000FF", &"AB".repeat(32), &mix].map(Value::from);
            change(&mut params);
            let line = json!({"id": 4, "method": "mining.submit", "params": params});
            ClientMessage::parse(&line.to_string())
        };
        let expected = ClientMessage::Submit {
            id: Id::Number(4),
            worker: "A.D".into(),
            job_id: "7".into(),
            nonce: 0xff,
            header_hash: [0xab; 32],
            mix_hash: [0xcd; 32],
        };
        assert_eq!(submit(&|_| {}), Ok(expected.clone()));
        assert_eq!(submit(&|params| params[2] = json!("ff")), Ok(expected));
        for (position, value, words) in [
            (2, json!("0x1ffffffffffffffff"), "one to sixteen hex digits"),
            (2, json!(5), "text"),
            (2, json!("+5"), "hex digits"),
            (3, json!("0x"), "hex of the right length"),
            (4, json!("ab".repeat(33)), "hex of the right length"),
        ] {
            let told = submit(&|params| params[position] = value.clone()).expect_err("refused");
            assert!(told.to_string().contains(words), "{told}");
        }
    }

    #[test]
    fn targets_and_extranonces_come_on_their_own_too() {
        let line = json!({"id": null, "method": "mining.set_target", "params": ["0xFF"]});
        let mut target = [0; 32];
        target[31] = 0xff;
        assert_eq!(server(&line), Ok(ServerMessage::SetTarget(target)));
        let line = json!({"id": null, "method": "mining.set_extranonce", "params": ["0A0b", 6]});
        let extranonce1 = vec![10, 11];
        assert_eq!(
            server(&line),
            Ok(ServerMessage::SetExtranonce { extranonce1 })
        );
    }
}
