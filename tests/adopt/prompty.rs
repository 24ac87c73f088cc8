//! Prompty: what its own runtimes make of a file, and what cannot be kept.

use serde_json::{Value, json};
use snapbox::str;

use super::{messages, recorded};
use crate::support::Repo;

#[test]
fn messages_are_those_of_the_runtime() {
    for case in recorded("prompty.json") {
        let manifest = json!({"prompt": "p/a.prompty", "vars": case["data"]});
        let (found, said) = messages(&case["files"], &manifest, "");
        let wanted: Vec<(String, String)> = serde_json::from_value(case["messages"].clone()).unwrap();
        let wanted: Vec<_> =
            wanted.into_iter().map(|(role, text)| (role.replace("developer", "system"), text)).collect();
        assert_eq!(found, wanted, "{}: {said}", case["name"]);
    }
}

/// Key by key: what Prompty's own loader reads in a head is what is sent.
#[test]
fn heads_are_those_of_the_loader() {
    let keys = [
        ("temperature", "temperature"),
        ("topP", "top_p"),
        ("seed", "seed"),
        ("maxOutputTokens", "max_completion_tokens"),
        ("frequencyPenalty", "frequency_penalty"),
        ("presencePenalty", "presence_penalty"),
        ("stopSequences", "stop"),
    ];
    for case in recorded("prompty_heads.json") {
        let name = &case["name"];
        let repo = Repo::new();
        repo.file("p/a.prompty", case["file"].as_str().unwrap());
        repo.file("contexts/p.yaml", "each: p/*.prompty\nprompt: $each\n");
        let listed = repo.run("list --format json").json();
        let description = |value: &Value| value.as_str().map(|text| text.trim_end().to_owned());
        let (found, wanted) = (&listed["contexts"][0]["description"], &case["description"]);
        assert_eq!(description(found), description(wanted), "{name}");
        let body = repo.run("render p/a --model gpt-4.1 --dialect chat").exits(0).json();
        assert_eq!(body["model"], case["model"], "{name}");
        for (theirs, ours) in keys {
            // 1 and 1.0 are one number.
            let (found, wanted) = (&body[ours], &case["options"][theirs]);
            assert!(found == wanted || found.as_f64().is_some() && found.as_f64() == wanted.as_f64(), "{name}: {body}");
        }
        let names = |list: &Value| -> Vec<String> {
            let all = list.as_array().into_iter().flatten();
            all.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
        };
        // Tools are sent by name, whatever their order in the file.
        let mut wanted: Vec<String> = serde_json::from_value(case["tools"].clone()).unwrap();
        wanted.sort();
        assert_eq!(names(&body["tools"]), wanted, "{name}");
        let properties = body["response_format"]["json_schema"]["schema"]["properties"].as_object();
        let outputs: Vec<&String> = properties.into_iter().flat_map(|properties| properties.keys()).collect();
        assert_eq!(json!(outputs), case["outputs"], "{name}");
    }
}

/// A project of one file of Prompty.
fn project(text: &str, manifest: &str) -> Repo {
    let repo = Repo::new();
    repo.file("p/a.prompty", text).file("contexts/p.yaml", format!("prompt: p/a.prompty\n{manifest}"));
    repo
}

#[test]
fn the_head_is_a_layer_below_the_manifest() {
    let repo = project(
        "---\nname: triage\ndescription: Sorts tickets.\nmodel:\n  id: gpt-6.1-sol\n  provider: openai\n  \
         connection: {kind: key, endpoint: '${env:ENDPOINT}', apiKey: '${env:KEY:sk-1}'}\n  options: {temperature: 1, maxOutputTokens: 400}\n\
         inputs:\n  - {name: ticket, kind: string, description: the message}\n  - {name: tone, kind: string, default: kind}\n  - {name: before, kind: thread}\n\
         outputs:\n  - {name: label, kind: string, required: true, enumValues: [bug, question]}\n  - {name: why, kind: string}\n\
         tools:\n  - name: find\n    kind: function\n    description: Finds.\n    parameters:\n      - {name: q, kind: string, required: true}\n      - {name: user, kind: string}\n    bindings: {user: {input: ticket}}\n---\n\
         system:\nYou sort tickets, in a {{tone}} tone.\n{{before}}\nuser:\n{{ticket}}\nIn few words.\n",
        "vars: {tone: dry}\n",
    );
    repo.run("build -v").is(str![[r#"
exit 0
--- stdout
p  cx1:c4f44a5121b2  uncommitted
  model        tokens  cached        cold        warm  expected  month
  gpt-6.1-sol     ≈58      0%  ≈$0.000116  ≈$0.000116         ?      ?
  without the answer and an input, whose sizes `output.tokens` and its `tokens` do not say: what the input costs
  5 segments, 46 tokens by o200k_base, 41 before the first input
  segment       tokens  from
  tools/prompt      32  p/a.prompty:17-23
  system/1           9  p/a.prompty:26
  messages/1      hole  contexts/p.yaml:1
  messages/2.1    hole  p/a.prompty:29-30
  messages/2.2       5  p/a.prompty:29-30

≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json
prices of 2026-11-29
prices by third parties: gpt-6.1-sol; sources disagree: gpt-6.1-sol; `contexture models NAME` tells who says what
1 context built

"#]]);
    repo.run("render p --model gpt-6.1-sol --dialect chat --input ticket=T").is(str![[r#"
exit 0
--- stdout
{
  "model": "gpt-6.1-sol",
  "max_completion_tokens": 400,
  "prompt_cache_options": {
    "mode": "explicit",
    "ttl": "30m"
  },
  "temperature": 1,
  "response_format": {
    "type": "json_schema",
    "json_schema": {
      "name": "p",
      "schema": {
        "type": "object",
        "properties": {
          "label": {
            "type": "string",
            "enum": [
              "bug",
              "question"
            ]
          },
          "why": {
            "type": [
              "string",
              "null"
            ]
          }
        },
        "required": [
          "label",
          "why"
        ],
        "additionalProperties": false
      },
      "strict": true
    }
  },
  "tools": [
    {
      "type": "function",
      "function": {
        "name": "find",
        "description": "Finds.",
        "parameters": {
          "properties": {
            "q": {
              "type": "string"
            }
          },
          "required": [
            "q"
          ],
          "type": "object"
        }
      }
    }
  ],
  "messages": [
    {
      "role": "developer",
      "content": [
        {
          "type": "text",
          "text": "You sort tickets, in a dry tone."
        }
      ]
    },
    {
      "role": "user",
      "content": [
        {
          "type": "text",
          "text": "T\nIn few words."
        }
      ]
    }
  ]
}

"#]]);
}

#[test]
fn a_part_that_depends_on_an_input_is_a_region() {
    let head = "---\nmodel: {id: gpt-6.1-sol}\ninputs:\n  items: {kind: array, example: [a, b]}\n  product: {kind: string}\n  tone: {kind: string, default: plain}\n---\n";
    let repo = project(
        &format!(
            "{head}system:\nNotes for {{{{product}}}}.\n{{% for c in items %}}- {{{{c}}}}\n{{% endfor %}}Tone: {{{{tone | upper}}}}.\n{{% if product %}}For {{{{ tone }}}}.{{% endif %}}\nuser:\n{{{{ask}}}}\n"
        ),
        "vars: {product: Acme}\n",
    );
    repo.run("build -v").is(str![[r#"
exit 0
--- stdout
p  cx1:13f8a60ff671  uncommitted
  model        tokens  cached        cold        warm  expected  month
  gpt-6.1-sol     ≈31      0%  ≈$0.000062  ≈$0.000062         ?      ?
  without the answer and an input, whose sizes `output.tokens` and its `tokens` do not say: what the input costs
  8 segments, 20 tokens by o200k_base, 5 before the first input
  8 of them in 2 parts that depend on inputs, counted with the inputs' examples
  segment     tokens  from
  system/1.1       5  p/a.prompty:9-12
  system/1.2      ~6  p/a.prompty:10-11
  system/1.3       3  p/a.prompty:9-12
  system/1.4      ~2  p/a.prompty:11
  system/1.5       3  p/a.prompty:9-12
  system/1.6    hole  p/a.prompty:9-12
  system/1.7       1  p/a.prompty:9-12
  messages/1    hole  p/a.prompty:14

≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json
prices of 2026-11-29
prices by third parties: gpt-6.1-sol; sources disagree: gpt-6.1-sol; `contexture models NAME` tells who says what
1 context built, 1 warning
--- stderr
warning[undeclared-input]: `ask` is not in `inputs` of the head, and is taken for an input all the same
  --> p/a.prompty:14:3
   |
14 | {{ask}}
   |   ^^^
   |
   = note: in p
   = help: declare it there, or correct the name


"#]]);
    repo.run("build -q");
    let bundle = std::fs::read_to_string(repo.at("dist/p.bundle/bundle.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    let needs: Vec<&serde_json::Value> =
        bundle["regions"].as_array().unwrap().iter().map(|own| &own["needs"]).collect();
    assert_eq!(needs[..2], [&json!(["items"]), &json!(["tone"])], "{bundle}");
}

#[test]
fn an_entry_without_a_name_is_not_lost_in_silence() {
    for key in ["inputs", "outputs", "tools"] {
        let repo =
            project(&format!("---\nmodel: {{id: gpt-6.1-sol}}\n{key}: [{{kind: string}}]\n---\nsystem:\nHi\n"), "");
        let said = repo.run("check").stderr;
        assert!(said.contains("warning[left-out-value]: an entry without a `name` is left out"), "{key}: {said}");
    }
}

#[test]
fn a_loop_that_says_who_speaks_is_the_earlier_turns() {
    let head = "---\nmodel: {api: chat, configuration: {azure_deployment: gpt-6.1-sol}}\nsample: {history: [{role: user, content: x}]}\n---\n";
    let repo = project(
        &format!(
            "{head}system:\nBe brief.\n\n{{% for item in history %}}\n{{{{item.role}}}}:\n{{{{item.content}}}}\n{{% endfor %}}\n\nuser:\n{{{{question}}}}\n"
        ),
        "",
    );
    repo.run("build -v").is(str![[r#"
exit 0
--- stdout
p  cx1:2327e0ecdb45  uncommitted
  model        tokens  cached        cold        warm  expected  month
  gpt-6.1-sol     ≈18      0%  ≈$0.000036  ≈$0.000036         ?      ?
  without the answer and an input, whose sizes `output.tokens` and its `tokens` do not say: what the input costs
  3 segments, 3 tokens by o200k_base, 3 before the first input
  segment     tokens  from
  system/1         3  p/a.prompty:6
  messages/1    hole  contexts/p.yaml:1
  messages/2    hole  p/a.prompty:14

≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json
prices of 2026-11-29
prices by third parties: gpt-6.1-sol; sources disagree: gpt-6.1-sol; `contexture models NAME` tells who says what
1 context built, 1 warning
--- stderr
warning[undeclared-input]: `question` is not in `inputs` of the head, and is taken for an input all the same
  --> p/a.prompty:14:3
   |
14 | {{question}}
   |   ^^^^^^^^
   |
   = note: in p
   = help: declare it there, or correct the name


"#]]);
}

#[test]
fn what_cannot_be_kept_is_told_at_its_place() {
    for (text, wanted) in [
        (
            "{% set x = 1 %}",
            "error[template-syntax]: `set x = 1` is no statement that a template of Prompty can have here\n --> p/a.prompty:1:1",
        ),
        ("{% if x %}\na", "error[template-syntax]: this `if` is not closed by `{% endif %}`\n --> p/a.prompty:1:1"),
        ("a {{ x", "error[template-syntax]: this tag is not closed by `}}`\n --> p/a.prompty:1:3"),
        (
            "{{ x | tojson }}",
            "error[template-syntax]: `tojson` is nothing that an expression of Prompty's templates can have here\n --> p/a.prompty:1:8",
        ),
        ("{{ x is defined }}", "error[template-syntax]: `is` is nothing that"),
        ("{{ f(x) }}", "error[template-syntax]: `(` is nothing that"),
        ("{{ x + 1 }}", "error[template-syntax]: `+` is nothing that"),
        ("{% for x in l %}a{% else %}b{% endfor %}", "error[template-syntax]: `else` is no statement"),
        ("{{ x x }}", "error[template-syntax]: the template cannot be rendered"),
        (
            "{% if x %}\nuser:\nB{% endif %}",
            "error[turn-in-region]: a turn begins in what depends on an input\n --> p/a.prompty:1:1",
        ),
        (
            "{{ flag }}",
            "error[value-spelling]: the runtimes of Prompty write a true or false in different ways: bind it as text\n --> p/a.prompty:1:1",
        ),
        (
            "---\nname: x\n",
            "error[front-matter]: the head that begins here is not closed by a line `---`\n --> p/a.prompty:1:1",
        ),
        (
            "---\ndescription: a --- b\n---\nuser:\nB",
            "error[front-matter]: Prompty ends the head at the first `---` or `+++`, which is here: the rest of it would be text\n --> p/a.prompty:2:16",
        ),
        (
            "---\nname: x\n---\n\n",
            "error[front-matter]: no text follows the head, and Prompty refuses such a file\n --> p/a.prompty:3:1",
        ),
        (
            "----\nname: x\n---\nA",
            "error[front-matter]: Prompty takes this for the beginning of a head\n --> p/a.prompty:1:1",
        ),
        (
            "{{ flag | upper }}",
            "error[value-spelling]: the runtimes of Prompty write a true or false in different ways",
        ),
        ("---\nname: [x\n---\nA", "p/a.prompty:2:"),
        (
            "---\nprice: 3\n---\nA",
            "warning[left-out-key]: `price` has no place here and is left out\n --> p/a.prompty:2:1",
        ),
        (
            "---\nbase: other.prompty\n---\nA",
            "warning[left-out-key]: `base` takes what this head does not say from another file, which is not followed\n --> p/a.prompty:2:1",
        ),
        (
            "---\nmodel: {id: m, options: {logit: 3}}\n---\nA",
            "warning[left-out-key]: `logit` of `options` has no place here and is left out\n --> p/a.prompty:2:26",
        ),
        (
            "---\nmodel: {id: text-embedding-3, apiType: embedding}\n---\nA",
            "error[unsupported-prompt]: `embedding` is no request with turns: only chats are supported\n --> p/a.prompty:2:40",
        ),
        (
            "---\ntemplate: {format: mustache}\n---\nA",
            "error[unsupported-prompt]: `mustache` is not read here: templates are in `jinja2`\n --> p/a.prompty:2:20",
        ),
        (
            "---\ninputs:\n  - {name: pic, kind: image}\n---\n{{pic}}",
            "error[media-block]: the input `pic` is of the kind `image`: only text is supported\n --> p/a.prompty:3:5",
        ),
        (
            "---\ntools:\n  - {name: fs, kind: mcp}\n---\nA",
            "error[bad-tool]: the tool `fs` of the kind `mcp` is defined elsewhere and cannot be kept\n --> p/a.prompty:3:5",
        ),
        (
            "---\ninputs: {x: {kind: string}}\n---\n{{y}}",
            "warning[undeclared-input]: `y` is not in `inputs` of the head, and is taken for an input all the same\n --> p/a.prompty:4:3",
        ),
        (
            "---\nmodel: {id: '${env:MODEL:secret}'}\n---\nA",
            "warning[left-out-value]: `model` comes from the environment (`MODEL`), which no build reads: it is left out\n --> p/a.prompty:2:13",
        ),
        (
            "---\nsample: ${file:../../etc/passwd}\n---\nA",
            "warning[left-out-value]: `sample` comes from the file `../../etc/passwd`, which is not followed: it is left out\n --> p/a.prompty:2:9",
        ),
        (
            "---\nsample: {x: 1}\n---\nsystem:\nA\nfunction:\nB\n",
            "error[tool-turn]: a turn of the role `function` is the result of a tool: only text is supported\n --> p/a.prompty:6:1",
        ),
        (
            "---\nsample: {x: 1}\n---\nuser:\n![a](b.png)\n",
            "error[media-block]: Prompty sends `![…](…)` as a picture: only text is supported\n --> p/a.prompty:5:1",
        ),
        (
            "system:\nA\nuser[name=x]:\nB",
            "warning[left-out-key]: what stands in brackets behind `user` has no place here and is left out\n --> p/a.prompty:3:1",
        ),
        (
            "user:\nx\nsystem:\ny",
            "error[system-in-messages]: a text of the system stands behind other turns\n --> p/a.prompty:4:1",
        ),
    ] {
        let repo = project(text, "vars: {flag: true}\n");
        let said = repo.run("check").stderr.replace("  --> ", " --> ");
        assert!(said.contains(wanted), "{text}:\n{said}");
    }
}

/// What a stranger's prompt may try: each ends, soon, with a fault at its place.
#[test]
fn hostile_prompts_end_with_a_fault_at_their_place() {
    let many = |piece: &str, times: usize| piece.repeat(times);
    let loops = |depth: usize| format!("{}{}{}", many("{% for i in l %}", depth), "word", many("{% endfor %}", depth));
    for (what, text, code) in [
        ("deep blocks", format!("{}x{}", many("{% if q %}", 900), many("{% endif %}", 900)), "template-limit"),
        ("many branches", format!("{{% if q %}}{}{{% endif %}}", many("{% elif q %}", 900)), "template-limit"),
        ("many tags", many("{{x}}", 3000), "template-limit"),
        ("a long chain", format!("{{{{ x{} }}}}", many(" or x", 9000)), "template-limit"),
        ("many brackets", format!("{{{{ {}x{} }}}}", many("(", 9000), many(")", 9000)), "template-limit"),
        ("brackets below the limit", format!("{{{{ {}x{} }}}}", many("(", 95), many(")", 95)), ""),
        ("loops that multiply", loops(8), "template-limit"),
        (
            "loops that write",
            format!("{{% for i in l %}}{{% for j in l %}}{}{{% endfor %}}{{% endfor %}}", many("x", 100_000)),
            "template-limit",
        ),
        ("too large", many("x", 200_000), "template-limit"),
        ("marks of ours", "a \u{fdd1} b".to_owned(), "reserved-character"),
        ("a mark in a NUL", "a \0 {{q}}\n\0\n".to_owned(), ""),
    ] {
        let list = vec!["1"; 40];
        let repo = project(&text, &format!("models: [gpt-6.1-sol]\nvars: {}\n", json!({"l": list})));
        let begun = std::time::Instant::now();
        let outcome = repo.run("check");
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{what}");
        assert!(outcome.stderr.contains(code) && outcome.status.is_some_and(|code| code < 3), "{what}: {outcome}");
        assert!(code.is_empty() || outcome.status == Some(2), "{what}: {outcome}");
    }
}
