//! The rules of the house for `src/`: who may use whom, and who may know which crate.

use std::collections::{BTreeMap, BTreeSet};

use crate::circles;
use crate::rust_source::{self, Kind, Mention, Source};

/// Lowest floor first; rooms on one floor do not know each other.
const FLOORS: [&[&str]; 15] = [
    &["timeline"],
    &["clock"],
    &["config"],
    &["media", "storage"],
    &["library"],
    &["conversion"],
    &["linear"],
    &["station"],
    &["audience"],
    &["fanout"],
    &["web"],
    &["telemetry"],
    &["app"],
    &["cli"],
    &["main"],
];

/// Crates that only the named rooms may mention.
const KEPT_IN: [(&str, &[&str]); 11] = [
    ("anyhow", &["app", "cli", "main"]),
    ("clap", &["cli", "main"]),
    ("dotenvy", &["config"]),
    ("httparse", &["fanout"]),
    ("mio", &["fanout"]),
    ("multer", &["web"]),
    ("object_store", &["storage"]),
    ("rocket", &["web"]),
    ("rocket_dyn_templates", &["web"]),
    ("sled", &["storage"]),
    ("tracing_subscriber", &["telemetry"]),
];

/// What the pure floor may use of the outside; tests in it may use any crate.
const PURE_CRATES: [&str; 4] = ["alloc", "core", "std", "thiserror"];
const IMPURE_STD: [&str; 8] = ["env", "fs", "io", "net", "os", "process", "thread", "time"];

/// What else of `process` is no starting of a process.
const HARMLESS_OF_PROCESS: [&str; 4] = ["ExitCode", "abort", "exit", "id"];

const CLOCKS: [&str; 4] = ["Instant", "Local", "SystemTime", "Utc"];

/// A file of the crate: its path below `src/` and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Every sentence that breaks the rules, in the order of the files.
pub fn violations(files: &[File], dependencies: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut modules: BTreeMap<Vec<String>, (&File, Source)> = BTreeMap::new();
    for file in files {
        let module = module_of(&file.path);
        match rust_source::read(&file.text, &module) {
            Ok(source) => {
                modules.insert(module, (file, source));
            }
            Err(error) => found.push(format!("src/{}: cannot be read: {error}", file.path)),
        }
    }
    let test_modules: BTreeSet<Vec<String>> = modules
        .values()
        .flat_map(|(_, source)| source.test_modules.iter().cloned())
        .collect();
    for (_, source) in modules.values_mut() {
        for mention in &mut source.mentions {
            mention.in_test |= test_modules
                .iter()
                .any(|test| mention.module.starts_with(test));
        }
    }
    for (module, (file, source)) in &modules {
        let room = module.first().map_or("", String::as_str);
        if !room.is_empty() && floor(room).is_none() {
            found.push(format!(
                "src/{}: {room} is not a room of the house",
                file.path
            ));
            continue;
        }
        for mention in &source.mentions {
            let target = resolve(mention, &modules);
            let wrong = match &target {
                Target::Inside(path) => arrow(room, path),
                Target::Outside(path) => outside(room, path, mention, dependencies),
                Target::Word(word) => word_out_of_place(room, word, mention.in_test),
            };
            if let Some(reason) = wrong {
                let as_written = mention.path.join("::");
                found.push(format!(
                    "src/{}:{}: `{as_written}`: {reason}",
                    file.path, mention.line
                ));
            }
        }
    }
    found.extend(circles::in_rooms(&modules));
    found
}

/// Where a mention leads.
pub enum Target {
    /// A path from the crate's root.
    Inside(Vec<String>),
    /// A path that begins with a name from elsewhere, or with a local name.
    Outside(Vec<String>),
    /// A keyword or the name of a method.
    Word(String),
}

/// Makes `crate::`, `onair::`, `self::`, `super::` and names of child modules absolute.
pub fn resolve(mention: &Mention, modules: &BTreeMap<Vec<String>, (&File, Source)>) -> Target {
    let path = &mention.path;
    match path[0].as_str() {
        _ if mention.kind == Kind::Word => Target::Word(path[0].clone()),
        "crate" | "onair" => Target::Inside(path[1..].to_vec()),
        "self" | "super" => {
            let mut base = mention.module.clone();
            let mut rest = path.as_slice();
            while let Some((first, others)) = rest.split_first() {
                match first.as_str() {
                    "self" => {}
                    "super" => {
                        base.pop();
                    }
                    _ => break,
                }
                rest = others;
            }
            Target::Inside(rust_source::joined(&base, rest))
        }
        child => {
            let inner = rust_source::joined(&mention.module, &[child.to_owned()]);
            if modules.contains_key(&inner) {
                Target::Inside(rust_source::joined(&mention.module, path))
            } else {
                Target::Outside(path.clone())
            }
        }
    }
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn arrow(room: &str, path: &[String]) -> Option<String> {
    let target = path.first().map_or("*", String::as_str);
    if room == target {
        return None;
    }
    let Some(target_floor) = floor(target) else {
        return Some("the crate's root is only a map; name the room".into());
    };
    // The root (lib.rs) is the map of all rooms and may not use any.
    let own_floor = floor(room).unwrap_or(0);
    (target_floor >= own_floor)
        .then(|| format!("the arrow runs up: {room} may not know {target} (lower floors only)"))
}

fn outside(
    room: &str,
    path: &[String],
    mention: &Mention,
    dependencies: &BTreeSet<String>,
) -> Option<String> {
    let name = path[0].as_str();
    let second = path.get(1).map_or("", String::as_str);
    if let Some((_, rooms)) = KEPT_IN.iter().find(|(kept, _)| *kept == name)
        && !rooms.contains(&room)
    {
        return Some(format!("only {} may know {name}", rooms.join(", ")));
    }
    let of_process = matches!(name, "std" | "tokio") && second == "process";
    let harmless = path
        .get(2)
        .is_some_and(|word| HARMLESS_OF_PROCESS.contains(&word.as_str()));
    if of_process && !harmless && room != "media" && !mention.in_test {
        return Some("only media starts processes".into());
    }
    if room != "clock" && reads_clock(path) {
        return Some("only clock.rs reads a clock".into());
    }
    if room == "timeline" && !mention.in_test {
        let local = name.starts_with(|first: char| first.is_uppercase());
        let foreign = dependencies.contains(name) || (mention.kind != Kind::Inline && !local);
        if foreign && !PURE_CRATES.contains(&name) {
            return Some(format!("the timeline is pure and may not know {name}"));
        }
        let duration = path.get(2).is_some_and(|word| word == "Duration");
        if name == "std" && IMPURE_STD.contains(&second) && !duration {
            return Some(format!(
                "the timeline is pure and may not use std::{second}"
            ));
        }
    }
    None
}

fn reads_clock(path: &[String]) -> bool {
    let now = path
        .windows(2)
        .any(|two| CLOCKS.contains(&two[0].as_str()) && two[1] == "now");
    now || path.iter().any(|word| word == "clock_gettime")
}

fn word_out_of_place(room: &str, word: &str, in_test: bool) -> Option<String> {
    match word {
        "elapsed" if room != "clock" => Some("only clock.rs reads a clock".into()),
        "async" | "await" if room == "timeline" && !in_test => {
            Some("the timeline is pure and never waits".into())
        }
        _ => None,
    }
}

/// `library/scan.rs` is `library::scan`, `library/mod.rs` is `library`, `lib.rs` the root.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(ToOwned::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") || path == "lib" {
        module.pop();
    }
    module
}
