//! Every store of logs keeps the same contract.

use touchplate_testkit::contract::LOGS;

use crate::support::stores;

#[tokio::test(flavor = "multi_thread")]
async fn every_store_keeps_the_contract() {
    for (check, run) in LOGS {
        for (name, store, _folder) in stores().await {
            println!("{name}: {check}");
            run(store).await;
        }
    }
}
