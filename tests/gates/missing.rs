//! Every gate, and every way in which what it needs can be missing: none of them passes.

use std::fs;

use crate::support::Repo;

/// A project with every kind of gate, at its second commit: a budget that fails at both, growth within its limit, a
/// denied lint, a lock. Returned is what the first one is called.
fn gated() -> (Repo, String) {
    let repo = Repo::new();
    repo.file("docs/a.md", "one two three four five six seven eight nine ten\n")
        .file("b.md", "ghp_R4nd0mZ9q8W7e6R5t4Y3u2I1o0PaSdFgHjKl\n");
    repo.file(
        "contexts/a.yaml",
        "models: [gpt-6.1-sol]\nsystem: [{file: docs/a.md}, {file: b.md}]\nmessages: [{user: x}]\n\
         budgets: {tokens: 5, growth: 50%}\n",
    );
    let base = repo.commit("base");
    repo.file("docs/a.md", "one two three four five six seven eight nine\n");
    repo.run("lock").exits(0);
    repo.commit("shorter");
    (repo, base)
}

/// The object of a path at a revision, as a file.
fn object(repo: &Repo, of: &str) -> std::path::PathBuf {
    let id = repo.git(["rev-parse", of]);
    repo.at(&format!(".git/objects/{}/{}", &id[..2], id[2..].trim()))
}

/// Every gate that compares with the base, with what it answers where nothing is missing.
const COMPARING: [(&str, i32); 7] = [
    ("check --base BASE", 0),
    ("build --base BASE", 0),
    ("diff --fail-on budget BASE", 0),
    ("diff --fail-on growth BASE", 0),
    ("diff --fail-on prefix BASE", 0),
    ("diff --fail-on lint BASE", 0),
    ("diff --fail-on any-change BASE", 1),
];

fn answers(repo: &Repo, base: &str) -> Vec<Option<i32>> {
    COMPARING.iter().map(|(words, _)| repo.run(&words.replace("BASE", base)).status).collect()
}

#[test]
fn with_everything_there_each_gate_has_its_answer() {
    let (repo, base) = gated();
    assert_eq!(answers(&repo, &base), COMPARING.map(|(_, status)| Some(status)));
    for (words, status) in [("check", 1), ("check --locked", 1), ("build --locked", 1), ("lock --check", 0)] {
        assert_eq!(repo.run(words).status, Some(status), "{words}");
    }
}

#[test]
fn a_base_that_cannot_be_read_is_no_pass() {
    type Damage = fn(&Repo);
    let ways: [(&str, Damage); 7] = [
        ("a file of it is absent", |repo| fs::remove_file(object(repo, "HEAD~1:docs/a.md")).unwrap()),
        ("a folder of it is absent", |repo| fs::remove_file(object(repo, "HEAD~1:docs")).unwrap()),
        ("its root is absent", |repo| fs::remove_file(object(repo, "HEAD~1^{tree}")).unwrap()),
        ("the commit is absent", |repo| fs::remove_file(object(repo, "HEAD~1")).unwrap()),
        ("a file of it is damaged", |repo| damage(&object(repo, "HEAD~1:docs/a.md"))),
        ("a folder of it is damaged", |repo| damage(&object(repo, "HEAD~1:docs"))),
        ("git's folder is gone", |repo| fs::remove_dir_all(repo.at(".git")).unwrap()),
    ];
    for (way, damage) in ways {
        let (repo, base) = gated();
        damage(&repo);
        let answers = answers(&repo, &base);
        // That a file is another one is known by its id.
        let any_change = if way.starts_with("a file") { Some(1) } else { Some(2) };
        assert_eq!((&answers[..6], answers[6]), (&[Some(2); 6][..], any_change), "{way}");
    }
}

fn damage(file: &std::path::Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::remove_file(file).unwrap();
    fs::write(file, bytes).unwrap();
}

#[test]
fn an_object_that_is_missing_is_named_with_its_path_and_revision() {
    let (repo, base) = gated();
    let id = repo.git(["rev-parse", "HEAD~1:docs/a.md"]).trim().to_owned();
    fs::remove_file(object(&repo, "HEAD~1:docs/a.md")).unwrap();
    let short = &base[..10];
    for words in [
        format!("check --base {base}"),
        format!("diff {base} --fail-on budget"),
        format!("build --rev {base}"),
        "log a".to_owned(),
    ] {
        let said = repo.run(&words).exits(2).stderr;
        assert!(said.contains(&format!("object {id} is not in this clone (docs/a.md at {short})")), "{words}: {said}");
    }
}

#[test]
fn a_clone_that_lacks_what_is_asked_is_no_pass() {
    let (origin, base) = gated();
    origin.git(["config", "uploadpack.allowFilter", "true"]);
    origin.git(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    for (arguments, cure) in [
        (&["--depth=1"][..], "--unshallow"),
        (&["--filter=blob:none"], "partial clone"),
        (&["--filter=tree:0"], "partial clone"),
    ] {
        let clone = Repo::clone_of(&origin, arguments);
        for (words, _) in COMPARING {
            let outcome = clone.run(&words.replace("BASE", &base));
            // That a file is another one is known by its id.
            let status = if words.contains("any-change") && arguments[0].contains("blob") { 1 } else { 2 };
            assert_eq!(outcome.status, Some(status), "{words} in {arguments:?}: {}", outcome.stderr);
            assert!(
                outcome.stderr.contains(cure) && !outcome.stderr.contains("panicked"),
                "{words}: {}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn a_base_that_is_broken_is_no_pass() {
    for (file, text) in [
        ("contexture.yaml", "modles: [x]\n"),
        ("prices.yaml", "models: {gpt-6.1-sol: {prices: {input: many}}}\n"),
        ("contexts/a.yaml", "system: [{file: gone.md}]\n"),
    ] {
        let (repo, _) = gated();
        let good = repo.git(["rev-parse", "HEAD"]).trim().to_owned();
        repo.file(file, text).committed("broken");
        let broken = repo.git(["rev-parse", "HEAD"]).trim().to_owned();
        repo.git(["checkout", "--quiet", &good]);
        let statuses = answers(&repo, &broken);
        // Only that something differs needs no base that can be built, where the context alone is broken.
        let any_change = if file.starts_with("contexts") { Some(1) } else { Some(2) };
        assert_eq!(statuses[..6], [Some(2); 6], "{file}");
        assert_eq!(statuses[6], any_change, "{file}");
        let said = repo.run(&format!("check --base {broken}")).stderr;
        assert!(said.contains("at the base"), "{file}: {said}");
    }
}

#[test]
fn a_figure_that_is_not_known_is_no_pass() {
    let cases = [
        ("cost_per_month: LIMIT", "no `traffic.calls` is declared"),
        ("cost_per_call: {expected: $1UNKNOWN}", "no `traffic.calls` is declared"),
        ("cost_per_call: {cold: $1UNKNOWN}", "is not known, because a price"),
        ("tokens: LIMIT", "too close to tell from an estimate"),
    ];
    for (budget, why) in cases {
        let is_close = budget.starts_with("tokens");
        let (limit, model) = match budget {
            _ if is_close => ("1437", "claude-sonnet-5-5"),
            _ if budget.contains("cold") => ("$200", "mine"),
            _ => ("$200", "gpt-6.1-sol"),
        };
        let manifest = |limit: &str, unknown: &str| {
            let budget = budget.replace("LIMIT", limit).replace("UNKNOWN", unknown);
            format!(
                "models: [{model}]\nsystem: [{{file: a.md}}]\nmessages: [{{user: x}}]\noutput: {{max_tokens: 9}}\nbudgets: {{{budget}}}\n"
            )
        };
        let repo = Repo::new();
        repo.file("a.md", "A sentence of plain words. ".repeat(165)).file("contexts/a.yaml", manifest(limit, ""));
        repo.file(
            "prices.yaml",
            "models: {mine: {vendor: us, platform: other, dialects: [chat], tokenizer: o200k_base}}\n",
        );
        repo.commit("base");
        for words in [
            "check",
            "build",
            "check --base HEAD",
            "check --format json",
            "check --format sarif",
            "check --format github",
        ] {
            let outcome = repo.run(words);
            assert_eq!(outcome.status, Some(2), "{budget} {words}: {}{}", outcome.stdout, outcome.stderr);
            assert!(outcome.stderr.contains(why) || outcome.stdout.contains(why), "{words}: {}", outcome.stderr);
        }
        assert!(repo.at("dist/a.bundle/bundle.json").exists(), "everything else is written");
        repo.file("a.md", "A sentence of plain words. ".repeat(166));
        repo.run("diff --fail-on budget").exits(2);
        repo.file("contexts/a.yaml", manifest(&format!("{{limit: {limit}, unknown: pass}}"), ", unknown: pass"));
        let passed = repo.run("check").exits(0);
        assert!(passed.stderr.contains(why), "{}", passed.stderr);
        repo.run("diff --fail-on budget").exits(0);
    }
}

#[test]
fn a_context_that_is_broken_on_both_sides_is_no_pass() {
    let faulty = "models: [gpt-6.1-sol]\nsystem: [{file: a.md}, {file: gone.md}]\nmessages: [{user: x}]\n";
    let fine = "models: [gpt-6.1-sol]\nsystem: [{file: b.md}]\nmessages: [{user: x}]\noutput: {tokens: 1}\ntraffic: {calls: 9/month}\n";
    for manifest in [faulty, "system: [{file: a.md}\n"] {
        let repo = Repo::new();
        repo.file("contexts/a.yaml", manifest).file("contexts/b.yaml", fine).file("a.md", "Hi\n").file("b.md", "Ho\n");
        repo.commit("base");
        repo.file("a.md", "Hello\n");
        for gate in ["budget", "growth", "prefix", "lint", "any-change", "cost=5", "cost=5%"] {
            let said = repo.run(&format!("diff --fail-on {gate}")).exits(2).stderr;
            assert!(said.contains("error[still-broken]: `a` differs, and cannot be built on either side"), "{said}");
        }
        repo.run("diff").exits(0);
    }
    // What a change cannot reach is as it was, broken or not.
    let repo = Repo::new();
    repo.file("contexts/a.yaml", faulty).file("contexts/b.yaml", fine).file("a.md", "Hi\n").file("b.md", "Ho\n");
    repo.commit("base");
    repo.file("b.md", "Hey\n");
    let passed = repo.run("diff --fail-on budget").exits(0);
    assert!(passed.stdout.contains("Every prompt that differs builds"), "{}", passed.stdout);
}

#[test]
fn a_month_that_is_not_known_is_no_pass_of_a_limit_on_cost() {
    let manifest = |model: &str, rest: &str| {
        format!("models: [{model}]\nsystem: [{{file: a.md}}]\nmessages: [{{user: x}}]\n{rest}\n")
    };
    let known = "output: {tokens: 9}\ntraffic: {calls: 10/month}";
    let cases = [
        // No word of the size of the answers, whose price is another one too.
        (
            manifest("claude-haiku-4-5", "traffic: {calls: 10/month}"),
            manifest("claude-opus-5", "traffic: {calls: 10/month}"),
            2,
        ),
        (manifest("claude-haiku-4-5", "output: {tokens: 9}"), manifest("claude-opus-5", "output: {tokens: 9}"), 2),
        (manifest("mine", known), manifest("claude-opus-5", known), 2),
        (manifest("claude-haiku-4-5", "system: []"), manifest("claude-opus-5", known), 2),
        // Traffic that one side alone declares, of one model and of two.
        (manifest("claude-opus-5", known), manifest("claude-opus-5", "output: {tokens: 9}"), 2),
        (manifest("claude-opus-5", "output: {tokens: 9}"), manifest("claude-opus-5", known), 2),
        (manifest("claude-haiku-4-5", known), manifest("claude-opus-5", "output: {tokens: 9}"), 2),
        (manifest("claude-haiku-4-5", known), manifest("claude-opus-5", known), 0),
    ];
    for (before, after, status) in cases {
        for gate in ["cost=500", "cost=9000%"] {
            let repo = Repo::new();
            repo.file(
                "prices.yaml",
                "models: {mine: {vendor: us, platform: other, dialects: [chat], tokenizer: o200k_base}}\n",
            );
            repo.file("contexts/a.yaml", &before).file("a.md", "Hi\n").committed("base");
            repo.file("contexts/a.yaml", &after);
            let outcome = repo.run(&format!("diff --fail-on {gate}"));
            assert_eq!(outcome.status, Some(status), "{before}{gate}: {outcome}");
        }
    }
}

#[test]
fn a_body_that_is_newly_left_out_stops_a_limit_on_cost_too() {
    let repo = Repo::new();
    let manifest = |tokens| {
        format!(
            "models: [gpt-4o]\nmessages: [{{user: x}}]\noutput: {{tokens: 1, max_tokens: {tokens}}}\ntraffic: {{calls: 9/month}}\n"
        )
    };
    repo.file("contexts/a.yaml", manifest(100)).committed("base");
    repo.file("contexts/a.yaml", manifest(20_000));
    repo.run("diff").exits(0);
    repo.run("diff --fail-on cost=500").exits(1);
}

#[test]
fn growth_from_a_base_that_is_broken_is_let_pass_by_name() {
    let (repo, _) = gated();
    let text = fs::read_to_string(repo.at("contexts/a.yaml")).unwrap().replace("tokens: 5, ", "");
    let lenient = text.replace("growth: 50%", "growth: {limit: 50%, unknown: pass}").replace(", {file: b.md}", "");
    repo.file("contexts/a.yaml", "system: [{file: gone.md}]\n").committed("broken");
    repo.file("contexts/a.yaml", text.replace(", {file: b.md}", ""));
    repo.run("check --base HEAD").exits(2);
    repo.run("diff --fail-on growth").exits(2);
    repo.file("contexts/a.yaml", lenient);
    repo.run("check --base HEAD").exits(0);
    repo.run("diff --fail-on growth").exits(0);
}

#[test]
fn prices_that_cannot_be_read_are_no_pass() {
    let (repo, base) = gated();
    repo.file("prices.yaml", "models: [\n");
    assert_eq!(answers(&repo, &base), [Some(2); 7]);
    for words in ["check", "build", "lock --check", "models", "explain a"] {
        assert_eq!(repo.run(words).status, Some(2), "{words}");
    }
}

#[test]
fn a_repository_of_somebody_else_is_no_folder_without_one() {
    let (repo, base) = gated();
    // Only root may give a file away; git refuses whoever else asks for it.
    let Ok(()) = std::os::unix::fs::chown(repo.root(), Some(12_345), Some(12_345)) else { return };
    std::os::unix::fs::chown(repo.at(".git"), Some(12_345), Some(12_345)).unwrap();
    let mut statuses = answers(&repo, &base);
    statuses.extend(["check", "check --locked", "build", "lock --check", "models"].map(|words| repo.run(words).status));
    assert_eq!(statuses, [Some(2); 12]);
    let said = repo.run("check").stderr;
    assert!(
        said.contains("it belongs to another user; if you trust it, run `git config --global --add safe.directory"),
        "{said}"
    );
}

#[test]
fn what_a_lock_or_a_bundle_needs_is_no_pass_where_it_is_missing() {
    let (repo, _) = gated();
    repo.file("contexts/a.yaml", "models: [gpt-6.1-sol]\nsystem: [{file: docs/a.md}]\nmessages: [{user: x}]\n")
        .committed("fine");
    repo.run("lock").exits(0);
    repo.commit("locked");
    repo.run("check --locked").exits(0);
    repo.run("build").exits(0);
    repo.run("verify dist/a.bundle").exits(0);
    // A lock that is gone, or damaged.
    let lock = fs::read(repo.at("contexture.lock")).unwrap();
    fs::remove_file(repo.at("contexture.lock")).unwrap();
    repo.run("check --locked").exits(2);
    repo.run("lock --check").exits(2);
    repo.file("contexture.lock", "<<<<<<< ours\n");
    repo.run("check --locked").exits(2);
    repo.file("contexture.lock", lock);
    // A bundle's commit and objects.
    fs::remove_file(object(&repo, "HEAD:docs/a.md")).unwrap();
    let said = repo.run("verify dist/a.bundle").exits(2).stderr;
    assert!(said.contains("docs/a.md at "), "{said}");
    fs::remove_file(object(&repo, "HEAD")).unwrap();
    repo.run("verify dist/a.bundle").exits(2);
    repo.run("verify dist/none.bundle").exits(2);
    fs::remove_dir_all(repo.at(".git")).unwrap();
    repo.run("verify dist/a.bundle").exits(2);
    // Outside of a repository nothing is committed, and that is an answer.
    repo.run("check --locked").exits(1);
}
