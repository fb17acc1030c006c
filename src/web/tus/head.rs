//! What tus requests say in their header fields.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rocket::http::{HeaderMap, Status};
use rocket::request::{FromRequest, Outcome, Request};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::library::NewResumable;
use crate::web::errors::Problem;
use crate::web::uploads::idempotency_key;

/// The checksums that are understood.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

const MEDIA_TYPE: &str = "application/offset+octet-stream";
/// What a client may say of its file.
const MAX_METADATA_BYTES: usize = 4096;
/// A title, and a file's name.
const MAX_TEXT_BYTES: usize = 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A sentence for a client that did not keep to the protocol.
type Fault = (Status, &'static str);

fn bad(sentence: &'static str) -> Fault {
    (Status::BadRequest, sentence)
}

/// An upload is announced, perhaps with its first bytes.
#[derive(Debug)]
pub(super) struct Announcement {
    pub new: NewResumable,
    pub chunk: Option<Chunk>,
}

/// Bytes of an upload come with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub offset: u64,
    pub checksum: Option<Checksum>,
}

/// What the bytes' checksum must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checksum {
    Sha1(Vec<u8>),
    Sha256(Vec<u8>),
}

/// A checksum being made.
pub(super) enum Hashing {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// `Upload-Checksum: sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`
    fn parse(field: &str) -> Result<Self, Fault> {
        let (algorithm, value) = field.split_once(' ').ok_or(bad(
            "`Upload-Checksum` is an algorithm, a space and the checksum.",
        ))?;
        let value = BASE64.decode(value);
        let value = value.map_err(|_| bad("The checksum in `Upload-Checksum` is not base64."))?;
        match algorithm {
            "sha1" if value.len() == 20 => Ok(Self::Sha1(value)),
            "sha256" if value.len() == 32 => Ok(Self::Sha256(value)),
            "sha1" | "sha256" => Err(bad(
                "The checksum in `Upload-Checksum` has the wrong length.",
            )),
            _ => Err(bad("The checksums understood here are sha1 and sha256.")),
        }
    }

    pub fn hashing(&self) -> Hashing {
        match self {
            Self::Sha1(_) => Hashing::Sha1(Sha1::new()),
            Self::Sha256(_) => Hashing::Sha256(Sha256::new()),
        }
    }
}

impl Hashing {
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub fn finish(self) -> Checksum {
        match self {
            Self::Sha1(hasher) => Checksum::Sha1(hasher.finalize().to_vec()),
            Self::Sha256(hasher) => Checksum::Sha256(hasher.finalize().to_vec()),
        }
    }
}

impl Announcement {
    fn read(headers: &HeaderMap<'_>) -> Result<Self, Fault> {
        if headers.contains("Upload-Defer-Length") {
            return Err(bad(
                "The length of the file must be known: send `Upload-Length`.",
            ));
        }
        let length = number(headers, "Upload-Length")?;
        let size_bytes = length.ok_or(bad("`Upload-Length` says how many bytes will come."))?;
        let metadata = headers.get_one("Upload-Metadata").unwrap_or_default();
        if metadata.len() > MAX_METADATA_BYTES {
            return Err(bad("`Upload-Metadata` is longer than 4096 bytes."));
        }
        let said = pairs(metadata)?;
        let find = |name: &str| {
            let found = said.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone())
        };
        let new = NewResumable {
            file_name: find("filename")
                .or_else(|| find("name"))
                .unwrap_or_default(),
            title: find("title").filter(|title| !title.is_empty()),
            metadata: metadata.to_owned(),
            size_bytes,
            client_key: idempotency_key(headers).map_err(bad)?,
        };
        let with_bytes = headers.get_one("Content-Type") == Some(MEDIA_TYPE)
            && headers.get_one("Content-Length") != Some("0");
        let chunk = with_bytes.then(|| Chunk::at(0, headers)).transpose()?;
        Ok(Self { new, chunk })
    }
}

impl Chunk {
    fn read(headers: &HeaderMap<'_>) -> Result<Self, Fault> {
        if headers.get_one("Content-Type") != Some(MEDIA_TYPE) {
            let sentence = "Send the bytes as `application/offset+octet-stream`.";
            return Err((Status::UnsupportedMediaType, sentence));
        }
        let offset = number(headers, "Upload-Offset")?;
        let offset = offset.ok_or(bad("`Upload-Offset` says where the bytes belong."))?;
        Self::at(offset, headers)
    }

    fn at(offset: u64, headers: &HeaderMap<'_>) -> Result<Self, Fault> {
        let checksum = headers.get_one("Upload-Checksum");
        Ok(Self {
            offset,
            checksum: checksum.map(Checksum::parse).transpose()?,
        })
    }
}

fn number(headers: &HeaderMap<'_>, name: &str) -> Result<Option<u64>, Fault> {
    let Some(text) = headers.get_one(name) else {
        return Ok(None);
    };
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(bad(
            "`Upload-Length` and `Upload-Offset` are whole numbers of bytes.",
        )),
    }
}

/// `filename d29ybGQ=,title aGVsbG8=,is_public`
fn pairs(metadata: &str) -> Result<Vec<(&str, String)>, Fault> {
    if !metadata.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(bad("`Upload-Metadata` is not plain ASCII."));
    }
    let pairs = metadata
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = BASE64.decode(value.trim());
            let value = value.map_err(|_| bad("A value in `Upload-Metadata` is not base64."))?;
            if matches!(key, "filename" | "name" | "title") && value.len() > MAX_TEXT_BYTES {
                return Err(bad(
                    "The title or the file's name is longer than 1024 bytes.",
                ));
            }
            Ok((key, String::from_utf8_lossy(&value).into_owned()))
        })
        .collect()
}

/// What a guard makes of what it has read.
fn outcome<T>(request: &Request<'_>, read: Result<T, Fault>) -> Outcome<T, ()> {
    match read {
        Ok(read) => Outcome::Success(read),
        Err((status, sentence)) => Problem::refuse(request, status, sentence),
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Announcement {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        outcome(request, Self::read(request.headers()))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Chunk {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        outcome(request, Self::read(request.headers()))
    }
}
