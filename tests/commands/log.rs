//! `contexture log`.

use snapbox::str;

use crate::support::Repo;

/// One context for one model, with a history: it grows, breaks, is mended and reordered.
fn told() -> Repo {
    let repo = Repo::new();
    let long = |word: &str| format!("{}\n", format!("{word} is what this sentence is about. ").repeat(300));
    let manifest = "models: [claude-sonnet-5-5]\nsystem: [{file: one.md}, {file: two.md}]\nmessages: [{user: Hi}]\n";
    repo.file("contexts/a.yaml", manifest).file("one.md", long("Rain")).file("two.md", long("Snow"));
    repo.commit("Start");
    repo.file("two.md", long("Hail") + "And more.\n").commit("Write the second part anew");
    repo.file("README.md", "Not in any prompt.\n").commit("Explain");
    repo.file("contexts/a.yaml", format!("# a remark\n{manifest}")).commit("Remark");
    repo.file("contexts/a.yaml", "sytem: []\n").commit("Break it");
    repo.file("contexts/a.yaml", manifest).commit("Mend it");
    repo.file("contexts/a.yaml", manifest.replace("{file: one.md}, {file: two.md}", "{file: two.md}, {file: one.md}"));
    repo.commit("Swap the parts");
    repo
}

#[test]
fn a_history_is_told_newest_first() {
    told().run("log a --as-of 2026-11-21").is(str![[r#"
exit 0
--- stdout
a  5 of 7 commits changed what the model sees; 1 more changed its files alone
▁███  4,803 to 5,106 tokens, oldest to newest

commit      date        tokens     ±  kept   lost   rewarm        warm  subject
5192ecab97  2026-11-21   5,106    +0   0/3  6,925  $0.0166  $0.0006925  Swap the parts
e90f0a69dc  2026-11-21   5,106     -     -      -  $0.0166  $0.0006925  [mended] Mend it
8c7efe874c  2026-11-21       -     -     -      -        -           -  [broken] Break it
4f290f8230  2026-11-21   5,106  +303   1/3  6,703  $0.0166  $0.0006925  Write the second part anew
f0d2f69636  2026-11-21   4,803     -     -      -  $0.0161  $0.0006703  [added] Start
lost, rewarm and warm: claude-sonnet-5-5; --model takes another
most tokens lost to the cache: 5192ecab97 (6,925), 4f290f8230 (6,703)

"#]]);
}

#[test]
fn the_commits_that_cost_the_caches_most_come_first() {
    told().run("log a --as-of 2026-11-21 --sort lost -n 2").is(str![[r#"
exit 0
--- stdout
a  2 of 4 commits changed what the model sees; 1 more changed its files alone
▄▄  5,106 to 5,106 tokens, oldest to newest

commit      date        tokens     ±  kept   lost   rewarm        warm  subject
5192ecab97  2026-11-21   5,106    +0   0/3  6,925  $0.0166  $0.0006925  Swap the parts
4f290f8230  2026-11-21   5,106  +303   1/3  6,703  $0.0166  $0.0006925  Write the second part anew
lost, rewarm and warm: claude-sonnet-5-5; --model takes another
most tokens lost to the cache: 5192ecab97 (6,925), 4f290f8230 (6,703)

"#]]);
}

#[test]
fn a_number_stops_the_walk() {
    told().run("log a --as-of 2026-11-21 -n 1").is(str![[r#"
exit 0
--- stdout
a  1 commit changed what the model sees

commit      date        tokens   ±  kept   lost   rewarm        warm  subject
5192ecab97  2026-11-21   5,106  +0   0/3  6,925  $0.0166  $0.0006925  Swap the parts
lost, rewarm and warm: claude-sonnet-5-5; --model takes another

"#]]);
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let report = told().run("log a --as-of 2026-11-21 --format json").exits(0).json();
    assert_eq!(report["schema"], "contexture.log/1");
    let statuses: Vec<&str> =
        report["commits"].as_array().unwrap().iter().map(|commit| commit["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["changed", "mended", "broken", "changed", "added"]);
    let swap = &report["commits"][0];
    assert_eq!(swap["segments"], serde_json::json!({"total": 3, "kept": 0}));
    assert_eq!(swap["models"][0]["eligible"], 0);
    assert!(swap["models"][0]["lost"].as_u64().unwrap() > 4_000);
    assert!(swap["models"][0]["rewarm"].is_string() && swap["models"][0]["warm"].is_string());
    let broken = &report["commits"][2];
    assert_eq!((&broken["prefix"], &broken["tokens"], &broken["segments"]), (&().into(), &().into(), &().into()));
    assert_eq!(broken["diagnostics"][0]["code"], "unknown-key");
    assert_eq!(report["left_out"], serde_json::json!({"without_effect": 1, "untouched": 1}));
}

#[test]
fn csv_has_a_line_a_commit_and_model() {
    let repo = told();
    repo.file("one.md", "Short.\n");
    let mut git = repo.command();
    git.args(["commit", "--all", "--quiet", "--message", "=1+1, \"quoted\""]).env("GIT_AUTHOR_NAME", "@Eve\u{1b}[2J");
    assert!(git.status().unwrap().success());
    let told = repo.run("log a --as-of 2026-11-21 -n 2 --format csv");
    told.is(str![[r#"
exit 0
--- stdout
commit,date,author,subject,context,status,prefix,tokens,segments,kept,model,eligible,lost,rewarm_usd,warm_usd
09af5b20d707c79487aa809eab0391bf09d3cc84,2026-11-21,'@Eve\u{1b}[2J,"'=1+1, ""quoted""",a,changed,cx1:08c89cf988cfe0d69b4a02e010e873f36d2a9fe7dd0e26a4fc6fb722ae60fa77,2707,3,1,claude-sonnet-5-5,0,6925,0.0085872,0.0003578
5192ecab9767413ae97ff8ac7362890084bc9904,2026-11-21,Ada,Swap the parts,a,changed,cx1:3bca04cbf8b30a7b9a5bc336cd5781b5ae862579624ca035224ea82d132378cf,5106,3,0,claude-sonnet-5-5,0,6925,0.01662,0.0006925

"#]]);
}

#[test]
fn a_model_may_be_named_for_all_commits() {
    let report = told().run("log a --as-of 2026-11-21 --model gpt-6.1-sol --format json").exits(0).json();
    assert_eq!(report["commits"][0]["models"][0]["model"], "gpt-6.1-sol");
}

#[test]
fn a_context_that_is_gone_is_told_with_the_last_commit_that_has_it() {
    let repo = told();
    let last = repo.git(["rev-parse", "--short=10", "HEAD"]);
    repo.git(["rm", "--quiet", "contexts/a.yaml"]);
    repo.file("contexts/b.yaml", "system: [{text: Hi}]\n").commit("Replace");
    let gone = repo.run("log a").exits(2);
    assert!(gone.stderr.contains(&format!("run `contexture log a {}`", last.trim())), "{gone}");
    repo.run(&format!("log a {}", last.trim())).exits(0);
    repo.run("log c").is(str![[r#"
exit 2
--- stderr
error: there is no context `c` at e99255ae04, nor anywhere in its history
 |
 = help: `contexture list` shows every context, `--rev` those of a commit; `log --as-is` takes a manifest that is not committed

"#]]);
    repo.run("log b@terse").is(str![[r#"
exit 2
--- stderr
error: there is no context `b@terse` at e99255ae04
 |
 = help: `contexture list --rev e99255ae04` shows every context and variant

"#]]);
}

#[test]
fn one_that_was_removed_and_brought_back_has_rows_for_both() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\n").commit("Add");
    repo.git(["rm", "--quiet", "contexts/a.yaml"]);
    repo.commit("Remove");
    repo.file("contexts/a.yaml", "system: [{text: Hi again}]\n").commit("Bring back");
    repo.run("log a --as-of 2026-11-21").is(str![[r#"
exit 0
--- stdout
a  3 commits changed what the model sees
▁█  2 to 3 tokens, oldest to newest

commit      date        tokens  ±  kept  lost  subject
b2c7ea84c0  2026-11-21       3  -     -     -  [added] Bring back
aa9aa51a98  2026-11-21       -  -     -     -  [removed] Remove
2eaf91603c  2026-11-21       2  -     -     -  [added] Add

"#]]);
}

#[test]
fn a_shallow_clone_says_where_its_history_ends() {
    let repo = Repo::clone_of(&told(), &["--depth", "2"]);
    repo.run("log a --as-of 2026-11-21").is(str![[r#"
exit 0
--- stdout
a  2 commits changed what the model sees
▄▄  5,106 to 5,106 tokens, oldest to newest

commit      date        tokens   ±  kept   lost   rewarm        warm  subject
5192ecab97  2026-11-21   5,106  +0   0/3  6,925  $0.0166  $0.0006925  Swap the parts
e90f0a69dc  2026-11-21   5,106   -     -      -  $0.0166  $0.0006925  [earliest] Mend it
lost, rewarm and warm: claude-sonnet-5-5; --model takes another
history ends at e90f0a69dc, because this is a shallow clone; run `git fetch --unshallow`

"#]]);
}

#[test]
fn what_is_no_history_is_refused_in_a_sentence() {
    Repo::none().run("log a").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: [ROOT] is not in a git repository
 |
 = help: run `git init`, or build the working tree (no `--rev`, no `--staged`)

"#]]);
    Repo::new().run("log a").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: nothing is committed yet
 |
 = help: make the first commit

"#]]);
    let repo = told();
    for (arguments, what) in [
        ("log a nowhere", "there is no revision `nowhere`"),
        ("log a HEAD...HEAD", "`HEAD...HEAD` is no stretch of history"),
        ("log a -- --upload-pack=x", "`--upload-pack=x` is not a revision"),
        ("log a HEAD:one.md", "`HEAD:one.md` names a blob, not a commit"),
    ] {
        let outcome = repo.run(arguments).exits(2);
        assert!(outcome.stderr.contains(what) && outcome.stderr.contains("help"), "{outcome}");
    }
}

#[test]
fn prompts_had_a_history_before_their_manifests() {
    let repo = Repo::new();
    repo.file("prompts/agent.md", "You are an agent.\n").file("prompts/a/one.md", "One.\n").commit("Write prompts");
    repo.file("README.md", "Not in any prompt.\n").commit("Explain");
    repo.file("prompts/a/two.md", "Two.\n").commit("Write another");
    repo.file("prompts/agent.md", "You are an agent of a shop.\n").commit("Say of what");
    let manifest = "models: [claude-sonnet-5-5]\nsystem: [{file: prompts/agent.md}, {files: prompts/a/*.md}]\nmessages: [{user: Hi}]\n";
    repo.file("contexts/agent.yaml", manifest);
    repo.run("log agent --as-of 2026-11-21").exits(2);
    repo.run("log agent --as-is --as-of 2026-11-21").is(str![[r#"
exit 0
--- stdout
agent  3 of 4 commits changed what the model sees
by the manifests of the working tree, over the texts of each commit
▁▄█  8 to 13 tokens, oldest to newest

commit      date        tokens   ±  kept  lost  rewarm       warm  subject
4ba545702a  2026-11-21      13  +3   0/4     0      $0  $0.000038  Say of what
9a9a13ac1f  2026-11-21      10  +2   2/4     0      $0  $0.000032  Write another
df62c98d8d  2026-11-21       8   -     -     -      $0  $0.000024  [added] Write prompts
lost, rewarm and warm: claude-sonnet-5-5; --model takes another

"#]]);
    // With the manifest in every commit, git's history is the same.
    let told = repo.run("log agent --as-is --as-of 2026-11-21 --format json").json();
    let prefixes = |told: &serde_json::Value| -> Vec<serde_json::Value> {
        told["commits"].as_array().unwrap().iter().map(|commit| commit["prefix"].clone()).collect()
    };
    let tracked = Repo::new();
    tracked.file("contexts/agent.yaml", manifest);
    tracked.file("prompts/agent.md", "You are an agent.\n").file("prompts/a/one.md", "One.\n").commit("Write prompts");
    tracked.file("prompts/a/two.md", "Two.\n").commit("Write another");
    tracked.file("prompts/agent.md", "You are an agent of a shop.\n").commit("Say of what");
    let own = tracked.run("log agent --as-of 2026-11-21 --format json").json();
    assert_eq!(prefixes(&told), prefixes(&own));
    assert_eq!((&told["as_is"], &own["as_is"]), (&true.into(), &false.into()));
    assert_eq!(told["left_out"]["untouched"], 1);
    repo.run("log nobody --as-is").exits(2);
    repo.run("log agent --as-is --follow").exits(2);
}
