//! The committed JSON Schemas: current, and believed by a validator that we did not write.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use contexture::cli::Cli;
use contexture::output::schema;
use contexture::syntax::decode::Decode;
use contexture::syntax::diag::Faults;
use contexture::syntax::manifest::{Manifest, ProjectFile};
use contexture::syntax::source::{ProjectPath, Source};
use contexture::syntax::yaml::{self, Node};
use serde_json::Value;

use crate::{UPDATE, at, files, pages, text};

#[test]
fn the_committed_schemas_are_current() {
    let names: BTreeSet<String> = schema::SCHEMAS.iter().map(|(name, ..)| format!("{name}.schema.json")).collect();
    for (name, ..) in schema::SCHEMAS {
        let expected = schema::of(name).expect("a schema of that name");
        pages::hold(&at(&format!("schema/{name}.schema.json")), &expected, UPDATE, "docs");
    }
    let found: BTreeSet<String> =
        files("schema", "").iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(found, names, "schema/ holds a file that no schema is written to");
}

/// The validator of a committed schema. A schema that is no schema is refused here.
fn validator(name: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&text(&at(&format!("schema/{name}.schema.json")))).unwrap();
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn hold(name: &str, value: &Value, what: &str) {
    let errors: Vec<String> =
        validator(name).iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} is not valid by schema/{name}.schema.json:\n{}", errors.join("\n"));
}

/// Runs the program; its JSON, and the name of the schema that the output claims.
fn output(folder: &Path, arguments: &[&str]) -> (String, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contexture"));
    command.current_dir(folder).args(arguments).args(["--format", "json"]);
    if arguments[0] == "watch" {
        return first_line(&mut command);
    }
    let run = command.output().unwrap();
    let json: Value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{}", String::from_utf8_lossy(&run.stderr)));
    (claimed(&json), json)
}

/// The first line of a command that goes on until it is ended.
fn first_line(command: &mut Command) -> (String, Value) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let json: Value = serde_json::from_str(&line).unwrap();
    (claimed(&json), json)
}

/// The name of the schema that an output claims.
fn claimed(json: &Value) -> String {
    let claim = json["schema"].as_str().unwrap_or_default();
    claim.strip_prefix("contexture.").and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned()
}

/// Runs the program; the value that its page holds.
fn page(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contexture"));
    let run = command.current_dir(at("")).args(arguments).args(["--format", "html"]).output().unwrap();
    let page = String::from_utf8(run.stdout).unwrap();
    let (_, data) = page.split_once("id=\"page\">").expect("a page with a value");
    serde_json::from_str(data.split("</script>").next().unwrap()).unwrap()
}

const SCENARIO: &str = "
model: claude-opus-5
requests:
  - {at: 0, blocks: [{tier: system, id: s1, tokens: 5000, cache: 5m}, {tier: messages, id: q1, tokens: 200}]}
  - {at: 60, blocks: [{tier: system, id: s1, tokens: 5000, cache: 5m}, {tier: messages, id: q2, tokens: 250}]}
";

#[test]
fn every_json_output_is_valid_by_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    std::fs::write(&scenario, SCENARIO).unwrap();
    let dist = folder.path().join("dist");
    let (dist, scenario) = (dist.to_str().unwrap(), scenario.to_str().unwrap());
    let runs: &[&[&str]] = &[
        &["build", "--output", dist],
        &["check"],
        &["check", "--shard", "1/2"],
        &["top"],
        &["compare", "support/triage", "support/triage@eu"],
        &["watch", "--poll"],
        &["list"],
        &["list", "--uses", "docs/architecture.md"],
        &["explain", "support/triage@eu"],
        &["explain", "review/pull-request:system/rubric.1", "--commits"],
        &["log", "support/triage", "--as-of", "2026-11-21"],
        &["diff", "HEAD~20..HEAD", "--as-of", "2026-11-21"],
        &["count", "README.md", "Cargo.toml"],
        &["diff", "HEAD..HEAD"],
        &["diff", "HEAD~20..HEAD", "--as-of", "2026-11-21", "--shard", "2/2"],
        &["log", "support/triage"],
        &["log", "support/triage", "--shard", "1/2"],
        &["log", "support/triage", "--shard", "2/2"],
        &["blame", "review/commit-message"],
        &["break-even", "support/triage", "--training", "500", "--tuned-input", "0.3", "--tuned-output", "1.2"],
        &["log", "docs/changelog", "--follow"],
        &["blame", "support/triage@eu"],
        &["models"],
        &["audit", "tests/audit/samples"],
        &["eval", "topics@eight", "--against", "topics", "--replay", "-C", "tests/eval/topics"],
        &["advise", "topics@eight", "-C", "tests/eval/topics"],
        &["models", "claude-opus-5", "--as-of", "2026-11-21"],
        &["models", "--changes"],
        &["simulate", scenario, "--as-of", "2026-11-21"],
        &["break-even", "support/triage", "--training", "$2000", "--tuned-model", "gpt-4o", "--prompt", "1k"],
    ];
    for arguments in runs {
        let (name, json) = output(&at(""), arguments);
        hold(&name, &json, &arguments.join(" "));
    }
    let pages: &[&[&str]] = &[&["build", "--output", dist], &["diff", "HEAD~20..HEAD"], &["log", "support/triage"]];
    for arguments in pages {
        hold("page", &page(arguments), &format!("{} --format html", arguments.join(" ")));
    }
    for bundle in walk(Path::new(dist)) {
        let record: Value = serde_json::from_str(&text(&bundle)).unwrap();
        hold("bundle", &record, &bundle.display().to_string());
    }
    // A command that learns to print JSON joins the table.
    let covered: BTreeSet<&str> = runs.iter().map(|run| run[0]).collect();
    for command in Cli::command().get_subcommands() {
        let prints = command.get_arguments().any(|argument| argument.get_id() == "format");
        assert!(!prints || covered.contains(command.get_name()), "`{}` prints JSON untested", command.get_name());
    }
}

/// Every `bundle.json` below a folder.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .filter(|path| path.ends_with("bundle.json"))
        .collect();
    assert!(folder.extension().is_none_or(|ending| ending != "bundle") || found.len() == 1, "{}", folder.display());
    found
}

#[test]
fn a_report_of_broken_contexts_is_valid_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("contexts")).unwrap();
    let broken = "sistem: []\nbudgets: {tokens: many}\nsystem: [{file: nowhere.md}]\n";
    std::fs::write(folder.path().join("contexts/broken.yaml"), broken).unwrap();
    std::fs::write(
        folder.path().join("contexts/over.yaml"),
        "models: [gpt-6.1-sol]\nsystem: [{text: Hi, max_tokens: 1}]\n",
    )
    .unwrap();
    let (name, json) = output(folder.path(), &["watch"]);
    hold(&name, &json, "watch");
    assert_eq!(json["status"], "broken");
    let (name, json) = output(folder.path(), &["build"]);
    assert!(json["broken"][0]["diagnostics"].as_array().unwrap().len() >= 2, "{json:#}");
    assert_eq!(json["contexts"][0]["budgets"][0]["status"], "fail", "{json:#}");
    hold(&name, &json, "build");
}

#[test]
fn the_report_of_a_change_is_valid_too() {
    let mut shell = pages::Shell::new();
    let made = shell.run("{ contexture init && git init -q -b main && git add -A && git commit -qm Start; } 2>&1");
    assert_eq!(made.0, 0, "{}", made.1);
    shell.run("sed -i.old 's/Ten, and not a cent more/Ten at most/' contexts/assistant/examples.jsonl");
    shell.run("rm contexture.yaml && mkdir contexts/other && echo 'system: [{text: Hi}]' >contexts/other/new.yaml");
    shell.run("echo 'system: [{file: nowhere}]' >contexts/other/broken.yaml");
    let (_, printed) = shell.run("contexture diff --format json 2>/dev/null");
    let json: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert!(json["contexts"].as_array().unwrap().len() > 2, "{json:#}");
    hold("diff", &json, "diff");
}

/// The whole of a YAML text, and whether the decoder takes it.
fn decoded<T: Decode>(text: &str) -> (Value, Vec<String>) {
    let source = Source::new(ProjectPath::new("sample.yaml").unwrap(), text);
    let mut faults = Faults::new();
    let node: Node = yaml::parse(&source, &mut faults).unwrap_or_else(|| panic!("no YAML: {text}"));
    let value = T::decode(&node, &mut faults);
    let faults: Vec<String> = faults.into_vec().into_iter().map(|fault| fault.message).collect();
    assert!(value.is_some() || !faults.is_empty(), "{text}: refused without a reason");
    (node.to_json(), faults)
}

#[test]
fn the_manifests_of_this_repository_are_valid() {
    let manifests = files("contexts", ".yaml");
    assert!(manifests.len() >= 5, "{manifests:?}");
    for path in manifests.into_iter().chain(files("src/cli/starter/contexts", ".yaml")) {
        let (json, faults) = decoded::<Manifest>(&text(&path));
        assert_eq!(faults, Vec::<String>::new(), "{}", path.display());
        hold("manifest", &json, &path.display().to_string());
    }
    for path in [at("contexture.yaml"), at("src/cli/starter/contexture.yaml")] {
        let (json, faults) = decoded::<ProjectFile>(&text(&path));
        assert_eq!(faults, Vec::<String>::new(), "{}", path.display());
        hold("project", &json, &path.display().to_string());
    }
}

#[test]
fn schema_and_decoder_are_of_one_mind() {
    let validator = validator("manifest");
    let table = text(&at("tests/docs/manifests.txt"));
    let (mut counted, mut wrong) = ([0, 0], Vec::new());
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (verdict, sample) = line.split_at(3);
        let accepted = match verdict {
            "ok " => true,
            "no " => false,
            _ => panic!("a sample begins with `ok ` or `no `: {line}"),
        };
        counted[usize::from(accepted)] += 1;
        let (json, faults) = decoded::<Manifest>(sample);
        if faults.is_empty() != accepted {
            wrong.push(format!("the decoder, of `{sample}`: {faults:?}"));
        }
        if validator.is_valid(&json) != accepted {
            wrong.push(format!("the schema, of `{sample}`"));
        }
    }
    assert!(wrong.is_empty(), "not of one mind:\n{}", wrong.join("\n"));
    assert!(counted.iter().all(|count| *count > 20), "{counted:?}");
}
