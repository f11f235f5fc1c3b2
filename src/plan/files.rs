//! Files of the content: given in the manifest, or taken from ConfigMaps and
//! Secrets by way of one volume.

use assay_api::ContentFile;
use assay_api::names::PATH_CONTENT_DIR;
use assay_protocol::PlanFile;
use k8s_openapi::api::core::v1::{ConfigMapProjection, EnvVarSource, KeyToPath, SecretProjection, VolumeProjection};

use crate::expressions::LateText;
use crate::path::absolute;

const DEFAULT_MODE: u32 = 0o644;

/// What the volume with files from ConfigMaps and Secrets holds.
#[derive(Debug, Default)]
pub(crate) struct Projections {
    /// One source for each file.
    pub(crate) sources: Vec<VolumeProjection>,
    /// Files of the volume whose text is secret, as absolute paths.
    pub(crate) secret: Vec<String>,
}

impl Projections {
    /// The files as the runner writes them.
    pub(crate) fn files(&mut self, files: &[ContentFile]) -> Vec<PlanFile> {
        files.iter().map(|file| self.file(file)).collect()
    }

    fn file(&mut self, file: &ContentFile) -> PlanFile {
        let content = LateText::of(file.content.as_deref().unwrap_or_default());
        let from = file.content_from.as_ref().filter(|_| file.content.is_none()).and_then(|source| self.add(source));
        PlanFile {
            path: absolute(&file.path),
            dynamic: content.waits,
            content: content.text,
            from,
            mode: file.mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(DEFAULT_MODE),
        }
    }

    /// Where the text of a source is mounted; none when the source is neither a ConfigMap nor a Secret.
    fn add(&mut self, source: &EnvVarSource) -> Option<String> {
        let name = self.sources.len().to_string();
        let place = format!("{PATH_CONTENT_DIR}/{name}");
        let items = |key: &str| Some(vec![KeyToPath { key: key.to_owned(), path: name.clone(), mode: None }]);
        let projection = if let Some(from) = &source.secret_key_ref {
            self.secret.push(place.clone());
            let secret = SecretProjection { name: from.name.clone(), items: items(&from.key), optional: from.optional };
            VolumeProjection { secret: Some(secret), ..VolumeProjection::default() }
        } else {
            let from = source.config_map_key_ref.as_ref()?;
            let config_map =
                ConfigMapProjection { name: from.name.clone(), items: items(&from.key), optional: from.optional };
            VolumeProjection { config_map: Some(config_map), ..VolumeProjection::default() }
        };
        self.sources.push(projection);
        Some(place)
    }
}
