//! Finds files of one room that use each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::rooms::{File, Target, resolve};
use crate::rust_source::{Kind, Source};

type Modules<'a> = BTreeMap<Vec<String>, (&'a File, Source)>;
type Graph = BTreeMap<String, BTreeSet<String>>;

/// One sentence for each circle between the files of a room.
///
/// What a `mod.rs` only hands on (`pub use`) leads to the file that defines it, and is no use of
/// its own. Tests may use what they like.
pub fn in_rooms(modules: &Modules) -> Vec<String> {
    let mut graph = Graph::new();
    for (module, (file, source)) in modules {
        for mention in &source.mentions {
            if mention.in_test || mention.kind == Kind::Reexport {
                continue;
            }
            let Target::Inside(path) = resolve(mention, modules) else {
                continue;
            };
            if module.first() != path.first() {
                continue;
            }
            if let Some(other) = defining_file(&path, modules, 0)
                && other != file.path
            {
                graph.entry(file.path.clone()).or_default().insert(other);
            }
        }
    }
    in_graph(&graph)
        .into_iter()
        .map(|circle| format!("src: a circle of files: {}", circle.join(" → ")))
        .collect()
}

/// The file whose module `path` leads to, through re-exports (bounded, as they may be circular).
fn defining_file(path: &[String], modules: &Modules, depth: usize) -> Option<String> {
    let module_length = (0..=path.len())
        .rev()
        .find(|n| modules.contains_key(&path[..*n]))?;
    let (module, rest) = path.split_at(module_length);
    let (file, source) = &modules[module];
    let Some(name) = rest.first() else {
        return Some(file.path.clone());
    };
    if depth < 8 && !source.defined.contains(name) {
        for mention in &source.mentions {
            if mention.module != module || !matches!(mention.kind, Kind::Import | Kind::Reexport) {
                continue;
            }
            let Target::Inside(mut leads_to) = resolve(mention, modules) else {
                continue;
            };
            let last = leads_to.last().cloned().unwrap_or_default();
            if last == "*" && leads_to.len() > 1 {
                leads_to.pop();
                let defines = modules
                    .get(&leads_to)
                    .is_some_and(|(_, s)| s.defined.contains(name));
                if !defines {
                    continue;
                }
                leads_to.push(name.clone());
            } else if mention.alias.as_ref().unwrap_or(&last) != name {
                continue;
            }
            return defining_file(&leads_to, modules, depth + 1);
        }
    }
    Some(file.path.clone())
}

/// Every circle that a walk from each node meets first, each told once.
pub fn in_graph(graph: &Graph) -> Vec<Vec<String>> {
    let mut circles = Vec::new();
    let mut done = BTreeSet::new();
    for start in graph.keys() {
        walk(start, graph, &mut Vec::new(), &mut done, &mut circles);
    }
    circles
}

fn walk(
    node: &str,
    graph: &Graph,
    trail: &mut Vec<String>,
    done: &mut BTreeSet<String>,
    circles: &mut Vec<Vec<String>>,
) {
    if let Some(begin) = trail.iter().position(|earlier| earlier == node) {
        let mut circle = trail[begin..].to_vec();
        circle.push(node.to_owned());
        circles.push(circle);
        return;
    }
    if done.contains(node) {
        return;
    }
    trail.push(node.to_owned());
    for next in graph.get(node).into_iter().flatten() {
        walk(next, graph, trail, done, circles);
    }
    trail.pop();
    done.insert(node.to_owned());
}
