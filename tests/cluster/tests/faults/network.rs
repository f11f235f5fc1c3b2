//! The way from the pods to one manager is cut: packets are dropped, as by a
//! firewall, so that nobody is even refused.

use std::time::Duration;

use assay_cluster_tests::Tool;

use crate::Outcome;
use crate::trial::{PATIENCE, Trial};
use crate::workload::Workload;

/// The bridge of the pods.
const BRIDGE: &str = "cni0";

/// A way that is cut as long as this value is.
struct Cut(String);

impl Cut {
    fn to(port: u16) -> Outcome<Self> {
        let cut = Self(format!("assay_fault_{port}"));
        let table = &cut.0;
        let rules = format!(
            "table inet {table} {{
                chain input {{
                    type filter hook input priority -300;
                    iifname \"{BRIDGE}\" tcp dport {port} drop
                }}
            }}"
        );
        Tool::new("nft").run_with(&["-f", "-"], &rules)?;
        Ok(cut)
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        Tool::new("nft").answer(&["delete", "table", "inet", &self.0]).ok();
    }
}

/// The leader tries to deliver for a minute after the last step before it gives up and seals.
pub(crate) fn never_reachable(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(3);
    let _cut = Cut::to(trial.lane.settings.port)?;
    trial.begin(&workload)?;
    trial.phase("Finished", PATIENCE * 3)?;
    Ok(workload)
}

pub(crate) fn away_for_a_while(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload::seconds(14);
    trial.running(&workload)?;
    let cut = Cut::to(trial.lane.settings.port)?;
    std::thread::sleep(Duration::from_secs(10));
    drop(cut);
    Ok(workload)
}

/// Each line has fourteen bytes, and what the container itself logs is longer still.
pub(crate) fn container_log_rotated(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload { lines: 900_000, pause: "", more: "" };
    trial.begin(&workload)?;
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}
