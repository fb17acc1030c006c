//! The rules of the house for `browser/js/`: core < edges < ui < pages, no circles, no outsiders.
//! (That core knows no DOM and only edges/now.js a clock is held by ESLint.)

use std::collections::{BTreeMap, BTreeSet};

use crate::circles;
use crate::rooms::File;

const FLOORS: [&str; 4] = ["core", "edges", "ui", "pages"];

/// Every sentence that breaks the rules; paths are relative to `browser/js/`.
pub fn violations(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let known: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for file in files {
        let here = format!("browser/js/{}", file.path);
        let Some(own_floor) = floor(&file.path) else {
            found.push(format!("{here}: lies in none of {}", FLOORS.join(", ")));
            continue;
        };
        let Script { code, strings } = read(&file.text);
        for imported in imports(&code, &strings) {
            let Some(target) = relative(&file.path, &imported) else {
                found.push(format!(
                    "{here}: imports {imported:?}, which is not a file beside it"
                ));
                continue;
            };
            if !known.contains(target.as_str()) {
                found.push(format!(
                    "{here}: imports {imported:?}, which does not exist"
                ));
            } else if floor(&target).is_none_or(|floor| floor > own_floor) {
                found.push(format!("{here}: the arrow to {target} runs up"));
            }
            graph.entry(file.path.clone()).or_default().insert(target);
        }
    }
    for circle in circles::in_graph(&graph) {
        found.push(format!(
            "browser/js: a circle of files: {}",
            circle.join(" → ")
        ));
    }
    found
}

fn floor(path: &str) -> Option<usize> {
    let (folder, _) = path.split_once('/')?;
    FLOORS.iter().position(|name| *name == folder)
}

/// What follows `from`, `import` or `import(` in quotes.
fn imports(code: &str, strings: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for keyword in ["from", "import"] {
        for (at, _) in code.match_indices(keyword) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || "_$.".contains(c)) {
                continue;
            }
            let rest = code[at + keyword.len()..].trim_start();
            let rest = rest.strip_prefix('(').unwrap_or(rest).trim_start();
            let number = rest
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next());
            if let Some(number) = number {
                let number: usize = number.parse().expect("`read` numbers every string");
                found.push(strings[number].clone());
            }
        }
    }
    found
}

/// `core/a.js` importing `../edges/b.js` means `edges/b.js`; nothing for bare names and URLs.
fn relative(from: &str, imported: &str) -> Option<String> {
    if !imported.starts_with("./") && !imported.starts_with("../") {
        return None;
    }
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for part in imported.split('/') {
        match part {
            "." => {}
            ".." => {
                folders.pop()?;
            }
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

/// A script without its comments, each string in it replaced by its number in `strings`.
struct Script {
    code: String,
    strings: Vec<String>,
}

/// Takes comments and strings out; templates stay, as they hold code.
fn read(text: &str) -> Script {
    let (mut code, mut strings) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '\'' => {
                let end = end_of_quoted(rest, first);
                code.push_str(&format!("\"{}\"", strings.len()));
                strings.push(rest[1..end].trim_end_matches(first).to_owned());
                end
            }
            '`' => {
                let end = end_of_quoted(rest, first);
                code.push_str(&rest[..end]);
                end
            }
            _ => {
                code.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Script { code, strings }
}

fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // A quote left open (a regular expression such as /'/) ends with its line.
            '\n' if quote != '`' => return at,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}
