//! Which room may import which. The table is that of ARCHITECTURE.md.

use crate::finding::Finding;
use crate::workspace::Room;

/// A room and the rooms it may import.
pub type Row = (&'static str, &'static [&'static str]);

/// The allowed arrows, lowest rooms first.
pub const TABLE: &[Row] = &[
    ("api", &[]),
    ("expr", &[]),
    ("report", &[]),
    ("telemetry", &[]),
    ("protocol", &["api", "report"]),
    ("plan", &["api", "expr", "protocol"]),
    ("lifecycle", &["api", "report", "protocol", "plan"]),
    ("gitops", &["api", "report"]),
    ("cluster", &["api", "telemetry"]),
    ("store", &["api", "protocol", "report", "telemetry"]),
    ("git", &["api", "gitops", "telemetry"]),
    ("notify", &["api", "report", "telemetry"]),
    // Of `api` the runner links only the words; `purity` checks that no client comes along.
    ("runner", &["api", "expr", "protocol", "report", "telemetry"]),
    (
        "operator",
        &["lifecycle", "gitops", "plan", "cluster", "store", "git", "notify", "api", "protocol", "report", "telemetry"],
    ),
    ("server", &["api", "protocol", "report", "plan", "gitops", "cluster", "store", "telemetry"]),
    // The command line reaches everything through the user's own kubeconfig.
    ("ctl", &["api", "expr", "protocol", "report", "plan", "gitops", "cluster", "telemetry"]),
    // The roof composes: it hands policies to the operator and the server's address to both.
    (
        "manager",
        &["operator", "server", "lifecycle", "gitops", "protocol", "api", "cluster", "store", "git", "telemetry"],
    ),
];

/// Every arrow that the table does not know, and every room.
#[must_use]
pub fn check(rooms: &[Room], table: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for room in rooms {
        let place = format!("src/{}/Cargo.toml", room.name);
        if room.package != format!("assay-{}", room.name) {
            findings.push(Finding::new(
                &place,
                format!("the package is named {}; name it assay-{}", room.package, room.name),
            ));
        }
        let Some((_, allowed)) = table.iter().find(|(name, _)| *name == room.name) else {
            let words = "this room is not in the table; add it to ARCHITECTURE.md and to tests/tidy/arrows.rs, or put its code into a room that is";
            findings.push(Finding::new(&place, words));
            continue;
        };
        let is_room =
            |name: &str| table.iter().any(|(known, _)| *known == name) || rooms.iter().any(|known| known.name == name);
        let rooms_of = |packages: &[String]| -> Vec<String> {
            packages
                .iter()
                .filter_map(|package| package.strip_prefix("assay-"))
                .filter(|name| is_room(name))
                .map(str::to_owned)
                .collect()
        };
        for (list, what) in [(&room.dependencies, "imports"), (&room.dev_dependencies, "tests with")] {
            for other in rooms_of(list) {
                if !allowed.contains(&other.as_str()) {
                    let may = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
                    let words = format!(
                        "{} {what} {other} but may import only {may}; move what it needs to a room below both",
                        room.name
                    );
                    findings.push(Finding::new(&place, words));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str, dependencies: &[&str], dev: &[&str]) -> Room {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Room {
            name: name.to_owned(),
            package: format!("assay-{name}"),
            dependencies: own(dependencies),
            dev_dependencies: own(dev),
            ..Room::default()
        }
    }

    #[test]
    fn the_table_has_no_circle_and_no_unknown_room() {
        for (at, (name, allowed)) in TABLE.iter().enumerate() {
            for other in *allowed {
                let below = TABLE[..at].iter().any(|(known, _)| known == other);
                assert!(below, "{name} -> {other} does not point down");
            }
        }
    }

    #[test]
    fn arrows_that_point_up_or_aside_are_found() {
        let rooms = [
            room("api", &["serde"], &["assay-kit"]),
            room("plan", &["assay-api", "assay-store"], &[]),
            room("store", &["assay-report"], &["assay-server"]),
            room("server", &["assay-operator"], &[]),
            room("cellar", &["assay-api"], &[]),
        ];
        let found: Vec<String> = check(&rooms, TABLE).iter().map(ToString::to_string).collect();
        let starts = [
            "src/plan/Cargo.toml: plan imports store but",
            "src/store/Cargo.toml: store tests with server but",
            "src/server/Cargo.toml: server imports operator but",
            "src/cellar/Cargo.toml: this room is not in the table",
        ];
        assert_eq!(found.len(), starts.len(), "{found:?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}");
        }
    }
}
