//! What each kind of value takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::ConfigError;
use super::kinds::{S3Config, Secret};

/// The longest value of a setting, in bytes.
const LONGEST_VALUE: usize = 4096;

/// Values by key, the winner of all places.
pub(super) type Values = BTreeMap<&'static str, String>;

pub(super) fn get<'v>(values: &'v Values, key: &'static str) -> &'v str {
    values.get(key).map(String::as_str).unwrap_or_default()
}

fn wrong(values: &Values, key: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        key,
        value: get(values, key).chars().take(80).collect(),
        reason: reason.into(),
    }
}

pub(super) fn channel_name(values: &Values) -> Result<String, ConfigError> {
    let name = get(values, "ONAIR_CHANNEL_NAME");
    let fits = (1..=80).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err(wrong(
            values,
            "ONAIR_CHANNEL_NAME",
            "it takes 1 to 80 printable characters",
        ))
    }
}

pub(super) fn path(values: &Values, key: &'static str) -> Result<PathBuf, ConfigError> {
    let text = get(values, key);
    if (1..=LONGEST_VALUE).contains(&text.len()) && !text.contains('\0') {
        Ok(PathBuf::from(text))
    } else {
        Err(wrong(values, key, "it takes the path of a folder"))
    }
}

/// Among the records, unless it is told elsewhere.
pub(super) fn prepared_dir(values: &Values) -> Result<PathBuf, ConfigError> {
    match get(values, "ONAIR_PREPARED_DIR") {
        "" => Ok(path(values, "ONAIR_DATA_DIR")?.join("prepared")),
        _ => path(values, "ONAIR_PREPARED_DIR"),
    }
}

/// Long enough that nobody guesses it; its text is in no message.
pub(super) fn worker_token(values: &Values) -> Result<Option<Secret>, ConfigError> {
    let token = get(values, "ONAIR_WORKER_TOKEN");
    let fits = (16..=256).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    match token {
        "" => Ok(None),
        token if fits => Ok(Some(Secret::new(token))),
        _ => Err(ConfigError::Value {
            key: "ONAIR_WORKER_TOKEN",
            value: "********".to_owned(),
            reason: "it takes 16 to 256 visible ASCII characters".to_owned(),
        }),
    }
}

pub(super) fn number<T>(
    values: &Values,
    key: &'static str,
    least: u64,
    most: u64,
) -> Result<T, ConfigError>
where
    T: TryFrom<u64>,
{
    u64::from_str(get(values, key))
        .ok()
        .filter(|n| (least..=most).contains(n))
        .and_then(|n| T::try_from(n).ok())
        .ok_or_else(|| {
            wrong(
                values,
                key,
                format!("it takes a whole number from {least} to {most}"),
            )
        })
}

/// A port, or nothing: that is 0, or empty.
pub(super) fn port(values: &Values, key: &'static str) -> Result<Option<u16>, ConfigError> {
    if get(values, key).is_empty() {
        return Ok(None);
    }
    let port = number(values, key, 0, u16::MAX.into())?;
    Ok(Some(port).filter(|port| *port > 0))
}

pub(super) fn one_of<T: Copy>(
    values: &Values,
    key: &'static str,
    choices: &[(&str, T)],
) -> Result<T, ConfigError> {
    let text = get(values, key);
    choices
        .iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name))
        .map(|(_, choice)| *choice)
        .ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            wrong(values, key, format!("it takes {}", names.join(", ")))
        })
}

/// An `http(s)://` address without a slash at its end, or none when empty.
pub(super) fn web_address(
    values: &Values,
    key: &'static str,
) -> Result<Option<String>, ConfigError> {
    let text = get(values, key).trim_end_matches('/');
    if text.is_empty() {
        return Ok(None);
    }
    let host = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\;,@".contains(c);
    match host {
        Some(rest) if !rest.is_empty() && text.len() <= 512 && rest.chars().all(plain) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(wrong(
            values,
            key,
            "it takes an address such as https://tv.example.org",
        )),
    }
}

pub(super) fn bucket(values: &Values) -> Result<Option<S3Config>, ConfigError> {
    if get(values, "S3_BUCKET_NAME").is_empty() {
        return Ok(None);
    }
    let needed = |key: &'static str| match get(values, key) {
        "" => Err(ConfigError::Incomplete(key)),
        text => Ok(text.to_owned()),
    };
    Ok(Some(S3Config {
        bucket: needed("S3_BUCKET_NAME")?,
        region: needed("AWS_REGION")?,
        access_key_id: needed("AWS_ACCESS_KEY_ID")?,
        secret_access_key: Secret::new(needed("AWS_SECRET_ACCESS_KEY")?),
        endpoint_url: web_address(values, "AWS_ENDPOINT_URL")?,
    }))
}
