//! Where settings are found: `Rocket.toml`, `.env`, the environment.

use std::collections::BTreeMap;
use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::Value;
use figment::{Figment, Profile};

use super::error::ConfigError;
use super::settings::SETTINGS;
use super::values::Values;

pub(super) fn read_dotenv(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let unreadable = |e: dotenvy::Error| ConfigError::File {
        file: ".env",
        // The parser's own message quotes the line, which may hold a secret.
        reason: match e {
            dotenvy::Error::LineParse(_, column) => {
                format!("a line is not KEY=value (at character {column})")
            }
            other => other.to_string(),
        },
    };
    match dotenvy::from_path_iter(path) {
        Ok(lines) => lines.collect::<Result<_, _>>().map_err(unreadable),
        Err(e) if e.not_found() => Ok(Vec::new()),
        Err(e) => Err(unreadable(e)),
    }
}

/// The table `onair` of `Rocket.toml`'s profile, its keys written as in the environment.
pub(super) fn read_toml(
    dir: &Path,
    profile: Option<String>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let profile = match profile {
        Some(name) => Profile::from(name.as_str()),
        None if cfg!(debug_assertions) => Profile::from("debug"),
        None => Profile::from("release"),
    };
    let figment = Figment::from(Toml::file_exact(dir.join("Rocket.toml")).nested()).select(profile);
    if !dir.join("Rocket.toml").exists() || !figment.contains("onair") {
        return Ok(Vec::new());
    }
    let unreadable = |reason: String| ConfigError::File {
        file: "Rocket.toml",
        reason,
    };
    let table: BTreeMap<String, Value> = figment
        .extract_inner("onair")
        .map_err(|e| unreadable(e.to_string()))?;
    table
        .into_iter()
        .map(|(key, value)| {
            let text = match &value {
                Value::String(_, text) => Some(text.clone()),
                Value::Num(_, n) => n
                    .to_u128()
                    .map(|n| n.to_string())
                    .or_else(|| n.to_i128().map(|n| n.to_string())),
                _ => None,
            };
            let text = text
                .ok_or_else(|| unreadable(format!("onair.{key} must be text or a whole number")))?;
            Ok((format!("ONAIR_{}", key.to_uppercase()), text))
        })
        .collect()
}

/// Lets `found` override `values`; keys that are not ours are left alone.
pub(super) fn merge(
    values: &mut Values,
    place: &'static str,
    found: Vec<(String, String)>,
) -> Result<(), ConfigError> {
    for (key, value) in found {
        if let Some(setting) = SETTINGS.iter().find(|s| s.key == key) {
            values.insert(setting.key, value.trim().to_owned());
        } else if key.starts_with("ONAIR_") {
            let nearest = nearest(&key);
            return Err(ConfigError::Unknown {
                place,
                key: key.chars().take(80).collect(),
                nearest,
            });
        }
    }
    Ok(())
}

/// The known key most like `key`, if any is at all.
fn nearest(key: &str) -> Option<&'static str> {
    SETTINGS
        .iter()
        .map(|s| (strsim::jaro_winkler(s.key, key), s.key))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}
