//! Why bytes are not a report.

use super::format::Format;

/// Reasons for which no report at all could be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// There is nothing in the file.
    #[error("the report is empty")]
    Empty,
    /// There is no element in the file.
    #[error("the report is not XML")]
    NotXml,
    /// The root element belongs to something else.
    #[error("the report is not {format}: its root element is <{root}>")]
    WrongRoot {
        /// What was expected.
        format: Format,
        /// Name of the root element, with its namespace where that gave it away.
        root: String,
    },
    /// Nothing in the file belongs to the format.
    #[error("the report is not {format}")]
    NotThis {
        /// What was expected.
        format: Format,
    },
    /// The format is none that can be read.
    #[error("the format of the report is not known; these are: {}", Format::ALL.map(Format::name).join(", "))]
    Unknown,
    /// The caller's reader failed.
    #[error("the report could not be read")]
    Read(#[source] std::io::Error),
}
