//! Templates that decide on inputs: what is built, shown, compared and filled.

use snapbox::str;

use crate::support::{Repo, same};

/// Replaces text in a file.
fn edit(repo: &Repo, path: &str, from: &str, to: &str) {
    let before = std::fs::read_to_string(repo.at(path)).unwrap();
    assert!(before.contains(from), "{before}");
    repo.file(path, before.replace(from, to));
}

/// A prompt that is strict on demand and lists files, as in a `.prompt` file.
fn review() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/review.yaml",
        "models: [gpt-6.1-sol]\n\
         inputs:\n  strict: {example: true}\n  files: {example: [a.rs, b.rs]}\n  question: {tokens: 40}\n\
         system: [{template: prompts/review.hbs, join: none}]\n\
         messages: [{template: prompts/ask.hbs, join: none}]\n\
         output: {tokens: 200}\ntraffic: {calls: 1k/day}\n\
         variants:\n  lenient: {inputs: {strict: {example: false}}}\n",
    );
    repo.file(
        "prompts/review.hbs",
        "You review changes.\n{{#if strict}}\nRefuse anything untested.\n{{else}}\nAsk for tests.\n{{/if}}\nAnswer in one line.\n",
    );
    repo.file("prompts/ask.hbs", "\n{{#each files}}\n- {{this}}\n{{/each}}\nQuestion: {{question}}");
    repo.committed("base");
    repo
}

#[test]
fn explain_shows_regions_and_where_the_prefix_ends() {
    review().run("explain review").is(str![[r#"
exit 0
--- stdout
review
  prefix    cx1:e1a130d3d73e5342298dcaa7e35e7029703e4d1bfb76faba76fd51cb80b254e1  4 tokens by o200k_base
  full      cx1:d12755582095c92b22f0a0176946fb2fc6b8c04ffcd95b0594dbdd7c569841a4  27 tokens by o200k_base
  settings  cx1:b4fd5216b53a65a310b0011fce1a36611917ea68e4bca50aa9de6938242374d2  model settings and output schema

  segment                           tokens  link              from
  system/1.1                             4  cx1:e1a130d3d73e  prompts/review.hbs:1-7
  -- prefix ends: cx1:e1a130d3d73e
  system/1.2                            ~6  cx1:10954dc189d7  prompts/review.hbs:2-6
  system/1.3                             5  cx1:d0fb311dfb5f  prompts/review.hbs:1-7
  messages/1.1                           1  cx1:a40acc57490f  prompts/ask.hbs:1-5
  messages/1.2                          ~8  cx1:2a0d47138acf  prompts/ask.hbs:2-4
  messages/1.3                           3  cx1:d627769074bd  prompts/ask.hbs:1-5
  messages/1.4                        hole  cx1:d12755582095  prompts/ask.hbs:1-5

  gpt-6.1-sol: 78 tokens in, estimated
    a call: $0.0022 uncached, $0.0022 cold, $0.0022 warm, $0.0022 expected; a month: $64.68
    caching saves $0 a month at this traffic

"#]]);
}

#[test]
fn explain_shows_the_source_and_the_sample_of_a_region() {
    review().run("explain review:system/1.2").is(str![[r#"
exit 0
--- stdout
review:system/1.2
  from      prompts/review.hbs:2-6
  blob      108e0cc7f80fef37ad8c4f6b64f817a7a8ecb16a
  block     contexts/review.yaml:6:10
  tokens    6 (o200k_base, as joined)

  The digest D(2) is BLAKE3 (cx1) over the tier and 1 part:
  tier      system
  part      system region 72 bytes
  digest    cx1:51d349e2ec05bf8c42aef287c61c43f66c2438add4746a098db0ef342b4b6ef1  D(2)
  before    cx1:e1a130d3d73e5342298dcaa7e35e7029703e4d1bfb76faba76fd51cb80b254e1  P(1)
  after     cx1:10954dc189d7bf7284d9d2bb283c1f9a3c23b457012806eac05ea81096a1f5bc  P(2) = H(P(1), D(2))

--- system region
{{#if strict}}
Refuse anything untested.
{{else}}
Ask for tests.
{{/if}}
--- sample
Refuse anything untested.


"#]]);
}

#[test]
fn the_prompt_says_which_part_is_a_sample() {
    review().run("render review").is(str![[r#"
exit 0
--- stdout
# System

`system/1.1` · `prompts/review.hbs` · lines 1–7

```text
You review changes.
```

`system/1.2` · `prompts/review.hbs` · lines 2–6

A sample: this part depends on `strict`.

```text
Refuse anything untested.
```

`system/1.3` · `prompts/review.hbs` · lines 1–7

```text
Answer in one line.
```

# User

`messages/1.1` · `prompts/ask.hbs` · lines 1–5

```text

```

`messages/1.2` · `prompts/ask.hbs` · lines 2–4

A sample: this part depends on `files`.

```text
- a.rs
- b.rs
```

`messages/1.3` · `prompts/ask.hbs` · lines 1–5

```text
Question: 
```

`messages/1.4` · `prompts/ask.hbs` · lines 1–5

`{{question}}`

"#]]);
}

#[test]
fn a_change_of_the_branch_that_is_not_taken_is_one_and_a_change_of_the_example_is_none() {
    let repo = review();
    edit(&repo, "prompts/review.hbs", "Ask for tests.", "Ask for tests and docs.");
    repo.run("diff HEAD --as-of 2026-11-30 -- review").is(str![[r#"
exit 0
--- stdout
base  beacd4cf1b  2026-11-21  HEAD
head  the working tree on beacd4cf1b  2026-11-21

gpt-6.1-sol: ≈$64.68 a month, unchanged.
1 of 1 prompt changes, review, by prompts/review.hbs: the token count stays.
Every prompt that differs builds, no budget newly fails, no new warning.

   prompt  tokens  model        cache kept               month
~  review      ±0  gpt-6.1-sol        none  ≈$64.68, unchanged

~ review
  tokens 27, unchanged
  by prompts/review.hbs
  first difference in system/1.2, prompts/review.hbs:5 (not committed)
    after 20 bytes and 4 tokens that stay
  segments (6 unchanged)
    ~ system/1.2  prompts/review.hbs:2-6  6, unchanged
  gpt-6.1-sol
    cache:     nothing of it is cached, before or after
    warm call: ≈$0.0022, unchanged
    month:     ≈$64.68, unchanged

  --- system/1.2  prompts/review.hbs:2-6
    (1 unchanged line hidden)
    Refuse anything untested.
    {{else}}
  - Ask for tests.
  + Ask for tests and docs.
    {{/if}}

~ changed

≈ estimated tokens: there is no public tokenizer. Prices of 2026-11-30.

"#]]);
    edit(&repo, "prompts/review.hbs", "Ask for tests and docs.", "Ask for tests.");
    edit(&repo, "contexts/review.yaml", "example: true", "example: false");
    repo.run("diff HEAD --as-of 2026-11-30 -- review").is(str![[r#"
exit 0
--- stdout
base  beacd4cf1b  2026-11-21  HEAD
head  the working tree on beacd4cf1b  2026-11-21

gpt-6.1-sol: ≈$64.68 → $64.56 a month (-$0.1200, -0.2%).
1 of 1 prompt changes, review, by contexts/review.yaml: the text stays.
Every prompt that differs builds, no budget newly fails, no new warning.

   prompt  tokens  model        cache kept                               month
~  review      -2  gpt-6.1-sol        none  ≈$64.68 → $64.56 (-$0.1200, -0.2%)

~ review
  tokens 27 → 25 (-2, -7.4%)
  by contexts/review.yaml
  the model sees the same text
  gpt-6.1-sol
    cache:     nothing of it is cached, before or after
    warm call: ≈$0.0022 → $0.0022 (-$0.000004, -0.2%)
    month:     ≈$64.68 → $64.56 (-$0.1200, -0.2%)
    of that month: text -$0.1200

~ changed

≈ estimated tokens: there is no public tokenizer. Prices of 2026-11-30.

"#]]);
}

#[test]
fn the_bundle_says_which_bodies_are_samples_and_where() {
    let repo = review();
    repo.run("build review").exits(0);
    let record = {
        let text = std::fs::read(repo.at("dist/review.bundle/bundle.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()
    };
    let shown =
        serde_json::json!({"inputs": record["inputs"], "regions": record["regions"], "members": record["members"]});
    same(
        format!("{shown:#}\n"),
        str![[r#"
{
  "inputs": [
    {
      "name": "question",
      "body": "gpt-6.1-sol.responses.json",
      "pointer": "/input/1/content/0/text",
      "start": 25,
      "end": 37
    },
    {
      "name": "question",
      "body": "gpt-6.1-sol.chat.json",
      "pointer": "/messages/1/content/0/text",
      "start": 25,
      "end": 37
    }
  ],
  "regions": [
    {
      "needs": [
        "strict"
      ],
      "segment": "system/1.2",
      "path": "prompts/review.hbs",
      "lines": [
        2,
        6
      ],
      "source": "{{#if strict}}\nRefuse anything untested.\n{{else}}\nAsk for tests.\n{{/if}}",
      "body": "gpt-6.1-sol.responses.json",
      "pointer": "/input/0/content/0/text",
      "start": 20,
      "end": 46
    },
    {
      "needs": [
        "files"
      ],
      "segment": "messages/1.2",
      "path": "prompts/ask.hbs",
      "lines": [
        2,
        4
      ],
      "source": "{{#each files}}\n- {{this}}\n{{/each}}",
      "body": "gpt-6.1-sol.responses.json",
      "pointer": "/input/1/content/0/text",
      "start": 1,
      "end": 15
    },
    {
      "needs": [
        "strict"
      ],
      "segment": "system/1.2",
      "path": "prompts/review.hbs",
      "lines": [
        2,
        6
      ],
      "source": "{{#if strict}}\nRefuse anything untested.\n{{else}}\nAsk for tests.\n{{/if}}",
      "body": "gpt-6.1-sol.chat.json",
      "pointer": "/messages/0/content/0/text",
      "start": 20,
      "end": 46
    },
    {
      "needs": [
        "files"
      ],
      "segment": "messages/1.2",
      "path": "prompts/ask.hbs",
      "lines": [
        2,
        4
      ],
      "source": "{{#each files}}\n- {{this}}\n{{/each}}",
      "body": "gpt-6.1-sol.chat.json",
      "pointer": "/messages/1/content/0/text",
      "start": 1,
      "end": 15
    }
  ],
  "members": [
    {
      "name": "gpt-6.1-sol.chat.json",
      "bytes": 495,
      "blake3": "2eb230c40311bfcd2c0728486e5bd5572b106bb73837ec7f64501a4ba4337711",
      "sample": true
    },
    {
      "name": "gpt-6.1-sol.responses.json",
      "bytes": 554,
      "blake3": "31f02cde920953d93e81d7f85a59c8f55ce82c81cdce414196c24fd1f306a455",
      "sample": true
    },
    {
      "name": "prompt.md",
      "bytes": 653,
      "blake3": "2e81f6c70c5b4916fcdcb06870c91b478dca3db6734ee5210f051c0d5e0cc054"
    }
  ]
}

"#]],
    );
}

#[test]
fn without_an_example_the_part_is_built_as_if_nothing_were_given() {
    let repo = review();
    edit(&repo, "contexts/review.yaml", "  strict: {example: true}\n", "  strict: {}\n");
    repo.run("build review").is(str![[r#"
exit 0
--- stdout
review  cx1:e1a130d3d73e  uncommitted on beacd4cf1b
  model        tokens  cached       cold       warm   expected    month
  gpt-6.1-sol     ≈76      0%  ≈$0.00215  ≈$0.00215  ≈$0.00215  ≈$64.56
  without an input, whose size its `tokens` does not say: what the input costs
  7 segments, 25 tokens by o200k_base, 4 before the first input
  12 of them in 2 parts that depend on inputs, counted with the inputs' examples

≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json
prices of 2026-11-21
prices by third parties: gpt-6.1-sol; sources disagree: gpt-6.1-sol; `contexture models NAME` tells who says what
1 context built, 1 warning
--- stderr
warning[no-example]: this part depends on `strict`, of which there is no example: it is built without
 --> prompts/review.hbs:2:1
  |
2 | {{#if strict}}
  | ^^^^^^^^^^^^^^
  |
  = note: in review
  = help: give one: `inputs: {strict: {example: …}}`; until then counts are "at least"


"#]]);
}

#[test]
fn budgets_are_held_for_the_examples_of_each_variant() {
    let repo = review();
    edit(&repo, "contexts/review.yaml", "traffic:", "budgets: {tokens: 77}\ntraffic:");
    repo.run("check --as-of 2026-11-30").is(str![[r#"
exit 1
--- stdout
review  cx1:e1a130d3d73e  uncommitted on beacd4cf1b
  model        tokens  cached       cold       warm   expected    month
  gpt-6.1-sol     ≈78      0%  ≈$0.00216  ≈$0.00216  ≈$0.00216  ≈$64.68
  7 segments, 27 tokens by o200k_base, 4 before the first input
  14 of them in 2 parts that depend on inputs, counted with the inputs' examples
  over budget for gpt-6.1-sol: tokens is ≈78, the limit is 77

review@lenient  cx1:e1a130d3d73e  uncommitted on beacd4cf1b
  model        tokens  cached       cold       warm   expected    month
  gpt-6.1-sol     ≈76      0%  ≈$0.00215  ≈$0.00215  ≈$0.00215  ≈$64.56
  7 segments, 25 tokens by o200k_base, 4 before the first input
  12 of them in 2 parts that depend on inputs, counted with the inputs' examples
  nearest limit, 98% used by gpt-6.1-sol: tokens is ≈76, the limit is 77

≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json
prices of 2026-11-30
prices by third parties: gpt-6.1-sol; sources disagree: gpt-6.1-sol; `contexture models NAME` tells who says what
2 contexts built, 1 over budget
--- stderr
error[budget]: over budget: tokens is ≈78, the limit is 77 (gpt-6.1-sol)
 --> contexts/review.yaml:9:19
  |
9 | budgets: {tokens: 77}
  |                   ^^
  |
  = help: the limit is `budgets.tokens` in contexts/review.yaml


"#]]);
}

#[test]
fn an_input_that_decides_cannot_be_filled_afterwards() {
    let outcome = review().run("render review --input strict=false --input question=Why?").exits(0);
    let stays = "A sample: this part depends on `strict`.\n\n```text\nRefuse anything untested.\n```";
    assert!(outcome.stdout.contains(stays) && outcome.stdout.ends_with("```text\nWhy?\n```\n"), "{outcome}");
    let said = "warning[sample]: `strict` decides in system/1.2, where the sample for its `example` stays";
    assert!(outcome.stderr.contains(said) && outcome.stderr.contains("contexts/review.yaml:6:10"), "{outcome}");
    let outcome = review().run("render review --model gpt-6.1-sol").exits(0);
    assert!(outcome.stderr.contains("system/1.2 is a sample: what stands there depends on `strict`"), "{outcome}");
}

#[test]
fn no_function_is_written_for_what_no_library_can_fill() {
    let repo = review();
    for words in ["types python", "types typescript review@lenient"] {
        let outcome = repo.run(words).exits(2);
        assert!(
            outcome.stderr.contains("decide on inputs at run time, and the libraries fill no such body"),
            "{outcome}"
        );
        assert_eq!(outcome.stdout, "");
    }
}
