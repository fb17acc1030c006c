//! `onair process`: prepares videos on an uploader's own machine, so that the station need not.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::media::{
    Package, PrepareError, PrepareOptions, Progress, Stage, SubtitleFile, SubtitleOrigin, prepare,
    probe, subtitles_beside,
};

#[derive(Args)]
pub(super) struct Arguments {
    /// Videos of any kind
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Subtitles in a file of their own, with their language, such as en:film.srt; those beside a
    /// video and named after it are found
    #[arg(long, value_name = "LANGUAGE:FILE", value_parser = subtitles)]
    subtitles: Vec<SubtitleFile>,
    /// Where each video gets a folder of its name; otherwise here
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// How many threads to use; otherwise as many as there are processors
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

fn subtitles(text: &str) -> Result<SubtitleFile, String> {
    let (language, path) = text
        .split_once(':')
        .filter(|(language, path)| !language.is_empty() && !path.is_empty())
        .ok_or("a language and a file are needed, such as en:film.srt")?;
    Ok(SubtitleFile {
        path: PathBuf::from(path),
        language: language.to_owned(),
        label: None,
        origin: SubtitleOrigin::Uploaded,
    })
}

/// Prepares every file that was named; one that fails does not keep the others from it.
pub(super) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    ensure!(
        arguments.subtitles.is_empty() || arguments.files.len() == 1,
        "--subtitles belongs to one video; process them one by one"
    );
    for file in &arguments.subtitles {
        let path = &file.path;
        ensure!(path.is_file(), "there is no file {}", path.display());
    }
    // Children are groups of their own: nobody ends them with us unless we do.
    let mut terminated = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let work = process_all(&arguments);
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => bail!("stopped; nothing was left behind"),
        _ = terminated.recv() => bail!("stopped; nothing was left behind"),
    }
}

async fn process_all(arguments: &Arguments) -> anyhow::Result<()> {
    let mut failed = 0;
    for file in &arguments.files {
        if let Err(error) = process(file, arguments).await {
            failed += 1;
            eprintln!("{}: {error:#}", file.display());
            let said = error.downcast_ref::<PrepareError>();
            for line in said.into_iter().flat_map(|error| error.complaint().lines()) {
                eprintln!("    {line}");
            }
        }
    }
    let all = arguments.files.len();
    ensure!(failed == 0, "{failed} of {all} could not be prepared");
    Ok(())
}

async fn process(file: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let name = file.file_stem().context("this is no file")?;
    let folder = Begun::at(arguments.into.join(name))?;
    let facts = probe(file).await?;
    let mut subtitles = arguments.subtitles.clone();
    subtitles.extend(subtitles_beside(file)?);
    let options = PrepareOptions {
        threads: arguments.threads,
        subtitles,
        ..PrepareOptions::default()
    };
    let bar = bar(&name.to_string_lossy());
    let package = prepare(file, &facts, &folder.path, &options, &|at| show(&bar, at)).await;
    bar.finish_and_clear();
    let package = package?;
    println!("{}", sentence(file, &folder.path, &package));
    for note in &package.notes {
        println!("  {note}");
    }
    folder.keep();
    Ok(())
}

/// A new folder, which goes away again unless it is kept.
struct Begun {
    path: PathBuf,
    kept: bool,
}

impl Begun {
    fn at(path: PathBuf) -> anyhow::Result<Self> {
        let shown = path.display();
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {shown}"))?;
        }
        match fs::create_dir(&path) {
            Ok(()) => Ok(Self { path, kept: false }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                bail!("{shown} is there already; remove it, or choose another place with --into")
            }
            Err(error) => Err(error).with_context(|| format!("cannot make {shown}")),
        }
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}

fn bar(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix}  {msg:<24} {wide_bar} {percent:>3} %")
        .expect("the template is right");
    let bar = ProgressBar::new(1000).with_style(style);
    bar.set_prefix(name.to_owned());
    bar
}

fn show(bar: &ProgressBar, at: Progress) {
    let doing = match at.stage {
        Stage::Quick => "a first version",
        Stage::Measure => "measuring the sound",
        Stage::Encode => "encoding",
        Stage::Verify => "checking",
        Stage::Stills => "still pictures",
        Stage::Subtitles => "subtitles",
    };
    let left = at.left_s.filter(|&s| s > 0);
    bar.set_position(at.done_permille.into());
    bar.set_message(match left {
        Some(s) => format!("{doing}, {}:{:02} left", s / 60, s % 60),
        None => doing.to_owned(),
    });
}

fn sentence(file: &Path, folder: &Path, package: &Package) -> String {
    let rungs: Vec<&str> = package
        .rungs
        .iter()
        .map(|rung| rung.name.as_str())
        .collect();
    let sound = match package.loudness.measured_lufs {
        Some(lufs) => format!(
            "{lufs:.1} LUFS, moved by {:+.1} dB",
            package.loudness.gain_db
        ),
        None => "silent".to_owned(),
    };
    format!(
        "{} is prepared in {} ({} lines; {sound}; {} subtitles)",
        file.display(),
        folder.display(),
        rungs.join(", "),
        package.subtitles.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitles_are_a_language_and_a_file() {
        let file = subtitles("pt-BR:a:b.srt").unwrap();
        assert_eq!(file.language, "pt-BR");
        assert_eq!(file.path, Path::new("a:b.srt"));
        for wrong in ["film.srt", ":film.srt", "en:"] {
            assert!(subtitles(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_that_is_not_kept_goes_away_and_one_in_use_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/film");
        let begun = Begun::at(path.clone()).unwrap();
        fs::write(path.join("half"), "x").unwrap();
        assert!(Begun::at(path.clone()).is_err());
        drop(begun);
        assert!(!path.exists());
        Begun::at(path.clone()).unwrap().keep();
        assert!(path.exists());
    }
}
