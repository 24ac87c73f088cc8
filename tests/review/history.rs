//! A history of more than a hundred commits, and a witness in Python that works out each transition
//! for itself: tokens by tiktoken, where the prompts part, and what the two providers whose rules are
//! written down best would still serve.

use std::path::{Path, PathBuf};
use std::process::Command;

use contexture::compare::range::Range;
use contexture::compare::review::{ReviewRequest, review};
use contexture::cost::cards::Date;
use contexture::output::report::diff::DiffReport;
use contexture::pipeline::{Build, Request, build_all};
use serde_json::{Value, json};

use super::witness;
use crate::support::Repo;
use crate::tree::chance::Chance;

const TODAY: Date = Date::constant(2026, 11, 21);
const FRAGMENTS: usize = 6;

/// What stands in a project between two commits; each step changes some of it.
struct Project {
    repo: Repo,
    chance: Chance,
    /// The names of the fragments, in the order of the main context.
    order: Vec<String>,
    /// Which fragments carry a mark for the cache.
    marked: Vec<String>,
    steps: usize,
}

fn fragment(name: &str) -> String {
    let rule = |number: usize| {
        format!("{number}. Concerning {name}: within {number} days, except on holidays — “naïve” cases too.\n")
    };
    format!("# {name}\n\n{}", (0..22).map(rule).collect::<String>())
}

impl Project {
    fn new() -> Self {
        let repo = Repo::new();
        let order: Vec<String> = (0..FRAGMENTS).map(|number| format!("part{number}")).collect();
        for name in &order {
            repo.file(&format!("parts/{name}.md"), fragment(name));
        }
        repo.file("contexture.yaml", "models: [claude-opus-5, gpt-6.1-sol]\n");
        repo.file("templates/persona.hbs", "You work for {{shop}}. {{> house}}\n");
        repo.file("templates/house.hbs", "Be kind.\n{{include \"parts/part0.md\"}}");
        repo.file(
            "tools/look.yaml",
            "name: look\ndescription: Look it up.\ninput_schema: {type: object, properties: {}}\n",
        );
        repo.file("examples.jsonl", "{\"input\": \"Where is it?\", \"output\": \"On its way.\"}\n");
        let project =
            Self { repo, chance: Chance::new(0x0068_6973), order, marked: vec!["part1".to_owned()], steps: 0 };
        project.manifests();
        project.repo.commit("base");
        project
    }

    /// Writes the manifests as they follow from the state.
    fn manifests(&self) {
        let block = |name: &String| {
            let mark = if self.marked.contains(name) { ", cache: true" } else { "" };
            format!("  - {{file: parts/{name}.md{mark}}}\n")
        };
        let system: String = self.order.iter().map(block).collect();
        let messages = "messages:\n  - examples: examples.jsonl\n  - user: \"{{ticket}}\"\n";
        let head = "vars: {shop: Acme}\ninputs: {ticket: {tokens: 300}}\n";
        self.repo.file(
            "contexts/main.yaml",
            format!("{head}tools: [{{file: tools/look.yaml}}]\nsystem:\n{system}{messages}"),
        );
        self.repo.file(
            "contexts/small.yaml",
            format!("{head}system:\n  - template: persona.hbs\n  - {{file: parts/{}.md}}\n{messages}", self.order[0]),
        );
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo.at(path)).unwrap()
    }

    fn any(&mut self) -> String {
        let index = self.chance.below(self.order.len());
        self.order[index].clone()
    }

    fn edit(&mut self) {
        let path = format!("parts/{}.md", self.any());
        let text = self.read(&path);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let at = self.chance.below(lines.len());
        let word = self.chance.pick(&["kindly", "naïvely", "🙂", "within reason", "é"]);
        let edited: String = lines
            .iter()
            .enumerate()
            .map(|(number, line)| if number == at { format!("{word} {line}") } else { (*line).to_owned() })
            .collect();
        self.repo.file(&path, edited);
    }

    /// One commit, or a few of them around a merge.
    fn step(&mut self) {
        self.steps += 1;
        let message = format!("step {}", self.steps);
        match self.chance.below(12) {
            0..=2 => self.edit(),
            3 => {
                let path = format!("parts/{}.md", self.any());
                let text = self.read(&path) + "One more thing.\n";
                self.repo.file(&path, text);
            }
            4 => {
                let (one, other) = (self.chance.below(self.order.len()), self.chance.below(self.order.len()));
                self.order.swap(one, other);
                self.manifests();
            }
            5 => {
                let index = self.chance.below(self.order.len());
                let new = format!("{}x", self.order[index].trim_end_matches('x'));
                let new = if self.order.contains(&new) { format!("{new}x{}", self.steps) } else { new };
                self.repo.git(["mv", &format!("parts/{}.md", self.order[index]), &format!("parts/{new}.md")]);
                let included = self
                    .read("templates/house.hbs")
                    .replace(&format!("/{}.md", self.order[index]), &format!("/{new}.md"));
                self.repo.file("templates/house.hbs", included);
                self.order[index] = new;
                self.manifests();
            }
            6 => {
                let path = format!("parts/{}.md", self.any());
                let text = self.read(&path);
                let flipped =
                    if text.contains("\r\n") { text.replace("\r\n", "\n") } else { text.replace('\n', "\r\n") };
                self.repo.file(&path, flipped);
            }
            7 => {
                let text = self.read("templates/persona.hbs");
                self.repo.file("templates/persona.hbs", format!("{{{{! note {} }}}}{text}", self.steps));
            }
            8 => {
                let name = self.any();
                match self.marked.iter().position(|marked| *marked == name) {
                    Some(place) => drop(self.marked.remove(place)),
                    None if self.marked.len() < 3 => self.marked.push(name),
                    None => {}
                }
                self.manifests();
            }
            9 => {
                let text = self.read("examples.jsonl");
                let added =
                    format!("{{\"input\": \"Question {}?\", \"output\": \"Answer {}.\"}}\n", self.steps, self.steps);
                let texts = if self.chance.once_in(2) { format!("{added}{text}") } else { format!("{text}{added}") };
                self.repo.file("examples.jsonl", texts);
            }
            10 => {
                // What a merge brings in was made on the side, from here.
                self.repo.git(["checkout", "--quiet", "-b", &format!("side{}", self.steps)]);
                self.edit();
                self.repo.commit(&format!("{message}, on the side"));
                self.repo.git(["checkout", "--quiet", "main"]);
                self.repo.file("docs/notes.md", format!("note {}\n", self.steps)).commit(&format!("{message}, a note"));
                self.repo.git(["merge", "--quiet", "--no-ff", "-m", &message, &format!("side{}", self.steps)]);
                return;
            }
            _ => {
                // The last edit, taken back.
                self.edit();
                self.repo.commit(&message);
                self.repo.git(["revert", "--no-edit", "HEAD"]);
                return;
            }
        }
        self.repo.commit(&message);
    }
}

/// A build as the witness needs it: texts, and what the planner decided.
fn told(build: &Build) -> Value {
    let segments = build.segments.iter().map(|segment| {
        let parts = segment.parts.iter().map(|part| json!([part.role.as_str(), part.kind.as_str(), &*part.text]));
        json!({"id": segment.id, "tier": segment.tier.as_str(), "parts": parts.collect::<Vec<_>>()})
    });
    let models = build.models.iter().map(|model| {
        let marks: Vec<usize> = model.layout.marks().map(|mark| mark.after).collect();
        json!({"model": model.name, "tokens": model.counts.per_segment, "marks": marks, "minimum": model.minimum})
    });
    json!({"segments": segments.collect::<Vec<_>>(), "models": models.collect::<Vec<_>>()})
}

/// The folder of the tiktoken-rs crate that holds the published vocabularies.
fn vocabularies() -> PathBuf {
    // Only the packages of this machine are sure to be on it.
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", host, "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "tiktoken-rs").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("assets")
}

#[test]
fn every_transition_of_a_long_history_is_what_a_witness_works_out() {
    let mut project = Project::new();
    while project.repo.git(["rev-list", "--count", "HEAD"]).trim().parse::<usize>().unwrap() < 120 {
        project.step();
    }
    let place = project.repo.place();
    let log = project.repo.git(["log", "--format=%H %P", "HEAD"]);
    let mut cases = Vec::new();
    for line in log.lines() {
        let mut ids = line.split(' ').filter(|id| !id.is_empty());
        let commit = ids.next().unwrap();
        for parent in ids {
            let range = Range::Between(parent.to_owned(), commit.to_owned());
            let sides = range.open(&place, None).unwrap();
            let request = ReviewRequest { contexts: Vec::new(), as_of: TODAY, shard: None, whole: false };
            let found = review(&sides, &request).unwrap_or_else(|error| panic!("{error:?}"));
            let report = serde_json::to_value(DiffReport::new(&found)).unwrap();
            let built = |rev: &str| -> Value {
                let request = Request { as_of: Some(TODAY), lints: true, ..Request::default() };
                let attempts =
                    build_all(&place.commit(rev).unwrap(), &request).unwrap_or_else(|error| panic!("{error:?}"));
                let builds = attempts.into_iter().map(|attempt| {
                    let build = attempt.result.unwrap_or_else(|faults| panic!("{rev}: {faults:?}"));
                    (attempt.id.to_string(), told(&build))
                });
                Value::Object(builds.collect())
            };
            cases.push(json!({
                "commit": commit, "parent": parent, "base": built(parent), "head": built(commit), "report": report,
            }));
        }
    }
    assert!(cases.len() >= 100, "{}", cases.len());
    witness("diff_check.py", &[&vocabularies()], &cases);
}
