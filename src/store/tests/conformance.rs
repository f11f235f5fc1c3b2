//! What every database and every place of artifacts must do alike.

use futures::future::BoxFuture;

use super::bucket::Bucket;
use super::postgres::Postgres;
use super::{House, artifacts, backup, follow, records, retention};
use crate::BlobsConfig;

type Case = (&'static str, fn(House) -> BoxFuture<'static, ()>);

/// Lists cases, and runs each on SQLite and a folder as a test of its own.
macro_rules! cases {
    ($list:ident, $here:ident: $($module:ident::$case:ident),* $(,)?) => {
        const $list: &[Case] = &[$((stringify!($case), |house| Box::pin($module::$case(house)))),*];

        mod $here {
            use super::super::House;

            $(
                #[tokio::test]
                async fn $case() {
                    super::$module::$case(House::new(|_| ()).await).await;
                }
            )*
        }
    };
}

cases!(RECORDS, records_in_sqlite:
    records::everything_is_there_after_reopening,
    records::an_older_progress_does_not_replace_a_newer_one,
    records::only_the_newest_begun_attempt_may_speak,
    records::executions_of_a_hook_are_counted_by_revision,
    records::lists_come_in_pages_newest_first,
    records::an_unknown_execution_cannot_be_concluded,
    records::one_process_owns_the_folder,
    records::commands_count_up_with_every_change,
    records::many_writers_of_one_execution_lose_nothing,
    follow::a_follower_gets_everything_until_the_outcome,
    follow::a_follower_goes_on_with_the_next_attempt,
    follow::a_conclusion_ends_a_run_that_never_spoke,
    retention::a_rule_names_what_is_old_or_too_much,
    retention::what_is_forgotten_is_gone,
    retention::what_a_crash_left_of_a_log_is_swept,
);

cases!(ARTIFACTS, artifacts_in_a_folder:
    artifacts::a_name_is_a_value_and_never_a_path,
    artifacts::concurrent_puts_of_one_name_leave_one_whole_file,
    artifacts::a_large_file_is_streamed_and_a_broken_one_leaves_nothing,
    artifacts::an_older_attempt_keeps_nothing_more,
    artifacts::a_thousand_small_ones_are_kept_and_swept,
    artifacts::a_part_of_a_blob_can_be_read,
    backup::a_copy_made_under_load_is_whole,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_in_postgres_and_artifacts_in_a_folder() {
    let Some(postgres) = Postgres::start() else { return };
    for (name, case) in RECORDS.iter().chain(ARTIFACTS) {
        println!("on PostgreSQL: {name}");
        let database = postgres.database(name).await;
        case(House::new(|config| config.database = database).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn artifacts_in_a_bucket() {
    let Some(bucket) = Bucket::start() else { return };
    for (number, (name, case)) in ARTIFACTS.iter().enumerate() {
        println!("in a bucket: {name}");
        let place = bucket.place(&format!("a b%/{number}"));
        case(House::new(|config| config.blobs = BlobsConfig::S3(place)).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_in_postgres_and_artifacts_in_a_bucket() {
    let (Some(postgres), Some(bucket)) = (Postgres::start(), Bucket::start()) else { return };
    let database = postgres.database("both").await;
    let house = House::new(|config| {
        config.database = database;
        config.blobs = BlobsConfig::S3(bucket.place(""));
    })
    .await;
    backup::a_copy_made_under_load_is_whole(house).await;
}
