//! Staying with an execution until its end: waiting, watching its log, and
//! what is said when it is over.

mod conclude;
mod end;
mod form;
mod options;
mod patience;
pub(crate) mod printer;
mod view;
mod wait;
mod watch;
pub(crate) mod watched;

pub(crate) use end::stay;
pub(crate) use options::Stay;
