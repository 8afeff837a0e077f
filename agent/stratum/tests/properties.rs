//! No input makes a parser panic, and what is written is read back.

use idlewatt_stratum::{Dialect, Id, ParseError, bitcoin, kawpow, monero};
use proptest::prelude::*;
use serde_json::{Value, json};

fn ids() -> impl Strategy<Value = Id> {
    prop_oneof![
        any::<i64>().prop_map(Id::Number),
        ".{0,8}".prop_map(Id::Text)
    ]
}

fn monero_jobs() -> impl Strategy<Value = monero::JobMessage> {
    (
        prop::collection::vec(any::<u8>(), 0..100),
        ".{0,12}",
        "[0-9a-f]{16}",
        prop_oneof![Just(None), Just(Some("rx/0".to_owned()))],
        any::<Option<u64>>(),
        any::<[u8; 32]>(),
    )
        .prop_map(
            |(blob, job_id, target, algo, height, seed)| monero::JobMessage {
                blob,
                job_id,
                target,
                algo,
                height,
                seed_hash: Some(seed),
            },
        )
}

fn notifications() -> impl Strategy<Value = bitcoin::NotifyMessage> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..60);
    (
        (".{0,12}", any::<[u8; 32]>(), bytes(), bytes()),
        prop::collection::vec(any::<[u8; 32]>(), 0..12),
        any::<(u32, u32, u32, bool)>(),
    )
        .prop_map(
            |((job_id, previous_hash, prefix, suffix), branches, numbers)| bitcoin::NotifyMessage {
                job_id,
                previous_hash,
                coinbase_prefix: prefix,
                coinbase_suffix: suffix,
                merkle_branches: branches,
                version: numbers.0,
                bits: numbers.1,
                time: numbers.2,
                clean: numbers.3,
            },
        )
}

fn kawpow_jobs() -> impl Strategy<Value = kawpow::NotifyMessage> {
    (
        ".{0,12}",
        any::<[u8; 32]>(),
        any::<(Option<[u8; 32]>, Option<[u8; 32]>)>(),
        any::<(bool, u64, Option<u32>)>(),
    )
        .prop_map(
            |(job_id, header_hash, (seed_hash, target), (clean, height, bits))| {
                kawpow::NotifyMessage {
                    job_id,
                    header_hash,
                    seed_hash,
                    target,
                    clean,
                    height,
                    bits,
                }
            },
        )
}

/// JSON of any shape around the names that the parsers look for.
fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(0x)?[0-9a-f]{0,64}".prop_map(Value::from),
        "[0-9a-f]{64}".prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "id",
        "job",
        "blob",
        "job_id",
        "target",
        "algo",
        "height",
        "seed_hash",
        "status",
        "nonce",
        "result",
        "code",
        "message",
        "version-rolling",
        "version-rolling.mask",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..9).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

const METHODS: [&str; 18] = [
    "login",
    "submit",
    "keepalived",
    "getjob",
    "job",
    "mining.configure",
    "mining.subscribe",
    "mining.authorize",
    "mining.submit",
    "mining.notify",
    "mining.set_difficulty",
    "mining.set_extranonce",
    "mining.set_version_mask",
    "client.reconnect",
    "client.show_message",
    "mining.suggest_difficulty",
    "mining.set_target",
    "mining.extranonce.subscribe",
];

fn parse_all(line: &str) -> [Option<ParseError>; 6] {
    let _ = Dialect::of_first_line(line);
    [
        monero::ClientMessage::parse(line).err(),
        monero::ServerMessage::parse(line).err(),
        bitcoin::ClientMessage::parse(line).err(),
        bitcoin::ServerMessage::parse(line).err(),
        kawpow::ClientMessage::parse(line).err(),
        kawpow::ServerMessage::parse(line).err(),
    ]
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(line in ".{0,300}") {
        for error in parse_all(&line).into_iter().flatten() {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn arbitrary_json_never_panics_and_errors_keep_the_id(
        id in any::<i64>(),
        method in prop::option::of(prop::sample::select(METHODS.to_vec())),
        params in json_values(),
        result in json_values(),
        error in json_values(),
    ) {
        let mut line = json!({"id": id, "params": params, "result": result, "error": error});
        if let Some(method) = method {
            line["method"] = json!(method);
        }
        for error in parse_all(&line.to_string()).into_iter().flatten() {
            prop_assert_eq!(error.id(), Id::Number(id));
        }
    }

    #[test]
    fn monero_clients_round_trip(
        id in ids(), texts in prop::array::uniform4(".{0,12}"), nonce: [u8; 4], result: [u8; 32],
        agent in prop::option::of(".{0,12}"), algo in prop::collection::vec("[a-z/0-9]{1,6}", 0..4),
    ) {
        use monero::ClientMessage::*;
        let [login, pass, session, job_id] = texts;
        for message in [
            Login { id: id.clone(), login, pass, agent: agent.clone(), rigid: agent.clone(), algo: algo.clone() },
            Submit { id: id.clone(), session: session.clone(), job_id, nonce, result, algo: agent },
            KeepAlive { id: id.clone(), session: session.clone() },
            GetJob { id, session, algo },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(monero::ClientMessage::parse(&line), Ok(message));
        }
    }

    #[test]
    fn monero_servers_round_trip(id in ids(), job in monero_jobs(), text in ".{0,12}", code: i64) {
        use monero::ServerMessage::*;
        for message in [
            LoginOk { id: id.clone(), session: text.clone(), job: job.clone() },
            Ok { id: id.clone(), status: text.clone(), receipt: (code > 0).then(|| text.clone()) },
            Error { id: id.clone(), code, message: text.clone() },
            Job(job.clone()),
            JobAnswer { id: id.clone(), job },
            Unknown { id: id.clone(), method: Some(format!("x-{text}")) },
            Unknown { id, method: None },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(monero::ServerMessage::parse(&line), std::result::Result::Ok(message));
        }
    }

    #[test]
    fn bitcoin_clients_round_trip(
        id in ids(), texts in prop::array::uniform3(".{0,12}"), extranonce2 in prop::collection::vec(any::<u8>(), 0..9),
        numbers: (u32, u32, Option<u32>), bits in prop::option::of(0u64..33), agent in prop::option::of(".{0,12}"),
        difficulty in 1u32..1_000_000,
    ) {
        use bitcoin::ClientMessage::*;
        let [user, password, job_id] = texts;
        let difficulty = f64::from(difficulty) / 1_000.0;
        for message in [
            Configure {
                id: id.clone(), extensions: vec![job_id.clone()], version_mask: numbers.2, minimum_version_bits: bits,
                minimum_difficulty: Some(difficulty),
            },
            Subscribe { id: id.clone(), agent },
            Authorize { id: id.clone(), user: user.clone(), password },
            Submit {
                id: id.clone(), worker: user, job_id, extranonce2, time: numbers.0, nonce: numbers.1,
                version_bits: numbers.2,
            },
            SuggestDifficulty { id: id.clone(), difficulty },
            ExtranonceSubscribe { id },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(bitcoin::ClientMessage::parse(&line), Ok(message));
        }
    }

    #[test]
    fn bitcoin_servers_round_trip(
        id in ids(), job in notifications(), text in ".{0,12}", code: i64, mask: Option<u32>,
        extranonce1 in prop::collection::vec(any::<u8>(), 0..9), size in 0usize..33, flag: bool, port: Option<u16>,
    ) {
        use bitcoin::ServerMessage::*;
        for message in [
            Configured { id: id.clone(), version_mask: mask, minimum_difficulty: flag, subscribe_extranonce: !flag },
            Subscribed { id: id.clone(), session: text.clone(), extranonce1: extranonce1.clone(), extranonce2_size: size },
            Ok { id: id.clone(), result: flag, receipt: flag.then(|| text.clone()) },
            Error { id: id.clone(), code, message: text.clone() },
            Notify(job),
            SetExtranonce { extranonce1, extranonce2_size: size },
            SetVersionMask(mask.unwrap_or(0)),
            Reconnect { host: flag.then(|| text.clone()), port, wait: 3 },
            ShowMessage(text.clone()),
            Unknown { id: id.clone(), method: Some(format!("x-{text}")) },
            Unknown { id, method: None },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(bitcoin::ServerMessage::parse(&line), std::result::Result::Ok(message));
        }
    }

    #[test]
    fn kawpow_clients_round_trip(
        id in ids(), texts in prop::array::uniform3(".{0,12}"), nonce: u64, hashes: [[u8; 32]; 2],
        agent in prop::option::of(".{0,12}"),
    ) {
        use kawpow::ClientMessage::*;
        let [user, password, job_id] = texts;
        let [header_hash, mix_hash] = hashes;
        for message in [
            Subscribe { id: id.clone(), agent },
            Authorize { id: id.clone(), user: user.clone(), password },
            Submit { id: id.clone(), worker: user, job_id: job_id.clone(), nonce, header_hash, mix_hash },
            ExtranonceSubscribe { id: id.clone() },
            Unknown { id, method: format!("x-{job_id}") },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(kawpow::ClientMessage::parse(&line), Ok(message));
        }
    }

    #[test]
    fn kawpow_servers_round_trip(
        id in ids(), job in kawpow_jobs(), text in ".{0,12}", code: i64, target: [u8; 32],
        extranonce1 in prop::collection::vec(any::<u8>(), 0..9), flag: bool, port: Option<u16>,
    ) {
        use kawpow::ServerMessage::*;
        for message in [
            Subscribed { id: id.clone(), session: flag.then(|| text.clone()), extranonce1: extranonce1.clone() },
            Ok { id: id.clone(), result: flag, receipt: flag.then(|| text.clone()) },
            Error { id: id.clone(), code, message: text.clone() },
            SetTarget(target),
            Notify(job),
            SetExtranonce { extranonce1 },
            Reconnect { host: flag.then(|| text.clone()), port, wait: 3 },
            ShowMessage(text.clone()),
            Unknown { id: id.clone(), method: Some(format!("x-{text}")) },
            Unknown { id, method: None },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            prop_assert_eq!(kawpow::ServerMessage::parse(&line), std::result::Result::Ok(message));
        }
    }
}
