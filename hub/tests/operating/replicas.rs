//! Two hubs on one PostgreSQL server.

use idlewatt_test_postgres::PostgresServer;

use crate::hub::{Hub, run, wait_for};
use crate::miner::Miner;

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_share_one_server_and_one_goes_on_when_the_other_is_killed() {
    let server = PostgresServer::shared();
    let address = server.database();
    let database = address.rsplit('/').next().expect("a name");
    let query = |sql: &str| server.execute(database, sql);
    let arguments = ["--database", &address];
    let mut first = Hub::start(&arguments).await;
    let second = Hub::start(&arguments).await;
    let one = first.enrol().await;
    let other = second.enrol().await;

    // Each device works at the hub that did not enrol it.
    let at_second = Miner::start(&second.listening.stratum, &one.user, &one.token);
    let at_first = Miner::start(&first.listening.stratum, &other.user, &other.token);
    for miner in [&at_first, &at_second] {
        wait_for("shares at both hubs", async || {
            (miner.work().accepted >= 5).then_some(())
        })
        .await;
    }
    let (of_first, of_second) = (at_first.work(), at_second.work());
    assert!(of_first.refused.is_empty() && of_second.refused.is_empty());
    assert!(
        of_first.coinbases.is_disjoint(&of_second.coinbases),
        "nobody hashes what the other does"
    );
    let number = |work: &crate::miner::Work| work.extranonces.first().expect("one")[0].to_string();
    let (first_number, second_number) = (number(&of_first), number(&of_second));
    assert_ne!(first_number, second_number);
    let known = query("SELECT number FROM replicas");
    assert!(
        known.lines().any(|line| line == first_number)
            && known.lines().any(|line| line == second_number)
    );

    // Killed while it settles, as far as anybody can tell.
    first.process.kill().await.expect("killed");
    wait_for("its miner to notice", async || {
        at_first.ended().then_some(())
    })
    .await;
    query(&format!(
        "UPDATE tasks SET claimed_by = {first_number}, due_at = 0, \
         claimed_until = extract(epoch FROM clock_timestamp()) * 1000 + 15000 WHERE name = 'settle'"
    ));
    let before = at_second.work().accepted;
    wait_for("shares after its death", async || {
        (at_second.work().accepted > before + 5).then_some(())
    })
    .await;
    drop(at_second);
    wait_for("the other hub to settle", async || {
        (query("SELECT count(*) FROM batches WHERE settlement IS NULL") == "0").then_some(())
    })
    .await;
    assert_ne!(
        query("SELECT claimed_by FROM tasks WHERE name = 'settle'"),
        first_number
    );

    // Once more the other way round: a new hub beside the second, which ends in good order.
    let third = Hub::start(&arguments).await;
    let moved = Miner::start(&third.listening.stratum, &other.user, &other.token);
    wait_for("shares at the new hub", async || {
        (moved.work().accepted >= 2).then_some(())
    })
    .await;
    let (_, status) = second.terminate().await;
    assert!(status.success(), "{status}");
    let numbers = query("SELECT number FROM replicas");
    assert!(
        !numbers.lines().any(|line| line == second_number),
        "it gave its number back"
    );
    let moved_work = moved.work();
    drop(moved);
    let (folder, status) = third.terminate().await;
    assert!(status.success(), "{status}");
    let accepted = of_first.accepted + moved_work.accepted;
    let credited = query("SELECT count(*) FROM shares");
    assert!(credited.parse::<u64>().expect("a number") >= accepted + before);
    let (adds_up, said) = run(folder.path(), &["audit", "--database", &address]).await;
    assert!(
        adds_up && said.contains(&format!("{credited} shares")),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_lost_its_number_sends_its_miners_away_and_gets_another() {
    let server = PostgresServer::shared();
    let address = server.database();
    let database = address.rsplit('/').next().expect("a name");
    let hub = Hub::start(&["--database", &address]).await;
    let device = hub.enrol().await;
    let miner = Miner::start(&hub.listening.stratum, &device.user, &device.token);
    wait_for("a share", async || {
        (miner.work().accepted > 0).then_some(())
    })
    .await;
    let old = miner.work().extranonces.first().expect("one")[0];
    server.execute(database, "UPDATE replicas SET name = 'another'");
    wait_for("the miner to be sent away", async || {
        miner.ended().then_some(())
    })
    .await;
    let again = wait_for("work under another number", async || {
        let miner = Miner::start(&hub.listening.stratum, &device.user, &device.token);
        wait_for("an answer", async || {
            (miner.work().accepted > 0 || miner.ended()).then_some(())
        })
        .await;
        (miner.work().accepted > 0).then_some(miner)
    })
    .await;
    assert_ne!(again.work().extranonces.first().expect("one")[0], old);
}
