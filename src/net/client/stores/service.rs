//! The services that keep buckets: their settings, their words and their headers.

use object_store::aws::AwsCredentialProvider;
use object_store::azure::AzureCredentialProvider;
use object_store::gcp::GcpCredentialProvider;

use crate::net::{Problem, Url};
use crate::words;

/// Who keeps the bucket, and how it knows the user. Without credentials, requests are not signed.
pub enum Service {
    Amazon { region: String, credentials: Option<AwsCredentialProvider> },
    Google { credentials: Option<GcpCredentialProvider> },
    Azure { account: String, credentials: Option<AzureCredentialProvider> },
}

/// The place of a bucket, without a slash at the end, and its service.
pub type Opened = (String, Service);

impl Service {
    /// The variable that names another server.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Amazon { .. } => "AWS_ENDPOINT_URL",
            Self::Google { .. } => "STORAGE_EMULATOR_HOST",
            Self::Azure { .. } => "AZURE_STORAGE_ENDPOINT",
        }
    }

    /// Where credentials were looked for.
    pub fn sources(&self) -> &'static str {
        match self {
            Self::Amazon { .. } => {
                "neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor a profile in ~/.aws, nor a role of this machine"
            }
            Self::Google { .. } => {
                "neither GOOGLE_APPLICATION_CREDENTIALS, nor a login of gcloud, nor a service account of this machine"
            }
            Self::Azure { .. } => {
                "neither AZURE_STORAGE_KEY, nor AZURE_STORAGE_SAS_TOKEN, nor an identity of this machine"
            }
        }
    }

    /// What a status means, if the service or the user's settings explain it.
    pub fn explained(&self, status: Option<u16>, url: &Url) -> Option<&'static str> {
        Some(match (status?, self) {
            (404, Self::Azure { .. }) if url.is_prefix() => "; is there such a container?",
            (404, _) if url.is_prefix() => "; is there such a bucket?",
            (404, Self::Azure { .. }) => "; there is no such key, or no such container",
            (404, _) => "; there is no such key, or no such bucket",
            (401 | 403, Self::Amazon { .. }) => {
                "; the credentials do not permit it, or are wrong (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
            }
            (401 | 403, Self::Google { .. }) => {
                "; the credentials do not permit it, or are wrong (GOOGLE_APPLICATION_CREDENTIALS)"
            }
            (401 | 403, Self::Azure { .. }) => {
                "; the credentials do not permit it, or are wrong (AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN)"
            }
            (301 | 307 | 400, Self::Amazon { .. }) => "; is it the bucket's region? (AWS_REGION)",
            _ => return None,
        })
    }

    /// The header of our mark.
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Amazon { .. } => "x-amz-meta-thumbs",
            Self::Google { .. } => "x-goog-meta-thumbs",
            Self::Azure { .. } => "x-ms-meta-thumbs",
        }
    }
}

/// A setting that cannot be used.
pub fn wrong(error: &dyn std::fmt::Display) -> Problem {
    Problem::standing(words::clipped(&error.to_string()))
}

/// The value of a variable, if it is set to something.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the value of a setting means yes.
pub fn is_true(text: &str) -> bool {
    ["1", "true", "on", "yes", "y"].contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a place that the user names may be asked without encryption.
///
/// # Errors
/// It may not.
pub fn check_scheme(place: &str, name: &str, permit: &str) -> Result<(), Problem> {
    let is_open = variable(permit).is_some_and(|text| is_true(&text));
    match place.starts_with("https://") || is_open {
        true => Ok(()),
        false => Err(Problem::standing(format!("{name} is not https://; {permit}=true permits that"))),
    }
}
