//! Wrong keys and wrong types in a manifest.

use snapbox::str;

use super::manifest;

#[test]
fn an_unknown_key_is_told_with_a_near_one() {
    manifest("bugdets: {tokens: 5}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `bugdets` in a manifest
 --> contexts/a.yaml:1:1
  |
1 | bugdets: {tokens: 5}
  | ^^^^^^^
  |
  = help: did you mean `budgets`?


"#]]);
}

#[test]
fn an_unknown_key_like_no_other_is_told_with_the_known_ones() {
    manifest("weather: fine\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `weather` in a manifest
 --> contexts/a.yaml:1:1
  |
1 | weather: fine
  | ^^^^^^^
  |
  = help: known keys: description, owner, extends, abstract, each, prompt, format, assumed, touched, models, vars, inputs, tools, system, messages, output, settings, cache, trace, traffic, budgets, join, tokenizers, variants, lints, held_out, eval


"#]]);
}

#[test]
fn an_unknown_key_of_a_block() {
    manifest("system:\n  - text: Hi\n    warp: fence\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `warp` in a block
 --> contexts/a.yaml:3:5
  |
3 |     warp: fence
  |     ^^^^
  |
  = help: did you mean `wrap`?


"#]]);
}

#[test]
fn an_unknown_key_of_budgets() {
    manifest("system: [{text: Hi}]\nbudgets: {tokenz: 5}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `tokenz` in budgets
 --> contexts/a.yaml:2:11
  |
2 | budgets: {tokenz: 5}
  |           ^^^^^^
  |
  = help: did you mean `tokens`?


"#]]);
}

#[test]
fn an_unknown_key_of_an_input() {
    manifest("inputs: {ticket: {token: 5}}\nmessages: [{user: \"{{ticket}}\"}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `token` in an input
 --> contexts/a.yaml:1:19
  |
1 | inputs: {ticket: {token: 5}}
  |                   ^^^^^
  |
  = help: did you mean `tokens`?


"#]]);
}

#[test]
fn a_manifest_that_is_a_list() {
    manifest("- text: Hi\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: a manifest is a map, found a list
 --> contexts/a.yaml:1:1
  |
1 | - text: Hi
  | ^^^^^^^^^^
  |
  = help: begin with `system:` or `messages:`


"#]]);
}

#[test]
fn a_manifest_that_is_text() {
    manifest("Hi\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: a manifest is a map, found text
 --> contexts/a.yaml:1:1
  |
1 | Hi
  | ^^
  |
  = help: begin with `system:` or `messages:`


"#]]);
}

#[test]
fn an_empty_manifest() {
    manifest("").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: a manifest is a map, found nothing
 --> contexts/a.yaml:1:1
  |
1 |
  | ^
  |
  = help: begin with `system:` or `messages:`


"#]]);
}

#[test]
fn a_manifest_of_comments() {
    manifest("# nothing yet\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: a manifest is a map, found nothing
 --> contexts/a.yaml:1:1
  |
1 | # nothing yet
  | ^
  |
  = help: begin with `system:` or `messages:`


"#]]);
}

#[test]
fn a_manifest_without_text() {
    manifest("description: Nothing\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[empty-context]: the manifest has no `tools`, `system`, `messages` or `prompt`
 --> contexts/a.yaml:1:1
  |
1 | description: Nothing
  | ^^^^^^^^^^^^^^^^^^^^
  |
  = help: add a block, or `abstract: true` if it only serves `extends`


"#]]);
}

#[test]
fn a_description_that_is_a_list() {
    manifest("description: [a]\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected text, found a list
 --> contexts/a.yaml:1:14
  |
1 | description: [a]
  |              ^^^


"#]]);
}

#[test]
fn an_owner_that_is_a_number() {
    manifest("owner: 7\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected text, found `7`
 --> contexts/a.yaml:1:8
  |
1 | owner: 7
  |        ^


"#]]);
}

#[test]
fn models_that_are_text() {
    manifest("models: gpt-6.1-sol\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a list, found `gpt-6.1-sol`
 --> contexts/a.yaml:1:9
  |
1 | models: gpt-6.1-sol
  |         ^^^^^^^^^^^


"#]]);
}

#[test]
fn a_model_that_is_a_map() {
    manifest("models: [{name: gpt-6.1-sol}]\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected text, found a map
 --> contexts/a.yaml:1:10
  |
1 | models: [{name: gpt-6.1-sol}]
  |          ^^^^^^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn an_unknown_model_is_told_with_near_ones() {
    manifest("models: [gpt-6.1-sool]\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-model]: there is no card for the model `gpt-6.1-sool`
 --> contexts/a.yaml:1:10
  |
1 | models: [gpt-6.1-sool]
  |          ^^^^^^^^^^^^
  |
  = help: did you mean one of `gpt-6.1-sol` ($2 in, $10 out), `gpt-6-sol` ($2 in, $10 out), `gpt-5.6-sol` ($4 in, $20 out), `gpt-4.1` ($2 in, $8 out), `gpt-5.1` ($1.25 in, $10 out)?


"#]]);
}

#[test]
fn a_model_like_no_other() {
    manifest("models: [frobnicate]\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-model]: there is no card for the model `frobnicate`
 --> contexts/a.yaml:1:10
  |
1 | models: [frobnicate]
  |          ^^^^^^^^^^
  |
  = help: `contexture models` lists the known ones; `prices.yaml` can add your own


"#]]);
}

#[test]
fn vars_that_are_a_list() {
    manifest("vars: [a]\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map, found a list
 --> contexts/a.yaml:1:7
  |
1 | vars: [a]
  |       ^^^


"#]]);
}

#[test]
fn a_variable_with_a_bad_name() {
    manifest("vars: {1st: a}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-name]: `1st` is no name for a variable
 --> contexts/a.yaml:1:8
  |
1 | vars: {1st: a}
  |        ^^^
  |
  = help: use letters, digits, `_` and `-`, and begin with a letter


"#]]);
}

#[test]
fn a_name_that_is_a_variable_and_an_input() {
    manifest("vars: {ticket: a}\ninputs: {ticket: {}}\nmessages: [{user: \"{{ticket}}\"}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[ambiguous-name]: `ticket` is a variable and an input
 --> contexts/a.yaml:2:10
  |
2 | inputs: {ticket: {}}
  |          ^^^^^^
  |
  = help: rename one of the two

error[ambiguous-name]: `ticket` is a var and an input
 --> contexts/a.yaml:3:22
  |
3 | messages: [{user: "{{ticket}}"}]
  |                      ^^^^^^
  |
  = help: write `vars.ticket` or `inputs.ticket`, or rename one of the two


"#]]);
}

#[test]
fn inputs_that_are_a_list() {
    manifest("inputs: [ticket]\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map, found a list
 --> contexts/a.yaml:1:9
  |
1 | inputs: [ticket]
  |         ^^^^^^^^


"#]]);
}

#[test]
fn an_input_that_is_text() {
    manifest("inputs: {ticket: the ticket}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map (an input), found `the ticket`
 --> contexts/a.yaml:1:18
  |
1 | inputs: {ticket: the ticket}
  |                  ^^^^^^^^^^


"#]]);
}

#[test]
fn expected_tokens_below_zero() {
    manifest("inputs: {ticket: {tokens: -5}}\nmessages: [{user: \"{{ticket}}\"}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a count such as 600, 60k or 1.5M, found `-5`
 --> contexts/a.yaml:1:27
  |
1 | inputs: {ticket: {tokens: -5}}
  |                           ^^


"#]]);
}

#[test]
fn system_that_is_text() {
    manifest("system: Hi\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a list, found `Hi`
 --> contexts/a.yaml:1:9
  |
1 | system: Hi
  |         ^^


"#]]);
}

#[test]
fn output_with_words_for_a_limit() {
    manifest("system: [{text: Hi}]\noutput: {max_tokens: many}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a count such as 600, 60k or 1.5M, found `many`
 --> contexts/a.yaml:2:22
  |
2 | output: {max_tokens: many}
  |                      ^^^^


"#]]);
}

#[test]
fn an_output_schema_that_is_not_there() {
    manifest("system: [{text: Hi}]\noutput: {schema: answer.json}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `answer.json`
 --> contexts/a.yaml:2:18
  |
2 | output: {schema: answer.json}
  |                  ^^^^^^^^^^^


"#]]);
}

#[test]
fn an_output_schema_that_is_a_list() {
    manifest("system: [{text: Hi}]\noutput: {schema: [1]}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: an output schema is a map (a JSON Schema)
 --> contexts/a.yaml:2:18
  |
2 | output: {schema: [1]}
  |                  ^^^


"#]]);
}

#[test]
fn a_cache_that_is_text() {
    manifest("system: [{text: Hi}]\ncache: 5m\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map (cache), found `5m`
 --> contexts/a.yaml:2:8
  |
2 | cache: 5m
  |        ^^


"#]]);
}

#[test]
fn an_unknown_way_to_place_breakpoints() {
    manifest("system: [{text: Hi}]\ncache: {breakpoints: atuo}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of auto, manual, off (who places breakpoints), found `atuo`
 --> contexts/a.yaml:2:22
  |
2 | cache: {breakpoints: atuo}
  |                      ^^^^
  |
  = help: did you mean `auto`?


"#]]);
}

#[test]
fn a_lifetime_without_a_unit() {
    manifest("system: [{text: Hi}]\ncache: {ttl: 300}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a lifetime such as 5m, 1h or 24h, found `300`
 --> contexts/a.yaml:2:14
  |
2 | cache: {ttl: 300}
  |              ^^^


"#]]);
}

#[test]
fn a_rate_without_a_period() {
    manifest("system: [{text: Hi}]\ntraffic: {calls: 1.5M}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a rate such as 1.5M/month, 50/day or 2k/hour, found `1.5M`
 --> contexts/a.yaml:2:18
  |
2 | traffic: {calls: 1.5M}
  |                  ^^^^


"#]]);
}

#[test]
fn unknown_hours() {
    manifest("system: [{text: Hi}]\ntraffic: {calls: 5/day, hours: office}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of flat, business (the hours of traffic), found `office`
 --> contexts/a.yaml:2:32
  |
2 | traffic: {calls: 5/day, hours: office}
  |                                ^^^^^^


"#]]);
}

#[test]
fn a_hit_rate_above_one() {
    manifest("system: [{text: Hi}]\ntraffic: {calls: 5/day, hit_rate: 120%}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected `auto` or a share of at most 100%, found `120%`
 --> contexts/a.yaml:2:35
  |
2 | traffic: {calls: 5/day, hit_rate: 120%}
  |                                   ^^^^


"#]]);
}

#[test]
fn a_budget_in_words() {
    manifest("system: [{text: Hi}]\nbudgets: {tokens: sixty thousand}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a count such as 600, 60k or 1.5M, found `sixty thousand`
 --> contexts/a.yaml:2:19
  |
2 | budgets: {tokens: sixty thousand}
  |                   ^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_cost_that_is_no_amount() {
    manifest("system: [{text: Hi}]\nbudgets: {cost_per_month: 20 EUR}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected an amount of US dollars such as $0.02 or $20_000, found `20 EUR`
 --> contexts/a.yaml:2:27
  |
2 | budgets: {cost_per_month: 20 EUR}
  |                           ^^^^^^


"#]]);
}

#[test]
fn a_cost_per_call_without_its_state() {
    manifest("system: [{text: Hi}]\nbudgets: {cost_per_call: $0.02}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map (cost_per_call), found `$0.02`
 --> contexts/a.yaml:2:26
  |
2 | budgets: {cost_per_call: $0.02}
  |                          ^^^^^


"#]]);
}

#[test]
fn an_unknown_lint_level() {
    manifest("system: [{text: Hi}]\nlints: {crlf: never}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of deny, warn, allow (a lint level), found `never`
 --> contexts/a.yaml:2:15
  |
2 | lints: {crlf: never}
  |               ^^^^^


"#]]);
}

#[test]
fn an_unknown_join() {
    manifest("system: [{text: Hi}]\njoin: space\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of blank, newline, none (how segments are separated), found `space`
 --> contexts/a.yaml:2:7
  |
2 | join: space
  |       ^^^^^


"#]]);
}

#[test]
fn abstract_that_is_text() {
    manifest("abstract: yes\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected true or false, found `yes`
 --> contexts/a.yaml:1:11
  |
1 | abstract: yes
  |           ^^^


"#]]);
}

#[test]
fn variants_that_are_a_list() {
    manifest("system: [{text: Hi}]\nvariants: [terse]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map of variants, found a list
 --> contexts/a.yaml:2:11
  |
2 | variants: [terse]
  |           ^^^^^^^


"#]]);
}

#[test]
fn a_setting_that_no_dialect_has() {
    manifest("models: [gpt-6.1-sol]\nsystem: [{text: Hi}]\nsettings: {efort: low}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-setting]: `responses` bodies know no setting `efort` (gpt-6.1-sol)
 --> contexts/a.yaml:3:12
  |
3 | settings: {efort: low}
  |            ^^^^^
  |
  = help: did you mean `effort`?

error[unknown-setting]: `chat` bodies know no setting `efort` (gpt-6.1-sol)
 --> contexts/a.yaml:3:12
  |
3 | settings: {efort: low}
  |            ^^^^^
  |
  = help: did you mean `effort`?


"#]]);
}

#[test]
fn settings_that_are_a_list() {
    manifest("models: [gpt-6.1-sol]\nsystem: [{text: Hi}]\nsettings: [a]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a map, found a list
 --> contexts/a.yaml:3:11
  |
3 | settings: [a]
  |           ^^^


"#]]);
}

#[test]
fn a_tokenizer_file_that_is_not_there() {
    manifest("models: [gpt-6.1-sol]\nsystem: [{text: Hi}]\ntokenizers: {\"gpt-*\": t.json}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `t.json`
 --> contexts/a.yaml:3:23
  |
3 | tokenizers: {"gpt-*": t.json}
  |                       ^^^^^^


"#]]);
}
