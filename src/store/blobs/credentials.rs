//! Keys of a bucket in files, for example of a mounted Secret that may change.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use object_store::CredentialProvider;
use object_store::aws::AwsCredential;

/// Time after which the files are read again.
const AGE: Duration = Duration::from_secs(60);

/// Reads keys from a folder. What it shows of itself is the folder.
pub(super) struct Files {
    folder: PathBuf,
    read: Mutex<Option<(Instant, Arc<AwsCredential>)>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A file that is missing, and what it should hold.
#[derive(Debug, thiserror::Error)]
#[error("the key file {path} of the bucket cannot be read")]
struct KeyFileError {
    path: String,
    #[source]
    source: io::Error,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, read: Mutex::default() }
    }

    fn current(&self) -> Result<Arc<AwsCredential>, KeyFileError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, keys)) = read.as_ref().filter(|(when, _)| when.elapsed() < AGE) {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(AwsCredential {
            key_id: self.text("accessKeyId")?,
            secret_key: self.text("secretAccessKey")?,
            token: match self.text("sessionToken") {
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => None,
                other => Some(other?),
            },
        });
        *read = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    fn text(&self, name: &str) -> Result<String, KeyFileError> {
        let path = self.folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(source) => Err(KeyFileError { path: path.display().to_string(), source }),
        }
    }
}

impl CredentialProvider for Files {
    type Credential = AwsCredential;

    fn get_credential<'a, 'async_trait>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        let keys = self.current();
        Box::pin(async move {
            keys.map_err(|error| object_store::Error::Unauthenticated {
                path: error.path.clone(),
                source: Box::new(error),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use object_store::CredentialProvider;

    use super::Files;

    #[tokio::test]
    async fn a_missing_key_is_named_and_none_is_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = Files::new(dir.path().to_owned());
        let error = files.get_credential().await.expect_err("no file");
        assert!(error.to_string().contains("accessKeyId"), "{error}");
        for (name, text) in [("accessKeyId", "AKIA\n"), ("secretAccessKey", "hidden\n")] {
            std::fs::write(dir.path().join(name), text).expect("written");
        }
        let keys = files.get_credential().await.expect("read");
        assert_eq!((keys.key_id.as_str(), keys.secret_key.as_str(), &keys.token), ("AKIA", "hidden", &None));
        assert!(!format!("{files:?} {keys:?}").contains("hidden"));
    }
}
