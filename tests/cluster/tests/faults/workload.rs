//! What runs while something breaks: two steps in two images, lines that are
//! numbered through, a file and a test report.

/// Image of the first step.
pub(crate) const FIRST: &str = "localhost:5000/assay/busybox:dev";
/// Image of the second step.
pub(crate) const SECOND: &str = "localhost:5000/assay/curl:dev";
/// Lines that the second step prints after those of the first.
const SECOND_LINES: u32 = 20;

/// A workflow that numbers its lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// Lines of the first step.
    pub(crate) lines: u32,
    /// What the first step sleeps after each line, as `sleep` takes it; empty for nothing.
    pub(crate) pause: &'static str,
    /// Further fields of the workflow's spec, as YAML.
    pub(crate) more: &'static str,
}

impl Workload {
    /// Runs for so many seconds, or a little longer.
    pub(crate) const fn seconds(seconds: u32) -> Self {
        Self { lines: seconds * 20, pause: "0.05", more: "" }
    }

    /// With further fields of the spec.
    pub(crate) const fn with(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// Lines of both steps.
    pub(crate) const fn total(&self) -> u32 {
        self.lines + SECOND_LINES
    }

    /// The manifest.
    pub(crate) fn manifest(&self, name: &str) -> String {
        let Self { lines, pause, more } = *self;
        let more: String = more.lines().map(|line| format!("  {line}\n")).collect();
        let sleep = if pause.is_empty() { String::new() } else { format!("sleep {pause}; ") };
        let (from, to) = (lines + 1, self.total());
        format!(
            "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {{name: {name}}}
spec:
{more}  container: {{image: '{FIRST}'}}
  steps:
  - name: count
    shell: 'i=1; while [ $i -le {lines} ]; do echo line-$i-; i=$((i+1)); {sleep}done'
  - name: report
    container: {{image: '{SECOND}'}}
    shell: |
      for i in $(seq {from} {to}); do echo line-$i-; done
      mkdir -p out
      echo '<testsuite name=\"s\" tests=\"2\"><testcase name=\"a\"/><testcase name=\"b\"/></testsuite>' > out/report.xml
    artifacts: {{paths: ['out/*']}}
"
        )
    }
}

/// What became of the numbered lines in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Each once, in order.
    Whole,
    /// The first ones, each once, in order; how many.
    Beginning(u32),
    /// None.
    Nothing,
    /// Something else.
    Wrong(String),
}

/// Reads the numbers out of a log.
pub(crate) fn lines(log: &str, total: u32) -> Lines {
    let mut last = 0;
    for number in log.lines().filter_map(|line| line.strip_prefix("line-")?.strip_suffix('-')?.parse::<u32>().ok()) {
        if number != last + 1 {
            return Lines::Wrong(format!("line {number} comes after line {last}"));
        }
        last = number;
    }
    match last {
        0 => Lines::Nothing,
        last if last == total => Lines::Whole,
        last if last < total => Lines::Beginning(last),
        last => Lines::Wrong(format!("line {last} was never printed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_and_a_missing_line_are_seen() {
        assert_eq!(lines("line-1-\nx\nline-2-\n", 2), Lines::Whole);
        assert_eq!(lines("line-1-\nline-2-\n", 3), Lines::Beginning(2));
        assert_eq!(lines("nothing\n", 3), Lines::Nothing);
        assert!(matches!(lines("line-1-\nline-1-\n", 3), Lines::Wrong(_)));
        assert!(matches!(lines("line-1-\nline-3-\n", 3), Lines::Wrong(_)));
    }
}
