//! What a template decides on at run time: where a region is, what it writes, and what identifies it.

use serde_json::json;

use super::*;
use crate::text::template::RenderedRegion;

impl Stage {
    /// Inputs with their examples; null is none.
    fn examples(mut self, examples: Json) -> Self {
        self.data.inputs = map(examples);
        self
    }

    fn regions(&self) -> Vec<RenderedRegion> {
        let rendered = self.run().unwrap_or_else(|faults| panic!("{}", listed(&faults))).value;
        let pieces = rendered.segments.into_iter().flat_map(|segment| segment.pieces);
        pieces.filter_map(|piece| if let Piece::Region(region) = piece { Some(region) } else { None }).collect()
    }

    fn region(&self) -> RenderedRegion {
        let regions = self.regions();
        let [region] = regions.as_slice() else { panic!("{regions:?}") };
        region.clone()
    }
}

fn stage(template: &str) -> Stage {
    Stage::new(template)
        .template("card.hbs", "<{{title}}|{{#if title}}with{{else}}without{{/if}}>")
        .template("person.hbs", "{{#if name}}{{name}}{{/if}} of {{@root.product}}")
        .template("rules.hbs", "{{#if strict}}Refuse.{{/if}}")
        .template("frame.hbs", "({{> @partial-block}})")
        .template("choose.hbs", "{{#if strict}}({{> @partial-block}}){{/if}}")
        .fragment("a.md", "A fragment.\n")
        .vars(json!({"product": "Acme", "on": true, "off": false, "steps": ["ask", "answer"], "name": "nobody"}))
        .examples(json!({"strict": true, "no": false, "files": ["a.rs", "b.rs"], "ticket": "Help", "tone": "plain",
            "user": {"name": "Ann", "tags": []}, "commits": [{"title": "Fix"}, {"title": "Add"}], "none": null, "n": 3}))
}

/// Text, `⟨inputs⟩` and `⟦samples⟧`.
#[test]
fn what_is_a_region_and_what_it_writes() {
    for (template, expected) in [
        ("{{ticket}} {{{ticket}}} {{lookup inputs \"ticket\"}}", "⟨ticket⟩ ⟨ticket⟩ ⟨ticket⟩"),
        (
            "You review.\n{{#if strict}}\nRefuse anything untested.\n{{/if}}\nAnswer in one line.\n",
            "You review.\n⟦Refuse anything untested.\n⟧Answer in one line.\n",
        ),
        ("\n{{#each files}}\n- {{this}}\n{{/each}}\nQuestion: {{ticket}}", "\n⟦- a.rs\n- b.rs\n⟧Question: ⟨ticket⟩"),
        ("{{upper tone}}.{{len files}}", "⟦PLAIN⟧.⟦2⟧"),
        ("{{user.name}}, {{lookup user \"name\"}}, {{inputs.user.name}}", "⟦Ann⟧, ⟦Ann⟧, ⟦Ann⟧"),
        ("{{#with user}}{{name}} {{../product}} {{@root.ticket}}{{/with}}", "⟦Ann Acme Help⟧"),
        ("{{#with user as |u|}}{{u.name}}{{#each u.tags}}x{{else}}-{{/each}}{{/with}}", "⟦Ann-⟧"),
        ("{{#each commits as |c i|}}{{i}}{{c.title}}{{#unless @last}}, {{/unless}}{{/each}}", "⟦0Fix, 1Add⟧"),
        ("{{#if no}}a{{else if strict}}b{{/if}}{{#unless no}}c{{/unless}}", "⟦b⟧⟦c⟧"),
        ("{{#eq tone \"plain\"}}p{{else}}q{{/eq}}{{#if (gt n 2)}}many{{/if}}", "⟦p⟧⟦many⟧"),
        // The element is the smallest at the top of its template: a condition on a var that is taken is part of it.
        ("{{#if on}}a {{#if strict}}b{{/if}} c{{/if}} d", "⟦a b c⟧ d"),
        ("{{#if on}}a {{ticket}}{{/if}}{{#if off}}{{#if strict}}b{{/if}}{{/if}}", "a ⟨ticket⟩"),
        ("{{#each steps}}{{this}} {{@root.ticket}};{{/each}}", "ask ⟨ticket⟩;answer ⟨ticket⟩;"),
        // Partials, their bodies and segments have elements of their own.
        ("{{> rules}} {{> card title=ticket}}", "⟦Refuse.⟧ <⟨ticket⟩|⟦with⟧>"),
        ("{{> card title=\"T\"}}{{> card title=none}}", "<T|with><⟨none⟩|⟦without⟧>"),
        ("{{> person user}}", "⟦Ann⟧ of Acme"),
        ("{{#each steps}}{{> card title=@root.user.name}}{{/each}}", "⟦<Ann|with><Ann|with>⟧"),
        ("{{#> frame}}a {{#if strict}}b{{/if}}{{/frame}}", "(a ⟦b⟧)"),
        ("{{#> choose}}a {{ticket}} {{upper tone}}{{/choose}}", "⟦(a Help PLAIN)⟧"),
        ("{{#segment id=\"x\"}}a {{#if strict}}b{{/if}} c{{/segment}}", "[x|a ⟦b⟧ c]"),
        // Without an example an input is not given.
        ("{{#if none}}a{{else}}b{{/if}}{{#each none}}c{{else}}d{{/each}}{{upper none}}{{none.x}}", "⟦b⟧⟦d⟧⟦⟧⟦⟧"),
        ("{{#if strict}}{{none}}{{json none}}{{#with none}}x{{/with}}{{#unless none}}-{{/unless}}{{/if}}", "⟦-⟧"),
        ("{{#if strict}}{{include \"a.md\"}}{{/if}}", "⟦A fragment.\n⟧"),
    ] {
        assert_eq!(stage(template).text(), expected, "{template}");
    }
}

#[test]
fn the_source_identifies_a_region_with_all_that_it_uses() {
    for (template, source, needs) in [
        ("a {{#if strict}}b{{/if}} c", "{{#if strict}}b{{/if}}", "strict"),
        ("{{~#if strict~}} b {{~/if~}}", "{{~#if strict~}} b {{~/if~}}", "strict"),
        (
            "{{#if no}}{{product}} {{vars.on}}{{ticket}}{{/if}}",
            "{{#if no}}{{product}} {{vars.on}}{{ticket}}{{/if}}\n{{! product = \"Acme\" }}\n{{! vars.on = true }}",
            "no ticket",
        ),
        (
            "{{#if no}}{{include \"a.md\"}}{{> rules}}{{/if}}",
            "{{#if no}}{{include \"a.md\"}}{{> rules}}{{/if}}\n{{! > rules.hbs }}\n{{#if strict}}Refuse.{{/if}}\n{{! a.md }}\nA fragment.\n",
            "no strict",
        ),
        (
            "{{#each files}}{{this}}{{../product}}{{#each ../steps}}{{../../ticket}}{{/each}}{{/each}}",
            "{{#each files}}{{this}}{{../product}}{{#each ../steps}}{{../../ticket}}{{/each}}{{/each}}\n{{! ../product = \"Acme\" }}\n{{! ../steps = [\"ask\",\"answer\"] }}",
            "files ticket",
        ),
        ("{{user.name}}{{off}}", "{{user.name}}", "user"),
        (
            "{{#> choose}}a {{ticket}} {{product}}{{/choose}}",
            "{{#if strict}}({{> @partial-block}}){{/if}}\n{{! > @partial-block }}\na {{ticket}} Acme",
            "strict ticket",
        ),
    ] {
        let region = stage(template).region();
        assert_eq!((region.source.as_str(), region.needs.join(" ").as_str()), (source, needs), "{template}");
    }
    // In a loop at build time each round is a region of its own.
    let partial = stage("{{#each steps}}{{> turn}}{{/each}}")
        .template("turn.hbs", "{{#if @root.strict}}{{@index}}{{this}}{{/if}}");
    let sources: Vec<String> = partial.regions().into_iter().map(|region| region.source).collect();
    let source = "{{#if @root.strict}}{{@index}}{{this}}{{/if}}";
    assert_eq!(
        sources,
        [
            format!("{source}\n{{{{! @index = 0 }}}}\n{{{{! this = \"ask\" }}}}"),
            format!("{source}\n{{{{! @index = 1 }}}}\n{{{{! this = \"answer\" }}}}")
        ]
    );
}

#[test]
fn an_edit_is_seen_in_any_branch_and_an_example_in_none() {
    let source = |stage: Stage| stage.region().source;
    let template = "{{#if strict}}{{> rules}}{{product}}{{else}}{{include \"a.md\"}}{{/if}}";
    let before = source(stage(template));
    let examples = json!({"strict": false, "no": false, "files": null, "ticket": "x"});
    let same = Stage { data: Data { inputs: map(examples), ..stage("").data }, ..stage(template) };
    assert_eq!(source(same), before);
    for edited in [
        stage(&template.replace("{{else}}", "{{else}}!")),
        stage(template).template("rules.hbs", "{{#if strict}}Refuse!{{/if}}"),
        stage(template).vars(json!({"product": "Other"})),
        stage(template).fragment("a.md", "Another fragment.\n"),
    ] {
        assert_ne!(source(edited), before);
    }
}

#[test]
fn what_is_wrong_in_a_region_is_said_at_its_place() {
    for (template, expected) in [
        (
            "a {{#if none}}b{{/if}}",
            "templates/main.hbs:1:3 no-example: this part depends on `none`, of which there is no example: it is built without (give one: `inputs: {none: {example: …}}`; until then counts are \"at least\") ‹{{#if none}}›\n",
        ),
        (
            "{{#each commits}}{{titel}}{{/each}}",
            "templates/main.hbs:1:20 unknown-name: `this` holds no `titel` (did you mean `title`?) ‹titel›\n",
        ),
        (
            "{{user.nam}}",
            "templates/main.hbs:1:3 unknown-name: `user` holds no `nam` (did you mean `name`?) ‹user.nam›\n",
        ),
        ("{{upper n}}", "templates/main.hbs:1:9 helper-arguments: `upper` wants text and is given a number ‹n›\n"),
        (
            "{{#each tone}}{{/each}}",
            "templates/main.hbs:1:9 helper-arguments: `each` walks a list or a map, and `tone` is text ‹tone›\n",
        ),
        (
            "{{#if strict}}{{#segment id=\"a\"}}b{{/segment}}{{/if}}",
            "templates/main.hbs:1:15 template-segment: a segment cannot stand in what depends on an input: that is cut out of its segment (put the condition into the segment) ‹{{#segment id=\"a\"}}›\n",
        ),
        (
            "{{#each files}}{{include this}}{{/each}}",
            "templates/main.hbs:1:26 helper-arguments: in what depends on an input, `include` takes the path itself (what a fragment says must be known when the prompt is built) ‹this›\n",
        ),
        (
            "{{#if strict}}{{nope}}{{/if}}",
            "templates/main.hbs:1:17 unknown-name: nothing is named `nope` (did you mean `none`?) ‹nope›\n",
        ),
    ] {
        assert_eq!(stage(template).faults(), expected, "{template}");
    }
}
