//! The rules of the house, held against the source tree: who may depend on whom, how long things
//! may be, and what must not be where. Each message names the file, the line and the rule.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use aurora_restore_shared::failure::{AWS_ERRORS, FailureKind};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// This file names everything that is forbidden.
const THIS_FILE: &str = "loadtest/tests/tidy.rs";

/// The crates that talk to AWS: the local cloud has operations of the same names to serve.
const OF_THE_FLEET: [&str; 3] = ["shared/src/", "producer/src/", "worker/src/"];

#[test]
fn crates_depend_on_each_other_in_one_direction_only() {
    let allowed = BTreeMap::from([
        ("aurora-restore-shared", vec![]),
        ("aurora-restore-local", vec![]),
        ("aurora-restore-producer", vec!["aurora-restore-shared"]),
        ("aurora-restore-worker", vec!["aurora-restore-shared"]),
        (
            "aurora-restore-loadtest",
            vec![
                "aurora-restore-producer",
                "aurora-restore-worker",
                "aurora-restore-shared",
                "aurora-restore-local",
            ],
        ),
    ]);
    let mut metadata = MetadataCommand::new();
    metadata.manifest_path(root().join("Cargo.toml")).no_deps();
    let metadata = metadata.other_options(vec!["--offline".into()]).exec().unwrap();
    let names: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, allowed.keys().copied().collect(), "a crate without a rule");
    let arrows = metadata.packages.iter().flat_map(|package| {
        let ours = package.dependencies.iter().filter(|d| names.contains(d.name.as_str()));
        ours.map(move |dependency| (package, dependency))
    });
    let wrong = arrows.filter(|(package, dependency)| {
        // A test may hold its crate against the local cloud; the local cloud knows nothing of ours.
        let is_for_tests = dependency.kind == DependencyKind::Development;
        let may_test = is_for_tests && package.name.as_str() != "aurora-restore-local";
        !may_test && !allowed[package.name.as_str()].contains(&dependency.name.as_str())
    });
    let wrong =
        wrong.map(|(p, d)| format!("{}: depends on {} ({})", p.manifest_path, d.name, d.kind));
    none("the arrows between the crates (architecture)", wrong);
}

#[test]
fn every_source_file_begins_by_saying_what_it_is() {
    let sources = sources();
    let silent = sources.iter().filter(|f| !f.text.lines().take(5).any(|l| l.starts_with("//!")));
    none("`//!` within the first five lines", silent.map(|f| format!("{}:1", f.path)));
}

#[test]
fn no_source_file_is_longer_than_400_lines_without_its_tests() {
    let sources = sources();
    let lengths = sources.iter().filter(|f| !f.is_test()).map(|f| (f, f.productive().count()));
    let long = lengths.filter(|(_, lines)| *lines > 400);
    none("at most 400 lines", long.map(|(f, lines)| format!("{}:401: {lines} lines", f.path)));
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let sources = sources();
    let long = sources.iter().flat_map(|f| f.functions().into_iter().map(move |g| (f, g)));
    let long = long.filter(|(_, function)| function.lines > 70);
    let place = |(f, g): (&File, Function)| format!("{}: {} lines", f.at(g.line), g.lines);
    none("at most 70 lines in a function", long.map(place));
}

#[test]
fn half_of_all_functions_have_at_most_10_lines_and_nine_of_ten_at_most_30() {
    let sources = sources();
    let functions = sources.iter().filter(|f| !f.is_test()).flat_map(File::functions);
    let mut lines: Vec<usize> = functions.filter(|g| !g.is_test).map(|g| g.lines).collect();
    lines.sort_unstable();
    let (median, ninth_tenth) = (lines[lines.len() / 2], lines[lines.len() * 9 / 10]);
    println!("{} functions, median {median}, nine of ten {ninth_tenth}", lines.len());
    assert!(median <= 10, "the median function has {median} lines, not at most 10");
    assert!(ninth_tenth <= 30, "nine of ten functions have {ninth_tenth} lines, not at most 30");
}

#[test]
fn no_wall_clock_is_read_outside_the_clock_files() {
    let doors = ["shared/src/clock.rs", "infra/local/src/clock.rs"];
    let words = ["SystemTime::now", "Timestamp::now", "Zoned::now"];
    let found = uses(&words, |f| !doors.contains(&f.path.as_str()));
    none("time comes from shared/src/clock.rs", found);
}

#[test]
fn no_randomness_is_drawn_outside_the_entropy_file() {
    // The local cloud has its own seeded source; the simulation draws from its seed, and seeds the
    // source inside the SDK.
    let doors =
        ["shared/src/entropy.rs", "infra/local/", "loadtest/src/sim/", "loadtest/src/simulate/"];
    let seedless =
        uses(&["Rng::new", "fastrand::seed(0"], |f| f.is_under(&["loadtest/src/simulate/"]));
    none("the simulation draws from its seed", seedless);
    let words = ["fastrand", "rand::", "getrandom", "OsRng", "RandomState", "/dev/urandom"];
    let found = uses(&words, |f| !f.is_under(&doors));
    none("randomness comes from shared/src/entropy.rs", found);
    let ids = uses(&["Uuid::new_v4", "Uuid::now_v7"], |_| true);
    none("ids come from shared/src/entropy.rs", ids);
}

#[test]
fn rds_is_changed_in_one_folder_only() {
    let words = ["create_db", "restore_db", "modify_db", "delete_db", "copy_db", "promote_read"];
    let is_elsewhere = |f: &File| f.is_under(&OF_THE_FLEET) && !f.is_under(&["worker/src/rds/"]);
    let found = uses(&words, is_elsewhere);
    none("calls that change RDS are in worker/src/rds/", found);
}

#[test]
fn there_is_no_dynamodb_transaction() {
    let words =
        ["transact_", "TransactWrite", "TransactGet", "execute_statement", "execute_transaction"];
    let found = uses(&words, |f| f.is_under(&OF_THE_FLEET) || f.is_under(&["loadtest/src/"]));
    none("no transaction calls: every write is one conditional write of one item", found);
}

#[test]
fn items_are_written_in_the_store_only() {
    let words = [".put_item(", ".update_item(", ".delete_item(", ".batch_write_item("];
    let is_elsewhere = |f: &File| {
        (f.is_under(&OF_THE_FLEET) || f.is_under(&["loadtest/src/"]))
            // There strangers are made up, who do not keep to our rules.
            && !f.is_under(&["shared/src/store/", "loadtest/src/sim/others.rs"])
    };
    none("calls that write items are in shared/src/store/", uses(&words, is_elsewhere));
}

#[test]
fn no_write_of_a_state_item_is_without_a_condition() {
    // Its key names job and epoch (plan) or job and moment (event): a repeat writes the same.
    let harmless = ["put_plan", "put_event"];
    // Builds the call that every other function of `state.rs` completes.
    let builder = ("shared/src/store/state.rs", "update");
    let sources = sources();
    let store = sources.iter().filter(|f| f.is_under(&["shared/src/store/"]) && !f.is_test());
    let writes = store.flat_map(|f| f.functions().into_iter().map(move |g| (f, g)));
    let writes: Vec<_> = writes.filter(|(_, g)| g.writes_an_item()).collect();
    let in_state = writes.iter().filter(|(f, _)| f.path == builder.0).count();
    assert!(in_state >= 7, "only {in_state} writes found in {}: look at this test", builder.0);
    let bare = writes.iter().filter(|(f, g)| {
        let name = g.name.as_str();
        !g.calls("condition_expression")
            && !harmless.contains(&name)
            && (f.path.as_str(), name) != builder
    });
    let bare = bare.map(|(f, g)| format!("{}: {}", f.at(g.line), g.name));
    none("every write is conditional (protocol)", bare);
}

#[test]
fn codes_that_pass_by_themselves_are_known_to_one_file_only() {
    let codes: Vec<String> = passing_codes().iter().map(|code| format!("{code:?}")).collect();
    assert!(codes.len() >= 20, "only {codes:?} found: look at this test");
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let homes = ["shared/src/failure/table.rs", "shared/src/failure/snapshot_quota.rs"];
    let is_home = |path: &str| homes.contains(&path);
    let found = uses(&codes, |f| f.is_under(&OF_THE_FLEET) && !f.is_test() && !is_home(&f.path));
    none("AWS errors are classified in shared/src/failure", found);
}

#[test]
fn nothing_is_left_for_later() {
    // In two halves, so that this file is looked through, too.
    let halves = [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("todo", "!"), ("unimplemented", "!")];
    let words = halves.map(|(one, two)| format!("{one}{two}"));
    let words = words.each_ref().map(String::as_str);
    let kinds = [".rs", ".toml", ".yaml", ".yml", ".sh", "dev", "Dockerfile"];
    let files = files().into_iter().filter(|f| kinds.iter().any(|kind| f.path.ends_with(kind)));
    let files: Vec<File> = files.collect();
    let found = files.iter().flat_map(|f| f.lines_with(&words, f.lines()));
    none("nothing on main is left for later", found);
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    // In two halves, so that this file does not name them either.
    let words = [
        concat!("/work", "/main"),
        concat!("/ro", "ot/"),
        concat!("index.crates", ".io-"),
        concat!(".cargo/reg", "istry"),
        concat!("/tmp/bash", "_jobs"),
    ];
    let files = files();
    let found = files.iter().flat_map(|f| f.lines_with(&words, f.lines()));
    none("no path of a developer's machine", found);
    let lock = files.iter().find(|f| f.path == "Cargo.lock").unwrap();
    let home = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let strange = lock.lines().filter(|(_, l)| l.starts_with("source = ") && *l != home);
    none("every package is from crates.io", strange.map(|(n, l)| format!("{}: {l}", lock.at(n))));
}

#[test]
fn every_relative_link_of_a_page_leads_somewhere() {
    let files = files();
    let pages = files.iter().filter(|f| f.path.ends_with(".md"));
    let links = pages.flat_map(|page| links(page).into_iter().map(move |link| (page, link)));
    let dead = links.filter(|(page, (_, target))| !leads_somewhere(page, target));
    let dead = dead.map(|(page, (line, target))| format!("{}: {target}", page.at(line)));
    none("relative links resolve", dead);
}

/// Fails with a list when there is anything.
#[track_caller]
fn none(rule: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "\nagainst the rule: {rule}\n  {}\n", found.join("\n  "));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file of the tree.
struct File {
    /// Its path from the root.
    path: String,
    text: String,
}

/// All files of the tree: as git knows them, the new ones included, where there is git.
fn files() -> Vec<File> {
    let root = root();
    let mut paths = Vec::new();
    if root.join(".git").exists() {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = git.current_dir(&root).output().unwrap();
        assert!(listed.status.success(), "git ls-files: {listed:?}");
        let listed = String::from_utf8(listed.stdout).unwrap();
        paths.extend(listed.split_terminator('\0').map(str::to_owned));
    } else {
        walk(&root, &root, &mut paths);
    }
    // Git still lists what was removed a moment ago.
    let read = |path: String| {
        let bytes = std::fs::read(root.join(&path)).ok()?;
        Some(File { path, text: String::from_utf8_lossy(&bytes).into_owned() })
    };
    paths.into_iter().filter_map(read).collect()
}

/// What git would list: everything but what is built and what is kept by the demo.
fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        match path.is_dir() {
            true if ["target", ".local"].contains(&name.as_str()) => {}
            true => walk(root, &path, paths),
            false => paths.push(name),
        }
    }
}

fn sources() -> Vec<File> {
    files().into_iter().filter(|f| f.path.ends_with(".rs")).collect()
}

/// Where code (comments apart) uses one of some words.
fn uses(words: &[&str], applies: impl Fn(&File) -> bool) -> Vec<String> {
    let sources = sources();
    let sources = sources.iter().filter(|f| f.path != THIS_FILE && applies(f));
    let code = |f: &File| {
        let code = f.lines().filter(|(_, line)| !line.trim_start().starts_with("//"));
        f.lines_with(words, code)
    };
    sources.flat_map(code).collect()
}

impl File {
    fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    fn is_under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// All lines with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(n, line)| (n + 1, line))
    }

    /// The lines before the tests.
    fn productive(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }

    fn lines_with<'a>(
        &self,
        words: &[&str],
        lines: impl Iterator<Item = (usize, &'a str)>,
    ) -> Vec<String> {
        let found = lines.filter(|(_, line)| words.iter().any(|word| has_word(line, word)));
        found.map(|(n, line)| format!("{}: {}", self.at(n), line.trim())).collect()
    }

    fn functions(&self) -> Vec<Function> {
        let file = syn::parse_file(&self.text);
        let file = file.unwrap_or_else(|e| panic!("{}: {e}", self.at(e.span().start().line)));
        let mut functions = Functions::default();
        functions.visit_file(&file);
        functions.found
    }
}

/// Whether a line has a word that does not begin in the middle of another.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let is_cut = |before: &str| word.starts_with(is_part) && before.ends_with(is_part);
    line.match_indices(word).any(|(at, _)| !is_cut(&line[..at]))
}

/// A function with a body.
struct Function {
    name: String,
    line: usize,
    /// Lines between its braces.
    lines: usize,
    is_test: bool,
    /// The methods it calls, and whether each is called on `self` itself.
    methods: Vec<(String, bool)>,
}

impl Function {
    fn calls(&self, method: &str) -> bool {
        self.methods.iter().any(|(name, _)| name == method)
    }

    fn writes_an_item(&self) -> bool {
        let calls = ["put_item", "update_item", "delete_item", "batch_write_item"];
        calls.iter().any(|call| self.calls(call)) || self.methods.contains(&("update".into(), true))
    }
}

/// Collects functions, in tests and out of them.
#[derive(Default)]
struct Functions {
    found: Vec<Function>,
    in_tests: bool,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let braces = body.brace_token.span;
        let (first, last) = (braces.open().start().line, braces.close().start().line);
        let mut methods = Methods::default();
        methods.visit_block(body);
        self.found.push(Function {
            name: signature.ident.to_string(),
            line: signature.span().start().line,
            lines: last.saturating_sub(first + 1).max(1),
            is_test: self.in_tests,
            methods: methods.found,
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_cfg_test = |a: &syn::Attribute| {
            let test = a.path().is_ident("cfg").then(|| a.parse_args::<syn::Path>());
            test.and_then(Result::ok).is_some_and(|path| path.is_ident("test"))
        };
        let outside = self.in_tests;
        self.in_tests |= module.attrs.iter().any(is_cfg_test);
        visit::visit_item_mod(self, module);
        self.in_tests = outside;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[derive(Default)]
struct Methods {
    found: Vec<(String, bool)>,
}

impl<'ast> Visit<'ast> for Methods {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let receiver = &*call.receiver;
        let on_self = matches!(receiver, syn::Expr::Path(p) if p.path.is_ident("self"));
        self.found.push((call.method.to_string(), on_self));
        visit::visit_expr_method_call(self, call);
    }
}

/// The wire codes that the table sorts as anything but permanent.
fn passing_codes() -> Vec<&'static str> {
    let passing = AWS_ERRORS.iter().filter(|row| row.kind != FailureKind::Permanent);
    passing.map(|row| row.wire).collect()
}

/// The links of a page with their lines, code apart.
fn links(page: &File) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (n, line) in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(targets.map(|(target, _)| (n, target.to_owned())));
    }
    found
}

fn leads_somewhere(page: &File, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let page = root().join(&page.path);
    let goal = if path.is_empty() { page } else { page.parent().unwrap().join(path) };
    let is_folder = goal.is_dir();
    let Ok(text) = std::fs::read_to_string(&goal) else { return is_folder && anchor.is_empty() };
    let headings = text.lines().filter(|line| line.starts_with('#'));
    anchor.is_empty() || headings.map(slug).any(|slug| slug == anchor)
}

/// The anchor of a heading, as the usual forges make it.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
