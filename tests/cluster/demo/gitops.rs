//! The second story: a bad commit is tested, seen by Argo CD, and taken back in Git.

use std::time::Instant;

use assay_cluster_tests::{App, Behaviour, Engine, Live, Place, Plan, Round, World, cluster_forge, teach_argocd};

use crate::Outcome;
use crate::show::{heading, timed, typed};

/// Prefix of the namespace, which is also that of the repository.
const PREFIX: &str = "demo-gitops";

/// Tells the story in a namespace and a repository of its own, which are gone afterwards.
pub fn gitops(place: &'static Place) -> Outcome {
    let started = Instant::now();
    let forge = cluster_forge(place)?;
    let world = timed("prepare a repository, a namespace and a grant", || {
        teach_argocd(place)?;
        World::open(place, &forge, PREFIX, Plan::new(Engine::Argo))
    })?;
    Live::shared(place).narrate(world.name());
    let told = tell(place, &world);
    Live::shared(place).hush();
    if told.is_err() {
        anstream::eprintln!("{}", world.autopsy());
    }
    told?;
    anstream::println!("\n  the whole story: {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn tell(place: &'static Place, world: &World) -> Outcome {
    heading("1. A good commit: delivered, tested, green");
    anstream::println!("  {} holds a service, its tests and a gate", world.repository().url());
    world.begin()?;

    heading("2. A bad commit: the price is wrong");
    let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
    let repository = world.repository();
    let changes = ["--no-pager", "show", "--stat=100", "--format=%h %an: %s", &bad];
    typed(repository.tool(), "git", &changes)?;

    heading("3. It is tested where it runs, the failure is confirmed, and the path is restored");
    let round = Round::follow(world, App::Web, &bad)?;

    heading("4. What Argo CD and kubectl show");
    let kubectl = place.kubectl();
    let delivery = world.delivery_name(App::Web);
    typed(&kubectl, "kubectl", &["-n", "argocd", "get", "application", &delivery])?;
    typed(&kubectl, "kubectl", &["-n", world.name(), "get", "testgates,rollbacks,testexecutions"])?;

    heading("5. The record of the decision, every guard of it");
    let record = round.record.text("/metadata/name");
    typed(&place.assay(), "assay", &["-n", world.name(), "rollback", "explain", record])?;

    heading("6. What is in Git now");
    repository.pull()?;
    typed(repository.tool(), "git", &["--no-pager", "log", "--graph", "--format=%h  %an  %s", "main"])?;
    typed(repository.tool(), "git", &["--no-pager", "show", "-s", "--format=%B", &round.revert])?;
    for (commit, what) in [(&bad, "the bad commit"), (&round.revert, "the revert")] {
        for (context, state) in repository.forge().statuses(repository.name(), commit)?.iter().take(1) {
            anstream::println!("  {what} {}: {context} is {state}", &commit[..7]);
        }
    }

    heading("7. How long it took, from the moment the bad revision was deployed");
    for (what, seconds) in round.figures() {
        anstream::println!("  {what:<16} {seconds:>6.2} s");
    }
    links(world, &round);
    Ok(())
}

fn links(world: &World, round: &Round) {
    heading("Where the links lead");
    let page = world.repository().url();
    let page = page.trim_end_matches(".git");
    anstream::println!("  the revert       {page}/commit/{}", round.revert);
    anstream::println!("  the commits      {page}/commits/branch/main");
    anstream::println!(
        "  the record       kubectl -n {} describe rollback {}",
        world.name(),
        round.record.text("/metadata/name")
    );
    anstream::println!("  the gate         kubectl -n {} describe testgate web", world.name());
    if std::env::var_os("ASSAY_KEEP_NAMESPACES").is_none() {
        anstream::println!("  (all of it is removed now; with ASSAY_KEEP_NAMESPACES=1 it stays)");
    }
}
