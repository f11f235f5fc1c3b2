//! The clock as steps printed it: `b1=SECONDS` when the first began, `e1=` when it ended.

/// A log without the clocks that were asked for.
#[derive(Debug, thiserror::Error)]
#[error("there is no line `{0}=SECONDS`")]
pub struct NoClock(String);

/// Beginning and end of each step, in nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks(Vec<(i128, i128)>);

impl Clocks {
    /// Reads the clocks of steps 1 to `steps`.
    pub fn read(log: &str, steps: u32) -> Result<Self, NoClock> {
        let clock = |name: String| log.lines().find_map(|line| read(line, &name)).ok_or(NoClock(name));
        let of = |step| Ok((clock(format!("b{step}"))?, clock(format!("e{step}"))?));
        (1..=steps).map(of).collect::<Result<_, _>>().map(Self)
    }

    /// When the first step began.
    pub fn first(&self) -> i128 {
        self.0.first().map_or(0, |step| step.0)
    }

    /// When the last step ended.
    pub fn last(&self) -> i128 {
        self.0.last().map_or(0, |step| step.1)
    }

    /// Milliseconds that the steps themselves took.
    pub fn slept(&self) -> f64 {
        self.0.iter().map(|(began, ended)| (ended - began) as f64 / 1e6).sum()
    }

    /// Milliseconds between the end of each step and the beginning of the next.
    pub fn gaps(&self) -> Vec<f64> {
        self.0.windows(2).map(|pair| (pair[1].0 - pair[0].1) as f64 / 1e6).collect()
    }
}

fn read(line: &str, name: &str) -> Option<i128> {
    let (seconds, parts) = line.strip_prefix(name)?.strip_prefix('=')?.trim().split_once('.')?;
    let whole: i128 = seconds.parse().ok()?;
    let part: i128 = parts.parse().ok()?;
    let digits = u32::try_from(parts.len()).ok().filter(|digits| *digits <= 9)?;
    Some(whole * 1_000_000_000 + part * 10_i128.pow(9 - digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_read_and_gaps_follow() {
        let log = "b1=100.000001\nnoise\ne1=100.500000\nb2=100.502000\ne2=101.000000\nb10=7.0\n";
        let clocks = Clocks::read(log, 2).expect("all are there");
        assert_eq!((clocks.first(), clocks.last()), (100_000_001_000, 101_000_000_000));
        assert_eq!(clocks.gaps(), [2.0]);
        assert_eq!(clocks.slept(), 499.999 + 498.0);
        assert_eq!(Clocks::read(log, 3).expect_err("one is missing").to_string(), "there is no line `b3=SECONDS`");
    }
}
