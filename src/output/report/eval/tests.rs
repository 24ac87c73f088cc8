use super::*;
use crate::evaluate::verdict::tests::{evaluation, many};
use crate::output::report::json;
use crate::pipeline::Answer;
use crate::syntax::diag::Severity;

fn texts<'a>(parts: &[(&'a str, usize)]) -> Vec<&'a str> {
    parts.iter().flat_map(|(text, count)| vec![*text; *count]).collect()
}

/// Ten gained, none lost, of fifty; the gate stays open.
fn better() -> Evaluation {
    let (base, head) = (texts(&[("a", 36), ("b", 14)]), texts(&[("a", 46), ("b", 4)]));
    evaluation("score: [{label: [a, b]}]\n  gates: {pass: 85%, regression: 5%}", &base, &head)
}

#[test]
fn people_read_what_is_seen_first() {
    let shown = text(&better());
    assert_eq!(
        shown,
        "\
c  m
  50 cases on both sides, 10 of them right on one alone: a difference of 17.6 points or more shows in 80 of 100 \
evaluations, smaller ones often do not
  better: +20 points (95 %: +8.2 to +32.6), p 0.002
        commit     right  score                     p95  a call  cache read  forecast
  base  -       36 of 50  72 % (58.3 to 82.5)  1,000 ms  $0.006         500         0
  head  -       46 of 50  92 % (81.2 to 96.8)  1,000 ms  $0.006         500         0
  tag    cases  base  head
  first      2     2     2
  labels: macro-F1 0.48, κ 0.00
  gate pass 85 %: open: too few cases to tell (92 %)
  gate regression 5 %: met (no loss)
  gained: 10 cases
    37, 38, 39, 40, 41, 42 and 4 more: label: `b` instead of `a`
    --format json and junit list every case
  expected, answered   a  b  no label
  a                   46  4         0
  b                    0  0         0
"
    );
}

#[test]
fn each_verdict_leads_with_what_is_excluded() {
    for (base, head, said, answer) in [
        (
            texts(&[("a", 95), ("b", 5)]),
            texts(&[("a", 95), ("b", 5)]),
            "no difference shown: a loss over 3.8 points is excluded; 0 points",
            Answer::Yes,
        ),
        (
            texts(&[("a", 28), ("b", 4)]),
            texts(&[("a", 28), ("b", 4)]),
            "too few cases: a loss over 9.9 points is excluded, one of 5 points is not; 155 cases would tell; 0 points",
            Answer::Yes,
        ),
        (
            texts(&[("b", 5), ("a", 5)]),
            texts(&[("a", 10)]),
            "no difference shown: a loss is excluded, and a gain is not certain enough; +50 points",
            Answer::Yes,
        ),
        (texts(&[("a", 40)]), texts(&[("a", 30), ("b", 10)]), "worse: −25 points", Answer::No),
        (
            texts(&[("a", 40)]),
            texts(&[("a", 30), ("", 10)]),
            "not measured: 10 answers missing on one side or both could turn it",
            Answer::Open,
        ),
        (texts(&[("", 4)]), texts(&[("a", 4)]), "not measured: no case has an answer on both sides", Answer::Open),
    ] {
        let found = evaluation("score: [equals]", &base, &head);
        let shown = text(&found);
        assert!(shown.contains(said), "{said}: {shown}");
        assert_eq!(found.answer(), answer, "{said}");
    }
}

#[test]
fn a_comment_has_quality_beside_money_and_folds_the_cases() {
    let found = evaluation("score: [equals]", &["a", "b", "a"], &["b", "a", "a"]);
    assert_eq!(
        markdown(&found),
        "\
### Evaluation

| prompt | model | right | change | a call | p95 |
|---|---|--:|--:|--:|--:|
| `c` | `m` | 66.7 % | too few cases, 0 (−64 to +64) | \\$0.1 | 1,000 ms |

too few cases: a loss over 64 points is excluded, one of 5 points is not; 2,091 cases would tell; 0 points (95 %: −64 to +64), p 1

3 cases on both sides, 2 of them right on one alone: no difference shows reliably, however large

<details><summary>c, m: 1 lost, 1 gained</summary>

| | case | expected | before | after |
|---|---|---|---|---|
| lost | `1` | `a` | `a` | `b` |
| gained | `2` | `a` | `b` | `a` |

</details>
"
    );
}

fn replay(evaluation: Evaluation) -> Replay {
    let broken = vec![Diagnostic::error("bad-case", "the `id` of a case\n## is text")];
    Replay { evaluation, missing: 3, said: Vec::new(), uncollected: Vec::new(), warnings: Vec::new(), broken }
}

/// A part of a comment has a limit, and says what it leaves out and what is left to do.
#[test]
fn a_part_of_a_comment_stays_short_and_says_what_is_open() {
    let (base, head) = (texts(&[("a", 40)]), texts(&[("a", 20), ("<b>`x` @all", 20)]));
    for count in [1, 2, 225] {
        let shown = section(&replay(many("score: [equals]", &base, &head, count)), "contexture eval --base `x`");
        assert!(shown.chars().count() <= 4_600, "{count}: {}", shown.chars().count());
        assert!(shown.contains("| `c` | `m` | 100 → 50 % | **worse**, −50 ("), "{shown}");
        assert!(shown.contains("worse: −50 points (95 %: "), "{shown}");
        assert!(
            shown.contains(
                "3 answers not recorded, so nobody knows; this asks for them: `` contexture eval --base `x` ``"
            ),
            "{shown}"
        );
        assert!(shown.contains("cannot be evaluated: ``the `id` of a case"), "{shown}");
        assert!(!shown.contains("\n## "), "{shown}");
        assert_eq!(shown.contains("rows, less urgent, and more cases"), count == 225, "{shown}");
    }
}

/// What is no pass is an annotation, at the place of `eval` in the manifest.
#[test]
fn what_fails_or_is_open_is_placed() {
    for (eval, base, head, expected) in [
        (
            "score: [equals]",
            texts(&[("a", 40)]),
            texts(&[("a", 30), ("b", 10)]),
            vec![("worse", Severity::Error, false)],
        ),
        (
            "score: [equals]",
            texts(&[("a", 40)]),
            texts(&[("a", 40)]),
            vec![("too-few-cases", Severity::Warning, false)],
        ),
        ("score: [equals]", texts(&[("a", 99)]), texts(&[("a", 99)]), vec![]),
        (
            "score: [equals]",
            texts(&[("a", 40)]),
            texts(&[("", 40)]),
            vec![("not-measured", Severity::Error, true), ("not-recorded", Severity::Error, true)],
        ),
        (
            "gates: {pass: 99%, open: fail}",
            Vec::new(),
            texts(&[("a", 30)]),
            vec![("eval-gate", Severity::Error, false)],
        ),
        ("gates: {pass: 99%}", Vec::new(), texts(&[("a", 30)]), vec![("eval-gate", Severity::Warning, false)]),
        ("gates: {pass: 99%}", Vec::new(), texts(&[("b", 30)]), vec![("eval-gate", Severity::Error, false)]),
    ] {
        let found = diagnostics(&evaluation(eval, &base, &head));
        assert!(found.iter().all(|one| one.span.is_some() && one.message.starts_with("c with m: ")), "{found:?}");
        let found: Vec<_> = found.iter().map(|one| (&*one.code, one.severity, one.is_open)).collect();
        assert_eq!(found, expected, "{eval}");
    }
}

#[test]
fn junit_names_each_case_and_the_verdict() {
    let head = [texts(&[("a", 20)]), vec!["<b>&\u{1b}[31m\"\n", "no", ""]].concat();
    let shown = junit(&evaluation("score: [equals]\n  gates: {latency_p95: 1ms}", &texts(&[("a", 23)]), &head));
    for part in [
        "<testsuite name=\"c.m\" tests=\"25\" failures=\"3\" errors=\"0\" skipped=\"1\" time=\"22.000\">",
        "<testcase classname=\"c.m\" name=\"1\" time=\"1.000\"/>",
        "name=\"21\" time=\"1.000\">\n      <failure message=\"equals&#58; `&lt;b&gt;&amp;\u{fffd}[31m&quot;` instead of `a`\">",
        "<failure message=\"equals&#58;",
        "name=\"22\" time=\"1.000\">\n      <failure message=\"the model refused\">the model refused</failure>",
        "name=\"23\" time=\"0.000\">\n      <skipped message=\"no answer is recorded\">",
        "name=\"gate latency_p95\" time=\"0.000\">\n      <failure message=\"latency_p95 1 ms&#58; missed (1000 ms)\">",
        "name=\"verdict\" time=\"0.000\"/>\n    <system-out>22 cases on both sides",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

/// Answers of a model are text of a stranger.
#[test]
fn no_report_obeys_an_answer() {
    let hostile =
        "\u{1b}[2J\u{202e}</summary><script>alert(1)</script> @all | ``` `x` [a](http://b) ]]>\n::error::x\n## x";
    let found = evaluation("score: [equals]", &["a", "a"], &["a", hostile]);
    let shown = [text(&found), markdown(&found), junit(&found), json(&EvalReport::new(&found))];
    for text in &shown {
        let is_harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(is_harmful), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("::") || line.starts_with("## ")), "{text}");
    }
    assert!(!shown[2].contains("<script>"));
    let cell = shown[1].lines().find(|line| line.starts_with("| lost")).expect("a row");
    assert!(cell.contains("````") && cell.contains("\\|"), "{cell}");
}

#[test]
fn programs_read_what_was_measured() {
    let report = json(&EvalReport::new(&better()));
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["schema"], "contexture.eval/1");
    let run = &report["runs"][1];
    assert_eq!(
        (run["right"].as_u64(), run["score"].as_str(), run["usd"].as_str()),
        (Some(46), Some("0.92"), Some("0.3"))
    );
    let compared = &report["comparisons"][0];
    assert_eq!((&compared["base"], &compared["head"], &compared["gained"]), (&0.into(), &1.into(), &10.into()));
    let words = ["p", "p_holm", "test", "verdict", "difference"].map(|key| compared[key].as_str().unwrap_or_default());
    assert_eq!(words, ["0.002", "0.002", "mcnemar-exact", "better", "0.2"]);
    let gate = &report["gates"][0];
    assert_eq!(["name", "limit", "actual", "status"].map(|key| &gate[key]), ["pass", "0.85", "0.92", "open"]);
}
