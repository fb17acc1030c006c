//! Scripts and styles of the pages: `/assets/…` from `browser/`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rocket::http::uri::Segments;
use rocket::http::uri::fmt::Path as InPath;
use rocket::http::{HeaderMap, Status};
use rocket::response::{self, Responder, Response};
use rocket::{Request, Route, State, get, routes};
use sha2::{Digest, Sha256};

use super::range::{Answer, Conditions, Representation, answer};

/// The folders below `browser/` that are served.
const FOLDERS: [&str; 5] = ["js", "css", "fonts", "icons", "img"];

/// Scripts of others that npm has put beside `browser/`: how they are called here, where they lie.
const OF_OTHERS: [(&str, &str); 2] = [
    (RESUMABLE, "node_modules/tus-js-client/dist/tus.min.js"),
    ("vendor/hls.js", "node_modules/hls.js/dist/hls.min.mjs"),
];
/// What sends uploads that go on where they were left.
pub(super) const RESUMABLE: &str = "vendor/tus.min.js";

/// More files, larger files and deeper folders than these are a mistake.
const MAX_FILES: usize = 2000;
const MAX_FILE_BYTES: u64 = 4 << 20;
const MAX_DEPTH: usize = 8;

/// A file name's extension and its media type (RFC 9239 for scripts).
const KINDS: [(&str, &str); 9] = [
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
];

/// May be kept for a year without asking: the address changes with the content.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// May be kept, but ask each time.
const ASK_AGAIN: &str = "public, no-cache";

pub(super) fn routes() -> Vec<Route> {
    routes![asset]
}

/// The pages' scripts and styles, held in memory; cheap to clone.
///
/// A debug build reads them anew once they have changed, so that an edit shows at the next reload.
#[derive(Debug, Clone)]
pub struct Assets {
    browser_dir: PathBuf,
    loaded: Arc<Loaded>,
}

/// All assets as they were at one moment.
#[derive(Debug)]
struct Loaded {
    listing: Vec<Listed>,
    files: BTreeMap<String, Asset>,
    version: String,
}

/// A file that is served, before it is read.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    /// Its path below `browser/`, with `/` between the parts.
    name: String,
    path: PathBuf,
    kind: &'static str,
    size_bytes: u64,
    modified: SystemTime,
}

#[derive(Debug, Clone)]
struct Asset {
    kind: &'static str,
    etag: String,
    bytes: Arc<[u8]>,
}

impl Assets {
    /// Reads the assets below `browser_dir`.
    ///
    /// # Errors
    /// If a file cannot be read, or there are too many or too large ones.
    pub fn load(browser_dir: &Path) -> io::Result<Self> {
        Ok(Self {
            browser_dir: browser_dir.to_owned(),
            loaded: Arc::new(Loaded::read(list(browser_dir)?)?),
        })
    }

    /// A name of this very set of assets, for addresses: `/assets/<version>/js/…` never changes,
    /// and neither does what a script there imports by a relative address.
    pub fn version(&self) -> String {
        self.current().version.clone()
    }

    /// Whether there is an asset called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.current().files.contains_key(name)
    }

    fn current(&self) -> Arc<Loaded> {
        if cfg!(debug_assertions)
            && let Ok(listing) = list(&self.browser_dir)
            && listing != self.loaded.listing
            && let Ok(fresh) = Loaded::read(listing)
        {
            return Arc::new(fresh);
        }
        self.loaded.clone()
    }
}

impl Loaded {
    fn read(listing: Vec<Listed>) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut all = Sha256::new();
        for listed in &listing {
            let bytes = fs::read(&listed.path)?;
            let etag = format!("\"{}\"", hex(&Sha256::digest(&bytes)));
            all.update(&listed.name);
            all.update(&etag);
            let asset = Asset {
                kind: listed.kind,
                etag,
                bytes: bytes.into(),
            };
            files.insert(listed.name.clone(), asset);
        }
        let version = format!("v{}", hex(&all.finalize()));
        Ok(Self {
            listing,
            files,
            version,
        })
    }

    /// The asset at `path` below `/assets/`, with what caches may do with it.
    fn find(&self, path: &str) -> Option<(&Asset, &'static str)> {
        if let Some(asset) = self.files.get(path) {
            return Some((asset, ASK_AGAIN));
        }
        // A page of an earlier version may still be open: it gets today's file, but not for good.
        let (version, path) = path.split_once('/')?;
        let cache = if version == self.version {
            FOREVER
        } else {
            ASK_AGAIN
        };
        self.files.get(path).map(|asset| (asset, cache))
    }
}

/// Every file that is served, by name.
fn list(browser_dir: &Path) -> io::Result<Vec<Listed>> {
    let mut listing = Vec::new();
    for folder in FOLDERS {
        let path = browser_dir.join(folder);
        if path.is_dir() {
            list_folder(&path, folder, MAX_DEPTH, &mut listing)?;
        }
    }
    for (name, path) in OF_OTHERS {
        let path = browser_dir.join("..").join(path);
        if let (Ok(facts), Some(kind)) = (fs::metadata(&path), kind_of(Path::new(name))) {
            listing.push(Listed {
                name: name.to_owned(),
                kind,
                size_bytes: facts.len(),
                modified: facts.modified()?,
                path,
            });
        }
    }
    listing.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listing)
}

fn list_folder(
    folder: &Path,
    name: &str,
    depth: usize,
    listing: &mut Vec<Listed>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        let facts = entry.metadata()?;
        if facts.is_dir() && depth > 0 {
            list_folder(&entry.path(), &name, depth - 1, listing)?;
        } else if facts.is_file()
            && let Some(kind) = kind_of(&entry.path())
        {
            if facts.len() > MAX_FILE_BYTES || listing.len() == MAX_FILES {
                return Err(io::Error::other(format!(
                    "{name} is an asset too many or too large"
                )));
            }
            listing.push(Listed {
                name,
                path: entry.path(),
                kind,
                size_bytes: facts.len(),
                modified: facts.modified()?,
            });
        }
    }
    Ok(())
}

/// The media type of the file at `path`, if it is of a kind that is served.
fn kind_of(path: &Path) -> Option<&'static str> {
    let hidden = path.file_name()?.to_str()?.starts_with('.');
    let extension = path.extension()?.to_str()?;
    let (_, kind) = KINDS.iter().find(|(known, _)| *known == extension)?;
    (!hidden).then_some(*kind)
}

/// The first half of a SHA-256: enough to tell versions apart.
fn hex(digest: &[u8]) -> String {
    digest[..16].iter().map(|b| format!("{b:02x}")).collect()
}

/// An asset, or word that the browser has it already.
struct Delivery {
    asset: Asset,
    cache: &'static str,
}

#[get("/assets/<path..>")]
fn asset(path: Segments<'_, InPath>, assets: &State<Assets>) -> Option<Delivery> {
    let path: Vec<_> = path.collect();
    let loaded = assets.current();
    let (asset, cache) = loaded.find(&path.join("/"))?;
    Some(Delivery {
        asset: asset.clone(),
        cache,
    })
}

impl<'r> Responder<'r, 'static> for Delivery {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let Asset { kind, etag, bytes } = self.asset;
        let known = is_known(request.headers(), &etag);
        let mut response = Response::build();
        response
            .raw_header("ETag", etag)
            .raw_header("Cache-Control", self.cache);
        if known {
            return response.status(Status::NotModified).ok();
        }
        response
            .raw_header("Content-Type", kind)
            .sized_body(bytes.len(), Cursor::new(bytes))
            .ok()
    }
}

/// Whether the browser named `etag` in `If-None-Match`.
fn is_known(headers: &HeaderMap<'_>, etag: &str) -> bool {
    let asked = Conditions {
        if_none_match: headers.get_one("If-None-Match").map(str::to_owned),
        ..Conditions::default()
    };
    let file = Representation {
        size_bytes: 0,
        etag: etag.to_owned(),
        modified_ms: 0,
    };
    answer(&file, &asked, 0) == Answer::NotModified
}

#[cfg(test)]
mod tests {
    use rocket::http::Header;
    use rocket::local::blocking::{Client, LocalResponse};

    use super::*;
    use crate::web::errors;

    const MODULE: &str = "export const answer = 42;\n";

    fn browser_dir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("index.html.tera", "a page"),
            ("js/core/answer.js", MODULE),
            ("js/.hidden.js", "secret"),
            ("js/notes.txt", "secret"),
            ("css/base.css", "body { margin: 0 }"),
            ("secret/keys.js", "secret"),
        ] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        dir
    }

    fn client(assets: Assets) -> Client {
        let figment = rocket::Config::figment().merge(("log_level", "off"));
        let rocket = rocket::custom(figment)
            .mount("/", routes())
            .register("/", errors::catchers())
            .manage(assets);
        Client::tracked(rocket).expect("a rocket")
    }

    fn header<'a>(answer: &'a LocalResponse<'_>, name: &str) -> Option<&'a str> {
        answer.headers().get_one(name)
    }

    #[test]
    fn an_asset_comes_with_its_type_and_a_tag_that_saves_sending_it_again() {
        let dir = browser_dir();
        let client = client(Assets::load(dir.path()).expect("assets"));
        let answer = client.get("/assets/js/core/answer.js").dispatch();
        let kind = header(&answer, "Content-Type");
        assert_eq!(kind, Some("text/javascript; charset=utf-8"));
        assert_eq!(header(&answer, "Cache-Control"), Some(ASK_AGAIN));
        let etag = header(&answer, "ETag").expect("a tag").to_owned();
        assert_eq!(answer.into_string().as_deref(), Some(MODULE));

        let again = client
            .get("/assets/js/core/answer.js")
            .header(Header::new("If-None-Match", etag.clone()))
            .dispatch();
        assert_eq!(again.status(), Status::NotModified);
        assert_eq!(header(&again, "ETag"), Some(etag.as_str()));
        assert_eq!(again.into_string().unwrap_or_default(), "");

        let head = client.head("/assets/css/base.css").dispatch();
        assert_eq!(
            header(&head, "Content-Type"),
            Some("text/css; charset=utf-8")
        );
    }

    #[test]
    fn an_address_with_the_version_is_for_ever_until_the_content_changes() {
        let dir = browser_dir();
        let assets = Assets::load(dir.path()).expect("assets");
        let version = assets.version();
        let client = client(assets.clone());
        let cache = |version: &str| {
            let path = format!("/assets/{version}/js/core/answer.js");
            let answer = client.get(path).dispatch();
            assert_eq!(answer.status(), Status::Ok);
            header(&answer, "Cache-Control").map(str::to_owned)
        };
        assert_eq!(cache(&version).as_deref(), Some(FOREVER));
        assert_eq!(cache("v0").as_deref(), Some(ASK_AGAIN));

        fs::write(dir.path().join("js/core/answer.js"), "export {};").expect("written");
        let later = Assets::load(dir.path()).expect("assets");
        assert_ne!(later.version(), version);
    }

    #[test]
    fn nothing_else_below_browser_is_served() {
        let dir = browser_dir();
        let client = client(Assets::load(dir.path()).expect("assets"));
        for path in [
            "/assets",
            "/assets/",
            "/assets/js",
            "/assets/index.html.tera",
            "/assets/js/.hidden.js",
            "/assets/js/notes.txt",
            "/assets/secret/keys.js",
            "/assets/js/../secret/keys.js",
            "/assets/js/%2e%2e/secret/keys.js",
            "/assets/js%2fcore%2f..%2f..%2fsecret%2fkeys.js",
            "/assets/js/core/answer.js%00",
        ] {
            assert_eq!(
                client.get(path).dispatch().status(),
                Status::NotFound,
                "{path}"
            );
        }
    }
}
