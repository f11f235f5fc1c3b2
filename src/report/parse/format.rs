//! The formats that can be read.

use std::fmt;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JUnit XML in all its dialects.
    Junit,
    /// The event stream of `go test -json`.
    GoTest,
    /// The Test Anything Protocol, versions 12 to 14.
    Tap,
    /// Visual Studio's test results.
    Trx,
    /// The JSON reporter of Playwright.
    Playwright,
    /// The end-of-test summary of k6, as exported or as given to `handleSummary`.
    K6,
    /// The Common Test Report Format.
    Ctrf,
    /// xUnit.net, versions 1 to 3.
    Xunit,
    /// NUnit, versions 2 and 3.
    Nunit,
    /// Cucumber messages, one a line.
    Cucumber,
    /// Robot Framework's output file.
    Robot,
    /// The JSON reporter of Mocha.
    Mocha,
    /// The result file of one test for Allure.
    Allure,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Junit,
        Self::GoTest,
        Self::Tap,
        Self::Trx,
        Self::Playwright,
        Self::K6,
        Self::Ctrf,
        Self::Xunit,
        Self::Nunit,
        Self::Cucumber,
        Self::Robot,
        Self::Mocha,
        Self::Allure,
    ];

    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Junit => "JUnit XML",
            Self::GoTest => "go test -json",
            Self::Tap => "TAP",
            Self::Trx => "TRX",
            Self::Playwright => "Playwright JSON",
            Self::K6 => "k6 summary",
            Self::Ctrf => "CTRF",
            Self::Xunit => "xUnit.net XML",
            Self::Nunit => "NUnit XML",
            Self::Cucumber => "Cucumber messages",
            Self::Robot => "Robot Framework output",
            Self::Mocha => "Mocha JSON",
            Self::Allure => "Allure result",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
