//! Posters and previews from real videos.

#[path = "support/clips.rs"]
mod clips;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use onair::media::{StillsError, make_stills};

/// Six seconds: black, then blue, then a test picture, then black again; a key frame each second.
fn story(dir: &Path) -> PathBuf {
    let path = dir.join("story, with a : 100%d name.mp4");
    let scenes = "color=black:s=320x180:r=25:d=2[a];color=blue:s=320x180:r=25:d=2[b];\
                  testsrc2=s=320x180:r=25:d=2[c];color=black:s=320x180:r=25:d=2[d];\
                  [a][b][c][d]concat=n=4";
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-filter_complex", scenes])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-g",
            "25",
        ])
        .args(["-movflags", "+frag_keyframe+empty_moov+default_base_moof"])
        .arg(format!("file:{}", path.display()))
        .status();
    assert!(made.unwrap().success());
    path
}

/// The average red, green and blue of the part of a picture at `x`, `y`.
fn colour(picture: &Path, (x, y, width, height): (u32, u32, u32, u32)) -> [u8; 3] {
    let filter = format!("crop={width}:{height}:{x}:{y},scale=1:1:flags=area,format=rgb24");
    let drawn = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(picture)
        .args(["-vf", &filter, "-f", "rawvideo", "pipe:1"])
        .output()
        .unwrap();
    drawn.stdout.try_into().expect("one pixel")
}

fn is_black([r, g, b]: [u8; 3]) -> bool {
    r < 20 && g < 20 && b < 20
}

fn is_blue([r, g, b]: [u8; 3]) -> bool {
    r < 20 && g < 20 && b > 200
}

#[tokio::test]
async fn the_poster_shows_something_and_every_preview_its_moment() {
    let dir = tempfile::tempdir().unwrap();
    let video = story(dir.path());
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let stills = make_stills(&video, &video, 8000, &out, 5).await.unwrap();
    assert_eq!((stills.width, stills.height), (320, 180));
    assert_eq!((stills.tile_width, stills.tile_height), (160, 90));
    assert_eq!((stills.columns, stills.rows, stills.every_ms), (4, 1, 2000));

    let poster = colour(&out.join(&stills.poster), (0, 0, 320, 180));
    assert!(!is_black(poster) && !is_blue(poster), "{poster:?}");

    let sprite = out.join(&stills.sprite);
    // The middle of each, away from the neighbours.
    let tiles: Vec<_> = (0..4)
        .map(|n| colour(&sprite, (n * 160 + 20, 10, 120, 70)))
        .collect();
    assert!(is_black(tiles[0]) && is_black(tiles[3]), "{tiles:?}");
    assert!(is_blue(tiles[1]), "{tiles:?}");
    assert!(!is_black(tiles[2]) && !is_blue(tiles[2]), "{tiles:?}");

    let table = fs::read_to_string(out.join(&stills.vtt)).unwrap();
    assert!(table.contains("00:00:04.000 --> 00:00:06.000\nsprite.jpg#xywh=320,0,160,90\n"));
    let mut names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["poster.jpg", "sprite.jpg", "sprite.vtt"],
        "and nothing else"
    );
}

#[tokio::test]
async fn a_video_of_one_key_frame_has_stills_too() {
    let dir = tempfile::tempdir().unwrap();
    let stills = make_stills(
        &clips::playable(2.0),
        &clips::playable(2.0),
        2000,
        dir.path(),
        0,
    )
    .await;
    let stills = stills.unwrap();
    assert_eq!((stills.columns, stills.rows), (1, 1));
    let tile = colour(&dir.path().join("sprite.jpg"), (0, 0, 160, 90));
    assert!(!is_black(tile), "{tile:?}");
}

#[tokio::test]
async fn what_has_no_picture_has_no_stills() {
    let dir = tempfile::tempdir().unwrap();
    let sound = clips::sound_only(1.0);
    let error = make_stills(&sound, &sound, 1000, dir.path(), 0)
        .await
        .unwrap_err();
    assert!(matches!(error, StillsError::NoPicture { .. }), "{error:?}");
}
