//! The rules of the house, one test each.

use assay_tidy::source::Tree;
use assay_tidy::{
    Finding, Workspace, arrows, cargo, circles, generated, licences, names, purity, settle, sizes, words,
};

/// Every crate root under `src/` with the name of its room.
fn trees(workspace: &Workspace) -> Vec<(String, Tree)> {
    let rooms = workspace.rooms().expect("the manifests are readable");
    let roots = rooms.into_iter().flat_map(|room| room.roots.into_iter().map(move |root| (room.name.clone(), root)));
    roots.map(|(room, root)| (room, Tree::load(workspace, &root))).collect()
}

fn text(workspace: &Workspace, file: &str) -> String {
    workspace.text(file).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let rooms = Workspace::here().rooms().expect("the manifests are readable");
    settle("An arrow that the table does not know", arrows::check(&rooms, arrows::TABLE));
}

#[test]
fn the_runner_links_no_cluster_client_server_or_database() {
    let linked = cargo::linked(&Workspace::here(), Some("assay-runner")).unwrap_or_else(|error| panic!("{error}"));
    let way_out = "the runner is in every test pod and must stay small; use assay-api without its feature `crd`";
    settle("Linked into the runner", cargo::banned(&linked, "src/runner/Cargo.toml", cargo::NOT_IN_RUNNER, way_out));
}

#[test]
fn only_one_room_names_the_kubernetes_client() {
    let trees = trees(&Workspace::here());
    let others = trees.iter().filter(|(room, _)| room != purity::CLIENT_ROOM);
    settle("The Kubernetes client is named", others.flat_map(|(_, tree)| purity::clients(tree)).collect());
}

#[test]
fn pure_rooms_have_no_io_no_clock_and_no_async() {
    let trees = trees(&Workspace::here());
    let pure = trees.iter().filter(|(room, _)| purity::PURE.contains(&room.as_str()));
    settle("A pure room is not pure", pure.flat_map(|(_, tree)| purity::impure(tree)).collect());
}

#[test]
fn one_tls_provider_and_one_http_stack() {
    let linked = cargo::linked(&Workspace::here(), None).unwrap_or_else(|error| panic!("{error}"));
    let mut findings = cargo::banned(
        &linked,
        "Cargo.lock",
        cargo::NOWHERE,
        "the one TLS provider is rustls with aws-lc-rs; choose the features for it",
    );
    findings.extend(cargo::doubled(&linked, cargo::ONCE));
    settle("More than one provider or stack", findings);
}

#[test]
fn files_of_a_crate_make_no_circle() {
    let trees = trees(&Workspace::here());
    let mut findings: Vec<Finding> = trees.iter().flat_map(|(_, tree)| circles::check(tree)).collect();
    findings.extend(trees.into_iter().flat_map(|(_, tree)| tree.broken));
    settle("Files that need each other", findings);
}

#[test]
fn files_and_functions_are_short() {
    let workspace = Workspace::here();
    let files = [workspace.rust_files("src"), workspace.rust_files("tests")].concat();
    settle(
        "Too long to be read at once",
        files.iter().flat_map(|file| sizes::check(file, &text(&workspace, file))).collect(),
    );
}

#[test]
fn names_say_what_is_inside() {
    let workspace = Workspace::here();
    let files = [workspace.rust_files("src"), workspace.rust_files("tests")].concat();
    let trees: Vec<Tree> = trees(&workspace).into_iter().map(|(_, tree)| tree).collect();
    settle("A name that says nothing", names::check(&files, &trees));
}

#[test]
fn every_file_says_what_it_is_for() {
    let workspace = Workspace::here();
    let mut findings = Vec::new();
    for room in workspace.rooms().expect("the manifests are readable").iter().filter(|room| !room.lints) {
        let words =
            "does not switch the workspace's lints on, missing_docs among them; add `[lints]` with `workspace = true`";
        findings.push(Finding::new(format!("src/{}/Cargo.toml", room.name), words));
    }
    for file in workspace.rust_files("src") {
        let text = text(&workspace, &file);
        if !text.trim_start().starts_with("//!") {
            findings.push(Finding::at(&file, 1, "does not begin with a `//!` comment; say what the file is for"));
        }
    }
    settle("Not documented", findings);
}

#[test]
fn no_words_that_are_true_on_one_machine_only() {
    let workspace = Workspace::here();
    let files = workspace.tracked(words::PLACES).unwrap_or_else(|error| panic!("{error}"));
    let files = files.iter().filter(|file| !words::is_lock(file) && workspace.root.join(file).is_file());
    settle("Words of one machine", files.flat_map(|file| words::check(file, &text(&workspace, file))).collect());
}

#[test]
fn licences_ask_for_no_more_than_a_notice() {
    let packages = cargo::licensed(&Workspace::here()).unwrap_or_else(|error| panic!("{error}"));
    settle("Licences", licences::check(&packages, licences::ALLOWED));
}

#[test]
fn generated_files_are_up_to_date() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let findings = generated::check(&Workspace::here().root, generated::GENERATED, update);
    settle("Generated files fell behind", findings.expect("generated files are writable"));
}

#[test]
fn the_map_shows_every_room() {
    let workspace = Workspace::here();
    let Ok(map) = workspace.text("ARCHITECTURE.md") else {
        return settle(
            "The map",
            vec![Finding::new(
                "ARCHITECTURE.md",
                "is missing; it shows every room, what it is for and what it imports",
            )],
        );
    };
    let rooms = workspace.rooms().expect("the manifests are readable");
    let shown = |name: &str| map.contains(&format!("`{name}`")) || map.contains(&format!("src/{name}"));
    let missing = rooms.iter().filter(|room| !shown(&room.name));
    let words = |name: &str| format!("does not show the room `{name}`; say what it is for and what it imports");
    settle("The map", missing.map(|room| Finding::new("ARCHITECTURE.md", words(&room.name))).collect());
}
