//! Contexts as typed functions for an application: what the runtime libraries ask by name, said in types, so that mypy
//! and tsc find a model, a format or an input that a context does not have.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::pipeline::Build;
use crate::pipeline::bodies::bodies;
use crate::prompt::bodies::{Body, Dialect, HoleKind};
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::text::project::ContextId;

const NO_LIBRARY: &str = "its templates decide on inputs at run time, and the libraries fill no such body";
const SAYS_MORE: &str = "docs/templates.md says more under \"Regions\"";

/// What the functions are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python 3.10 and later.
    Python,
    /// TypeScript, as an ES module.
    TypeScript,
}

/// One way to call a function: what is filled in, and the format that comes of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    /// Whether this is what a model is asked by without a format too.
    preferred: bool,
    format: &'static str,
    /// The inputs, and whether each is a list of turns.
    inputs: Vec<(String, bool)>,
}

/// The forms of a context, each with its models in quotes.
type Forms = BTreeMap<Form, Vec<String>>;

/// The builds that a module can have functions for, and a warning of each other one: the libraries have no template
/// engine, and fill no body that decides on inputs.
pub fn callable<'a>(builds: &[&'a Build]) -> (Vec<&'a Build>, Vec<Diagnostic>) {
    let decides = |build: &&Build| build.segments.iter().any(|segment| segment.region().is_some());
    let (left_out, callable): (Vec<&Build>, Vec<&Build>) = builds.iter().copied().partition(decides);
    let warning = |build: &Build| {
        let what = format!("`{}` has no function: {NO_LIBRARY}", build.id);
        Diagnostic::warning("left-out", what).hint(SAYS_MORE)
    };
    (callable, left_out.into_iter().map(warning).collect())
}

/// A module with a function for each build.
///
/// # Errors
/// Names that the language cannot say, or that two contexts would share; a body that cannot be made.
pub fn module(builds: &[&Build], language: Language) -> Result<String, Failure> {
    let mut names: BTreeMap<String, &ContextId> = BTreeMap::new();
    let (mut functions, mut formats) = (String::new(), Vec::new());
    for build in builds {
        let name = language.function(&build.id);
        if let Some(other) = names.insert(name.clone(), &build.id) {
            let what = format!("`{other}` and `{}` would both be the function `{name}`", build.id);
            return Err(Error::usage(what, "name one of the two on the command line, or give it another id").into());
        }
        let forms = forms(build)?;
        formats.extend(forms.keys().map(|form| form.format));
        match language {
            Language::Python => python(&mut functions, build, &name, &forms)?,
            Language::TypeScript => typescript(&mut functions, build, &name, &forms),
        }
    }
    let used = |types: &[(&'static str, &'static str)]| -> String {
        types.iter().filter(|(format, _)| formats.contains(format)).map(|(_, line)| *line).collect()
    };
    Ok(match language {
        Language::Python => format!(
            "\"\"\"The contexts of this project. Made by `contexture types python`: make it again when one changes.\"\"\"\n\n\
             from __future__ import annotations\n\nfrom typing import TYPE_CHECKING, Any, Literal, overload\n\n\
             from contexture_bundle import Bundle\n\nif TYPE_CHECKING:\n{}    pass\n{functions}",
            used(&PYTHON_IMPORTS)
        ),
        Language::TypeScript => format!(
            "// The contexts of this project. Made by `contexture types typescript`: make it again when one changes.\n\
             import type {{ Bundle, Format, Inputs }} from \"contexture-bundle\";\n{}{functions}",
            used(&TYPESCRIPT_IMPORTS)
        ),
    })
}

fn forms(build: &Build) -> Result<Forms, Failure> {
    let (mut forms, mut decides) = (Forms::new(), false);
    for model in &build.models {
        let bodies = bodies(build, model)?;
        for (index, (_, body)) in bodies.made.iter().enumerate() {
            // The libraries have no template engine, and refuse such a body.
            if body.holes.iter().any(|hole| hole.kind == HoleKind::Region) {
                decides = true;
                continue;
            }
            // `cached` is asked for by its name alone, and nothing takes the place of a preferred body that was left out.
            let preferred = match body.dialect {
                Dialect::Cached => false,
                Dialect::Chat => index == 0 && bodies.findings.left_out.is_empty(),
                _ => true,
            };
            let form = Form { preferred, format: body.dialect.as_str(), inputs: inputs(body) };
            forms.entry(form).or_default().push(quoted(&model.name));
        }
    }
    if decides && forms.is_empty() {
        return Err(Error::usage(format!("`{}` has no function: {NO_LIBRARY}", build.id), SAYS_MORE).into());
    }
    Ok(forms)
}

/// What a body is filled with: each name once, in the order of the body.
fn inputs(body: &Body) -> Vec<(String, bool)> {
    let mut inputs: Vec<(String, bool)> = Vec::new();
    for hole in &body.holes {
        let input = (hole.name.clone(), hole.kind == HoleKind::History);
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    inputs
}

const PYTHON_IMPORTS: [(&str, &str); 3] = [
    ("messages", "    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming\n"),
    ("chat", "    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming\n"),
    ("responses", "    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming\n"),
];

const TYPESCRIPT_IMPORTS: [(&str, &str); 6] = [
    ("messages", "import type { MessageCreateParamsNonStreaming } from \"@anthropic-ai/sdk/resources/messages\";\n"),
    ("converse", "import type { ConverseCommandInput } from \"@aws-sdk/client-bedrock-runtime\";\n"),
    ("cached", "import type { CreateCachedContentParameters } from \"@google/genai\";\n"),
    ("generate", "import type { GenerateContentParameters } from \"@google/genai\";\n"),
    ("chat", "import type { ChatCompletionCreateParamsNonStreaming } from \"openai/resources/chat/completions\";\n"),
    ("responses", "import type { ResponseCreateParamsNonStreaming } from \"openai/resources/responses/responses\";\n"),
];

/// What no argument can be called in Python: its keywords, and the arguments that each function has.
const PYTHON_ARGUMENTS: &str = "False None True and as assert async await break class continue def del elif else except \
    finally for from global if import in is lambda nonlocal not or pass raise return try while with yield \
    _bundle _model _format";

/// What no function can be called: names that the modules use, and the words of TypeScript that a module reserves.
const FUNCTIONS: &str = "Any Bundle Format Inputs Literal overload await break case catch class const continue debugger \
    default delete do else enum export extends false finally for function if implements import in instanceof interface \
    let new null package private protected public return static super switch this throw true try typeof var void while \
    with yield";

fn among(words: &str, name: &str) -> bool {
    words.split(' ').any(|word| word == name)
}

impl Language {
    /// A context's name as a function's: `support/triage@terse` is `support_triage_terse`, or `supportTriageTerse`.
    fn function(self, id: &ContextId) -> String {
        let id = id.to_string();
        let words: Vec<&str> = id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let name = match self {
            Self::Python => words.join("_"),
            Self::TypeScript => words.iter().enumerate().map(|(index, word)| capital(word, index > 0)).collect(),
        };
        let taken = among(FUNCTIONS, &name) || (self == Self::Python && among(PYTHON_ARGUMENTS, &name));
        if taken || !name.starts_with(|c: char| c.is_ascii_alphabetic()) { format!("_{name}") } else { name }
    }

    /// What the vendor's SDK takes.
    fn request(self, format: &str) -> &'static str {
        match (self, format) {
            (_, "messages") => "MessageCreateParamsNonStreaming",
            (_, "responses") => "ResponseCreateParamsNonStreaming",
            (Self::Python, "chat") => "CompletionCreateParamsNonStreaming",
            (Self::TypeScript, "chat") => "ChatCompletionCreateParamsNonStreaming",
            (Self::TypeScript, "generate") => "GenerateContentParameters",
            (Self::TypeScript, "cached") => "CreateCachedContentParameters",
            (Self::TypeScript, "converse") => "ConverseCommandInput",
            // Google's and Amazon's Python packages have no type for the arguments of a call.
            _ => "dict[str, Any]",
        }
    }
}

/// An overload a form, and the function.
fn python(out: &mut String, build: &Build, name: &str, forms: &Forms) -> Result<(), Error> {
    for (form, models) in forms {
        let mut inputs = String::from(if form.inputs.is_empty() { "" } else { ", *" });
        for input in &form.inputs {
            inputs.push_str(&keyword(build, input)?);
        }
        let request = Language::Python.request(form.format);
        let model = format!("_model: Literal[{}]", models.join(", "));
        let named = format!("{model}, _format: Literal[\"{}\"]", form.format);
        // One overload alone would be none, so the preferred format can be named too.
        for arguments in [Some(model).filter(|_| form.preferred), Some(named)].into_iter().flatten() {
            out.push_str(&format!(
                "\n\n@overload\ndef {name}(_bundle: Bundle, {arguments}, /{inputs}) -> {request}: ...\n"
            ));
        }
    }
    out.push_str(&format!(
        "\n\ndef {name}(_bundle: Bundle, _model: str, _format: str | None = None, /, **inputs: Any) -> Any:\n    {}\n    \
         return _bundle.request(_model, _format, **inputs)\n",
        quoted(&about(build))
    ));
    Ok(())
}

/// An overload a form, and the function.
fn typescript(out: &mut String, build: &Build, name: &str, forms: &Forms) {
    out.push_str(&format!("\n/** {} */", about(build).replace("*/", "* /")));
    for (form, models) in forms {
        let kind = |turns| if turns { "readonly unknown[]" } else { "string" };
        let inputs = form.inputs.iter().map(|(name, turns)| format!("{}: {}", quoted(name), kind(*turns)));
        let inputs = inputs.collect::<Vec<_>>().join("; ");
        let inputs = if inputs.is_empty() { "Record<string, never>".to_owned() } else { format!("{{ {inputs} }}") };
        let format = format!("format{}: \"{}\"", if form.preferred { "?" } else { "" }, form.format);
        let (models, request) = (models.join(" | "), Language::TypeScript.request(form.format));
        out.push_str(&format!(
            "\nexport function {name}(bundle: Bundle, model: {models}, inputs: {inputs}, {format}): {request};"
        ));
    }
    out.push_str(&format!(
        "\nexport function {name}(bundle: Bundle, model: string, inputs: Inputs, format?: Format): unknown {{\n  \
         return bundle.request(model, inputs, format);\n}}\n"
    ));
}

/// The context and what its manifest says of it.
fn about(build: &Build) -> String {
    let description = build.plan.manifest.description.as_ref();
    description.map_or(build.id.to_string(), |text| format!("{}: {}", build.id, text.value))
}

fn capital(word: &str, wanted: bool) -> String {
    let mut letters = word.chars();
    let first = letters.next().filter(|_| wanted);
    first.map_or(word.to_owned(), |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
}

/// A text in quotes, which both languages read as JSON does.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// An input as an argument of Python's, which only an identifier can be.
fn keyword(build: &Build, (name, turns): &(String, bool)) -> Result<String, Error> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let plain = name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit());
    if plain && !among(PYTHON_ARGUMENTS, name) {
        return Ok(format!(", {name}: {}", if *turns { "list[Any]" } else { "str" }));
    }
    let what = format!("`{}` has an input `{name}`, which is no name of an argument in Python", build.id);
    Err(Error::usage(what, "give the input another name, or call `request` of the library with a dict"))
}
