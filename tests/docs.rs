//! The documentation says what is true: settings, dependencies, commands and links are held against
//! the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use onair::config::SETTINGS;

const ROCKETS_OWN: [&str; 2] = ["ROCKET_ADDRESS", "ROCKET_PORT"];

#[test]
fn the_readme_lists_every_setting_as_the_code_has_it() {
    let readme = read("README.md");
    let rows: Vec<&str> = readme
        .lines()
        .filter(|line| {
            let key = line
                .strip_prefix("| `")
                .and_then(|rest| rest.split('`').next());
            key.is_some_and(|key| is_setting(key) && !ROCKETS_OWN.contains(&key))
        })
        .collect();
    let expected: Vec<String> = SETTINGS
        .iter()
        .map(|setting| {
            let default = match setting.default {
                "" => "—".to_owned(),
                value => format!("`{value}`"),
            };
            format!("| `{}` | {default} | {} |", setting.key, setting.meaning)
        })
        .collect();
    assert_eq!(rows, expected, "the table in README.md");
}

#[test]
fn the_example_environment_has_every_setting_once() {
    let example = read(".env.example");
    let keys: Vec<&str> = example
        .lines()
        .map(|line| line.trim_start_matches('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key)
        .filter(|key| is_setting(key) && !ROCKETS_OWN.contains(key))
        .collect();
    let expected: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(keys, expected);
}

#[test]
fn every_dependency_has_its_reason() {
    let listed: BTreeSet<String> = read("docs/DEPENDENCIES.md")
        .split("## On the machine")
        .next()
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| {
            line.strip_prefix("- `")?
                .split_once("`: ")
                .map(|(name, _)| name.into())
        })
        .collect();
    let package: serde_json::Value =
        serde_json::from_str(&read("package.json")).expect("package.json is JSON");
    let mut used: BTreeSet<String> = ["dependencies", "devDependencies"]
        .into_iter()
        .filter_map(|section| package[section].as_object())
        .flat_map(|packages| packages.keys().cloned())
        .collect();
    used.extend(crates());
    let differing: Vec<&String> = listed.symmetric_difference(&used).collect();
    assert!(
        differing.is_empty(),
        "listed or used, but not both: {differing:?}"
    );
}

#[test]
fn every_dependency_is_used() {
    // Named only to choose its features; `object_store` is who uses it.
    const FOR_FEATURES: [&str; 1] = ["reqwest"];
    let source = ["src", "tests", "benches", "examples"]
        .into_iter()
        .flat_map(below);
    let source: String = source
        .map(|path| fs::read_to_string(path).expect("is text"))
        .collect();
    let unused: Vec<String> = crates()
        .into_iter()
        .filter(|name| !FOR_FEATURES.contains(&name.as_str()))
        .filter(|name| !source.contains(&format!("{}::", name.replace('-', "_"))))
        .collect();
    assert!(
        unused.is_empty(),
        "in Cargo.toml and named nowhere: {unused:?}"
    );
}

#[test]
fn every_route_has_its_section() {
    let api = read("docs/API.md");
    let told: BTreeSet<String> = api
        .lines()
        .filter_map(|line| {
            line.strip_prefix("### `")?
                .strip_suffix('`')
                .map(str::to_owned)
        })
        .collect();
    // Attributes at the start of a line in files that are no tests: those further in belong to tests.
    let mounted: BTreeSet<String> = below("src/web")
        .filter(|path| !path.ends_with("tests.rs"))
        .flat_map(|path| routes(&fs::read_to_string(path).expect("is text")))
        .collect();
    assert!(
        mounted.contains("GET /video-updates"),
        "the routes were not found: {mounted:?}"
    );
    let differing: Vec<&String> = told.symmetric_difference(&mounted).collect();
    assert!(
        differing.is_empty(),
        "in docs/API.md or in src/web, but not both: {differing:?}"
    );
}

#[test]
fn every_command_in_the_documentation_exists() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.split_once(": ## "))
        .map(|(target, _)| target)
        .collect();
    assert!(
        targets.contains("run") && targets.contains("test"),
        "{targets:?}"
    );
    for (path, text) in documents() {
        for command in code_spans(&text).filter_map(|span| span.strip_prefix("make ")) {
            let target = command.split_whitespace().next().unwrap_or_default();
            let known = targets.contains(target) || target == "TARGET";
            assert!(known, "{}: there is no `make {target}`", path.display());
        }
    }
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for (path, text) in documents() {
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let target = path.parent().expect("a file has a folder").join(file);
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
        }
    }
}

#[test]
fn the_map_names_every_room() {
    let map = read("docs/ARCHITECTURE.md");
    for room in read("src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
    {
        let room = room.trim_end_matches(';');
        assert!(
            map.contains(&format!("`{room}")),
            "docs/ARCHITECTURE.md says nothing of {room}"
        );
    }
    let invariants = map
        .lines()
        .filter(|line| line.starts_with("Architecture invariant: "));
    assert!(invariants.count() >= 5, "the invariants are to be told");
}

/// `#[get("/like/<video>?<vote>")]` is `GET /like/{video}`. HEAD goes with GET.
fn routes(source: &str) -> Vec<String> {
    source
        .lines()
        .filter_map(|line| line.strip_prefix("#[")?.split_once("(\""))
        .filter(|(method, _)| ["get", "post", "put", "patch", "delete"].contains(method))
        .filter_map(|(method, rest)| Some((method, rest.split(['"', '?']).next()?)))
        .map(|(method, path)| {
            let path = path
                .replace("..>", ">")
                .replace("<_", "<")
                .replace('<', "{");
            format!("{} {}", method.to_uppercase(), path.replace('>', "}"))
        })
        .collect()
}

/// Every Rust file below `folder` of the repository.
fn below(folder: &str) -> impl Iterator<Item = PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.into_iter()
}

/// Settings are environment variables: capitals and underscores.
fn is_setting(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// What stands in backticks, and the lines of fenced blocks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.chain(text.split('`').skip(1).step_by(2))
}

/// The crates named in Cargo.toml, also those only tests use.
fn crates() -> Vec<String> {
    let mut in_section = false;
    let mut names = Vec::new();
    for line in include_str!("../Cargo.toml").lines() {
        if line.starts_with('[') {
            in_section = line.ends_with("dependencies]");
        } else if let (true, Some((name, _))) = (in_section, line.split_once('=')) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let docs = fs::read_dir(root.join("docs")).expect("docs can be read");
    paths.extend(docs.map(|entry| entry.expect("docs can be read").path()));
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("is text")))
        .collect()
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
