//! Values for the parameters of a workflow, as they are typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assay_api::{ConfigSource, ConfigValues, SecretKey};
use clap::Args as ClapArgs;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use crate::failure::Failure;

/// Larger files of values are a mistake.
const LIMIT: u64 = 1 << 20;

/// Values of parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Values {
    /// Value of a parameter; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    config: Vec<(String, String)>,
    /// YAML or JSON file with values of parameters; `--config` goes before it.
    #[arg(long, value_name = "FILE")]
    config_file: Vec<PathBuf>,
    /// Key of a Secret with the value of a sensitive parameter; may be given more than once.
    #[arg(long, value_name = "NAME=SECRET/KEY", value_parser = secret)]
    secret_config: Vec<(String, SecretKey)>,
}

impl Values {
    /// The plain values. They stay text: the parameter's type is the workflow's affair.
    ///
    /// # Errors
    /// When a name is there twice, or a file cannot be read.
    pub(crate) fn plain(&self) -> Result<ConfigValues, Failure> {
        let mut values = ConfigValues::new();
        for path in &self.config_file {
            values.extend(file(path)?);
        }
        let mut typed = ConfigValues::new();
        for (name, value) in &self.config {
            if typed.insert(name.clone(), IntOrString::String(value.clone())).is_some() {
                return Err(Failure::usage(format!("--config {name} is given twice")).hint("keep one of them"));
            }
        }
        values.extend(typed);
        Ok(values)
    }

    /// The values by reference.
    ///
    /// # Errors
    /// When a name is there twice.
    pub(crate) fn by_reference(&self) -> Result<BTreeMap<String, ConfigSource>, Failure> {
        let mut sources = BTreeMap::new();
        for (name, key) in &self.secret_config {
            if sources.insert(name.clone(), ConfigSource { secret_key_ref: key.clone() }).is_some() {
                return Err(Failure::usage(format!("--secret-config {name} is given twice")).hint("keep one of them"));
            }
        }
        Ok(sources)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let named = text.split_once('=').filter(|(name, _)| !name.trim().is_empty());
    let (name, value) = named.ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn secret(text: &str) -> Result<(String, SecretKey), String> {
    let (parameter, source) = pair(text).map_err(|_| "must be NAME=SECRET/KEY".to_owned())?;
    let named = source.split_once('/').filter(|(name, key)| crate::names::is_name(name) && !key.is_empty());
    let (name, key) = named.ok_or("must be NAME=SECRET/KEY, with the name of a Secret and a key in it")?;
    Ok((parameter, SecretKey { name: name.to_owned(), key: key.to_owned() }))
}

fn file(path: &Path) -> Result<ConfigValues, Failure> {
    let label = path.display();
    let unreadable = |error: std::io::Error| Failure::usage(format!("{label} cannot be read: {error}"));
    if std::fs::metadata(path).map_err(unreadable)?.len() > LIMIT {
        return Err(
            Failure::usage(format!("{label} is larger than 1 MiB")).hint("values are small; keep files in `content`")
        );
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let value: Value = serde_yaml::from_str(&text).map_err(|error| Failure::usage(format!("{label}: {error}")))?;
    let Value::Object(fields) = value else {
        return Err(Failure::usage(format!("{label}: must be a mapping of names to values")));
    };
    fields.into_iter().map(|(name, value)| Ok((name.clone(), scalar(&label.to_string(), &name, value)?))).collect()
}

fn scalar(label: &str, name: &str, value: Value) -> Result<IntOrString, Failure> {
    Ok(match value {
        Value::String(text) => IntOrString::String(text),
        Value::Bool(value) => IntOrString::String(value.to_string()),
        Value::Number(number) => {
            let small = number.as_i64().and_then(|number| i32::try_from(number).ok());
            small.map_or_else(|| IntOrString::String(number.to_string()), IntOrString::Int)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let hint = "write a text, a number, `true` or `false`";
            return Err(Failure::usage(format!("{label}: {name}: the value must be one text or number")).hint(hint));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> IntOrString {
        IntOrString::String(text.to_owned())
    }

    #[test]
    fn typed_values_go_before_those_of_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, "a: 1\nb: yes please\nc: true\nd: 1.5\n").expect("a file");
        let values = Values {
            config: vec![pair("a=2=3").expect("a pair"), pair("e=").expect("a pair")],
            config_file: vec![path.clone()],
            secret_config: Vec::new(),
        };
        let expected =
            [("a", text("2=3")), ("b", text("yes please")), ("c", text("true")), ("d", text("1.5")), ("e", text(""))];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(values.plain().expect("fine").into_iter().collect::<Vec<_>>(), expected);
        for wrong in ["- a\n", "a: [1]\n", "a: {b: c}\n", "a: null\n", "a: : b"] {
            std::fs::write(&path, wrong).expect("a file");
            assert_eq!(values.plain().expect_err(wrong).code, crate::exit::USAGE, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_named_in_full() {
        let (name, key) = secret("password=db/pass.word").expect("fine");
        assert_eq!((name.as_str(), key.name.as_str(), key.key.as_str()), ("password", "db", "pass.word"));
        for wrong in ["password", "password=db", "password=/key", "password=db/", "=db/key", "p=Db/key"] {
            assert!(secret(wrong).is_err(), "{wrong}");
        }
        let twice = Values {
            secret_config: vec![secret("a=b/c").expect("fine"), secret("a=b/d").expect("fine")],
            ..Values::default()
        };
        assert!(twice.by_reference().is_err());
        let twice =
            Values { config: vec![pair("a=b").expect("fine"), pair("a=c").expect("fine")], ..Values::default() };
        assert!(twice.plain().is_err());
    }
}
