//! Reads Rust source as tokens, so that comments and strings never count and macro bodies do.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// A path as written somewhere in a file, with the module it stands in.
#[derive(Debug, Clone)]
pub struct Mention {
    pub path: Vec<String>,
    /// The module the path stands in, from the crate's root.
    pub module: Vec<String>,
    pub line: usize,
    pub kind: Kind,
    /// The name after `as` in a use tree.
    pub alias: Option<String>,
    /// Inside `#[cfg(test)]`.
    pub in_test: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `use a::b;`, or one branch of `use a::{b, c};`
    Import,
    /// `pub use …`, also `pub(crate) use …`: hands a name on.
    Reexport,
    /// Anywhere else.
    Inline,
    /// `.name` after a value, or a keyword on its own (`async`, `await`).
    Word,
}

/// What one file says.
#[derive(Debug, Default)]
pub struct Source {
    pub mentions: Vec<Mention>,
    /// Names of items the file itself defines, whatever their kind.
    pub defined: Vec<String>,
    /// Files declared by `#[cfg(test)] mod name;`
    pub test_modules: Vec<Vec<String>>,
}

/// Reads the file that is module `module` of the crate.
pub fn read(text: &str, module: &[String]) -> Result<Source, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut source = Source::default();
    Reader {
        source: &mut source,
    }
    .walk(tokens, module, false);
    Ok(source)
}

struct Reader<'a> {
    source: &'a mut Source,
}

impl Reader<'_> {
    fn walk(&mut self, tokens: TokenStream, module: &[String], in_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        // `#[cfg(test)]` counts for the item it stands on: up to the next `;` or `{…}`.
        let mut item_in_test = in_test;
        let mut public = false;
        let mut at = 0;
        while at < tokens.len() {
            if let Some(attribute) = attribute(&tokens, at) {
                item_in_test |= is_cfg_test(attribute);
            }
            match &tokens[at] {
                TokenTree::Ident(word) if word == "pub" => {
                    public = true;
                    at += 1 + usize::from(is_group(tokens.get(at + 1), Delimiter::Parenthesis));
                    continue;
                }
                TokenTree::Ident(word) if word == "use" => {
                    let kind = if public { Kind::Reexport } else { Kind::Import };
                    let end = find_semicolon(&tokens, at);
                    self.imports(&tokens[at + 1..end], &[], module, kind, item_in_test);
                    (item_in_test, public) = (in_test, false);
                    at = end + 1;
                    continue;
                }
                TokenTree::Ident(word) if word == "mod" && is_ident(tokens.get(at + 1)) => {
                    let inner = joined(module, &[tokens[at + 1].to_string()]);
                    if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                        self.walk(body.stream(), &inner, item_in_test);
                    } else if item_in_test {
                        self.source.test_modules.push(inner);
                    }
                    (item_in_test, public) = (in_test, false);
                    at += 3;
                    continue;
                }
                TokenTree::Ident(_) => at = self.path(&tokens, at, module, item_in_test),
                TokenTree::Group(group) => {
                    self.walk(group.stream(), module, item_in_test);
                    if group.delimiter() == Delimiter::Brace {
                        item_in_test = in_test;
                    }
                    at += 1;
                }
                TokenTree::Punct(punct) => {
                    if punct.as_char() == ';' {
                        item_in_test = in_test;
                    }
                    at += 1;
                }
                TokenTree::Literal(_) => at += 1,
            }
            public = false;
        }
    }

    /// Reads the path that begins at `at`; answers where to go on.
    fn path(&mut self, tokens: &[TokenTree], at: usize, module: &[String], in_test: bool) -> usize {
        const DEFINING: [&str; 8] = [
            "struct", "enum", "union", "fn", "trait", "type", "const", "static",
        ];
        let first = tokens[at].to_string();
        if DEFINING.contains(&first.as_str()) {
            if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                self.source.defined.push(name.to_string());
            }
            return at + 1;
        }
        let line = tokens[at].span().start().line;
        if first == "extern" && tokens.get(at + 1).is_some_and(|t| t.to_string() == "crate") {
            if let Some(name) = tokens.get(at + 2) {
                self.mention(vec![name.to_string()], module, line, Kind::Import, in_test);
            }
            return at + 3;
        }
        let mut path = vec![first];
        let mut end = at + 1;
        while is_path_separator(tokens, end) && is_ident(tokens.get(end + 2)) {
            path.push(tokens[end + 2].to_string());
            end += 3;
        }
        let after_dot = at > 0 && is_punct(&tokens[at - 1], '.') && !is_range(tokens, at - 1);
        if path.len() > 1 {
            self.mention(path, module, line, Kind::Inline, in_test);
        } else if after_dot || path[0] == "async" || path[0] == "await" {
            self.mention(path, module, line, Kind::Word, in_test);
        }
        end
    }

    /// Unfolds a use tree: `a::{b, c::*}` mentions `a::b` and `a::c::*`.
    fn imports(
        &mut self,
        tokens: &[TokenTree],
        before: &[String],
        module: &[String],
        kind: Kind,
        in_test: bool,
    ) {
        for branch in tokens.split(|token| is_punct(token, ',')) {
            let Some(head) = branch.first() else { continue };
            let line = head.span().start().line;
            let mut path = before.to_vec();
            let mut inner: Option<&Group> = None;
            let mut alias = None;
            let mut words = branch.iter();
            while let Some(token) = words.next() {
                match token {
                    TokenTree::Ident(word) if word == "as" => {
                        alias = words.next().map(ToString::to_string);
                    }
                    // `a::{self}` is `a`.
                    TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                    TokenTree::Ident(word) => path.push(word.to_string()),
                    TokenTree::Group(group) => inner = Some(group),
                    TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".into()),
                    _ => {}
                }
            }
            match inner {
                Some(group) => {
                    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.imports(&tokens, &path, module, kind, in_test);
                }
                None => self.source.mentions.push(Mention {
                    path,
                    module: module.to_vec(),
                    line,
                    kind,
                    alias,
                    in_test,
                }),
            }
        }
    }

    fn mention(
        &mut self,
        path: Vec<String>,
        module: &[String],
        line: usize,
        kind: Kind,
        in_test: bool,
    ) {
        let module = module.to_vec();
        self.source.mentions.push(Mention {
            path,
            module,
            line,
            kind,
            alias: None,
            in_test,
        });
    }
}

/// `before` followed by `after`.
pub fn joined(before: &[String], after: &[String]) -> Vec<String> {
    [before, after].concat()
}

fn attribute(tokens: &[TokenTree], at: usize) -> Option<&Group> {
    if !is_punct(&tokens[at], '#') {
        return None;
    }
    match tokens.get(at + 1) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some(group),
        _ => None,
    }
}

/// `cfg(test)` or `cfg(all(test, …))`; `cfg(not(test))` is ordinary code.
fn is_cfg_test(attribute: &Group) -> bool {
    let words: Vec<String> = words_of(attribute.stream());
    words.first().is_some_and(|word| word == "cfg")
        && words.iter().any(|word| word == "test")
        && !words.iter().any(|word| word == "not")
}

fn words_of(tokens: TokenStream) -> Vec<String> {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(word) => vec![word.to_string()],
            TokenTree::Group(group) => words_of(group.stream()),
            _ => Vec::new(),
        })
        .collect()
}

fn find_semicolon(tokens: &[TokenTree], from: usize) -> usize {
    let rest = &tokens[from..];
    from + rest
        .iter()
        .position(|token| is_punct(token, ';'))
        .unwrap_or(rest.len())
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_ident(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_)))
}

fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    matches!(
        (tokens.get(at), tokens.get(at + 1)),
        (Some(TokenTree::Punct(a)), Some(TokenTree::Punct(b)))
            if a.as_char() == ':' && a.spacing() == Spacing::Joint && b.as_char() == ':'
    )
}

/// Whether the dot at `at` is the end of `..` or `..=`'s dots, not a member access.
fn is_range(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && is_punct(&tokens[at - 1], '.')
}
