//! A small world: a branch, a forge, a delivery, a gate, people, crashes. Whatever happens in whichever order,
//! the revert is on the branch at most once, nothing is written that is not in the record, nothing happens
//! after the end, and there is an end.

use proptest::prelude::*;

use super::conditions::assert_kstatus;
use super::*;
use crate::repository::GitTrouble;

/// A commit on the branch.
#[derive(Clone, Debug)]
struct Commit {
    id: String,
    tree: String,
    ours: bool,
}

/// Where the operator dies, counted in outside calls of one look: before the call, or after it.
type Crash = Option<(u8, bool)>;

#[derive(Clone, Debug)]
enum Happening {
    Wait(u16),
    Look(Crash),
    Server(bool),
    Acknowledges(bool),
    Protects(bool),
    Pause(bool),
    Commit { touches: bool },
    Merge,
    Close,
    Deploy,
    Judge(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let crash = prop_oneof![3 => Just(None), 1 => (0..6_u8, any::<bool>()).prop_map(Some)];
    prop_oneof![
        2 => (1..400_u16).prop_map(Happening::Wait),
        6 => crash.prop_map(Happening::Look),
        1 => any::<bool>().prop_map(Happening::Server),
        1 => any::<bool>().prop_map(Happening::Acknowledges),
        1 => any::<bool>().prop_map(Happening::Protects),
        1 => any::<bool>().prop_map(Happening::Pause),
        1 => any::<bool>().prop_map(|touches| Happening::Commit { touches }),
        1 => Just(Happening::Merge),
        1 => Just(Happening::Close),
        2 => Just(Happening::Deploy),
        2 => any::<bool>().prop_map(Happening::Judge),
    ]
}

#[derive(Clone, Debug)]
struct World {
    now: i64,
    spec: RollbackSpec,
    status: RollbackStatus,
    branch: Vec<Commit>,
    pull_branch: Option<Commit>,
    pull: Option<PullRequestState>,
    up: bool,
    acknowledges: bool,
    protected: bool,
    paused: bool,
    attempted: String,
    current: Judgement,
    /// Pushes to the branch that arrived.
    arrived: usize,
}

impl World {
    fn new(mode: RollbackMode, falls_back: bool) -> Self {
        let mut spec = spec();
        spec.policy.mode = mode;
        spec.policy.pull_request_if_refused = falls_back;
        let commit = |id: &str| Commit { id: id.to_owned(), tree: format!("tree-of-{id}"), ours: false };
        Self {
            now: 1,
            spec,
            status: RollbackStatus::default(),
            branch: vec![commit("good000"), commit("bad0000")],
            pull_branch: None,
            pull: None,
            up: true,
            acknowledges: true,
            protected: false,
            paused: false,
            attempted: "bad0000".to_owned(),
            current: judged("bad0000", Verdict::Failed, 0),
            arrived: 0,
        }
    }

    fn tip(&self) -> &Commit {
        self.branch.last().expect("a branch has a first commit")
    }

    fn find(&self, id: &str) -> Option<&Commit> {
        self.branch.iter().find(|commit| commit.id == id)
    }

    fn git(&self) -> Result<GitFacts, GitTrouble> {
        if !self.up {
            return Err(GitTrouble::Unavailable("down".to_owned()));
        }
        Ok(GitFacts {
            tip: self.tip().id.clone(),
            done: self.branch.iter().find(|commit| commit.ours).map(|commit| commit.id.clone()),
            deployed_tree: self.find(&self.attempted).map(|commit| commit.tree.clone()),
            pull_request_branch: self.pull_branch.as_ref().map(|commit| commit.id.clone()),
            ..git()
        })
    }

    fn evidence(&self) -> Evidence {
        let mut evidence = super::evidence();
        evidence.spec = self.spec.clone();
        evidence.status = self.status.clone();
        evidence.git = self.git();
        evidence.delivery.as_mut().unwrap().attempted = Some(self.attempted.clone());
        evidence.gate.as_mut().unwrap().current = Some(self.current.clone());
        evidence
    }

    /// Guards in miniature: those that this world can make say no.
    fn findings(&self) -> Vec<Finding> {
        if !self.up {
            let mut all = findings(&[(Guard::RepositoryReadable, Answer::Hold)]);
            all.iter_mut().filter(|one| one.answer == Answer::Pass).for_each(|one| one.answer = Answer::Skipped);
            return all;
        }
        let touched = self.tip().tree != "tree-of-bad0000";
        let done = self.branch.iter().any(|commit| commit.ours);
        let old = self.now >= 20 * 60;
        let answers = [
            (Guard::NothingNewer, touched, Answer::Refuse),
            (Guard::NotDoneBefore, done, Answer::Refuse),
            (Guard::FreshFailure, old, Answer::Refuse),
            (Guard::NotPaused, self.paused, Answer::Hold),
        ];
        let said: Vec<_> =
            answers.iter().filter(|(_, says, _)| *says).map(|(guard, _, answer)| (*guard, *answer)).collect();
        findings(&said)
    }

    fn context(&self) -> RollbackContext {
        let pull_request = self.pull.clone().filter(|_| self.up);
        RollbackContext { findings: self.findings(), pull_request, ..RollbackContext::default() }
    }

    /// One look, as the operator does it: decide, write, act, decide again.
    fn look(&mut self, crash: Crash) {
        let mut calls = 0..;
        let dies = |after: bool, call: u8| crash == Some((call, after));
        let mut context = self.context();
        for turn in 0..12 {
            assert!(turn < 11, "a look comes to an end: {:?}", self.status);
            let ended = self.status.phase.is_final();
            let before = self.status.clone();
            let decision = decide_rollback(&self.evidence(), &context, at(self.now));
            assert!(!ended || decision.actions.is_empty(), "nothing is done after the end");
            let call = calls.next().unwrap_or(u8::MAX);
            if dies(false, call) {
                return;
            }
            self.status = fold_rollback(&before, &decision, 1, at(self.now));
            assert_kstatus(&self.status);
            assert!(!ended || self.status == before, "the end is the end");
            if dies(true, call) {
                return;
            }
            context = self.context();
            let mut again = self.status.phase != before.phase || self.status.commit != before.commit;
            for action in decision.actions {
                let call = calls.next().unwrap_or(u8::MAX);
                if dies(false, call) {
                    return;
                }
                again |= self.act(action, &mut context);
                if dies(true, call) {
                    return;
                }
            }
            let due = decision.wake.is_some_and(|wake| wake <= at(self.now));
            if self.status.phase.is_final() || !(again || due) {
                return;
            }
        }
    }

    /// Whether something was learned that the next decision needs.
    fn act(&mut self, action: RollbackAction, context: &mut RollbackContext) -> bool {
        match action {
            RollbackAction::Plan(request) => {
                let id = format!("rev-{}-{}", request.parent, request.date.as_second());
                let commit =
                    RevertCommit { id, parent: request.parent.clone(), branch: request.branch.clone(), ..commit() };
                let outcome =
                    if self.up { PlanOutcome::Commit(commit) } else { PlanOutcome::Unavailable("down".to_owned()) };
                context.planned = Some(PlannedCommit { request, outcome });
            }
            RollbackAction::Push => context.pushed = Some(self.push()),
            RollbackAction::OpenPullRequest => {
                assert!(self.pull_branch.is_some(), "the branch comes first");
                context.opened = Some(if self.up {
                    self.pull.get_or_insert(PullRequestState::Open);
                    OpenOutcome::Opened(pull_request())
                } else {
                    OpenOutcome::Unavailable("down".to_owned())
                });
            }
            RollbackAction::Refresh | RollbackAction::Unblock(_) | RollbackAction::Comment(_) => return false,
        }
        true
    }

    fn push(&mut self) -> PushOutcome {
        assert_eq!(self.status.phase, RollbackPhase::Committing, "the intention is recorded before the push");
        let commit = self.status.commit.clone().expect("it is recorded");
        if !self.up {
            return PushOutcome::Unavailable("down".to_owned());
        }
        let new = Commit { id: commit.id, tree: "tree-of-good000".to_owned(), ours: true };
        if commit.branch != "main" {
            if self.pull_branch.as_ref().is_some_and(|known| known.id != new.id) {
                return PushOutcome::Moved;
            }
            self.pull_branch = Some(new);
        } else if self.protected {
            return PushOutcome::Refused("protected".to_owned());
        } else if self.tip().id == commit.parent {
            assert!(!self.paused, "nothing is pushed while it is paused");
            self.arrived += 1;
            self.branch.push(new);
        } else {
            return PushOutcome::Moved;
        }
        if self.acknowledges { PushOutcome::Done } else { PushOutcome::Unavailable("no answer".to_owned()) }
    }

    fn happens(&mut self, what: &Happening) {
        match what {
            Happening::Wait(seconds) => self.now += i64::from(*seconds),
            Happening::Look(crash) => self.look(*crash),
            Happening::Server(up) => self.up = *up,
            Happening::Acknowledges(acknowledges) => self.acknowledges = *acknowledges,
            Happening::Protects(protected) => self.protected = *protected,
            Happening::Pause(paused) => self.paused = *paused,
            Happening::Commit { touches } => {
                let id = format!("human{}", self.branch.len());
                let tree = if *touches { format!("tree-of-{id}") } else { self.tip().tree.clone() };
                self.branch.push(Commit { id, tree, ours: false });
            }
            Happening::Merge => {
                if self.pull == Some(PullRequestState::Open)
                    && let Some(commit) = self.pull_branch.clone()
                {
                    self.pull = Some(PullRequestState::Merged(Some(commit.id.clone())));
                    self.branch.push(commit);
                }
            }
            Happening::Close => {
                if self.pull == Some(PullRequestState::Open) {
                    self.pull = Some(PullRequestState::Closed);
                }
            }
            Happening::Deploy => self.attempted = self.tip().id.clone(),
            Happening::Judge(green) => {
                let verdict = if *green { Verdict::Passed } else { Verdict::Failed };
                if self.attempted != "bad0000" {
                    let mut judgement = judged(&self.attempted, verdict, self.now);
                    judgement.revision.tree = self.find(&self.attempted).map(|commit| commit.tree.clone());
                    self.current = judgement;
                }
            }
        }
        let ours = self.branch.iter().filter(|commit| commit.ours).count();
        assert!(ours <= 1 && self.arrived <= 1, "the revert is on the branch {ours} times");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn whatever_happens_it_is_done_once_and_comes_to_an_end(
        mode in prop_oneof![
            1 => Just(RollbackMode::Observe), 2 => Just(RollbackMode::PullRequest), 5 => Just(RollbackMode::Push)
        ],
        falls_back: bool,
        happenings in prop::collection::vec(happening(), 0..40),
    ) {
        let mut world = World::new(mode, falls_back);
        for what in &happenings {
            let before = world.branch.len();
            world.happens(what);
            prop_assert!(mode == RollbackMode::Push || world.arrived == 0, "only mode Push pushes");
            prop_assert!(mode != RollbackMode::Observe || (world.branch.len() == before || !world.tip().ours));
        }
        // Everybody else falls silent; the record ends by its own deadlines. A server that stays away keeps
        // nothing open either.
        for wait in [60, 1200, 1200, 7 * 24 * 3600, 1200, 1200] {
            world.now += wait;
            world.happens(&Happening::Look(None));
        }
        prop_assert!(world.status.phase.is_final(), "it is still {}", world.status.phase);
    }

    #[test]
    fn left_alone_a_push_recovers_whatever_crashes(crashes in prop::collection::vec((0..6_u8, any::<bool>()), 0..12)) {
        let mut world = World::new(RollbackMode::Push, false);
        for crash in crashes {
            world.happens(&Happening::Look(Some(crash)));
            world.happens(&Happening::Wait(5));
        }
        for what in [Happening::Look(None), Happening::Deploy, Happening::Look(None), Happening::Judge(true), Happening::Look(None)] {
            world.happens(&what);
        }
        prop_assert_eq!(world.status.phase, RollbackPhase::Recovered);
        prop_assert_eq!(world.arrived, 1);
    }
}

#[test]
fn the_story_of_a_push() {
    let mut world = World::new(RollbackMode::Push, false);
    for what in
        [Happening::Look(None), Happening::Deploy, Happening::Look(None), Happening::Judge(true), Happening::Look(None)]
    {
        world.happens(&what);
    }
    let phases: Vec<_> = world.status.trail.iter().map(|entry| entry.phase.as_str()).collect();
    assert_eq!(phases, ["Evaluating", "Committing", "Deploying", "Verifying", "Recovered"]);
}

#[test]
fn the_story_of_a_protected_branch() {
    let mut world = World::new(RollbackMode::Push, true);
    world.protected = true;
    world.happens(&Happening::Look(None));
    assert_eq!(world.status.phase, RollbackPhase::PullRequestOpen);
    for what in
        [Happening::Merge, Happening::Look(None), Happening::Deploy, Happening::Judge(true), Happening::Look(None)]
    {
        world.happens(&what);
    }
    let phases: Vec<_> = world.status.trail.iter().map(|entry| entry.phase.as_str()).collect();
    let expected = ["Evaluating", "Committing", "PullRequestOpen", "Deploying", "Verifying", "Recovered"];
    assert_eq!(phases, expected);
}
