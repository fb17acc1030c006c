//! Subtitles of real videos: inside them, beside them and uploaded, as WebVTT on the programme's time
//! line.

#[path = "support/clips.rs"]
mod clips;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use onair::media::{
    SubtitleFile, SubtitleOrigin, Subtitles, extract_subtitles, probe, subtitles_beside,
};

const ENGLISH: &str = "1\n00:00:00,500 --> 00:00:01,250\n<i>Hello</i> & <font color=red>you</font>\n\n\
                       2\n00:00:01,500 --> 00:00:09,000\nuntil the end\n";
const GERMAN: &str = "[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\n\
    Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment\n\
    Style: Default,Arial,20,&H00FFFFFF,0,0,2\n[Events]\n\
    Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
    Dialogue: 0,0:00:00.50,0:00:01.25,Default,,0,0,0,,{\\an8}Schöne {\\i1}Grüße{\\i0}, alle\n";

/// Runs ffmpeg on `arguments`, of which the last is the name of its output in `dir`.
fn make(dir: &Path, arguments: &str) -> PathBuf {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(&words)
        .current_dir(dir)
        .status();
    assert!(made.unwrap().success(), "ffmpeg {arguments}");
    dir.join(words[words.len() - 1])
}

/// A folder with a clip of two seconds, and the texts above as `en.srt` and `de.ass`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(clips::playable(2.0), dir.path().join("clip.mp4")).unwrap();
    fs::write(dir.path().join("en.srt"), ENGLISH).unwrap();
    fs::write(dir.path().join("de.ass"), GERMAN).unwrap();
    dir
}

async fn extracted(video: &Path, files: &[SubtitleFile]) -> (Subtitles, Vec<String>) {
    let facts = probe(video).await.unwrap();
    let out = tempfile::tempdir().unwrap();
    let subtitles = extract_subtitles(video, &facts, files, out.path(), 0)
        .await
        .unwrap();
    let read =
        |track: &onair::media::SubtitleTrack| fs::read_to_string(out.path().join(&track.file));
    let texts = subtitles
        .tracks
        .iter()
        .map(|track| read(track).unwrap())
        .collect();
    let left = fs::read_dir(out.path()).unwrap().count();
    assert_eq!(left, subtitles.tracks.len(), "nothing else is left behind");
    (subtitles, texts)
}

fn file(path: PathBuf, language: &str) -> SubtitleFile {
    SubtitleFile {
        path,
        language: language.to_owned(),
        label: None,
        origin: SubtitleOrigin::Uploaded,
    }
}

const ENGLISH_CUES: &str = "WEBVTT\n\n\
    00:00:00.500 --> 00:00:01.250\n<i>Hello</i> &amp; you\n\n\
    00:00:01.500 --> 00:00:02.000\nuntil the end\n";
const GERMAN_CUES: &str = "WEBVTT\n\n\
    00:00:00.500 --> 00:00:01.250 line:0\nSchöne <i>Grüße</i>, alle\n";

#[tokio::test]
async fn tracks_inside_a_matroska_come_out_timed_and_named() {
    let dir = folder();
    let video = make(
        dir.path(),
        "-i clip.mp4 -i en.srt -i de.ass -i en.srt -map 0 -map 1 -map 2 -map 3 -c copy \
         -c:s:0 subrip -c:s:1 ass -c:s:2 webvtt -metadata:s:s:0 language=eng \
         -metadata:s:s:1 language=ger -metadata:s:s:1 title=Texttafeln \
         -metadata:s:s:2 language=eng -disposition:s:1 default+forced film.mkv",
    );
    let (subtitles, texts) = extracted(&video, &[]).await;
    assert_eq!(subtitles.left_out, Vec::<String>::new());
    let told: Vec<_> = subtitles
        .tracks
        .iter()
        .map(|t| {
            (
                t.file.as_str(),
                t.language.as_str(),
                t.label.as_str(),
                t.default,
            )
        })
        .collect();
    let want = [
        ("subtitles-1.vtt", "en", "English", false),
        ("subtitles-2.vtt", "de", "Deutsch: Texttafeln", true),
        ("subtitles-3.vtt", "en", "English 2", false),
    ];
    assert_eq!(told, want);
    // The file's time line begins a little early, for the sound, and ASS counts in hundredths.
    let german = texts[1].replace(".499", ".500").replace(".249", ".250");
    assert_eq!(
        [&*texts[0], &*german, &*texts[2]],
        [ENGLISH_CUES, GERMAN_CUES, ENGLISH_CUES]
    );
    assert!(
        subtitles
            .tracks
            .iter()
            .all(|t| t.origin == SubtitleOrigin::Embedded)
    );
}

#[tokio::test]
async fn timed_text_inside_an_mp4_comes_out() {
    let dir = folder();
    let video = make(
        dir.path(),
        "-i clip.mp4 -i en.srt -map 0 -map 1 -c copy -c:s mov_text film.mp4",
    );
    let (_, texts) = extracted(&video, &[]).await;
    assert_eq!(texts, [ENGLISH_CUES]);
}

#[tokio::test]
async fn a_programme_starts_with_the_first_picture_and_so_do_its_subtitles() {
    let dir = folder();
    // Everything three seconds later on the file's own time line.
    make(
        dir.path(),
        "-i clip.mp4 -i en.srt -map 0 -map 1 -c copy -c:s subrip -output_ts_offset 3 late.mkv",
    );
    let (_, texts) = extracted(&dir.path().join("late.mkv"), &[]).await;
    assert_eq!(texts, [ENGLISH_CUES]);
    // A player starts this at zero, so what lies beside counts from there.
    let beside = [file(dir.path().join("en.srt"), "en")];
    let ts = make(
        dir.path(),
        "-i clip.mp4 -c copy -output_ts_offset 3 late.ts",
    );
    let (_, texts) = extracted(&ts, &beside).await;
    assert!(texts[0].contains("<i>Hello</i>"), "{texts:?}");
    let first: i64 = texts[0].split("00:00:00.").nth(1).unwrap()[..3]
        .parse()
        .unwrap();
    assert!((first - 500).abs() <= 60, "{texts:?}");
    // This one shows nothing until the third second.
    let mp4 = make(
        dir.path(),
        "-i clip.mp4 -c copy -output_ts_offset 3 late.mp4",
    );
    let (subtitles, texts) = extracted(&mp4, &beside).await;
    assert_eq!(subtitles.tracks.len(), 1);
    assert_eq!(
        texts,
        ["WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nuntil the end\n"]
    );
}

#[tokio::test]
async fn pictures_are_named_as_what_they_are() {
    let dir = folder();
    let video = make(
        dir.path(),
        "-i clip.mp4 -i en.srt -map 0 -map 1 -c copy -c:s subrip film.mkv",
    );
    // ffmpeg makes no pictures of text, so a text track is relabelled in place (same length).
    let bytes = fs::read(&video).unwrap();
    let at = bytes.windows(11).position(|w| w == b"S_TEXT/UTF8").unwrap();
    let mut relabelled = bytes;
    relabelled[at..at + 11].copy_from_slice(b"S_HDMV/PGS\0");
    fs::write(&video, relabelled).unwrap();
    let (subtitles, _) = extracted(&video, &[]).await;
    assert_eq!(subtitles.tracks, []);
    let want =
        "the subtitles “Subtitles” in this file are pictures (Blu-ray), which cannot become text";
    assert_eq!(subtitles.left_out, [want]);
}

#[tokio::test]
async fn files_beside_and_uploaded_become_tracks_in_any_encoding() {
    let dir = folder();
    let clip = dir.path().join("clip.mp4");
    let russian = "1\n00:00:00,500 --> 00:00:01,250\nПривет, как дела? Всё хорошо\n";
    let (old, _, _) = encoding_rs::WINDOWS_1251.encode(russian);
    fs::write(dir.path().join("clip.ru.srt"), &old).unwrap();
    fs::write(dir.path().join("clip.en.srt"), ENGLISH).unwrap();
    fs::write(dir.path().join("clip.pt-BR.vtt"), ENGLISH_CUES).unwrap();
    let mut files = subtitles_beside(&clip).unwrap();
    files.push(file(dir.path().join("de.ass"), "ger"));
    files.push(SubtitleFile {
        label: Some("With\nremarks".to_owned()),
        ..file(dir.path().join("en.srt"), "en-gb")
    });
    let (subtitles, texts) = extracted(&clip, &files).await;
    let told: Vec<_> = subtitles
        .tracks
        .iter()
        .map(|t| (t.language.as_str(), t.label.as_str(), t.origin))
        .collect();
    let want = [
        ("en", "English", SubtitleOrigin::Beside),
        ("pt-BR", "Português (Brasil)", SubtitleOrigin::Beside),
        ("ru", "Русский", SubtitleOrigin::Beside),
        ("de", "Deutsch", SubtitleOrigin::Uploaded),
        ("en-GB", "Withremarks", SubtitleOrigin::Uploaded),
    ];
    assert_eq!(told, want);
    assert_eq!(texts[0], ENGLISH_CUES);
    assert_eq!(texts[1], ENGLISH_CUES);
    assert!(
        texts[2].ends_with("Привет, как дела? Всё хорошо\n"),
        "{}",
        texts[2]
    );
    assert_eq!(texts[3], GERMAN_CUES);
}

#[tokio::test]
async fn what_is_no_subtitles_is_left_out_with_a_sentence() {
    let dir = folder();
    let clip = dir.path().join("clip.mp4");
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link.srt")).unwrap();
    let playlist = "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
    fs::write(dir.path().join("list.srt"), playlist).unwrap();
    let long = fs::File::create(dir.path().join("long.srt")).unwrap();
    long.set_len(9 * 1024 * 1024).unwrap();
    fs::write(
        dir.path().join("after.srt"),
        "00:10:00,000 --> 00:10:01,000\nlate\n",
    )
    .unwrap();
    let files: Vec<SubtitleFile> = ["link.srt", "list.srt", "long.srt", "after.srt", "none.srt"]
        .map(|name| file(dir.path().join(name), "en"))
        .into();
    let (subtitles, _) = extracted(&clip, &files).await;
    assert_eq!(subtitles.tracks, []);
    let want = [
        "the subtitles in “link.srt” are too long or no plain file",
        "there are no subtitles in “list.srt” (SubRip, WebVTT and ASS are read)",
        "the subtitles in “long.srt” are too long or no plain file",
        "none of the subtitles “English” fall into this video",
        "the subtitles “none.srt” are gone",
    ];
    assert_eq!(subtitles.left_out, want);
}
