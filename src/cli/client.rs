//! Talking to a running station over HTTP.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;

use crate::config::{Config, Secret};
use crate::storage::install_crypto;

/// A station that does not even answer the door within this is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that bring nothing for this long are given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(90);
/// No answer of a station to the command line is longer.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A running station.
#[derive(Clone)]
pub(super) struct Station {
    http: reqwest::Client,
    address: String,
    token: Option<Secret>,
}

/// What an error answer says (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    detail: String,
    #[serde(default)]
    title: String,
}

impl Station {
    /// The station at `address`, or the one these settings are for.
    pub fn at(
        address: Option<&str>,
        config: &Config,
        token: Option<Secret>,
    ) -> anyhow::Result<Self> {
        install_crypto();
        let here = || format!("http://127.0.0.1:{}", port(config));
        let address = address.map_or_else(here, |a| a.trim_end_matches('/').to_owned());
        if !address.starts_with("http://") && !address.starts_with("https://") {
            bail!(
                "{address} is no address of a station; it takes one such as http://tv.local:8000"
            );
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(LONGEST_SILENCE)
            .user_agent(concat!("onair/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot prepare for HTTP")?;
        Ok(Self {
            http,
            address,
            token,
        })
    }

    /// Its address, for people.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether a station answers there.
    pub async fn is_there(&self) -> bool {
        let asked = self.http.get(format!("{}/healthz", self.address)).send();
        asked.await.is_ok_and(|answer| answer.status().is_success())
    }

    /// A request for `path`, which begins with `/`, with the token if there is one.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }

    /// Sends `request`; an answer that is no success is an error with the station's own sentence.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Refused> {
        let answer = request.send().await.map_err(Refused::Unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        let said = serde_json::from_str::<Problem>(&text).map(|problem| {
            if problem.detail.is_empty() {
                problem.title
            } else {
                problem.detail
            }
        });
        Err(Refused::Status {
            status,
            sentence: said.unwrap_or_else(|_| format!("the station answered {status}")),
        })
    }

    /// Sends `request` and reads the JSON of the answer; none if it has no content.
    pub async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> anyhow::Result<Option<T>> {
        let answer = self.send(request).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let bytes = answer.bytes().await.map_err(Refused::Unreachable)?;
        anyhow::ensure!(bytes.len() <= LONGEST_ANSWER, "the answer is too long");
        let read = serde_json::from_slice(&bytes);
        Ok(Some(read.context("the answer is not what a station says")?))
    }
}

/// Why the station did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the station does not answer: {}", root(.0))]
    Unreachable(#[source] reqwest::Error),
    #[error("{sentence}")]
    Status {
        status: StatusCode,
        sentence: String,
    },
}

impl Refused {
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Unreachable(_) => None,
            Self::Status { status, .. } => Some(*status),
        }
    }
}

/// What lies at the bottom of an error: `connection refused`, not `error sending request`.
fn root(error: &reqwest::Error) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// The port these settings open.
fn port(config: &Config) -> u16 {
    let in_dotenv = config.rocket_env.iter().rev();
    let in_dotenv = in_dotenv.filter(|(key, _)| key == "ROCKET_PORT");
    let told = std::env::var("ROCKET_PORT").ok();
    let told = told.or_else(|| in_dotenv.map(|(_, value)| value.clone()).next());
    told.and_then(|port| port.parse().ok()).unwrap_or(8000)
}
