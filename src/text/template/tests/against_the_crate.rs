//! Compares with handlebars-rust, which renders the same templates.
//!
//! Left out is what is refused here on purpose: unknown names (the crate is not strict), null values,
//! and templates that the crate cannot parse.

use handlebars::{Handlebars, JsonRender, no_escape};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn data() -> Json {
    json!({"a": "A\n", "b": "", "n": 7, "zero": 0, "yes": true, "no": false, "list": ["x", "y z", ""], "empty": [],
        "map": {"k1": "v1", "a": "inner", "list": [1, 2]}, "rows": [{"a": "r1", "list": ["p", "q"]}, {"a": "r2", "list": []}]})
}

/// What the crate writes, without strict mode and escaping.
fn crate_says(templates: &BTreeMap<String, String>, data: &Json) -> Option<String> {
    let mut registry = Handlebars::new();
    registry.register_escape_fn(no_escape);
    registry.set_prevent_indent(true);
    for (name, text) in templates {
        registry.register_template_string(name.trim_end_matches(".hbs"), text).ok()?;
    }
    registry.render("main", data).ok()
}

/// What is written with the inputs' examples in their place.
fn filled(stage: &Stage, rendered: Rendered) -> String {
    let pieces = rendered.segments.into_iter().flat_map(|segment| segment.pieces);
    let text = |piece| match piece {
        Piece::Text(text) => text,
        Piece::Input(name) => stage.data.inputs[&name].render(),
        Piece::Region(region) => region.sample,
        Piece::Whole(part) => unreachable!("no template writes {part:?}"),
    };
    pieces.map(text).collect()
}

/// A stage in which the values of `data` whose bits are set are inputs with these values as their examples.
fn with_inputs(stage: Stage, data: Json, bits: u16) -> Stage {
    let of = |wanted: bool| {
        let member = |(number, _): &(usize, _)| (bits >> number & 1 == 1) == wanted;
        map(data.clone()).into_iter().enumerate().filter(member).map(|(_, member)| member).collect()
    };
    Stage { data: Data { vars: of(false), inputs: of(true), ..Data::default() }, ..stage }
}

/// Random choices: a list of bytes, which proptest knows how to shrink; all zero at its end.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % limit
    }

    fn of<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.below(options.len())]
    }

    fn blank(&mut self) -> &'static str {
        self.of(&["", " ", "\n", "  \n", "\n  ", "\t", "\r\n", "\n\n", " \n \n", "\u{a0}", "\u{2003} ", ""])
    }

    fn word(&mut self) -> &'static str {
        self.of(&["", "", "text", "é}", "a {b", "\\", "\\\\", "\\{{a}}", "\\\\{{@root.a}}", "}}", "x\\\\\\{{@root.n}}"])
    }

    /// A tag, some with `~`.
    fn tag(&mut self, inside: &str) -> String {
        let mut mark = || if self.below(5) == 4 { "~" } else { "" };
        let (before, after) = (mark(), mark());
        format!("{{{{{before}{inside}{after}}}}}")
    }

    /// A name that has a value in `scope`, or hardly ever one that may have none.
    fn path(&mut self, scope: Scope) -> &'static str {
        let anywhere = [
            "@root.a",
            "@root/n",
            "@root.zero",
            "@root.list",
            "@root.map.k1",
            "@root.rows.[1].list",
            "@root.list.0",
            "@root.no",
            "@root.empty",
            "@root.map",
            "@root.b",
        ];
        let own: &[&str] = match scope {
            Scope::Top => {
                &["a", "./b", "n", "zero", "yes", "no", "list", "empty", "map", "map.k1", "map/a", "list.[0]", "rows"]
            }
            Scope::Row => &["a", "this.a", "list", "this.list", "@index", "@first", "@last", "item.a", "key", "item"],
            Scope::Item => &["this", "item", "key", "@index", "@../index", "@last"],
            Scope::Map => &["k1", "a", "list", "this.[k1]", "list.1", "item.a", "../a", "../list"],
            Scope::Frame => &["title", "title", "this.title", "../title"],
        };
        match self.below(16) {
            // `this` of a partial with `name=value` is where we differ: see docs/templates.md.
            0 if matches!(scope, Scope::Frame) => "@root.a",
            0 => self.of(&["this", "nope", "../a", "../../a", "@key", "@index", "title", "item"]),
            1..5 => self.of(&anywhere),
            _ => self.of(own),
        }
    }

    fn leaf(&mut self, scope: Scope) -> String {
        let path = self.path(scope);
        match self.below(16) {
            0 => format!("{{{{{{{path}}}}}}}"),
            1 => format!("{{{{~{{ {path} }}~}}}}"),
            2 => self.tag(&format!("& {path} ")),
            3 => {
                let other = self.path(scope);
                self.tag(&format!("eq {path} {other}"))
            }
            4 => self.tag("len @root.list"),
            5 => self.tag("lookup @root.list 0"),
            6 => "{{! note }}".to_owned(),
            7 => "{{!-- a }} b --}}".to_owned(),
            8 if !matches!(scope, Scope::Frame) => "{{> p}}".to_owned(),
            9 => self.tag(&format!("> p {path}")),
            10 => self.tag(&format!("> q title={path}")),
            11 => "{{> q @root title='T' key=1}}".to_owned(),
            _ => self.tag(path),
        }
    }

    fn condition(&mut self, scope: Scope) -> String {
        let path = self.path(scope);
        match self.below(6) {
            0 => format!("(not {path})"),
            1 => format!("(and {path} (or @root.yes false))"),
            2 => format!("(eq {path} \"r1\")"),
            3 => format!("{path} includeZero=true"),
            4 => "(gt @root.n 6.5)".to_owned(),
            _ => path.to_owned(),
        }
    }

    fn block(&mut self, depth: usize, scope: Scope) -> String {
        let (open, close, inner) = match self.below(9) {
            0 | 1 => (format!("#if {}", self.condition(scope)), "/if", scope),
            2 => (format!("# unless {}", self.condition(scope)), "/unless", scope),
            3 => ("#each @root.rows as |item key|".to_owned(), "/each", Scope::Row),
            4 => ("#each @root.list as |item key|".to_owned(), "/each", Scope::Item),
            5 => ("#with @root.map as |item|".to_owned(), "/with", Scope::Map),
            6 => (format!("#eq {} 7", self.path(scope)), "/eq", scope),
            7 => (format!("#> frame title={}", self.path(scope)), "/frame", Scope::Frame),
            _ => (format!("#each {}", self.path(scope)), "/each", Scope::Item),
        };
        let (open, close) = (self.tag(&open), self.tag(close));
        let (body, mut middle) = (self.template(depth - 1, inner), String::new());
        if !close.contains("frame") {
            if self.below(3) == 0 {
                let condition = format!("else if {}", self.condition(scope));
                middle += &self.tag(&condition);
                middle += &self.template(depth - 1, scope);
            }
            if self.below(2) == 0 {
                let word = self.of(&["else", "^"]);
                middle += &self.tag(word);
                middle += &self.template(depth - 1, scope);
            }
        }
        format!("{}{open}{body}{middle}{close}{}", self.blank(), self.blank())
    }

    fn template(&mut self, depth: usize, scope: Scope) -> String {
        let mut out = String::new();
        for _ in 0..=self.below(3) {
            let piece = if depth > 0 && self.below(2) == 0 { self.block(depth, scope) } else { self.leaf(scope) };
            out.extend([self.blank(), self.word(), &piece, self.word(), self.blank()]);
        }
        out
    }

    fn stage(mut self) -> Stage {
        let mut leaf = |paths: &[&str]| {
            let path = self.of(paths);
            [self.blank(), self.word(), &self.tag(path), self.blank()].concat()
        };
        let p = leaf(&["@root.a", "@root.list", "@root.n", "this"]);
        let q = leaf(&["@root.a", "title"]);
        let inner = leaf(&["@root.a", "title", "title"]);
        let body = self.tag("> @partial-block");
        let frame = format!("<{}{body}{}{inner}{body}>", self.blank(), self.blank());
        let main = self.template(4, Scope::Top);
        let stage = Stage::new(&main).template("p.hbs", &p).template("q.hbs", &q).template("frame.hbs", &frame);
        stage.vars(data())
    }
}

/// What is current where a tag is made.
#[derive(Clone, Copy)]
enum Scope {
    Top,
    Row,
    Item,
    Map,
    Frame,
}

/// What the random templates leave out, because it differs inside of partials that are given names.
#[test]
fn this_and_what_is_above_it() {
    for template in [
        "{{#each list}}{{#each @root.rows}}{{../this}}{{/each}}{{/each}}",
        "{{#each list as |x|}}{{#with @root.map}}{{#if ../this}}{{../this}}{{else}}-{{/if}}{{x}}{{/with}}{{/each}}",
        "{{#each rows}}{{#each this.list}}{{this}}{{../a}}{{#each ../list}}{{this}}{{../this}}{{../../a}}{{/each}}{{/each}}{{/each}}",
        "{{#each map}}{{@key}}{{@index}}{{#if @last}}.{{/if}}{{#with @root.rows.0}}{{@key}}{{@first}}{{/with}}{{/each}}",
        "{{#> frame}}{{#each list}}{{../a}}{{this}}{{/each}}{{/frame}}",
    ] {
        let stage = Stage::new(template).template("frame.hbs", "<{{> @partial-block}}>").vars(data());
        assert_eq!(Some(stage.text()), crate_says(&stage.templates, &data()), "{template}");
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_global_rejects: 10_000_000, ..ProptestConfig::default() })]

    /// If this engine renders a template, the crate writes the same bytes; so it does where some of the data are inputs,
    /// once they are filled with what they were in its data.
    #[test]
    fn the_same_bytes(choices in prop::collection::vec(any::<u8>(), 0..400), bits in prop_oneof![Just(0), any::<u16>()]) {
        let stage = with_inputs(Choices(choices.into_iter()).stage(), data(), bits);
        let Ok(rendered) = stage.run() else { return Err(TestCaseError::reject("refused")) };
        let expected = crate_says(&stage.templates, &data());
        prop_assert_eq!(Some(filled(&stage, rendered.value)), expected, "{:?} {:b}", stage.templates, bits);
    }

    /// Whatever the crate can parse is parsed here, or refused by a rule of ours; the tags that the scan finds are those
    /// of the crate's tree, so that nothing in it is deeper than the scan has counted.
    #[test]
    fn the_scan_and_the_crate_see_the_same_tags(text in "([{}#/~>^!& '\"().a@\\[\\]|=1\\n\\\\-]|\\{\\{|\\}\\}|if|else|as |#if a|/if){0,14}") {
        let ours = crate::text::template::parse::parse(&text);
        let unread = ours.faults.iter().find(|fault| fault.message.starts_with("this tag cannot be read"));
        let theirs = handlebars::Template::compile(&text).is_ok();
        prop_assert!(!theirs || unread.is_none(), "only the crate reads {:?}: {:?}", text, unread);
    }
}

/// Templates as teams write them: those of the folder that `CONTEXTURE_TEMPLATES` names, else these.
const WRITTEN: [&str; 4] = [
    "---\nmodel: m\n---\n{{role \"system\"}}You greet {{#if name}}{{name}}{{else}}a guest{{/if}}.\n",
    "{{#each items}}\n- {{this}}\n{{else}}\nnone\n{{/each}}\n",
    "{{#unless quiet}}Say {{greeting}}!{{/unless}} {{history}}{{#with user}}{{this.name}}{{/with}}",
    "{{#each rows}}{{#if @first}}first {{/if}}{{#each this}}{{@key}}={{this}}{{#unless @last}}, {{/unless}}{{/each}}{{/each}}",
];

/// What both accept is rendered to the same bytes. Names get values of every shape; a head between lines `---` is left
/// out, and so are the tags of dotprompt that say who speaks.
#[test]
fn templates_as_teams_write_them() {
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path()).ok();
    let templates: Vec<String> = match std::env::var("CONTEXTURE_TEMPLATES") {
        Ok(folder) => std::fs::read_dir(folder).unwrap().filter_map(read).collect(),
        Err(_) => WRITTEN.map(str::to_owned).into(),
    };
    let (mut files, mut same) = (0, 0);
    for text in templates {
        // These names have a meaning here.
        let text = text.replace("context", "kontext").replace("inputs", "gifts").replace("vars", "wares");
        let body =
            text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(&*text, |(_, body)| body);
        let mut template = String::new();
        for (number, piece) in body.split("{{").enumerate() {
            let inside = piece.split_once("}}").filter(|_| number > 0);
            let speaks = |inside: &str| {
                ["role ", "history", "media ", "section "].iter().any(|tag| inside.trim().starts_with(tag))
            };
            match inside {
                Some((tag, after)) if speaks(tag) => template.push_str(after),
                _ => template.extend([if number > 0 { "{{" } else { "" }, piece]),
            }
        }
        files += 1;
        let tags = template.split("{{").skip(1).filter_map(|piece| piece.split_once("}}"));
        let words = tags.flat_map(|(tag, _)| tag.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let names: Vec<&str> = words.filter(|word| word.starts_with(|c: char| c.is_alphabetic())).collect();
        let all = |value: &dyn Fn(&str) -> Json| -> Json {
            names.iter().map(|name| ((*name).to_owned(), value(name))).collect::<Map<_, _>>().into()
        };
        let flat = all(&|name| format!("<{name}>").into());
        let nested = all(&|_| flat.clone());
        for data in [
            all(&|name| format!("<{name}>\n").into()),
            all(&|_| true.into()),
            all(&|_| false.into()),
            all(&|_| 7.into()),
            all(&|_| json!([])),
            all(&|_| json!([flat, nested])),
            all(&|_| nested.clone()),
        ] {
            for bits in [0, 0b0101_0101_0101_0101, u16::MAX] {
                let stage = with_inputs(Stage::new(&template), data.clone(), bits);
                let (Ok(ours), Some(theirs)) = (stage.run(), crate_says(&stage.templates, &data)) else { continue };
                assert_eq!(filled(&stage, ours.value), theirs, "{template} {data}");
                same += 1;
            }
        }
    }
    assert!(same > files, "of {files} files, {same} renderings could be compared");
}
