use idlewatt_kernels::sha256d;

use super::*;
use crate::upstream::outlet::Solved;
use crate::upstream::sha256d_work::Split;
use crate::upstream::template::Extranonce;

const SCRIPT: [u8; 22] = [0x11; 22];
const EXTRANONCE: Extranonce = Extranonce {
    connection: 0x0102_0304,
    job: 5,
    place: 6,
};

/// The BIP 141 commitment's output script of an empty block: OP_RETURN, 36 bytes, header, hash.
fn commitment() -> String {
    format!("6a24aa21a9ed{}", "e2".repeat(32))
}

fn answer(transactions: usize) -> TemplateAnswer {
    let transaction = |number: u8| TemplateTransaction {
        data: hex::encode([number; 70]),
        txid: Some(hex::encode([number; 32])),
        hash: Some("ff".repeat(32)),
    };
    TemplateAnswer {
        version: 0x2000_0000,
        previousblockhash: format!("{}aa", "00".repeat(31)),
        transactions: (1..=transactions as u8).map(transaction).collect(),
        coinbaseaux: BTreeMap::new(),
        coinbasevalue: 2_500_000_000,
        bits: "207fffff".into(),
        height: 102,
        curtime: 1_800_000_000,
        default_witness_commitment: None,
        rules: vec!["csv".into(), "!segwit".into()],
    }
}

/// The block of a template with nonce 9 and extranonce2 7, and its coinbase.
fn block(answer: &TemplateAnswer, split: Split) -> (SolvedBlock, Vec<u8>) {
    let work = work(answer, &SCRIPT).expect("understood");
    let job = work.job(EXTRANONCE, split).expect("room");
    let size = usize::from(split.extranonce2);
    let own = &7u64.to_be_bytes()[8 - size..];
    let coinbase = [&*job.coinbase_prefix, own, &*job.coinbase_suffix].concat();
    let digest = sha256d::hash_header(&sha256d::header_with_nonce(&job, 7, 9));
    match work.solved(&job, 7, 9, digest) {
        Some(Solved::Block(block)) => (block, coinbase),
        other => panic!("{other:?}"),
    }
}

fn double(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// The root over all leaves as Bitcoin Core computes it.
fn merkle_root(mut row: Vec<[u8; 32]>) -> [u8; 32] {
    while row.len() > 1 {
        if row.len() % 2 == 1 {
            row.push(*row.last().expect("not empty"));
        }
        row = row.chunks(2).map(|pair| double(&pair.concat())).collect();
    }
    row[0]
}

#[test]
fn heights_are_pushed_as_scripts_write_numbers() {
    for (height, push) in [
        (0, "00"),
        (1, "51"),
        (16, "60"),
        (17, "0111"),
        (102, "0166"),
        (127, "017f"),
        (128, "028000"),
        (203, "02cb00"),
        (32_767, "02ff7f"),
        (32_768, "03008000"),
        // The first block with a height, and one of 2026.
        (227_836, "03fc7903"),
        (930_000, "03d0300e"),
        (8_388_608, "0400008000"),
    ] {
        assert_eq!(hex::encode(height_push(height)), push, "{height}");
    }
}

#[test]
fn the_header_commits_to_coinbase_and_all_transactions() {
    for transactions in 0..9 {
        for split in [Split::WIDE, Split::NARROW] {
            let answer = answer(transactions);
            let (block, coinbase) = block(&answer, split);
            assert_eq!(block.height, 102);
            let header = &block.body[..80];
            let mut hash = double(header);
            hash.reverse();
            assert_eq!(block.hash, hex::encode(hash));
            // The hash of the block before is written last byte first.
            assert_eq!((header[4], header[35]), (0xaa, 0));
            let mut leaves = vec![double(&coinbase)];
            leaves.extend((1..=transactions as u8).map(|number| [number; 32]));
            assert_eq!(header[36..68], merkle_root(leaves));
            let expected = 80 + 1 + coinbase.len() + 70 * transactions;
            assert_eq!(block.body.len(), expected);
            assert_eq!(usize::from(block.body[80]), transactions + 1);
            assert_eq!(paid_to(&block.body, &SCRIPT), Some(2_500_000_000));
            assert_eq!(paid_to(&block.body, &SCRIPT[1..]), Some(0));
        }
    }
}

#[test]
fn with_segwit_the_coinbase_commits_and_has_its_witness_in_the_block_alone() {
    let answer = TemplateAnswer {
        default_witness_commitment: Some(commitment()),
        ..answer(1)
    };
    let early = TemplateAnswer {
        rules: vec!["csv".into()],
        ..answer.clone()
    };
    let (early, coinbase) = block(&early, Split::WIDE);
    assert_eq!(early.body[81..81 + coinbase.len()], coinbase);
    let (block, coinbase) = block(&answer, Split::WIDE);
    // The id of the coinbase is computed without marker and witness.
    let leaves = vec![double(&coinbase), [1; 32]];
    assert_eq!(block.body[36..68], merkle_root(leaves));
    assert!(hex::encode(&coinbase).contains(&commitment()));
    let in_block = &block.body[81..block.body.len() - 70];
    assert_eq!(in_block.len(), coinbase.len() + 2 + 34);
    assert_eq!(in_block[..6], [2, 0, 0, 0, 0, 1], "version, marker, flag");
    let witness = &in_block[in_block.len() - 38..];
    assert_eq!(witness[..2], [1, 32], "one item of 32 bytes");
    assert_eq!(
        witness[2..],
        [0; 36],
        "the reserved value, and the lock time"
    );
    assert_eq!(paid_to(&block.body, &SCRIPT), Some(2_500_000_000));
}

#[test]
fn a_real_block_s_reward_is_read() {
    // Regtest block 203 of a real node, which pays 25 coins to a public key.
    let block = hex::decode(concat!(
        "00000020e41e2425e9c19121d4b840a6b44a874195f65d53e41cf9d60ff9173abbc9c90fef3a30c375e7c94444851956c9e4158a908d13",
        "f1f6210cd60a7b5efef38fc07dd60e036bffff7f20010000000102000000010000000000000000000000000000000000000000000000000000",
        "000000000000ffffffff0502cb000101ffffffff0100f9029500000000232103cb5337b9574d477ddc016db6bda4a163185ace687270790315",
        "d206083c5ad342ac00000000"
    ))
    .expect("hex");
    let script =
        hex::decode("2103cb5337b9574d477ddc016db6bda4a163185ace687270790315d206083c5ad342ac")
            .expect("hex");
    assert_eq!(paid_to(&block, &script), Some(2_500_000_000));
    for length in 0..block.len() - 5 {
        assert_eq!(paid_to(&block[..length], &script), None, "{length} bytes");
    }
}

#[test]
fn what_is_not_understood_is_not_mined_on() {
    type Change = fn(&mut TemplateAnswer);
    let changes: [(Change, &str); 6] = [
        (|a| a.rules = vec!["!signet".into()], "!signet"),
        (|a| a.previousblockhash = "00".into(), "previousblockhash"),
        (|a| a.bits = "x".into(), "bits"),
        (|a| a.transactions[0].data = "0".into(), "data"),
        (
            |a| {
                a.transactions[0].txid = None;
                a.transactions[0].hash = None;
            },
            "txid",
        ),
        (
            |a| drop(a.coinbaseaux.insert("flags".into(), "00".repeat(77))),
            "77 bytes",
        ),
    ];
    for (change, expected) in changes {
        let mut answer = answer(1);
        change(&mut answer);
        let error = work(&answer, &SCRIPT).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Older nodes name a transaction's id its hash.
    let mut old = answer(1);
    old.transactions[0].hash = old.transactions[0].txid.take();
    let branches = work(&old, &SCRIPT).expect("understood").merkle_branches;
    assert_eq!(branches, [Digest([1; 32])]);
}
