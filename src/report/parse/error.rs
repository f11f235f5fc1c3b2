//! Why bytes are not a report.

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
    #[error("the report is not JUnit XML: its root element is <{root}>")]
    NotJunit {
        /// Name of the root element, with its namespace where that gave it away.
        root: String,
    },
    /// The caller's reader failed.
    #[error("the report could not be read")]
    Read(#[source] std::io::Error),
}
