//! A station's folders and records in a temporary directory.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onair::clock::{SharedClock, SystemClock};
use onair::config::Config;
use onair::library::{Catalogue, Library, LibraryError};
use onair::storage::{Bucket, Records};
use tempfile::TempDir;
use tokio::sync::watch;

/// Nothing a test waits for takes longer, unless it never happens.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A place for a library to live in, which may be opened again and again.
pub struct Home {
    dir: TempDir,
    open: Mutex<Option<Open>>,
}

struct Open {
    records: Records,
    shutdown: watch::Sender<bool>,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["static", "uploads", "data"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Self {
            dir,
            open: Mutex::default(),
        }
    }

    /// Where `below` is, without links in it.
    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(below)
    }

    pub fn config(&self) -> Config {
        let setting =
            |key: &str, folder: &str| (key.to_owned(), self.path(folder).display().to_string());
        let environment = [
            setting("ONAIR_DATA_DIR", "data"),
            setting("ONAIR_STATIC_DIR", "static"),
            setting("ONAIR_UPLOADS_DIR", "uploads"),
            ("ONAIR_MIN_FREE_BYTES".to_owned(), "0".to_owned()),
            ("ONAIR_S3_SCAN_S".to_owned(), "1".to_owned()),
            ("ONAIR_WORKERS".to_owned(), "0".to_owned()),
        ];
        Config::load(self.dir.path(), environment).unwrap()
    }

    /// Puts the file `clip` at `below`, whole at once.
    pub fn put(&self, clip: &Path, below: &str) {
        self.put_bytes(&fs::read(clip).unwrap(), below);
    }

    /// Puts `bytes` at `below`, whole at once.
    pub fn put_bytes(&self, bytes: &[u8], below: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let coming = self.path("coming");
        fs::write(&coming, bytes).unwrap();
        fs::rename(coming, path).unwrap();
    }

    /// The names of the files in `folder`, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub async fn open(&self) -> Library {
        self.try_open(&self.config()).await.unwrap()
    }

    pub async fn try_open(&self, config: &Config) -> Result<Library, LibraryError> {
        self.open_with(config, Arc::new(SystemClock::start(None)))
            .await
    }

    pub async fn open_with(
        &self,
        config: &Config,
        clock: SharedClock,
    ) -> Result<Library, LibraryError> {
        self.close();
        let (records, _) = Records::open(&config.data_dir).unwrap();
        let shutdown = watch::Sender::new(false);
        let bucket = config.s3.as_ref().map(|s3| Bucket::connect(s3).unwrap());
        let open = Open {
            records: records.clone(),
            shutdown: shutdown.clone(),
        };
        *self.open.lock().unwrap() = Some(open);
        Library::start(config, records, clock, bucket, shutdown.subscribe()).await
    }

    /// The records of what was opened last.
    pub fn records(&self) -> Records {
        let open = self.open.lock().unwrap();
        open.as_ref().expect("a library is open").records.clone()
    }

    /// Ends what was opened before, as the end of its process would.
    pub fn close(&self) {
        if let Some(open) = self.open.lock().unwrap().take() {
            open.shutdown.send_replace(true);
            open.records.close();
        }
    }

    /// Waits until the catalogue is as `expected`.
    pub async fn until(
        &self,
        library: &Library,
        expected: impl FnMut(&Catalogue) -> bool,
    ) -> Arc<Catalogue> {
        let mut expected = expected;
        let mut catalogues = library.subscribe();
        let seen = catalogues.wait_for(|catalogue| expected(catalogue));
        match tokio::time::timeout(LONGEST_WAIT, seen).await {
            Ok(seen) => Arc::clone(&seen.unwrap()),
            Err(_) => panic!(
                "never came to be; there is {:#?}",
                library.snapshot().videos()
            ),
        }
    }
}
