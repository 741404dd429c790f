//! Containers of Azure Blob Storage.

use std::sync::Arc;

use object_store::RetryConfig;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};

use super::service::{Opened, Service, check_scheme, is_true, variable, wrong};
use super::transport::Transport;
use crate::net::Problem;

/// The version of the interface, for requests that nothing signs.
pub const VERSION: &str = "2023-11-03";
/// The account of the emulator.
const EMULATED: &str = "devstoreaccount1";

/// Reads the environment, with the names of `object_store` and of the command line of Azure.
pub fn open(name: &str, retry: RetryConfig, transport: Transport) -> Result<Opened, Problem> {
    let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(name).with_retry(retry);
    let lacks =
        |builder: &MicrosoftAzureBuilder, key| builder.get_config_value(&key).is_none_or(|value| value.is_empty());
    for (key, other) in
        [(AzureConfigKey::AccountName, "AZURE_STORAGE_ACCOUNT"), (AzureConfigKey::AccessKey, "AZURE_STORAGE_KEY")]
    {
        if let Some(value) = variable(other).filter(|_| lacks(&builder, key)) {
            builder = builder.with_config(key, value);
        }
    }
    let value = |key| builder.get_config_value(&key).filter(|value| !value.is_empty());
    let is_emulator = value(AzureConfigKey::UseEmulator).is_some_and(|text| is_true(&text));
    let signs = !value(AzureConfigKey::SkipSignature).is_some_and(|text| is_true(&text));
    let account = match value(AzureConfigKey::AccountName) {
        Some(account) => account,
        None if is_emulator => EMULATED.to_owned(),
        None => return Err(Problem::standing("no account: AZURE_STORAGE_ACCOUNT names it")),
    };
    let endpoint = value(AzureConfigKey::Endpoint);
    if let Some(endpoint) = endpoint.as_ref().filter(|_| !is_emulator) {
        check_scheme(endpoint, "AZURE_STORAGE_ENDPOINT", "AZURE_ALLOW_HTTP")?;
    }
    let place = match (is_emulator, endpoint) {
        (true, _) => {
            let host = variable("AZURITE_BLOB_STORAGE_URL").unwrap_or_else(|| "http://127.0.0.1:10000".to_owned());
            format!("{}/{account}", host.trim_end_matches('/'))
        }
        (false, Some(endpoint)) => endpoint.trim_end_matches('/').to_owned(),
        (false, None) => format!("https://{account}.blob.core.windows.net"),
    };
    let credentials = match signs {
        true => {
            let store = builder.with_http_connector(transport).build().map_err(|error| wrong(&error))?;
            Some(Arc::clone(store.credentials()))
        }
        false => None,
    };
    Ok((format!("{place}/{name}"), Service::Azure { account, credentials }))
}
