//! The end-of-test summary of k6, in both of its shapes: as exported
//! (`--summary-export`) and as given to `handleSummary`.
//!
//! A threshold is a test; so is a check, which failed if it failed once.

use std::io::BufRead;

use super::collector::{Collector, case};
use super::error::ParseError;
use super::json::{Shape, Tree, is, read as read_json};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport};
use crate::outcome::Outcome;
use crate::text;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut summary = Summary { collector: Collector::new(limits) };
    read_json(reader, &mut summary)?;
    Ok(summary.collector.finish())
}

struct Summary<'l> {
    collector: Collector<'l>,
}

impl<'l> Shape<'l> for Summary<'l> {
    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn wants(&self, path: &[String]) -> bool {
        let check = path.first().is_some_and(|root| root == "root_group") && {
            let inside = path[1..].chunks(2).skip_while(|pair| is(pair, &["groups", "?"]));
            inside.map(|pair| is(pair, &["checks", "?"])).eq([true])
        };
        check || is(path, &["metrics", "?"])
    }

    fn take(&mut self, path: &[String], value: Tree) {
        match path {
            [_, metric] => self.metric(metric, &value),
            _ => self.check(&value),
        }
    }
}

impl Summary<'_> {
    fn metric(&mut self, name: &str, metric: &Tree) {
        let thresholds = metric.get("thresholds").members();
        let values = if thresholds.is_empty() { String::new() } else { measured(metric) };
        for (condition, state) in thresholds {
            // The export says whether it was crossed, the other one whether it held.
            let held = match state {
                Tree::Bool(crossed) => !crossed,
                state => state.get("ok").is_true(),
            };
            let outcome = if held { Outcome::Passed } else { Outcome::Failed };
            let name = text::line(&format!("{name}: {condition}"), limits::NAME);
            let message = (!held).then(|| values.clone());
            self.collector.add(Case { message, ..case("thresholds", name, outcome) });
        }
    }

    fn check(&mut self, check: &Tree) {
        let count = |name| check.get(name).count().unwrap_or(0);
        let (passes, fails) = (count("passes"), count("fails"));
        let outcome = match (passes, fails) {
            (0, 0) => Outcome::Skipped,
            (_, 0) => Outcome::Passed,
            _ => Outcome::Failed,
        };
        // `::group::inner::check`
        let name = check.get("name").line();
        let path = check.get("path").text();
        let group = path.rsplit_once("::").map_or("", |(group, _)| group.trim_start_matches("::")).replace("::", " > ");
        let class = text::line(&group, limits::NAME);
        let message = (fails > 0).then(|| format!("failed {fails} of {} times", u64::from(passes) + u64::from(fails)));
        self.collector.add(Case { class, message, ..case("checks", name, outcome) });
    }
}

/// The values of a metric in one line.
fn measured(metric: &Tree) -> String {
    let values = match metric.get("values") {
        Tree::Null => metric,
        values => values,
    };
    let values = values.members().iter().filter_map(|(name, value)| Some(format!("{name}={}", value.number()?)));
    let values = values.collect::<Vec<_>>().join(" ");
    text::line(&values, limits::MESSAGE).unwrap_or_else(|| "the threshold was crossed".to_owned())
}
