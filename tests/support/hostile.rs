//! Files that pretend to be videos and have a reader open something else: a canary file that is watched,
//! and a listener of the test's own.
#![allow(dead_code, reason = "every test takes the part it needs")]

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

/// What stands in the canary files and nowhere else.
pub const SECRET: &str = "CANARY-4f1d9a7c2b";
/// What every reader of `/etc/passwd` finds.
pub const OF_PASSWD: &str = "root:x:0:0";

/// A file and what it takes to have an unprotected ffmpeg fall for it.
pub struct Hostile {
    pub path: PathBuf,
    /// Options that take ffmpeg's own guards away.
    pub unguarded: Vec<&'static str>,
    /// Whether an ffmpeg without guards reaches for the canary or the listener.
    pub works: bool,
}

impl Hostile {
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }
}

/// A folder with a text, a video and a picture that nobody may open, and a listener nobody may reach.
pub struct Trap {
    pub dir: tempfile::TempDir,
    watch: rustix::fd::OwnedFd,
    listener: TcpListener,
}

impl Trap {
    pub fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("canary.txt"), SECRET).unwrap();
        for (name, more) in [
            ("canary.ts", "-c:v mpeg2video -metadata service_name="),
            ("canary1.png", "-frames:v 1 -metadata comment="),
        ] {
            small_clip(&format!("{more}{SECRET}"), &dir.path().join(name));
        }
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let watch = inotify::init(flags).unwrap();
        for name in ["canary.txt", "canary.ts", "canary1.png"] {
            let opened = inotify::WatchFlags::OPEN | inotify::WatchFlags::ACCESS;
            inotify::add_watch(&watch, dir.path().join(name), opened).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self {
            dir,
            watch,
            listener,
        }
    }

    /// What was reached for since the last time this was asked.
    pub fn sprung(&self) -> Vec<&'static str> {
        let mut sprung = Vec::new();
        let mut buffer = [0; 4096];
        let mut events = fs::File::from(self.watch.try_clone().unwrap());
        while events.read(&mut buffer).is_ok_and(|n| n > 0) {
            sprung = vec!["a canary was opened"];
        }
        while let Ok((connection, _)) = self.listener.accept() {
            drop(connection);
            sprung.push("a connection came");
        }
        sprung
    }

    /// Whether that ffmpeg, without any leash, reaches for something.
    pub fn springs_bare(&self, hostile: &Hostile) -> bool {
        self.sprung();
        let out = tempfile::tempdir().unwrap();
        let mut bare = Command::new("ffmpeg")
            .args(unguarded_arguments(hostile, out.path()))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut reached = [
            PollFd::new(&self.watch, PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
        ];
        let long = Timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        poll(&mut reached, Some(&long)).unwrap();
        bare.kill().unwrap();
        bare.wait().unwrap();
        !self.sprung().is_empty()
    }

    /// Every trick, one file each.
    pub fn files(&self) -> Vec<Hostile> {
        let canary = |name: &str| self.dir.path().join(name).display().to_string();
        let (text, video) = (canary("canary.txt"), canary("canary.ts"));
        let port = self.listener.local_addr().unwrap().port();
        let web = format!("http://127.0.0.1:{port}/x.ts");
        let hls = |lines: &str| {
            format!(
                "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n{lines}\n#EXT-X-ENDLIST\n"
            )
        };
        let one = |address: &str| hls(&format!("#EXTINF:1.0,\n{address}"));
        let every = "file,crypto,data,http,tcp,concat,subfile,udp,rtp";
        let list = vec!["-protocol_whitelist", every, "-allowed_extensions", "ALL"];
        let joined = vec!["-protocol_whitelist", every, "-safe", "0"];
        let plain = vec!["-protocol_whitelist", every];
        let dash = |address: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
                 mediaPresentationDuration=\"PT1S\" profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\">\
                 <Period><AdaptationSet mimeType=\"video/mp2t\"><Representation id=\"1\" bandwidth=\"1\">\
                 <BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>\n"
            )
        };
        let entries: Vec<(&str, String, &Vec<&'static str>, bool)> = vec![
            ("hls.mp4", one(&format!("file://{video}")), &list, true),
            ("hls.avi", one(&format!("file://{video}")), &list, true),
            ("hls.mkv", one(&video), &list, true),
            ("hls-beside.mov", one("canary.ts"), &list, true),
            ("hls.m3u8", one(&format!("file:{video}")), &list, true),
            ("hls-web.mp4", one(&web), &list, true),
            // Of other addresses this demuxer knows nothing any more.
            (
                "hls-concat.avi",
                one(&format!("concat:{video}|{web}")),
                &list,
                false,
            ),
            (
                "hls-subfile.avi",
                one(&format!("subfile,,start,0,end,40,,:{text}")),
                &list,
                false,
            ),
            (
                "hls-key.mp4",
                hls(&format!(
                    "#EXT-X-KEY:METHOD=AES-128,URI=\"file://{text}\"\n#EXTINF:1,\n{web}"
                )),
                &list,
                true,
            ),
            (
                "hls-map.mp4",
                hls(&format!(
                    "#EXT-X-MAP:URI=\"file://{video}\"\n#EXTINF:1,\nfile://{video}"
                )),
                &list,
                true,
            ),
            ("hls-passwd.mp4", one("file:///etc/passwd"), &list, false),
            (
                "hls-variant.mp4",
                format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile://{video}\n"),
                &list,
                true,
            ),
            (
                "ffconcat.mp4",
                format!("ffconcat version 1.0\nfile 'file:{video}'\n"),
                &joined,
                true,
            ),
            (
                "ffconcat-beside.avi",
                "ffconcat version 1.0\nfile canary.ts\n".to_owned(),
                &joined,
                true,
            ),
            (
                "ffconcat-web.mkv",
                format!("ffconcat version 1.0\nfile '{web}'\n"),
                &joined,
                true,
            ),
            ("dash.mp4", dash(&format!("file:{video}")), &plain, true),
            ("dash-web.mp4", dash(&web), &plain, true),
            (
                "smil.mp4",
                format!("<smil><body><video src=\"file://{video}\"/></body></smil>"),
                &plain,
                false,
            ),
            (
                "reference.avi",
                format!("[Reference]\nRef1={web}\nRef2=file://{video}\n"),
                &plain,
                false,
            ),
            (
                "asx.avi",
                format!("<asx version=\"3.0\"><entry><ref href=\"{web}\"/></entry></asx>"),
                &plain,
                false,
            ),
            (
                "session.mp4",
                format!(
                    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} TCP/RTP/AVP 96\n"
                ),
                &plain,
                false,
            ),
            (
                "subtitles.srt",
                format!("1\n00:00:00,000 --> 00:00:01,000\nfile://{text}\n"),
                &plain,
                false,
            ),
            // What a name could be taken for.
            ("canary%d.png", String::new(), &plain, true),
            ("concat:canary.ts|canary.ts", one(&video), &list, true),
            ("-i canary.ts.mp4", one(&video), &list, true),
            (
                "a'];movie=canary.ts[out];[in].mp4",
                one(&video),
                &list,
                true,
            ),
            (
                "subfile,,start,0,end,9,,:canary.txt",
                one(&video),
                &list,
                true,
            ),
        ];
        let write =
            |(name, content, unguarded, works): (&str, String, &Vec<&'static str>, bool)| {
                let path = self.dir.path().join(name);
                fs::write(&path, content).unwrap();
                Hostile {
                    path,
                    unguarded: unguarded.clone(),
                    works,
                }
            };
        let mut files: Vec<Hostile> = entries.into_iter().map(write).collect();
        files.push(self.movie_elsewhere(&video));
        files
    }

    /// A QuickTime movie that says its pictures are in the file at `elsewhere`.
    fn movie_elsewhere(&self, elsewhere: &str) -> Hostile {
        let path = self.dir.path().join("movie-elsewhere.mov");
        small_clip("-c:v mpeg4 -f mov", &path);
        fs::write(&path, referring(&fs::read(&path).unwrap(), elsewhere)).unwrap();
        Hostile {
            path,
            unguarded: vec!["-enable_drefs", "1", "-use_absolute_path", "1"],
            works: true,
        }
    }
}

/// A second of a moving picture at `path`, made as `how` says.
fn small_clip(how: &str, path: &Path) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi"]);
    ffmpeg.args(["-i", "testsrc2=s=64x48:r=5:d=1"]);
    let made = ffmpeg.args(how.split(' ')).arg(path).status();
    assert!(made.unwrap().success());
}

/// The movie with an alias to `elsewhere` as its data reference (ISO/IEC 14496-12 §8.7.2, and the
/// Macintosh's alias records); its index must be at the end.
fn referring(movie: &[u8], elsewhere: &str) -> Vec<u8> {
    let find = |name: &[u8]| {
        let mut windows = movie.windows(4);
        windows.position(|window| window == name).unwrap() - 4
    };
    let mut alias = [0; 10 + 28 + 12 + 64 + 16 + 4 + 16].to_vec();
    // The whole path, then the end.
    alias.extend([0, 2]);
    alias.extend(u16::try_from(elsewhere.len()).unwrap().to_be_bytes());
    alias.extend(elsewhere.bytes());
    alias.resize(alias.len() + elsewhere.len() % 2, 0);
    alias.extend([0xff, 0xff, 0, 0]);
    let entry_size = u32::try_from(12 + alias.len()).unwrap();
    let entry = [&entry_size.to_be_bytes()[..], b"alis", &[0; 4], &alias].concat();
    let list = find(b"dref");
    let old = u32::from_be_bytes(movie[list..list + 4].try_into().unwrap());
    let head = [
        &(16 + entry_size).to_be_bytes()[..],
        b"dref",
        &[0; 4],
        &[0, 0, 0, 1],
    ]
    .concat();
    let after = list + old as usize;
    let mut made = [&movie[..list], &head, &entry, &movie[after..]].concat();
    // Every box around it has grown.
    for name in [b"moov", b"trak", b"mdia", b"minf", b"dinf"] {
        let at = find(name);
        let size = u32::from_be_bytes(made[at..at + 4].try_into().unwrap());
        made[at..at + 4].copy_from_slice(&(size + 16 + entry_size - old).to_be_bytes());
    }
    made
}

/// The arguments of an ffmpeg without any guard that copies what it finds at `path` to `out`.
pub fn unguarded_arguments(hostile: &Hostile, out: &Path) -> Vec<OsString> {
    let mut name = OsString::from("file:");
    name.push(&hostile.path);
    let mut arguments: Vec<OsString> = ["-nostdin", "-v", "verbose"].map(Into::into).into();
    arguments.extend(hostile.unguarded.iter().map(Into::into));
    arguments.extend(["-i".into(), name]);
    arguments.extend(["-map", "0", "-c", "copy", "-f", "nut", "-y"].map(Into::into));
    let mut to = OsString::from("file:");
    to.push(out.join("leaked.nut"));
    arguments.push(to);
    arguments
}

/// Everything in the files below `dir`, looked through for the canary's secret and for `/etc/passwd`.
pub fn leaks_below(dir: &Path) -> Vec<PathBuf> {
    let mut leaks = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            leaks.extend(leaks_below(&path));
        } else if is_leak(&fs::read(&path).unwrap()) {
            leaks.push(path);
        }
    }
    leaks
}

pub fn is_leak(bytes: &[u8]) -> bool {
    [SECRET, OF_PASSWD].iter().any(|told| {
        let mut windows = bytes.windows(told.len());
        windows.any(|window| window == told.as_bytes())
    })
}

/// No test waits longer for one file.
pub const LONG: Duration = Duration::from_secs(20);
