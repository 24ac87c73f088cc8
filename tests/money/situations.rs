//! Situations of public reports as a table: a small project, what the program answers, and the words or the figures by
//! which somebody learns of it before it costs money.

use crate::support::Repo;

/// What is asked, what it answers, what must be said of it (on either stream), and what must not.
type Asked = (&'static str, i32, &'static [&'static str], &'static [&'static str]);

struct Situation {
    name: &'static str,
    /// Paths and texts; `RULES n` stands for so many lines.
    files: &'static [(&'static str, &'static str)],
    asked: &'static [Asked],
}

const TOOL: &str =
    r#"{"name": "find_song", "description": "Finds.", "input_schema": {"type": "object", "properties": {}}}"#;

#[rustfmt::skip]
const SITUATIONS: &[Situation] = &[
    Situation {
        name: "a tool's name that one provider takes and the others refuse",
        files: &[
            ("contexts/all.yaml", "models: [claude-sonnet-5-5, gpt-6.1-sol, bedrock/claude-sonnet-5-5]\ntools: [{file: tools.json}]\nmessages: [{user: Hi}]\n"),
            ("contexts/one.yaml", "models: [gemini-3.8-flash]\ntools: [{file: tools.json}]\nmessages: [{user: Hi}]\n"),
            ("tools.json", r#"[{"name": "rehearsal.addDate", "description": "Adds.", "input_schema": {"type": "object", "properties": {}}}]"#),
        ],
        asked: &[("check one", 0, &[], &["error["]), ("check all", 1, &["`rehearsal.addDate` is no tool name for the `messages` body", "for the `chat` body", "for the `converse` body"], &[])],
    },
    Situation {
        name: "two tools of one name",
        files: &[("contexts/a.yaml", "models: [claude-sonnet-5-5]\ntools: [{file: t.json}, {file: u.json}]\nmessages: [{user: Hi}]\n"), ("t.json", TOOL), ("u.json", TOOL)],
        asked: &[("check", 2, &["error[duplicate-tool]: the tool `find_song` is defined twice"], &[])],
    },
    Situation {
        name: "a last turn of the model's",
        files: &[("contexts/a.yaml", "models: [claude-opus-5, claude-sonnet-4-6, claude-haiku-4-5, bedrock/claude-opus-5]\nmessages: [{user: A letter.}, {assistant: \"{\\\"kind\\\":\"}]\noutput: {max_tokens: 256}\n")],
        asked: &[("check", 1, &["claude-opus-5 refuses to go on", "claude-sonnet-4-6 refuses", "bedrock/claude-opus-5 refuses"], &["claude-haiku-4-5 refuses"])],
    },
    Situation {
        name: "a short lifetime before a long one",
        files: &[
            ("contexts/a.yaml", "models: [claude-haiku-4-5, bedrock/claude-haiku-4-5]\ntools: [{file: t.json, cache: 5m}]\nsystem: [{file: rules.md, cache: 1h}]\nmessages: [{user: Hi}]\nvariants:\n  ok: {tools: [{file: t.json, cache: 1h}]}\n  default: {tools: [{file: t.json, cache: true}], cache: {ttl: 5m}}\n"),
            ("t.json", TOOL), ("rules.md", "RULES 500"),
        ],
        asked: &[
            ("build a", 1, &["error[ttl-order]", "left out: claude-haiku-4-5.messages.json", "left out: bedrock_claude-haiku-4-5.converse.json"], &[]),
            ("build a@default", 1, &["error[ttl-order]", "left out: claude-haiku-4-5.messages.json"], &[]),
            ("build a@ok", 0, &[], &["error[", "left out"]),
        ],
    },
    Situation {
        name: "a turn of white space, and a mark on an empty text",
        files: &[
            ("contexts/a.yaml", "models: [claude-sonnet-5-5, bedrock/claude-sonnet-5-5]\nsystem: [{text: Help.}, {file: empty.md, cache: true}]\nmessages: [{user: Hi}, {assistant: \"  \"}, {user: So?}]\n"),
            ("empty.md", ""),
        ],
        asked: &[("build -v", 0, &["warning[blank-text]", "warning[empty-text]", "[moved-breakpoint]"], &[]), ("render a --model claude-sonnet-5-5", 0, &["So?"], &["\"text\": \"  \"", "\"assistant\""])],
    },
    Situation {
        name: "a mark among tools that the provider refuses there",
        files: &[
            ("contexts/a.yaml", "models: [bedrock/nova-2-lite]\ntools: [{file: t.json, cache: 5m}]\nsystem: [{file: rules.md}]\nmessages: [{user: Hi}]\noutput: {tokens: 0}\ntraffic: {calls: 50k/month}\ncache: {breakpoints: manual}\n"),
            ("t.json", TOOL), ("rules.md", "RULES 500"),
        ],
        asked: &[("build", 0, &["this provider marks no tools", "    0%  "], &[])],
    },
    Situation {
        name: "a clock at the head of a prompt",
        files: &[("contexts/a.yaml", "models: [claude-haiku-4-5]\nsystem: [{text: \"It is Wednesday, 3:09 PM. You run the house.\"}, {file: rules.md}]\nmessages: [{user: Hi}]\n"), ("rules.md", "RULES 500")],
        asked: &[("check", 0, &["warning[cache-breaker]"], &[])],
    },
    Situation {
        name: "ids of regions",
        files: &[("contexts/a.yaml", "models: [us.anthropic.claude-opus-5, \"au.anthropic.claude-sonnet-4-5-20250929-v1:0\"]\nmessages: [{user: Hello there}]\noutput: {tokens: 1M, max_tokens: 10}\n")],
        asked: &[("build", 0, &["≈$27.50", "≈$16.50"], &[])],
    },
    Situation {
        name: "a batch beyond a price cliff",
        files: &[
            ("contexts/a.yaml", "models: [gpt-5.6-luna, gemini-2.5-pro, claude-haiku-5-5, gpt-5.4]\ninputs: {q: {tokens: 50}}\nsystem: [{file: rules.md}]\nmessages: [{user: \"{{q}}\"}]\noutput: {max_tokens: 512, tokens: 1000}\ntraffic: {calls: 1000/month, batch: 100%}\n"),
            ("rules.md", "RULES 14700"),
        ],
        asked: &[("build", 0, &["≈$778.15", "≈$452.03", "≈$98.33", "≈$62.25"], &[])],
    },
    Situation {
        name: "pinned and fine-tuned names",
        files: &[("contexts/a.yaml", "models: [\"ft:gpt-4o-2024-08-06:acme::abc\", gpt-4o-2024-08-06, gpt-4.1-2025-04-14, claude-sonnet-4-5-20250929]\nmessages: [{user: Hi}]\noutput: {tokens: 1M, max_tokens: 100}\n")],
        asked: &[("build", 0, &["≈$15.00", "≈$10.00", "≈$8.00"], &["unknown-model"])],
    },
    Situation {
        name: "thinking and limits that the model refuses",
        files: &[("contexts/a.yaml", "models: [claude-haiku-4-5]\nmessages: [{user: Hi}]\noutput: {max_tokens: 4096}\nsettings: {thinking: {type: enabled, budget_tokens: 16000}}\nvariants:\n  small: {settings: {thinking: {type: enabled, budget_tokens: 512}}}\n  much: {settings: {thinking: null}, output: {max_tokens: 200000}}\n  new: {models: [claude-opus-5], settings: {thinking: {type: enabled, budget_tokens: 2048}}}\n  gpt: {models: [gpt-4o], settings: {thinking: null}, output: {max_tokens: 40000}}\n")],
        asked: &[
            ("check a", 1, &["must be less than `output.max_tokens`, 4096"], &[]),
            ("check a@small", 1, &["1,024 at least"], &[]),
            ("check a@much", 1, &["at most 64,000 tokens"], &[]),
            ("check a@new", 1, &["claude-opus-5 refuses thinking of the type `enabled`"], &[]),
            ("check a@gpt", 1, &["at most 16,384 tokens"], &[]),
        ],
    },
    Situation {
        name: "where and how fast a request is served, and an answer of no size",
        files: &[
            ("contexts/a.yaml", "models: [claude-opus-5]\ninputs: {q: {tokens: 100}}\nsystem: [{file: rules.md}]\nmessages: [{user: \"{{q}}\"}]\noutput: {max_tokens: 1024, tokens: 400}\ntraffic: {calls: 30k/month}\nvariants:\n  us: {settings: {inference_geo: us}}\n  fast: {settings: {speed: fast}}\n  word: {settings: {speed: 2}}\n  bare: {output: {max_tokens: 1024, tokens: null}}\n"),
            ("rules.md", "RULES 500"),
        ],
        asked: &[
            ("build a", 0, &["≈$495.50"], &["without the answer"]),
            ("build a@us", 0, &["≈$545.04"], &[]),
            ("build a@fast", 0, &["≈$990.99"], &[]),
            ("build a@word", 1, &["error[setting-value]", "warning[unpriced-setting]"], &["495.50"]),
            ("build a@bare", 0, &["≈$195.50", "without the answer"], &[]),
        ],
    },
    Situation {
        name: "what tools weigh",
        files: &[("contexts/a.yaml", "models: [gpt-4o]\ntools: [{file: t.json}]\nsystem: [{text: You keep the clocks of a small museum.}]\nmessages: [{user: \"What time is it in Lima?\"}]\nvariants: {none: {tools: []}}\n"), ("t.json", r#"{"name":"get_time","description":"Tell the time of a place.","input_schema":{"type":"object","properties":{"place":{"type":"string","description":"A place."}},"required":["place"]}}"#)],
        asked: &[("build a", 0, &["≈6"], &["exact"]), ("build a@none", 0, &["≈27"], &["exact"])],
    },
    Situation {
        name: "bounds in the schema of an answer",
        files: &[("contexts/a.yaml", "models: [claude-opus-5, vertex/claude-opus-5]\nmessages: [{user: An essay.}]\noutput: {max_tokens: 256, schema: s.json}\n"), ("s.json", r#"{"type":"object","additionalProperties":false,"required":["mark"],"properties":{"mark":{"type":"integer","minimum":1,"maximum":10}}}"#)],
        asked: &[("build", 0, &["warning[rewritten-schema]", "`minimum` at `/properties/mark/minimum`"], &[]), ("render a --model claude-opus-5", 0, &["{minimum: 1, maximum: 10}"], &["\"minimum\": 1"])],
    },
    Situation {
        name: "a price that changed on a day",
        files: &[("contexts/a.yaml", "models: [gpt-5.6-sol]\ninputs: {q: {tokens: 100}}\nsystem: [{file: rules.md}]\nmessages: [{user: \"{{q}}\"}]\noutput: {max_tokens: 1024, tokens: 400}\n"), ("rules.md", "RULES 500")],
        asked: &[("build --as-of 2026-07-20", 0, &["≈$0.0719", "≈$0.0173"], &[]), ("build --as-of 2026-09-15", 0, &["≈$0.0559", "≈$0.0122"], &[])],
    },
    Situation {
        name: "a prompt over its window",
        files: &[("contexts/a.yaml", "models: [gpt-4o]\nsystem: [{file: rules.md}]\nmessages: [{user: Hi}]\n"), ("rules.md", "RULES 6250")],
        asked: &[("build", 1, &["error[window]", "over the window of 128,000", "drop what has the lowest `priority`"], &[])],
    },
    Situation {
        name: "a mark on a block that came to nothing",
        files: &[
            ("contexts/a.yaml", "models: [claude-sonnet-5-5]\nvars: {beta: no}\ncache: {breakpoints: manual}\nsystem: [{file: rules.md}, {text: Beta., when: beta == yes, cache: 1h}]\nmessages: [{user: Hi}]\nvariants:\n  file: {system: [{file: rules.md}, {file: gone.md, optional: true, cache: 1h}]}\n  files: {system: [{file: rules.md}, {files: \"x/*.md\", optional: true, cache: 1h}]}\n"),
            ("rules.md", "RULES 500"),
        ],
        asked: &[("build a -v", 0, &["note[moved-breakpoint]", " 99% "], &[]), ("build a@file -v", 0, &["note[moved-breakpoint]", " 99% "], &[]), ("build a@files -v", 0, &["note[moved-breakpoint]", " 99% "], &[])],
    },
    Situation {
        name: "marks where no model takes them",
        files: &[("contexts/a.yaml", "models: [gpt-5.4, deepseek-flash]\nsystem: [{file: rules.md, cache: 1h}]\nmessages: [{user: Hi}]\nvariants: {both: {models: [gpt-5.4, claude-opus-5]}}\n"), ("rules.md", "RULES 500")],
        asked: &[("build a", 0, &["warning[dead-breakpoint]: gpt-5.4 takes no marks", "deepseek-flash takes no marks"], &[]), ("build a@both", 0, &[], &["warning["])],
    },
    Situation {
        name: "answers that are longer than they can be",
        files: &[("contexts/a.yaml", "models: [claude-haiku-4-5, gpt-4o]\nmessages: [{user: Hi}]\noutput: {tokens: 20k}\nvariants: {cut: {models: [gpt-4o], output: {tokens: 200, max_tokens: 100}}, fine: {output: {tokens: 4k}}}\n")],
        asked: &[
            ("build a", 0, &["answers of 20,000 tokens, and they are cut off at 4,096, what is sent where none is set (claude-haiku-4-5)", "cut off at 16,384, the model's own limit (gpt-4o)"], &[]),
            ("build a@cut", 0, &["cut off at 100, `output.max_tokens`"], &[]),
            ("build a@fine", 0, &[], &["answer-cut-off"]),
        ],
    },
    Situation {
        name: "an input of no size",
        files: &[("contexts/a.yaml", "models: [claude-haiku-4-5]\ninputs: {doc: {}, q: {tokens: 50}}\nsystem: [{text: Help.}]\nmessages: [{user: \"{{doc}} {{q}}\"}]\noutput: {tokens: 5, max_tokens: 9}\ntraffic: {calls: 10k/month}\nvariants:\n  month: {budgets: {cost_per_month: $5}}\n  tokens: {budgets: {tokens: 100}}\n  share: {budgets: {cached_share: 0%}}\n  over: {budgets: {tokens: 10}}\n  passes: {budgets: {tokens: {limit: 100, unknown: pass}}}\n  unused: {messages: [{user: \"{{q}}\"}], budgets: {tokens: 100}}\n")],
        asked: &[
            ("build a", 0, &["without an input, whose size its `tokens` does not say"], &[]),
            ("build a@month", 2, &["cost_per_month is at least ≈$", "and an input comes on top"], &[]),
            ("build a@tokens", 2, &["tokens is at least ≈5", "and an input comes on top"], &[]),
            ("build a@share", 2, &["cached_share is at most ≈0%, and an input comes on top"], &[]),
            ("build a@over", 1, &["error[budget]: over budget: tokens is ≈5"], &[]),
            ("build a@passes", 0, &["and an input comes on top"], &[]),
            ("build a@unused", 0, &[], &["an input"]),
            ("top a", 0, &["1 row without an input"], &[]),
        ],
    },
    Situation {
        name: "settings below the name of a model",
        files: &[("contexts/a.yaml", "models: [gpt-5.4]\nmessages: [{user: Hi}]\nsettings: {claude-opus-5: {effort: high}, \"gemini-*\": {temperature: 1}}\nvariants:\n  used: {models: [claude-opus-5, gemini-3.8-flash]}\n  bare: {settings: {gpt-5.4: high}}\n")],
        asked: &[
            ("render a --model gpt-5.4", 0, &["Hi"], &["effort", "claude"]),
            ("build a@bare", 2, &["error[bad-settings]: `gpt-5.4` names models, and holds no settings"], &[]),
            ("build a", 0, &[], &["unmatched-model"]),
        ],
    },
    Situation {
        name: "settings for a model that is not there",
        files: &[("contexts/a.yaml", "models: [gpt-5.4]\nmessages: [{user: Hi}]\nsettings: {claude-opus-5: {effort: high}, \"gemini-*\": {temperature: 1}}\ntokenizers: {\"qwen*\": t.json}\n")],
        asked: &[("build", 0, &["warning[unmatched-model]: `settings` has `claude-opus-5`", "`settings` has `gemini-*`", "`tokenizers` has `qwen*`"], &[]), ("build --model claude-opus-5", 0, &[], &["unmatched-model"])],
    },
    Situation {
        name: "a model that retires",
        files: &[
            ("contexts/a.yaml", "models: [gpt-4o]\nsystem: [{file: rules.md}]\nmessages: [{user: Hi}]\noutput: {tokens: 100, max_tokens: 100}\ntraffic: {calls: 10k/month}\nvariants: {azure: {models: [vertex/claude-sonnet-5]}, tokens: {models: [claude-sonnet-4-5]}, pinned: {models: [gpt-4o-2024-08-06]}, denied: {lints: {retiring-model: deny}}}\n"),
            ("rules.md", "RULES 100"),
        ],
        asked: &[
            ("check a --as-of 2026-11-14", 0, &[], &["retiring-model"]),
            ("check a --as-of 2026-11-15", 0, &["warning[retiring-model]: gpt-4o retires on 2027-01-14", "names gpt-6-luna as its successor: a month costs $"], &[]),
            ("check a --as-of 2027-01-14", 0, &["gpt-4o is retired since 2027-01-14: its requests fail, or another model answers them"], &[]),
            ("check a@pinned --as-of 2026-12-01", 0, &["gpt-4o-2024-08-06 retires on 2027-01-14"], &[]),
            ("check a@azure --as-of 2026-12-01", 0, &["vertex/claude-sonnet-5 retires on 2026-12-24", "no source names a successor"], &[]),
            ("check a@tokens --as-of 2026-12-01", 0, &["claude-sonnet-4-5 is retired since 2026-11-30", "`contexture check --model claude-sonnet-5-5`"], &[]),
            ("check a@denied --as-of 2026-12-01", 1, &["error[retiring-model]"], &[]),
            ("build a --as-of 2026-12-01", 0, &[], &["retiring-model"]),
        ],
    },
    Situation {
        name: "a price that will change, or ends",
        files: &[
            ("contexts/a.yaml", "models: [gemini-4-argon]\nsystem: [{file: rules.md}]\nmessages: [{user: Hi}]\noutput: {tokens: 100, max_tokens: 100}\ntraffic: {calls: 10k/month}\nvariants: {ends: {models: [ours]}, bare: {models: [gemini-3.8-flash], traffic: null, output: {max_tokens: 9, tokens: null}}}\n"),
            ("prices.yaml", "models:\n  ours: {vendor: us, platform: other, dialects: [chat], tokenizer: o200k_base, prices: [{input: 1, output: 2, until: 2026-12-31}]}\n"),
            ("rules.md", "RULES 100"),
        ],
        asked: &[
            ("check a --as-of 2026-10-01", 0, &[], &["price-change"]),
            ("check a --as-of 2026-11-30", 0, &["warning[price-change]: gemini-4-argon doubles on 2026-12-01: a month costs $", " instead of $"], &[]),
            ("check a --as-of 2026-12-01", 0, &[], &["price-change"]),
            ("check a@ends --as-of 2026-11-30", 0, &["ours's input price is no longer known on 2027-01-01: what it then costs is not known"], &[]),
            ("check a@bare --as-of 2026-11-30", 0, &["an uncached call costs $", "without the answer"], &[]),
        ],
    },
];

/// A file's text, written out where it stands for lines.
fn text(written: &str) -> String {
    let Some(lines) = written.strip_prefix("RULES ") else { return written.to_owned() };
    let line = |i: usize| format!("Rule {i}: boat number {i} leaves at {} o'clock from pier {}.", i % 24, i % 7);
    (0..lines.parse().unwrap()).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_is_told_with_its_right_figure() {
    let mut wrong = Vec::new();
    for Situation { name, files, asked } in SITUATIONS {
        let repo = Repo::new();
        for (path, written) in *files {
            repo.file(path, text(written));
        }
        repo.commit("one");
        for (words, status, said, unsaid) in *asked {
            let day = if words.contains("--as-of") || words.starts_with("render") { "" } else { " --as-of 2026-11-29" };
            let outcome = repo.run(&format!("{words}{day}"));
            let all = format!("{}{}", outcome.stdout, outcome.stderr);
            let missing: Vec<_> = said.iter().filter(|part| !all.contains(**part)).collect();
            let needless: Vec<_> = unsaid.iter().filter(|part| all.contains(**part)).collect();
            if outcome.status != Some(*status) || !missing.is_empty() || !needless.is_empty() {
                wrong.push(format!("{name}: {words}: not said {missing:?}, said {needless:?}\n{outcome}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
