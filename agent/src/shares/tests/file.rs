//! The file by itself.

use super::*;
use std::fs;

#[tokio::test]
async fn what_was_written_is_there_after_a_process_that_just_stopped() {
    let folder = Folder::new();
    let receipts = folder.open().await;
    assert!(
        receipts
            .record_pending(&new_receipt(1))
            .await
            .expect("written")
    );
    assert!(
        receipts
            .record_pending(&new_receipt(2))
            .await
            .expect("written")
    );
    let settled = receipts.settle(digest(2), State::Stale, Some("its job was replaced"));
    assert!(settled.await.expect("written"));
    // Nothing is closed: the file is copied as a killed process would leave it, log and all.
    let copy = Folder::new();
    for name in ["receipts.sqlite", "receipts.sqlite-wal"] {
        fs::copy(folder.0.path().join(name), copy.0.path().join(name)).expect("copied");
    }

    let again = copy.open().await;
    assert_eq!(again.begun_at(), receipts.begun_at());
    let all = again.totals().borrow().all;
    assert_eq!((all.pending, all.stale), (1, 1));
    let receipt = again
        .find(digest(1))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(receipt.state, State::Pending);
    assert_eq!(
        (receipt.nonce, receipt.extranonce2, receipt.work),
        (u32::MAX, u64::MAX, 50)
    );
    assert_eq!(
        (receipt.source.as_str(), receipt.job_id.as_str()),
        (SOURCE, "j1")
    );
    assert_eq!(receipt.digest, String::from(digest(1)));
    let stale = again
        .find(digest(2))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(stale.reason.as_deref(), Some("its job was replaced"));
    assert!(stale.settled_at.is_some() && receipt.settled_at.is_none());
}

#[tokio::test]
async fn a_share_is_written_once_and_settled_once() {
    let folder = Folder::new();
    let receipts = folder.open().await;
    assert!(
        receipts
            .record_pending(&new_receipt(1))
            .await
            .expect("written")
    );
    assert!(
        !receipts
            .record_pending(&new_receipt(1))
            .await
            .expect("known")
    );
    assert!(
        receipts
            .settle(digest(1), State::Accepted, None)
            .await
            .expect("written")
    );
    let late = receipts.settle(digest(1), State::Rejected, Some("late"));
    assert!(!late.await.expect("left alone"));
    assert!(
        !receipts
            .settle(digest(9), State::Lost, None)
            .await
            .expect("not there")
    );
    assert_eq!(state_of(&receipts, 1).await, State::Accepted);
    let totals = *receipts.totals().borrow();
    let expected = ShareCounts {
        accepted: 1,
        ..ShareCounts::default()
    };
    assert_eq!((totals.all, totals.session), (expected, expected));
}

#[tokio::test]
async fn lists_go_back_page_by_page() {
    let folder = Folder::new();
    let receipts = folder.open().await;
    for number in 1..=5 {
        receipts
            .record_pending(&new_receipt(number))
            .await
            .expect("written");
    }
    receipts
        .settle(digest(2), State::Accepted, None)
        .await
        .expect("written");
    let numbers = async |query: ListQuery| -> Vec<i64> {
        let page = receipts.list(query).await.expect("readable");
        page.iter().map(|receipt| receipt.id).collect()
    };
    let mut query = ListQuery {
        limit: 2,
        ..ListQuery::default()
    };
    assert_eq!(numbers(query).await, [5, 4]);
    query.before = Some(4);
    assert_eq!(numbers(query).await, [3, 2]);
    query.state = Some(State::Pending);
    assert_eq!(numbers(query).await, [3, 1]);
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_as_it_is() {
    let folder = Folder::new();
    let receipts = folder.open().await;
    for number in 0..200 {
        receipts
            .record_pending(&new_receipt(number))
            .await
            .expect("written");
    }
    receipts.close().await;
    let sound = fs::read(folder.file()).expect("readable");
    let mut torn = sound.clone();
    let middle = torn.len() / 2;
    torn[middle..].fill(0x5a);
    for damaged in [b"this is no database, and never was one".repeat(200), torn] {
        fs::write(folder.file(), &damaged).expect("written");
        let error = Receipts::open(&folder.file()).await.expect_err("damaged");
        assert!(matches!(error, ReceiptsError::Damaged { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&folder.file().display().to_string()));
        assert!(
            text.contains(".damaged") && text.contains("Move it aside"),
            "{text}"
        );
        assert_eq!(fs::read(folder.file()).expect("readable"), damaged);
    }
    fs::write(folder.file(), &sound).expect("written");
    assert_eq!(folder.open().await.totals().borrow().all.pending, 200);
}

#[tokio::test]
async fn a_file_of_a_newer_version_and_a_place_that_cannot_be_written_are_told_apart() {
    let folder = Folder::new();
    let receipts = folder.open().await;
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)")
        .execute(&receipts.pool)
        .await
        .expect("written");
    receipts.close().await;
    let newer = Receipts::open(&folder.file()).await.expect_err("newer");
    assert!(matches!(newer, ReceiptsError::Newer { .. }), "{newer}");

    let nowhere = folder.0.path().join("not-there").join("receipts.sqlite");
    let error = Receipts::open(&nowhere).await.expect_err("no folder");
    assert!(matches!(error, ReceiptsError::Open { .. }), "{error}");
    assert!(error.to_string().contains("not-there"));
}
