//! What a runner hears of pauses, at once and while it waits.

use std::time::Duration;

use assay_protocol::ingest::Commands;

use super::{UID, house, progress};

fn paused() -> Commands {
    Commands { version: 0, pause: true, resume: Vec::new() }
}

#[tokio::test]
async fn the_answer_to_progress_carries_the_commands() {
    let house = house().await;
    let body = serde_json::to_vec(&progress(1, false)).expect("plain data");
    let none: Commands = house.put("/ingest/v1/progress", "runner", body.clone()).await.json();
    assert_eq!((none.version, none.pause), (0, false));
    house.store.set_commands(UID, &paused()).await.expect("kept");
    let some: Commands = house.put("/ingest/v1/progress", "runner", body).await.json();
    assert!(some.version > 0 && some.pause);
}

#[tokio::test]
async fn a_runner_that_waits_hears_of_a_change_and_of_nothing_else() {
    let house = house().await;
    let waiting = house.get("/ingest/v1/commands?known=0", "runner");
    tokio::pin!(waiting);
    tokio::select! {
        _ = &mut waiting => panic!("nothing has changed yet"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    house.store.set_commands(UID, &paused()).await.expect("kept");
    let told: Commands = waiting.await.json();
    assert!(told.pause);
    let at_once: Commands = house.get("/ingest/v1/commands?known=0", "runner").await.json();
    assert_eq!(at_once, told);
    house.get("/ingest/v1/commands?known=0", "stranger").await.problem(401);
}

#[tokio::test]
async fn nobody_waits_for_a_server_that_is_about_to_end() {
    let house = house().await;
    let waiting = house.get("/ingest/v1/commands?known=0", "runner");
    house.closing.send_replace(true);
    let told: Commands = waiting.await.json();
    assert_eq!(told.version, 0);
}
