//! Log lines go to standard error: standard output belongs to data.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(UnknownFormat(other.to_owned())),
        }
    }
}

/// The name of a log format is not known.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` must be `text` or `json`")]
pub struct UnknownFormat(String);

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter does not parse.
    #[error("the log filter `{filter}` must be like `info` or `info,assay_operator=debug`")]
    Filter {
        /// The filter as given.
        filter: String,
        /// What the parser says.
        #[source]
        source: ParseError,
    },
    /// Something else set up logging before.
    #[error("logging is already set up")]
    Twice(#[source] TryInitError),
}

/// Sets up logging for the whole process: `filter` as in `RUST_LOG`, for
/// example `info,assay_operator=debug`.
///
/// # Errors
/// When the filter does not parse, or when logging is set up already.
pub fn init(format: Format, filter: &str) -> Result<(), InitError> {
    let filter =
        EnvFilter::try_new(filter).map_err(|source| InitError::Filter { filter: filter.to_owned(), source })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Text => lines.finish().try_init(),
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
    }
    .map_err(InitError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_named_and_logging_is_set_up_once() {
        let bad = init(Format::Text, "info,,=x=y").expect_err("a bad filter");
        assert!(bad.to_string().contains("info,,=x=y"), "{bad}");
        assert!(init(Format::Json, "warn").is_ok());
        assert!(matches!(init(Format::Text, "warn"), Err(InitError::Twice(_))));
    }
}
