//! Turns a record into an example: the turns are found by the record's shape or by a mapping, and the
//! other fields are metadata.

mod calls;

use std::sync::Arc;

use serde_json::{Map, Value};

use calls::Said;

use super::{Example, FileFaults, Mapping, RawRecord, Turn, Wanted, field};
use crate::prompt::segment::{Kind, Role};
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// The names of the user's and the assistant's field in records of two turns.
const PAIRS: [(&str, &str); 3] = [("input", "output"), ("user", "assistant"), ("question", "answer")];
/// Fields that public data sets have beside such a pair and that are a part of what is asked: Alpaca, MMLU,
/// HotpotQA, BoolQ, DROP, SQuAD, SNLI, OpenOrca and their like. A record that has one is not guessed. One
/// word (`context: web`) is taken for a label, except under the first two.
const QUESTION_PARTS: [&str; 36] = [
    "instruction",
    "instructions",
    "input",
    "inputs",
    "prompt",
    "question",
    "query",
    "problem",
    "task",
    "user",
    "context",
    "contexts",
    "passage",
    "passages",
    "paragraph",
    "paragraphs",
    "article",
    "document",
    "documents",
    "story",
    "dialogue",
    "dialog",
    "premise",
    "hypothesis",
    "sentence",
    "background",
    "evidence",
    "facts",
    "supporting_facts",
    "table",
    "choices",
    "options",
    "candidates",
    "history",
    "system",
    "system_prompt",
];
/// The key of a list of turns, and what a turn calls its role and its text: of OpenAI and of ShareGPT.
const DIALOGUES: [(&str, &str, &str); 2] = [("messages", "role", "content"), ("conversations", "from", "value")];
/// Fields of records whose turns are not text alone.
const MEDIA: [&str; 6] = ["image", "images", "audio", "audios", "video", "videos"];
/// What a shape is called in a message.
const SHAPES: &str = "{input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or \
                      {conversations: [{from, value}]}";
/// From how many words on a field of a record is a text that a turn could have been meant to hold.
const LONG_TEXT: usize = 12;
/// What to do about a record of no known shape.
pub(super) const MAP_HINT: &str = "say where the turns are: `map: {user: path, assistant: path}`";
const NAME_IT: &str = "name it in `map` if it should, or remove it";
/// Fields of a record that hold the text of a system prompt.
const SYSTEM: [&str; 2] = ["system", "system_prompt"];
const SYSTEM_HINT: &str = "put system text into the manifest's `system` list";
const TEXT_ONLY: &str = "examples are text only in this release";
/// What a record of OpenAI or ShareGPT says of tools beside its turns.
const TOOLS: [&str; 5] = ["tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"];

/// The example that `record` is; `None` after reporting its faults.
pub(super) fn example(record: RawRecord<'_>, wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Option<Example> {
    let RawRecord { index, value, span, place, spell } = record;
    let mut reader = TurnReader { place, spell, report, faulty: false };
    let Value::Object(mut fields) = value else {
        let message = format!("a record is a map, this one is {}", kind(&value));
        reader.fault(
            &[],
            "example-shape",
            message,
            match wanted {
                Wanted::Fields => "write it as {inputs, expect}".to_owned(),
                _ => format!("write it as {SHAPES}"),
            },
        );
        return None;
    };
    let turns = match wanted {
        Wanted::Mapped(map) => reader.mapped(&mut fields, map),
        Wanted::Turns => reader.shaped(&mut fields),
        Wanted::Fields => Vec::new(),
    };
    if reader.faulty {
        return None;
    }
    let last = span.end.saturating_sub(1).max(span.start);
    let lines = span.source.line(span.start)..=span.source.line(last);
    Some(Example { index, turns, meta: fields, lines, span, picked: None })
}

/// Where the turns are in a record without a mapping.
pub(super) enum TurnShape {
    /// Under these two keys.
    Pair(&'static str, &'static str),
    /// As a list under this key, whose items have these two keys.
    Dialogue(&'static str, &'static str, &'static str),
}

/// The one shape that the record's keys fit; the error says which keys those are.
pub(super) fn shape(fields: &Map<String, Value>) -> Result<TurnShape, String> {
    let pairs =
        PAIRS.into_iter().filter(|(user, assistant)| fields.contains_key(*user) && fields.contains_key(*assistant));
    let dialogues = DIALOGUES.into_iter().filter(|(list, ..)| fields.contains_key(*list));
    let dialogues = dialogues.map(|(list, role, text)| TurnShape::Dialogue(list, role, text));
    let mut fitting = pairs.map(|(user, assistant)| TurnShape::Pair(user, assistant)).chain(dialogues);
    match (fitting.next(), fitting.next()) {
        (Some(shape), None) => Ok(shape),
        (None, _) => Err(format!("the record fits no shape: it has {}, and a shape is {SHAPES}", keys(fields))),
        _ => Err(format!("the record fits more than one shape: it has {}, and a shape is {SHAPES}", keys(fields))),
    }
}

/// Says that a text beside the list of records reaches no turn.
pub(super) fn say_beside(key: &str, value: &Value, span: &Span, report: &mut FileFaults<'_>) {
    if is_long(value) || SYSTEM.contains(&key) && has_text(value) {
        let message = format!("`{key}` stands beside the records and is in no turn, so the model does not see it");
        let fault = Diagnostic::warning("unsent-field", message).at(span);
        report.push(fault.hint("put it into the manifest, or remove it"));
    }
}

/// Takes the turns out of one record's fields.
struct TurnReader<'a, 'r, 'f> {
    place: &'a dyn Fn(&[&str]) -> Span,
    spell: &'a dyn Fn(&[&str], &mut FileFaults<'_>) -> String,
    report: &'r mut FileFaults<'f>,
    faulty: bool,
}

impl TurnReader<'_, '_, '_> {
    fn mapped(&mut self, fields: &mut Map<String, Value>, map: &Mapping) -> Vec<Turn> {
        let mut turns = Vec::new();
        let mut taken = Vec::new();
        for (role, paths) in
            [(Role::User, map.user.as_slice()), (Role::Assistant, std::slice::from_ref(&map.assistant))]
        {
            let mut parts = Vec::new();
            for path in paths {
                let steps = field::steps(fields, path);
                match field::lookup(fields, path) {
                    Some(value) if paths.len() > 1 && is_empty(value) => {}
                    Some(value) => parts.extend(self.turn(role, &steps, value.clone())),
                    None => {
                        let message =
                            format!("there is nothing at `{path}`, where `map` puts the {} turn", role.as_str());
                        self.fault(&steps, "example-map", message, format!("the record has {}", keys(fields)));
                    }
                }
                taken.push(steps);
            }
            if parts.is_empty() && !self.faulty {
                let hint = "write its text, or remove the record";
                self.fault(&[], "example-empty", format!("all of the {} turn is empty", role.as_str()), hint);
            }
            let texts: Vec<&str> = parts.iter().map(|part: &Turn| &*part.text).collect();
            turns.push(Turn { role, kind: Kind::Text, text: texts.join("\n\n").into() });
        }
        self.say_what_a_map_leaves(fields, &taken);
        taken.iter().for_each(|steps| field::remove(fields, steps));
        turns
    }

    /// Says what a map leaves out that cannot be metadata, or speaks to the model: the other items of a list that a
    /// turn is taken from, and system text.
    fn say_what_a_map_leaves(&mut self, fields: &Map<String, Value>, taken: &[Vec<&str>]) {
        let is_taken = |path: &[&str]| taken.iter().any(|steps| path.starts_with(steps) || steps.starts_with(path));
        let texts: Vec<&Value> = taken.iter().filter_map(|steps| field::at(fields, steps)).collect();
        for list in taken.iter().flat_map(|steps| (1..steps.len()).map(|length| &steps[..length])) {
            let Some(Value::Array(items)) = field::at(fields, list) else { continue };
            for (number, item) in items.iter().enumerate() {
                let number = number.to_string();
                let path = [list, &[&*number]].concat();
                if has_text(item) && !is_taken(&path) && !texts.contains(&item) {
                    self.say_unsent(&path, &path.join("."), "the record", NAME_IT);
                }
            }
        }
        for key in SYSTEM.into_iter().filter(|key| fields.get(*key).is_some_and(has_text) && !is_taken(&[key])) {
            self.unsent_of_record(key);
        }
    }

    fn shaped(&mut self, fields: &mut Map<String, Value>) -> Vec<Turn> {
        for key in MEDIA.into_iter().filter(|key| fields.get(*key).is_some_and(has_text)) {
            self.fault(&[key], "example-media", format!("the record holds `{key}`"), TEXT_ONLY);
        }
        match shape(fields) {
            Ok(TurnShape::Pair(user, assistant)) => {
                if !self.is_whole(fields, user, assistant) {
                    return Vec::new();
                }
                let sides = [(Role::User, user), (Role::Assistant, assistant)];
                let turn = |(role, key)| self.turn(role, &[key], fields.shift_remove(key).unwrap_or_default());
                sides.into_iter().filter_map(turn).collect()
            }
            Ok(TurnShape::Dialogue(list, role, text)) => {
                let is_part = |key: &str| TOOLS.contains(&key) || SYSTEM.contains(&key);
                let is_unsent =
                    |key: &str, value: &Value| key != list && (is_long(value) || is_part(key) && has_text(value));
                for (key, _) in fields.iter().filter(|(key, value)| is_unsent(key, value)) {
                    self.unsent_of_record(key);
                }
                let messages = fields.shift_remove(list).unwrap_or_default();
                self.messages(messages, (list, role, text), fields)
            }
            Err(message) => {
                self.fault(&[], "example-shape", message, MAP_HINT);
                Vec::new()
            }
        }
    }

    /// Whether a pair is all of a question and its answer. A part of the question beside them is a fault, and a
    /// long text that no turn holds is said once.
    fn is_whole(&mut self, fields: &Map<String, Value>, user: &str, assistant: &str) -> bool {
        let is_part = |key: &str, value: &Value| {
            let place = QUESTION_PARTS.iter().position(|part| key.eq_ignore_ascii_case(part));
            let is_word = value.as_str().is_some_and(|text| text.split_whitespace().nth(1).is_none());
            place.is_some_and(|place| place < 2 || !(is_word || value.is_number() || value.is_boolean()))
        };
        let rest = fields.iter().filter(|(key, value)| ![user, assistant].contains(&key.as_str()) && has_text(value));
        let options = options(fields);
        let (parts, rest): (Vec<_>, Vec<_>) =
            rest.partition(|(key, value)| is_part(key, value) || options.contains(&key.as_str()));
        let parts: Vec<&str> = parts.into_iter().map(|(key, _)| key.as_str()).collect();
        if let Some(first) = parts.first() {
            let of_user = fields.keys().map(String::as_str).filter(|key| *key == user || parts.contains(key));
            let all = of_user.collect::<Vec<_>>().join(", ");
            let message = format!("the record also has `{first}`, which no turn would hold");
            let has_marks = parts.iter().any(|key| options.contains(key));
            let marks =
                if has_marks { "; the names of fields are not written, so letters belong into the texts" } else { "" };
            let hint = format!(
                "say what makes the question: `map: {{user: [{all}], assistant: {assistant}}}`, or \
                 `map: {{user: {user}, assistant: {assistant}}}` to leave it out{marks}"
            );
            self.faulty = true;
            let fault = Diagnostic::error("example-shape", message).at(&(self.place)(&[first])).hint(hint);
            self.report.push_once(&parts.join(" "), fault);
            return false;
        }
        rest.into_iter().filter(|(_, value)| is_long(value)).for_each(|(key, _)| self.unsent_of_record(key));
        true
    }

    /// Says once a file that a field of the records reaches no turn, where no template writes their metadata.
    fn unsent_of_record(&mut self, key: &str) {
        if !self.report.has_template {
            let hint = match key {
                key if SYSTEM.contains(&key) => SYSTEM_HINT,
                "tools" | "functions" => "put tools into the manifest's `tools`",
                key if TOOLS.contains(&key) => "put it into the manifest's `settings`",
                _ => NAME_IT,
            };
            self.say_unsent(&[key], key, "the record", hint);
        }
    }

    /// Says once a file that what stands under `key` reaches no turn.
    fn say_unsent(&mut self, place: &[&str], key: &str, owner: &str, hint: &str) {
        let message = format!("`{key}` of {owner} is in no turn, so the model does not see it");
        let fault = Diagnostic::warning("unsent-field", message).at(&(self.place)(place)).hint(hint);
        self.report.push_once(&format!("{owner} {key}"), fault);
    }

    /// Takes the system messages that come first off a list of messages; they are metadata.
    fn system_messages(
        &mut self,
        messages: &mut Vec<Value>,
        (list, role, text): (&'static str, &'static str, &'static str),
        fields: &mut Map<String, Value>,
    ) {
        let speaks = |message: &Value| message.get(role).and_then(Value::as_str).is_some_and(is_system);
        let count = messages.iter().take_while(|message| speaks(message)).count();
        for (number, message) in messages.drain(..count).enumerate() {
            let Some(content) = message.get(text).filter(|content| has_text(content)) else { continue };
            let number = number.to_string();
            let place = [list, &number, text];
            if !self.report.has_template {
                self.say_unsent(&place, "system", "the record", SYSTEM_HINT);
                if self.report.system.get_or_insert_with(|| content.clone()) != content {
                    let message = "the system message of this record is another one than that of the first";
                    let fault = Diagnostic::warning("unsent-field", message).at(&(self.place)(&place));
                    self.report.push_once("systems", fault.hint("a prompt has one: pick the records that share it"));
                }
            }
            fields.entry("system").or_insert_with(|| content.clone());
        }
        if count > 0 && messages.is_empty() {
            self.fault(&[list], "example-empty", format!("`{list}` holds no turn"), "an example has at least one turn");
        }
    }

    fn messages(
        &mut self,
        messages: Value,
        keys: (&'static str, &'static str, &'static str),
        fields: &mut Map<String, Value>,
    ) -> Vec<Turn> {
        let (list, role, text) = keys;
        let Value::Array(mut messages) = messages else {
            let message = format!("`{list}` is a list of messages, this one is {}", kind(&messages));
            self.fault(&[list], "example-shape", message, format!("write `{list}: [{{{role}, {text}}}]`"));
            return Vec::new();
        };
        if messages.is_empty() {
            self.fault(&[list], "example-empty", format!("`{list}` is empty"), "an example has at least one turn");
        }
        let all = messages.len();
        self.system_messages(&mut messages, keys, fields);
        let numbers = all - messages.len()..;
        let mut said = Said::default();
        for (number, message) in numbers.zip(messages) {
            self.message(&number.to_string(), message, keys, &mut said);
        }
        said.turns
    }

    /// The turns that a message is: its text, the calls of tools beside it, or the result of one.
    fn message(
        &mut self,
        number: &str,
        message: Value,
        (list, role_key, text_key): (&str, &str, &str),
        said: &mut Said,
    ) -> Option<()> {
        let is_sharegpt = role_key == "from";
        let hint = format!("write `{{{role_key}: {}, {text_key}: …}}`", if is_sharegpt { "human" } else { "user" });
        let Value::Object(mut message) = message else {
            let message =
                format!("a message is a map of `{role_key}` and `{text_key}`, this one is {}", kind(&message));
            return self.refuse(&[list, number], "example-shape", message, hint);
        };
        let place = [list, number, text_key];
        let written = message.get(role_key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let role = match &*written {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "human" if is_sharegpt => Role::User,
            "gpt" | "chatgpt" | "model" | "bing" | "bard" if is_sharegpt => Role::Assistant,
            "tool" | "function" | "observation" => {
                message.shift_remove(role_key);
                let content = message.shift_remove(text_key).unwrap_or_default();
                let text = self.content(&place, content)?;
                return self.result(&[list, number], message, text, said);
            }
            "function_call" if is_sharegpt => {
                let call = message.shift_remove(text_key).unwrap_or_default();
                let parsed = call.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(call);
                let calls = if let Value::Array(calls) = parsed { calls } else { vec![parsed] };
                return calls.into_iter().map(|call| self.call(&place, &[], call, said)).collect();
            }
            _ => {
                let (message, hint) = refused_role(message.get(role_key).and_then(Value::as_str));
                return self.refuse(&[list, number, role_key], "example-role", message, hint);
            }
        };
        message.shift_remove(role_key);
        let content = message.shift_remove(text_key);
        let calls = self.calls(&[list, number], &mut message, role)?;
        for (key, _) in message.iter().filter(|(_, value)| has_text(value)) {
            self.say_unsent(&[list, number, key], key, "a message", NAME_IT);
        }
        match content {
            // What calls a tool often says nothing beside.
            None | Some(Value::Null) if !calls.is_empty() => {}
            Some(Value::String(text)) if !calls.is_empty() && text.trim().is_empty() => {}
            None => {
                let message = format!("the message has no `{text_key}`");
                return self.refuse(&[list, number], "example-shape", message, hint);
            }
            Some(Value::Array(parts)) => {
                let text = self.content(&place, Value::Array(parts))?;
                said.turns.push(self.turn(role, &place, Value::String(text))?);
            }
            Some(Value::Object(_)) => {
                let hint = "write text, or a list of `{type: text, text: …}`";
                let message = format!("the message's `{text_key}` is a map");
                return self.refuse(&place, "example-shape", message, hint);
            }
            Some(content) => said.turns.push(self.turn(role, &place, content)?),
        }
        for (key, call) in calls {
            let inside: Vec<&str> = key.iter().map(|step| &**step).collect();
            self.call(&[list, number], &inside, call, said)?;
        }
        Some(())
    }

    /// What a message says: text, or the texts of its parts; another value as JSON, nothing as no text.
    fn content(&mut self, place: &[&str], content: Value) -> Option<String> {
        match content {
            Value::Array(parts) => {
                let parts = parts.into_iter().enumerate();
                let texts = parts.map(|(part, value)| self.part(&[place, &[&*part.to_string()]].concat(), value));
                let texts: Vec<_> = texts.collect();
                Some(texts.into_iter().collect::<Option<Vec<String>>>()?.join("\n\n"))
            }
            Value::String(text) => Some(text),
            Value::Null => Some(String::new()),
            _ => Some((self.spell)(place, self.report)),
        }
    }

    /// The text of one part of a message's content.
    fn part(&mut self, place: &[&str], value: Value) -> Option<String> {
        let kind = value.get("type").and_then(Value::as_str).map(str::to_owned);
        match (kind.as_deref(), value) {
            (_, Value::String(text)) => Some(text),
            (Some("text") | None, Value::Object(mut part)) if part.get("text").is_some_and(Value::is_string) => {
                let Some(Value::String(text)) = part.shift_remove("text") else { return None };
                part.shift_remove("type");
                for (key, _) in part.iter().filter(|(_, value)| has_text(value)) {
                    self.say_unsent(&[place, &[key]].concat(), key, "a part", NAME_IT);
                }
                Some(text)
            }
            (Some(kind), _) if kind != "text" => {
                self.refuse(place, "example-media", format!("the message holds a part of type {kind:?}"), TEXT_ONLY)
            }
            _ => self.refuse(place, "example-shape", "the part has no `text`", "a part is `{type: text, text: …}`"),
        }
    }

    /// A turn of this value: text as it is; anything else as compact JSON with its keys in the order written and
    /// its numbers as they were spelled.
    fn turn(&mut self, role: Role, place: &[&str], value: Value) -> Option<Turn> {
        let text = match value {
            Value::String(text) => text,
            Value::Null => {
                let hint = "write its text, or remove the record";
                return self.refuse(place, "example-empty", format!("the {} turn is null", role.as_str()), hint);
            }
            _ => (self.spell)(place, self.report),
        };
        if text.trim().is_empty() {
            let hint = "write its text, or remove the record";
            return self.refuse(place, "example-empty", format!("the {} turn is empty", role.as_str()), hint);
        }
        Some(Turn { role, kind: Kind::Text, text: Arc::from(text) })
    }

    /// Reports a fault at the innermost place under `place`.
    fn fault(&mut self, place: &[&str], code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.faulty = true;
        self.report.push(Diagnostic::error(code, message).at(&(self.place)(place)).hint(hint));
    }

    /// Reports a fault, and returns `None` in place of the value.
    fn refuse<T>(
        &mut self,
        place: &[&str],
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.fault(place, code, message, hint);
        None
    }
}

/// The message and the hint for a role that is neither the user's nor the assistant's.
fn refused_role(written: Option<&str>) -> (String, &'static str) {
    match written {
        None => ("the message has no `role`".to_owned(), "a role is `user` or `assistant`"),
        Some(role) if is_system(role) => (format!("a {role} message stands among the turns"), SYSTEM_HINT),
        Some(role @ "human") => (format!("the message's role is {role:?}"), "write `user`"),
        Some(role @ ("model" | "gpt" | "bot" | "ai")) => {
            (format!("the message's role is {role:?}"), "write `assistant`")
        }
        Some(role) => (format!("the message's role is {role:?}"), "a role is `user` or `assistant`"),
    }
}

/// The keys of what a question lets one choose from, a field each: `A` to `E`, `option_1`, `choiceB`.
fn options(fields: &Map<String, Value>) -> Vec<&str> {
    let plain = |key: &str| key.replace(['_', '-', ' '], "").to_lowercase();
    let of_stem = |stem: &str| -> Vec<&str> {
        let is_mark = |mark: &str| matches!(mark.as_bytes(), [b'a'..=b'j']) || !stem.is_empty() && is_digit(mark);
        let keys = fields.keys().map(String::as_str);
        let keys: Vec<&str> = keys.filter(|key| plain(key).strip_prefix(stem).is_some_and(is_mark)).collect();
        if keys.len() > 1 { keys } else { Vec::new() }
    };
    ["", "option", "opt", "op", "choice"].into_iter().flat_map(of_stem).collect()
}

fn is_digit(text: &str) -> bool {
    matches!(text.as_bytes(), [b'0'..=b'9'])
}

fn is_system(role: &str) -> bool {
    matches!(role, "system" | "developer")
}

/// Whether a value is null, blank text, or a list or map without items.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Whether there is a text of [`LONG_TEXT`] words or more in a value.
fn is_long(value: &Value) -> bool {
    match value {
        Value::String(text) => text.split_whitespace().nth(LONG_TEXT - 1).is_some(),
        Value::Array(items) => items.iter().any(is_long),
        Value::Object(fields) => fields.values().any(is_long),
        _ => false,
    }
}

fn has_text(value: &Value) -> bool {
    !is_empty(value)
}

/// The keys of a record for a message, at most twelve.
pub(super) fn keys(fields: &Map<String, Value>) -> String {
    const SHOWN: usize = 12;
    if fields.is_empty() {
        return "no keys".to_owned();
    }
    let mut listed: Vec<String> = fields.keys().take(SHOWN).map(|key| format!("`{key}`")).collect();
    if fields.len() > SHOWN {
        listed.push(format!("{} more", fields.len() - SHOWN));
    }
    listed.join(", ")
}

/// What a value is, with its article.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
