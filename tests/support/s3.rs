//! A real S3 server, for the length of a test.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use onair::config::{S3Config, Secret};
use rustix::process::{Pid, Signal, kill_process};

const ACCESS_KEY: &str = "onair-tests";
const SECRET_KEY: &str = "not-a-secret-at-all";
pub const BUCKET: &str = "films";

/// `s3s-fs` with one empty bucket on a port of its own; killed when dropped.
pub struct S3Server {
    process: Child,
    /// Kept open, as the server may still write to it.
    _output: BufReader<ChildStdout>,
    endpoint: String,
    root: tempfile::TempDir,
}

impl S3Server {
    /// Starts one and waits until it says that it listens.
    pub fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin/s3s-fs");
        assert!(
            program.is_file(),
            "{} is missing: run scripts/install-s3-server.sh (make test does)",
            program.display()
        );
        let root = tempfile::tempdir().expect("a directory for the server");
        fs::create_dir(root.path().join(BUCKET)).expect("a bucket");
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(root.path())
            .env("RUST_LOG", "s3s_fs=info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let output = process.stdout.take().expect("its output is piped");
        let mut output = BufReader::new(output);
        let endpoint = listening_address(&mut output);
        Self {
            process,
            _output: output,
            endpoint,
            root,
        }
    }

    /// What gets one in.
    pub fn settings(&self) -> S3Config {
        S3Config {
            bucket: BUCKET.to_owned(),
            region: "eu-central-1".to_owned(),
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: Secret::new(SECRET_KEY),
            endpoint_url: Some(self.endpoint.clone()),
        }
    }

    /// The same as environment variables.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        let settings = self.settings();
        [
            ("S3_BUCKET_NAME", settings.bucket),
            ("AWS_REGION", settings.region),
            ("AWS_ACCESS_KEY_ID", settings.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
        ]
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the server keeps the objects of the bucket, as plain files.
    pub fn bucket_dir(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    /// All files the server keeps, unfinished uploads included.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut dirs = vec![self.root.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).expect("the server's directory reads") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files
    }

    /// Kills it at once: connections break, further ones are refused.
    pub fn kill(&mut self) {
        // Err means that it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Stops it from answering while its connections stay up, as a hung machine would.
    pub fn hang(&self) {
        kill_process(Pid::from_child(&self.process), Signal::STOP).expect("the server is there");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads the server's output up to the line that names its address.
fn listening_address(output: &mut impl BufRead) -> String {
    for line in output.lines() {
        let line = line.expect("the server's output is text");
        if let Some((_, address)) = line.split_once("running at ") {
            return address.trim().to_owned();
        }
    }
    panic!("the S3 server ended before it listened")
}
