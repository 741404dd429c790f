//! Buckets of Google Cloud Storage, by its XML interface, which lists and uploads as S3 does.

use std::sync::Arc;

use object_store::RetryConfig;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};

use super::service::{Opened, Service, check_scheme, is_true, variable, wrong};
use super::transport::Transport;
use crate::net::Problem;

/// Reads the environment, or the login of gcloud. An emulator knows nobody.
pub fn open(name: &str, retry: RetryConfig, transport: Transport) -> Result<Opened, Problem> {
    if let Some(host) = variable("STORAGE_EMULATOR_HOST") {
        let host = if host.contains("://") { host } else { format!("http://{host}") };
        return Ok((format!("{}/{name}", host.trim_end_matches('/')), Service::Google { credentials: None }));
    }
    let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(name).with_retry(retry);
    let value = |key| builder.get_config_value(&key).filter(|value| !value.is_empty());
    let signs = !value(GoogleConfigKey::SkipSignature).is_some_and(|text| is_true(&text));
    let base = value(GoogleConfigKey::BaseUrl);
    if let Some(base) = &base {
        check_scheme(base, "GOOGLE_BASE_URL", "GOOGLE_ALLOW_HTTP")?;
    }
    let place = base.unwrap_or_else(|| "https://storage.googleapis.com".to_owned());
    let credentials = match signs {
        true => {
            let store = builder.with_http_connector(transport).build().map_err(|error| wrong(&error))?;
            Some(Arc::clone(store.credentials()))
        }
        false => None,
    };
    Ok((format!("{}/{name}", place.trim_end_matches('/')), Service::Google { credentials }))
}
