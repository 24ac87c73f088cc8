//! `contexture diff`.

use serde_json::Value;
use snapbox::str;

use crate::support::{Outcome, Repo};

/// Long enough for every provider's cache.
fn rules(of: &str) -> String {
    let rule = |number: usize| format!("Rule {number} of {of}: a customer may ask again within {number} days.\n");
    format!("# {of}\n\n{}", (0..150).map(rule).collect::<String>())
}

const MANIFEST: &str = "\
inputs: {ticket: {tokens: 600}}
system:
  - file: policies/refunds.md
  - file: policies/shipping.md
messages:
  - user: \"{{ticket}}\"
output: {tokens: 250, max_tokens: 500}
";

/// One context of two long fragments, on `main`; a branch `topic` is checked out.
fn desk() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexture.yaml",
        "models: [claude-opus-5, gpt-6.1-sol]\ntraffic: {calls: 100k/month, deploys: 20/month}\n",
    );
    repo.file("contexts/triage.yaml", MANIFEST);
    repo.file("policies/refunds.md", rules("refunds")).file("policies/shipping.md", rules("shipping"));
    repo.committed("base").git(["checkout", "--quiet", "-b", "topic"]);
    repo
}

fn diff(repo: &Repo, words: &str) -> Outcome {
    repo.run(&format!("diff --as-of 2026-11-21 {words}"))
}

fn json(repo: &Repo, words: &str) -> Value {
    diff(repo, &format!("--format json {words}")).exits(0).json()
}

/// The only context of a comparison.
fn only(report: &Value) -> &Value {
    let contexts = report["contexts"].as_array().unwrap();
    assert_eq!(contexts.len(), 1, "{report:#}");
    &contexts[0]
}

#[test]
fn two_blocks_that_swap_keep_the_tokens_and_break_the_prefix_at_a_price() {
    let repo = desk();
    let swapped = MANIFEST.replace(
        "  - file: policies/refunds.md\n  - file: policies/shipping.md\n",
        "  - file: policies/shipping.md\n  - file: policies/refunds.md\n",
    );
    repo.file("contexts/triage.yaml", swapped).commit("swap");
    diff(&repo, "").is(str![[r#"
exit 0
--- stdout
base  8de9138e3f  2026-11-21  merge base with main
head  the working tree on e9696c55ec  2026-11-21

claude-opus-5: ≈$1,255.54 a month, unchanged; ≈$0.0379 once to re-warm.
1 of 1 prompt changes, triage, by contexts/triage.yaml: the token count stays;
  the cached prefix breaks in 1.
gpt-6.1-sol: ≈$420.49 a month, unchanged; ≈$0.0115 once to re-warm.
Every prompt that differs builds, no budget newly fails, no new warning.

   prompt  tokens  model            cache kept                  month
~  triage      ±0  claude-opus-5  ≈0 of ≈6,595  ≈$1,255.54, unchanged
                   gpt-6.1-sol    ≈0 of ≈4,806    ≈$420.49, unchanged

~ triage
  tokens 4,806, unchanged
  by contexts/triage.yaml
  first difference in system/1, policies/shipping.md:1 (e9696c55ec)
    after 2 bytes and 1 token that stay
  segments (2 unchanged)
    ^ system/2 (was system/1)  policies/refunds.md:1-152  2,403 tokens
  claude-opus-5
    cache:     ≈0 of ≈6,595 tokens still served; ≈$0.0379 to re-warm once
    warm call: ≈$0.0125, unchanged
    month:     ≈$1,255.54, unchanged
  gpt-6.1-sol
    cache:     ≈0 of ≈4,806 tokens still served; ≈$0.0115 to re-warm once
    warm call: ≈$0.0042, unchanged
    month:     ≈$420.49, unchanged

~ changed   ^ moved, the text is the same

≈ estimated tokens: there is no public tokenizer. Prices of 2026-11-21.

"#]]);
    let report = json(&repo, "");
    let context = only(&report);
    assert_eq!(context["tokens"]["base"], context["tokens"]["head"]);
    assert_eq!(context["segments"].as_array().unwrap().len(), 1);
    assert_eq!(context["segments"][0]["change"], "moved");
    for model in context["models"].as_array().unwrap() {
        assert_eq!(model["eligible"], 0, "{model:#}");
        assert_ne!(model["rewarm"], "0", "{model:#}");
        assert_eq!(model["warm"]["base"], model["warm"]["head"]);
    }
}

#[test]
fn a_shared_fragment_reaches_every_variant_and_is_told_once() {
    let repo = Repo::new();
    let variants: String = (1..29).map(|n| format!("  v{n:02}: {{vars: {{tone: t{n}}}}}\n")).collect();
    repo.file(
        "contexts/triage.yaml",
        format!("vars: {{tone: plain}}\nsystem:\n  - file: house.md\n  - template: tone.hbs\nvariants:\n{variants}"),
    );
    repo.file("templates/tone.hbs", "Be {{tone}}.\n").file("house.md", "We are kind.\n").commit("base");
    repo.file("house.md", "We are very kind.\n").commit("more");
    let report = json(&repo, "HEAD~1..");
    assert_eq!(report["groups"][0]["count"], 29);
    assert_eq!(report["groups"][0]["tokens"], serde_json::json!({"least": 1, "median": 1, "most": 1}));
    assert_eq!(report["reach"][0]["path"], "house.md");
    assert_eq!(report["reach"][0]["contexts"].as_array().unwrap().len(), 29);
    let text = diff(&repo, "HEAD~1..").exits(0).stdout;
    assert_eq!(text.matches("We are very kind.").count(), 1, "{text}");
    assert!(text.contains("triage and 28 more"), "{text}");
}

#[test]
fn a_typo_in_a_page_that_no_prompt_uses_has_no_effect() {
    let repo = desk();
    repo.file("docs/guide.md", "tpyo").commit("a page");
    repo.file("docs/guide.md", "typo").commit("mend it");
    diff(&repo, "HEAD~1..").is(str![[r#"
exit 0
--- stdout
base  038b973a74  2026-11-21  HEAD~1
head  c22118756e  2026-11-21

No prompt changes: the only one is the same.

1 file differs and changes no prompt: docs/guide.md

"#]]);
}

#[test]
fn a_renamed_fragment_changes_no_prompt() {
    let repo = desk();
    repo.git(["mv", "policies/refunds.md", "policies/returns.md"]);
    repo.file("contexts/triage.yaml", MANIFEST.replace("refunds.md", "returns.md")).commit("rename");
    let report = json(&repo, "main..");
    assert_eq!((&report["unchanged"], report["contexts"].as_array().unwrap().len()), (&1.into(), 0));
    assert_eq!(report["no_effect"], serde_json::json!(["contexts/triage.yaml", "policies/returns.md"]));
}

#[test]
fn a_prompt_of_one_file_that_is_renamed_and_edited_is_changed_under_its_old_name() {
    let rules = |nine: &str| {
        (0..40).map(|n| format!("Rule {}.\n", if n == 39 { nine } else { "of the house" })).collect::<String>()
    };
    let repo = Repo::new();
    repo.file("contexts/old.yaml", "system: [{file: f/a.md}]\n").file("f/a.md", rules("39")).commit("base");
    repo.git(["mv", "contexts/old.yaml", "contexts/new.yaml"]);
    repo.file("f/a.md", rules("forty")).commit("rename, one line");
    let report = json(&repo, "HEAD~1..HEAD");
    let context = only(&report);
    assert_eq!((&context["id"], &context["renamed_from"]), (&"new".into(), &"old".into()));
    assert_eq!((&context["status"], &report["no_effect"]), (&"changed".into(), &serde_json::json!([])));
    let log = repo.run("log new --follow").exits(0).stdout;
    assert!(log.contains("[renamed from old] rename, one line"), "{log}");
}

#[test]
fn a_renamed_manifest_is_renamed_and_its_cache_is_served() {
    let repo = desk();
    repo.git(["mv", "contexts/triage.yaml", "contexts/sort.yaml"]);
    repo.commit("rename");
    let report = json(&repo, "main..");
    let context = only(&report);
    assert_eq!((&context["id"], &context["renamed_from"]), (&"sort".into(), &"triage".into()));
    assert_eq!(context["status"], "renamed");
    assert_eq!(context["divergence"], Value::Null);
    assert_eq!(context["models"][0]["rewarm"], "0");
}

#[test]
fn line_endings_that_flip_are_called_that() {
    let repo = desk();
    repo.file("policies/refunds.md", rules("refunds").replace('\n', "\r\n")).commit("flip");
    let text = diff(&repo, "main..").exits(0).stdout;
    assert!(text.contains("only line endings"), "{text}");
    let report = json(&repo, "main..");
    assert_eq!(only(&report)["divergence"]["line"], 1);
}

#[test]
fn a_manifest_that_is_broken_now_is_told_beside_the_others() {
    let repo = desk();
    repo.file("contexts/other.yaml", "system: [{text: Hi}]\n").commit("another");
    repo.file("contexts/triage.yaml", "sytem: []\n")
        .file("contexts/other.yaml", "system: [{text: Hello}]\n")
        .commit("break");
    let outcome = diff(&repo, "HEAD~1.. --format json").exits(2);
    let report = outcome.json();
    let status = |id: &str| {
        let contexts = report["contexts"].as_array().unwrap();
        contexts.iter().find(|context| context["id"] == id).unwrap()["status"].clone()
    };
    assert_eq!((status("triage"), status("other")), ("broken".into(), "changed".into()));
    assert!(outcome.stderr.contains("unknown key `sytem`"), "{outcome}");
}

#[test]
fn a_manifest_that_was_broken_and_is_mended_stops_nobody() {
    let repo = desk();
    repo.file("contexts/triage.yaml", "sytem: []\n").commit("break");
    repo.file("contexts/triage.yaml", MANIFEST).commit("mend");
    let report = json(&repo, "HEAD~1..");
    let context = only(&report);
    assert_eq!(context["status"], "broken");
    assert_eq!(context["faults"]["head"], serde_json::json!([]));
    assert_eq!(context["faults"]["base"][0]["code"], "unknown-key");
    assert_ne!(context["tokens"]["head"], Value::Null);
}

#[test]
fn contexts_come_and_go() {
    let repo = desk();
    repo.file("contexts/new.yaml", "system: [{text: Something of its own}]\n").git([
        "rm",
        "--quiet",
        "contexts/triage.yaml",
    ]);
    repo.commit("replace");
    let report = json(&repo, "main..");
    let status = |index: usize| report["contexts"][index]["status"].clone();
    assert_eq!((status(0), status(1)), ("added".into(), "removed".into()));
}

#[test]
fn what_is_not_committed_counts() {
    let repo = desk();
    repo.file("policies/shipping.md", rules("shipping").replace("Rule 70 ", "Rule seventy "));
    let report = json(&repo, "");
    let context = only(&report);
    assert_eq!(context["divergence"]["path"], "policies/shipping.md");
    assert_eq!(context["divergence"]["line"], 73);
    assert_eq!(context["divergence"]["commit"], Value::Null);
    assert_eq!(report["head"]["kind"], "worktree");
}

#[test]
fn dots_mean_what_they_mean_to_git() {
    let repo = desk();
    repo.file("policies/refunds.md", "Never.\n").commit("topic");
    repo.git(["checkout", "--quiet", "main"]);
    repo.file("policies/shipping.md", "Tomorrow.\n").commit("main moves on");
    let segments = |range: &str| json(&repo, range)["contexts"][0]["segments"].as_array().unwrap().len();
    assert_eq!(segments("main...topic"), 1);
    assert_eq!(segments("main..topic"), 2);
    let first = diff(&repo, "main...topic").stdout;
    let base = repo.git(["merge-base", "main", "topic"]);
    assert!(first.starts_with(&format!("base  {}", &base[..10])), "{first}");
}

#[test]
fn on_the_default_branch_the_base_is_head() {
    let repo = desk();
    repo.git(["checkout", "--quiet", "main"]);
    repo.file("policies/refunds.md", "Never.\n");
    let text = diff(&repo, "").exits(0).stdout;
    assert!(text.lines().next().unwrap().ends_with("HEAD"), "{text}");
    assert_eq!(only(&json(&repo, ""))["status"], "changed");
}

#[test]
fn the_project_names_its_branch() {
    let repo = desk();
    repo.file("contexture.yaml", "default_branch: release\n").commit("name it");
    diff(&repo, "").is(str![[r#"
exit 2
--- stderr
error: `default_branch: release` in contexture.yaml names a branch that this clone does not have
 |
 = help: run `git fetch origin release`, or name the base: `contexture diff BASE`

"#]]);
    repo.git(["branch", "release", "main"]);
    assert!(diff(&repo, "").exits(0).stdout.contains("merge base with release"));
}

#[test]
fn each_revision_that_is_none_has_its_sentence() {
    let repo = desk();
    diff(&repo, "nowhere").is(str![[r#"
exit 2
--- stderr
error: there is no revision `nowhere`
 |
 = help: see `git branch --all` and `git tag`, or fetch the branch

"#]]);
    diff(&repo, "main..-x").is(str![[r#"
exit 2
--- stderr
error: `-x` is not a revision
 |
 = help: name a branch, a tag or a commit

"#]]);
    diff(&repo, "main..HEAD:contexts").is(str![[r#"
exit 2
--- stderr
error: `HEAD:contexts` names a tree, not a commit
 |
 = help: name a branch, a tag or a commit

"#]]);
    let unborn = Repo::new();
    unborn.file("contexts/a.yaml", "system: [{text: Hi}]\n");
    diff(&unborn, "").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: nothing is committed yet
 |
 = help: make the first commit

"#]]);
    diff(&Repo::none(), "").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: [ROOT] is not in a git repository
 |
 = help: run `git init`, or build the working tree (no `--rev`, no `--staged`)

"#]]);
}

#[test]
fn two_histories_that_share_nothing_have_no_merge_base() {
    let repo = desk();
    repo.git(["checkout", "--quiet", "--orphan", "island"]);
    repo.commit("alone");
    diff(&repo, "main...island").is(str![[r#"
exit 2
--- stderr
error: 8de9138e3f and 37f38ebac0 have no commit in common
 |
 = help: name the base itself: `contexture diff BASE..HEAD`

"#]]);
}

#[test]
fn a_shallow_clone_says_how_to_get_the_rest() {
    let repo = desk();
    repo.git(["checkout", "--quiet", "main"]);
    repo.file("policies/refunds.md", "Never.\n").commit("on");
    repo.git(["checkout", "--quiet", "topic"]);
    repo.file("policies/shipping.md", "Tomorrow.\n").commit("topic");
    let clone = Repo::clone_of(&repo, &["--depth", "1", "--no-single-branch"]);
    diff(&clone, "origin/main...origin/topic").is(str![[r#"
exit 2
--- stderr
error: 1855ed3eac and f8207521e8 have no commit in common
 |
 = help: this is a shallow clone, whose history ends early; run `git fetch --unshallow` (in GitHub's checkout action: `fetch-depth: 0`)

"#]]);
}

#[test]
fn an_object_that_is_not_there_is_named() {
    let repo = desk();
    repo.file("policies/refunds.md", "Never.\n").commit("on");
    let id = repo.git(["rev-parse", "HEAD:policies/refunds.md"]);
    let (folder, name) = id.trim().split_at(2);
    std::fs::remove_file(repo.at(".git/objects").join(folder).join(name)).unwrap();
    let outcome = diff(&repo, "main..HEAD").exits(2);
    assert!(outcome.stderr.contains(&format!("object {} is not in this clone", id.trim())), "{outcome}");
}

#[test]
fn the_parts_of_a_difference_add_up() {
    let repo = desk();
    repo.file("policies/refunds.md", rules("refunds").replace("customer", "dear customer"));
    repo.file(
        "contexture.yaml",
        "models: [claude-opus-5, gpt-6.1-sol]\ntraffic: {calls: 250k/month, deploys: 5/month}\n",
    );
    repo.file(
        "prices.yaml",
        "models:\n  gpt-6.1-sol:\n    prices: {input: 1, output: 8, read: 0.1, write: {30m: 1.25, 12h: 2}}\n",
    );
    repo.commit("everything");
    let outcome = diff(&repo, "main.. --format json");
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let report = outcome.json();
    for model in only(&report)["models"].as_array().unwrap() {
        let femto = |value: &Value| {
            let text = value.as_str().unwrap();
            let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
            sign * contexture::syntax::quantity::Usd::parse(digits).unwrap().femto
        };
        let parts = &model["attribution"];
        let sum: i128 = ["text", "order", "tokenizer", "price", "traffic"].iter().map(|part| femto(&parts[part])).sum();
        assert_eq!(sum, femto(&model["month"]["head"]) - femto(&model["month"]["base"]), "{model:#}");
        assert_ne!(parts["traffic"], "0");
        assert_eq!(parts["price"] != "0", model["model"] == "gpt-6.1-sol", "{model:#}");
    }
}

#[test]
fn gates_stop_at_what_happened_and_at_nothing_else() {
    let repo = desk();
    repo.file("policies/shipping.md", rules("shipping") + "One more.\n").commit("append");
    let status = |gate: &str| diff(&repo, &format!("main.. --fail-on {gate}")).status;
    assert_eq!(status("prefix"), Some(1));
    assert_eq!(status("any-change"), Some(1));
    assert_eq!(status("budget,growth,lint"), Some(0));
    diff(&repo, "main.. --fail-on weather").exits(2);
}

#[test]
fn old_debt_blocks_nothing_until_it_grows() {
    let repo = desk();
    let with_limit = |limit: &str| format!("{MANIFEST}budgets: {{{limit}}}\n");
    repo.file("contexts/triage.yaml", with_limit("tokens: 1k")).commit("a limit that is too small");
    repo.file("policies/shipping.md", rules("shipping").replace("Rule 70 ", "Rule 71 ")).commit("as long as before");
    let gate = |range: &str| diff(&repo, &format!("{range} --fail-on budget")).status;
    assert_eq!(gate("HEAD~1.."), Some(0));
    assert_eq!(gate("main.."), Some(1), "the change that brought the limit in breaks it");
    let check = |base: &str| repo.run(&format!("check --as-of 2026-11-21{base}")).status;
    assert_eq!((check(""), check(" --base HEAD~1"), check(" --base main")), (Some(1), Some(0), Some(1)));
    repo.file("policies/shipping.md", rules("shipping") + "One more.\n").commit("longer");
    assert_eq!((gate("HEAD~1.."), check(" --base HEAD~1")), (Some(1), Some(1)));
    repo.file("contexts/triage.yaml", with_limit("tokens: 1k, ratchet_slack: 1%")).commit("a little is allowed");
    assert_eq!((gate("HEAD~2.."), check(" --base HEAD~2")), (Some(0), Some(0)));
}

#[test]
fn a_prefix_may_grow_so_far() {
    let repo = desk();
    repo.file("contexts/triage.yaml", format!("{MANIFEST}budgets: {{growth: 5%}}\n")).commit("a limit");
    repo.file("policies/shipping.md", rules("shipping") + &rules("more")).commit("grow");
    let gate = |what: &str| diff(&repo, &format!("HEAD~1.. --fail-on {what}")).status;
    assert_eq!((gate("growth"), gate("budget")), (Some(1), Some(0)));
    assert_eq!(repo.run("check --base HEAD~1").status, Some(1));
    assert_eq!(repo.run("check").status, Some(0), "without a base there is nothing to grow from");
    repo.file("contexts/new.yaml", "system: [{file: policies/shipping.md}]\nmessages: [{user: Hi}]\noutput: {max_tokens: 9}\nbudgets: {growth: 1%}\n").commit("new");
    assert_eq!(repo.run("check --base HEAD~1 new").status, Some(0), "what is new has not grown");
}

#[test]
fn only_the_named_contexts_are_compared() {
    let repo = desk();
    repo.file("contexts/other.yaml", "system: [{file: policies/refunds.md}]\n").commit("another");
    repo.file("policies/refunds.md", "Never.\n").commit("change both");
    let report = json(&repo, "HEAD~1.. -- other");
    assert_eq!(only(&report)["id"], "other");
    diff(&repo, "HEAD~1.. -- oter").is(str![[r#"
exit 2
--- stderr
error: there is no context `oter`
 |
 = help: did you mean `other`?

"#]]);
}

/// A name that only one side knows, or that nothing has changed for, makes no other context new or gone.
#[test]
fn each_name_is_looked_for_on_its_own() {
    let repo = Repo::new();
    let manifest =
        |text: &str| format!("models: [gpt-6.1-sol]\nsystem: [{{text: \"{text}\"}}]\nmessages: [{{user: Hi}}]\n");
    for id in ["changed", "gone", "same"] {
        repo.file(&format!("contexts/{id}.yaml"), manifest(id));
    }
    repo.committed("base");
    repo.file("contexts/changed.yaml", manifest("otherwise")).file("contexts/new.yaml", manifest("new"));
    repo.git(["rm", "--quiet", "contexts/gone.yaml"]);
    let expected = [("changed", "changed"), ("gone", "removed"), ("new", "added")];
    for others in ["", " same", " new", " gone", " new same", " gone new", " gone new same"] {
        let report = diff(&repo, &format!("HEAD --format json -- changed{others}")).exits(0).json();
        let named = |id: &str| id == "changed" || others.split(' ').any(|other| other == id);
        let wanted: Vec<Value> =
            expected.iter().filter(|(id, _)| named(id)).map(|(id, status)| serde_json::json!([id, status])).collect();
        let mut found: Vec<Value> = report["contexts"]
            .as_array()
            .expect("contexts")
            .iter()
            .map(|context| serde_json::json!([context["id"], context["status"]]))
            .collect();
        found.sort_by_key(ToString::to_string);
        assert_eq!(found, wanted, "changed{others}");
    }
    let unknown = diff(&repo, "HEAD -- changed nobody").exits(2);
    assert!(unknown.stderr.contains("nobody"), "{}", unknown.stderr);
}
