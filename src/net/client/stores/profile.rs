//! Profiles of the AWS command line, in `~/.aws/credentials` and `~/.aws/config`: their keys, region and endpoint.

use std::fs;
use std::path::PathBuf;

use configparser::ini::Ini;

use crate::net::Problem;

/// Settings of profiles whose credentials come from elsewhere.
const ELSEWHERE: [&str; 4] = ["credential_process", "role_arn", "sso_session", "sso_start_url"];

/// What a profile says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// ID, secret and session token.
    pub keys: Option<(String, String, Option<String>)>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// Where its credentials come from, if it has no keys.
    pub elsewhere: Option<&'static str>,
}

impl Profile {
    /// The profile that AWS_PROFILE names, or the default one, which need not exist.
    ///
    /// # Errors
    /// It is named, and there is none.
    pub fn of_user() -> Result<Self, Problem> {
        let named = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        let text = |variable, name| {
            let home = || Some(std::env::home_dir()?.join(".aws").join(name));
            let file = std::env::var_os(variable).map(PathBuf::from).or_else(home);
            file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default()
        };
        let credentials = text("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = text("AWS_CONFIG_FILE", "config");
        match (Self::read(&credentials, &config, named.as_deref().unwrap_or("default")), named) {
            (Some(profile), _) => Ok(profile),
            (None, None) => Ok(Self::default()),
            (None, Some(name)) => {
                let name = crate::words::clipped(&name);
                Err(Problem::standing(format!("AWS_PROFILE: neither ~/.aws/credentials nor ~/.aws/config has {name}")))
            }
        }
    }

    fn read(credentials: &str, config: &str, name: &str) -> Option<Self> {
        // A file that cannot be parsed has no profiles.
        let parsed = |text: &str| {
            let mut file = Ini::new_cs();
            // A secret may hold any of them.
            file.set_inline_comment_symbols(Some(&[]));
            let mut syntax = file.defaults();
            syntax.delimiters = vec!['='];
            // Profiles take nothing from the default one.
            syntax.default_section = String::new();
            file.load_defaults(syntax);
            file.read(text.to_owned()).map_or_else(|_| Ini::new_cs(), |_| file)
        };
        let (credentials, config) = (parsed(credentials), parsed(config));
        let section = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let mut sections = vec![(credentials, name.to_owned()), (config, section)];
        sections.retain(|(file, section)| file.get_map_ref().contains_key(section));
        if sections.is_empty() {
            return None;
        }
        let of = |(file, section): &(Ini, String), key: &str| file.get(section, key).filter(|value| !value.is_empty());
        let value = |key: &str| sections.iter().find_map(|section| of(section, key));
        // A secret belongs to the ID beside it.
        let keys = sections.iter().find_map(|section| {
            let (id, secret) = (of(section, "aws_access_key_id")?, of(section, "aws_secret_access_key")?);
            Some((id, secret, of(section, "aws_session_token")))
        });
        let elsewhere = ELSEWHERE.into_iter().find(|key| value(key).is_some()).filter(|_| keys.is_none());
        Some(Self { keys, region: value("region"), endpoint: value("endpoint_url"), elsewhere })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles() {
        let credentials = "[default]\naws_access_key_id = A\naws_secret_access_key = s\\+/=\"#\n\n\
            [work]\naws_access_key_id=B\naws_secret_access_key=t\naws_session_token=u\n[half]\naws_access_key_id=C\n";
        let config = "[default]\nregion = eu-west-1\ns3 =\n    max_queue_size = 3\n[profile work]\nregion=us-east-2\n\
            endpoint_url = https://s3.example\n[profile one]\nsso_session = x\n[work]\nregion=none\n";
        let read = |name| Profile::read(credentials, config, name);
        let text = |text: &str| Some(text.to_owned());
        let keys = Some(("A".to_owned(), "s\\+/=\"#".to_owned(), None));
        let want = Profile { keys, region: text("eu-west-1"), ..Profile::default() };
        assert_eq!(read("default"), Some(want));
        let keys = Some(("B".to_owned(), "t".to_owned(), text("u")));
        let (region, endpoint) = (text("us-east-2"), text("https://s3.example"));
        assert_eq!(read("work"), Some(Profile { keys, region, endpoint, elsewhere: None }));
        assert_eq!(read("half"), Some(Profile::default()));
        assert_eq!(read("one"), Some(Profile { elsewhere: Some("sso_session"), ..Profile::default() }));
        assert_eq!(read("none"), None);
        assert_eq!(Profile::read("[open", "\u{0}", "default"), None);
    }
}
