//! Lines recorded from real servers and miners: each is read as the message it is, and what is written from that
//! is read the same again.

use idlewatt_stratum::{Id, bitcoin, kawpow, monero};
use serde_json::Value;

const MONERO: &str = include_str!("samples/monero-stratum.jsonl");
const BITCOIN: &str = include_str!("samples/bitcoin-stratum-v1.jsonl");
const KAWPOW: &str = include_str!("samples/kawpow-stratum.jsonl");

/// The lines of one side, without the note in front that says whose they are.
fn lines(file: &str, side: &str) -> Vec<String> {
    let lines: Vec<String> = file
        .lines()
        .filter_map(|line| {
            let mut value: Value = serde_json::from_str(line).expect("JSON");
            let note = value.as_object_mut()?.remove("_")?;
            note.as_str()?.starts_with(side).then(|| value.to_string())
        })
        .collect();
    assert!(!lines.is_empty());
    lines
}

fn bytes32(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).expect("hex");
    bytes
}

fn seed() -> [u8; 32] {
    bytes32("418015bb9ae982a1975da7d79277c2705727a56894ba0fb246adaabb1f4632e3")
}

#[test]
fn monero_client_lines() {
    use monero::ClientMessage::{GetJob, KeepAlive, Login, Submit};
    let read: Vec<_> = lines(MONERO, "C>S")
        .iter()
        .map(|line| monero::ClientMessage::parse(line).expect("reads"))
        .collect();
    for message in &read {
        assert_eq!(
            &monero::ClientMessage::parse(&message.to_line()),
            &Ok(message.clone())
        );
    }
    let session = "c3cf5afafe8f0f23".to_owned();
    let [login, submit, alive, get] = read.try_into().expect("four lines");
    assert_eq!(
        login,
        Login {
            id: Id::Number(1),
            login: "WALLET_OR_ACCOUNT.worker".into(),
            pass: "x".into(),
            agent: Some("demo/0.1".into()),
            rigid: Some("rig-1".into()),
            algo: vec!["rx/0".into()],
        }
    );
    assert!(
        matches!(submit, Submit { nonce: [0, 0x80, 0, 0x8f], ref job_id, .. } if job_id == "j1")
    );
    assert_eq!(
        alive,
        KeepAlive {
            id: Id::Number(5),
            session: session.clone()
        }
    );
    assert_eq!(
        get,
        GetJob {
            id: Id::Number(6),
            session,
            algo: vec!["rx/0".into(), "kawpow".into()],
        }
    );
}

#[test]
fn monero_server_lines() {
    use monero::{JobMessage, Refusal, ServerMessage};
    let read: Vec<_> = lines(MONERO, "S>C")
        .iter()
        .map(|line| ServerMessage::parse(line).expect("reads"))
        .collect();
    for message in &read {
        assert_eq!(
            &ServerMessage::parse(&message.to_line()),
            &Ok(message.clone())
        );
    }
    let [login, job, accepted, low, unauthenticated, alive, refused] =
        read.try_into().expect("seven lines");
    match login {
        ServerMessage::LoginOk { id, session, job } => {
            assert_eq!((id, session.as_str()), (Id::Number(1), "c3cf5afafe8f0f23"));
            assert_eq!(job.blob.len(), 76);
            assert_eq!(job.target, "b81e85eb51b81e05");
        }
        other => panic!("{other:?}"),
    }
    match job {
        ServerMessage::Job(JobMessage {
            job_id,
            target,
            algo,
            height,
            seed_hash,
            ..
        }) => {
            assert_eq!((job_id.as_str(), target.as_str()), ("j2", "711b0d00"));
            assert_eq!(algo.as_deref(), Some(monero::RANDOMX));
            assert_eq!((height, seed_hash), (Some(49), Some(seed())));
        }
        other => panic!("{other:?}"),
    }
    let ok = |id, status: &str| ServerMessage::Ok {
        id: Id::Number(id),
        status: status.into(),
        receipt: None,
    };
    assert_eq!((accepted, alive), (ok(2, "OK"), ok(5, "KEEPALIVED")));
    assert_eq!(
        low,
        ServerMessage::refusal(Id::Number(3), Refusal::LowDifficulty)
    );
    assert_eq!(
        unauthenticated,
        ServerMessage::refusal(Id::Number(4), Refusal::Unauthenticated)
    );
    assert!(matches!(refused, ServerMessage::Error { code: -1, .. }));
}

#[test]
fn bitcoin_client_lines() {
    use bitcoin::ClientMessage;
    let read: Vec<_> = lines(BITCOIN, "C>S")
        .iter()
        .map(|line| ClientMessage::parse(line).expect("reads"))
        .collect();
    for message in &read {
        assert_eq!(
            &ClientMessage::parse(&message.to_line()),
            &Ok(message.clone())
        );
    }
    let [configure, subscribe, authorize, submit, extranonce, suggest] =
        read.try_into().expect("six lines");
    assert!(configure.asks_for(bitcoin::extension::VERSION_ROLLING));
    assert!(matches!(
        configure,
        ClientMessage::Configure {
            version_mask: Some(bitcoin::VERSION_MASK),
            minimum_version_bits: Some(16),
            ..
        }
    ));
    assert!(matches!(
        subscribe,
        ClientMessage::Subscribe { agent: Some(_), .. }
    ));
    assert!(
        matches!(authorize, ClientMessage::Authorize { ref user, .. } if user == "account.worker")
    );
    assert_eq!(
        submit,
        ClientMessage::Submit {
            id: Id::Number(4),
            worker: "account.worker".into(),
            job_id: "1".into(),
            extranonce2: vec![0; 4],
            time: 0x6b02_3e2c,
            nonce: 0x1a2b_3c4d,
            version_bits: Some(0x2000),
        }
    );
    assert_eq!(
        extranonce,
        ClientMessage::ExtranonceSubscribe { id: Id::Number(10) }
    );
    assert!(
        matches!(suggest, ClientMessage::SuggestDifficulty { difficulty, .. } if difficulty == 0.01)
    );
}

#[test]
fn bitcoin_server_lines() {
    use bitcoin::{ErrorCode, ServerMessage};
    let read: Vec<_> = lines(BITCOIN, "S>C")
        .iter()
        .map(|line| ServerMessage::parse(line).expect("reads"))
        .collect();
    for message in &read {
        assert_eq!(
            &ServerMessage::parse(&message.to_line()),
            &Ok(message.clone())
        );
    }
    let mut read = read.into_iter();
    let mut next = || read.next().expect("another line");
    let ok = |id| ServerMessage::Ok {
        id: Id::Number(id),
        result: true,
        receipt: None,
    };
    assert!(matches!(
        next(),
        ServerMessage::Configured {
            version_mask: Some(bitcoin::VERSION_MASK),
            ..
        }
    ));
    assert!(
        matches!(next(), ServerMessage::Subscribed { extranonce1, extranonce2_size: 4, session, .. } if extranonce1 == [0x18, 0, 0, 0] && session == "s1")
    );
    assert_eq!(next(), ok(3));
    assert_eq!(next(), ServerMessage::SetDifficulty(0.001));
    assert_eq!(next(), ServerMessage::SetVersionMask(bitcoin::VERSION_MASK));
    match next() {
        ServerMessage::Notify(job) => {
            assert_eq!((job.job_id.as_str(), job.clean), ("1", true));
            assert_eq!(
                job.previous_hash[..8],
                [0xe6, 0x29, 0x1f, 0xa1, 0xe6, 0x88, 0x58, 0xa7]
            );
            assert_eq!(
                (job.version, job.bits, job.time),
                (0x2000_0000, 0x207f_ffff, 0x6b02_3e2c)
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(next(), ok(4));
    for (id, code) in (5..).zip(&ErrorCode::ALL[1..]) {
        match next() {
            ServerMessage::Error {
                id: asked,
                code: sent,
                ..
            } => {
                assert_eq!(asked, Id::Number(id));
                assert_eq!(ErrorCode::of_code(sent), Some(*code));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(next(), ok(10));
    assert_eq!(
        next(),
        ServerMessage::SetExtranonce {
            extranonce1: vec![0x28, 0, 0, 0],
            extranonce2_size: 4
        }
    );
    assert_eq!(
        next(),
        ServerMessage::Reconnect {
            host: Some("127.0.0.1".into()),
            port: Some(3334),
            wait: 0
        }
    );
}

const KAWPOW_HEADER: &str = "5b3e8dfa1aafd3924a51f33e2d672d8dae32fa528d8b1d378d6e4db0ec5d665d";
const KAWPOW_TARGET: &str = "00000000ff000000000000000000000000000000000000000000000000000000";

#[test]
fn kawpow_client_lines() {
    use kawpow::ClientMessage::{self, Authorize, ExtranonceSubscribe, Submit, Subscribe};
    let lines = lines(KAWPOW, "C>S");
    let mut read = Vec::new();
    for line in &lines {
        let message = ClientMessage::parse(line).expect("reads");
        // Nothing of these lines is left to the writer's taste.
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(value(&message.to_line()), value(line));
        read.push(message);
    }
    let mix = "efb29147484c434f1cc59629da90fd0343e3b047407ecd36e9ad973bd51bbac5";
    let expected = [
        Subscribe {
            id: Id::Number(1),
            agent: Some("demo/0.1".into()),
        },
        Authorize {
            id: Id::Number(2),
            user: "RVN_ADDRESS.worker".into(),
            password: "x".into(),
        },
        Submit {
            id: Id::Number(40),
            worker: "RVN_ADDRESS.worker".into(),
            job_id: "0001".into(),
            nonce: 0x6051_3200_4497_5727,
            header_hash: bytes32(KAWPOW_HEADER),
            mix_hash: bytes32(mix),
        },
        ExtranonceSubscribe { id: Id::Number(3) },
    ];
    assert_eq!(read, expected);
}

#[test]
fn kawpow_server_lines() {
    use kawpow::{ErrorCode, NotifyMessage, ServerMessage};
    let read: Vec<_> = lines(KAWPOW, "S>C")
        .iter()
        .map(|line| ServerMessage::parse(line).expect("reads"))
        .collect();
    for message in &read {
        assert_eq!(
            &ServerMessage::parse(&message.to_line()),
            &Ok(message.clone())
        );
    }
    let ok = |id| ServerMessage::Ok {
        id: Id::Number(id),
        result: true,
        receipt: None,
    };
    let expected = [
        ServerMessage::Subscribed {
            id: Id::Number(1),
            session: None,
            extranonce1: vec![0x60, 0x51, 0x32],
        },
        ok(2),
        ServerMessage::SetTarget(bytes32(KAWPOW_TARGET)),
        ServerMessage::Notify(NotifyMessage {
            job_id: "0001".into(),
            header_hash: bytes32(KAWPOW_HEADER),
            seed_hash: Some([0; 32]),
            target: Some(bytes32(KAWPOW_TARGET)),
            clean: true,
            height: 170_915,
            bits: Some(0x1b00_ffff),
        }),
        ok(40),
        ServerMessage::refusal(Id::Number(41), ErrorCode::LowDifficulty),
        ServerMessage::Error {
            id: Id::Number(3),
            code: 20,
            message: "Not supported.".into(),
        },
    ];
    assert_eq!(read, expected);
}
