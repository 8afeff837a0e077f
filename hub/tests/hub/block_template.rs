//! Block templates as a real node (monerod 0.18, regtest) gave them, and what it made of them.

use idlewatt_hub::upstream::block_template::{BlockTemplate, BlockTemplateError, TemplateAnswer};

const EMPTY: &str = include_str!("../data/block-template-empty.json");
const FOUR: &str = include_str!("../data/block-template-four-transactions.json");

pub fn answer(text: &str) -> TemplateAnswer {
    serde_json::from_str(text).expect("a template")
}

#[test]
fn the_node_s_hashing_blobs_are_reproduced() {
    for text in [EMPTY, FOUR] {
        let answer = answer(text);
        let template = BlockTemplate::read(&answer).expect("understood");
        let blob = template.hashing_blob([0; 8], [0; 4]);
        assert_eq!(hex::encode(&blob), answer.blockhashing_blob);
        assert_eq!(template.height(), answer.height);
        assert_eq!(hex::encode(template.seed()), answer.seed_hash);
        assert_eq!(hex::encode(template.previous()), answer.prev_hash);
        assert_ne!(template.hashing_blob([1; 8], [0; 4]), blob);
    }
}

/// This very block was submitted to the node, which then named it so at its height.
#[test]
fn a_block_has_the_id_that_the_node_gave_it() {
    let template = BlockTemplate::read(&answer(FOUR)).expect("understood");
    let solved = template.solved([1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12]);
    assert_eq!(
        solved.hash,
        "5321cdd77a886ae898a05dc39825402364df62ba1c1aad726a444a4ebd315ca0"
    );
    assert_eq!(solved.height, 91);
    assert_eq!(solved.body[39..43], [9, 10, 11, 12]);
}

#[test]
fn templates_that_are_not_understood_are_refused_with_the_reason() {
    let good = answer(FOUR);
    type Spoil = fn(&mut TemplateAnswer);
    let spoilt: [(Spoil, &str); 9] = [
        (
            |t| t.blocktemplate_blob = "xyz".into(),
            "blocktemplate_blob",
        ),
        (|t| t.blocktemplate_blob = String::new(), "major version"),
        (|t| t.blocktemplate_blob.truncate(500), "transaction hashes"),
        (|t| t.blocktemplate_blob.push_str("00"), "trailing part"),
        (|t| t.seed_hash = "00".into(), "seed_hash"),
        (|t| t.height += 1, "input height"),
        (|t| t.reserved_offset = 1, "reserved space"),
        (|t| t.reserved_offset = usize::MAX, "reserved space"),
        (
            |t| t.blockhashing_blob.replace_range(..2, "11"),
            "hashing blob",
        ),
    ];
    for (spoil, words) in spoilt {
        let mut template = good.clone();
        spoil(&mut template);
        let error = BlockTemplate::read(&template).expect_err(words);
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}

/// Cutting a template anywhere, or spoiling any byte of it, is noticed and never panics.
#[test]
fn no_damage_goes_unnoticed() {
    let good = answer(FOUR);
    let block = hex::decode(&good.blocktemplate_blob).expect("hex");
    for place in 0..block.len() {
        let mut cut = good.clone();
        cut.blocktemplate_blob = hex::encode(&block[..place]);
        BlockTemplate::read(&cut).expect_err("too short");
        for damage in [0x01, 0x80, 0xff] {
            let mut spoilt = block.clone();
            spoilt[place] ^= damage;
            let mut template = good.clone();
            template.blocktemplate_blob = hex::encode(&spoilt);
            let error = BlockTemplate::read(&template).expect_err("spoilt");
            assert!(!matches!(error, BlockTemplateError::Hex(_)));
        }
    }
}
