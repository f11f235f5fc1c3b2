//! Which fields of a manifest hold expressions, and of which kind.

/// What is done with a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It is left alone: no template, or refused as a whole.
    Skip,
    /// It must have no expression: it is read before any is resolved, or the
    /// cluster does not take one there.
    Literal,
    /// Everything in it must have its value before the pod is made.
    Settled,
    /// The same, and it is the name of an environment variable.
    Variable,
    /// Its texts may wait for what only a running step knows.
    Late,
    /// The same, and a shell obeys it.
    Script,
    /// It is one expression: when a step runs.
    Condition,
    /// It is one expression: when the attempts end.
    Until,
    /// It has fields of its own.
    Into(Place),
    /// It is a list of things with fields of their own.
    Each(Place),
}

/// A thing with fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Spec,
    Step,
    Retry,
    Artifacts,
    Container,
    Variable,
    Content,
    File,
    Git,
    Use,
}

/// The rule of a field. Fields that are not named hold settled texts.
pub(super) fn rule(place: Place, field: &str) -> Rule {
    match place {
        Place::Spec => of_spec(field),
        Place::Step => of_step(field),
        Place::Retry => match field {
            "until" => Rule::Until,
            _ => Rule::Literal,
        },
        Place::Artifacts | Place::Git => match field {
            "compress" | "token" | "sshKey" => Rule::Skip,
            "retry" => Rule::Into(Place::Retry),
            _ => Rule::Settled,
        },
        Place::Container => match field {
            "env" => Rule::Each(Place::Variable),
            "shell" => Rule::Script,
            "workingDir" | "command" | "args" => Rule::Late,
            _ => Rule::Settled,
        },
        Place::Variable => match field {
            "name" => Rule::Variable,
            "value" => Rule::Late,
            _ => Rule::Settled,
        },
        Place::Content => match field {
            "files" => Rule::Each(Place::File),
            "git" => Rule::Into(Place::Git),
            _ => Rule::Settled,
        },
        Place::File => match field {
            "content" => Rule::Late,
            _ => Rule::Settled,
        },
        Place::Use => match field {
            "name" => Rule::Literal,
            _ => Rule::Late,
        },
    }
}

fn of_spec(field: &str) -> Rule {
    match field {
        "setup" | "steps" | "after" => Rule::Each(Place::Step),
        "use" => Rule::Each(Place::Use),
        "container" => Rule::Into(Place::Container),
        "content" => Rule::Into(Place::Content),
        "pod" | "job" => Rule::Settled,
        "timeouts" => Rule::Literal,
        _ => Rule::Skip,
    }
}

fn of_step(field: &str) -> Rule {
    match field {
        "setup" | "steps" => Rule::Each(Place::Step),
        "use" => Rule::Each(Place::Use),
        "template" => Rule::Into(Place::Use),
        "container" | "run" => Rule::Into(Place::Container),
        "content" => Rule::Into(Place::Content),
        "artifacts" => Rule::Into(Place::Artifacts),
        "retry" => Rule::Into(Place::Retry),
        "condition" => Rule::Condition,
        "shell" => Rule::Script,
        "workingDir" => Rule::Late,
        "name" => Rule::Settled,
        "timeout" | "delay" => Rule::Literal,
        _ => Rule::Skip,
    }
}
