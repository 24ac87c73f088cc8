//! Projects to look at.

use crate::support::Repo;

/// Long enough for every provider's cache.
fn rules(of: &str) -> String {
    let rule = |number: usize| format!("{number}. A customer may ask about {of} again within {number} days.\n");
    format!("# {of}\n\n{}", (1..120).map(rule).collect::<String>())
}

const TRIAGE: &str = r#"description: Classify and route inbound tickets.
owner: support
inputs:
  ticket: {description: the customer's message, tokens: 600}
tools:
  - files: tools/*.yaml
system:
  - {id: persona, template: persona.hbs}
  - {id: refunds, file: policies/refunds.md, stability: frozen, cache: 1h}
  - {id: shipping, file: policies/shipping.md, stability: stable}
messages:
  - examples: examples.jsonl
  - user: "The ticket:\n\n{{ticket}}"
output: {tokens: 250, max_tokens: 1024}
budgets:
  tokens: 60k
  cost_per_call: {warm: $0.0001}
  cost_per_month: $20_000
  cached_share: 10%
variants:
  terse: {messages: [{user: "{{ticket}}"}]}
"#;

/// Two contexts and a variant that begin alike, for three models; one of them over a budget.
pub fn desk() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexture.yaml",
        "models: [claude-opus-5, gpt-6.1-sol, gemini-3.8-flash]\ntraffic: {calls: 150k/month, deploys: 20/month}\n",
    );
    repo.file("contexts/support/triage.yaml", TRIAGE);
    repo.file(
        "contexts/support/reply.yaml",
        "inputs: {ticket: {tokens: 600}}\ntools:\n  - files: tools/*.yaml\nsystem:\n  - {id: persona, template: \
         persona.hbs}\nmessages:\n  - history: {tokens: 900, name: turns}\n  - user: \"{{ticket}}\"\noutput: \
         {max_tokens: 500}\n",
    );
    repo.file("templates/persona.hbs", "You are the agent of a shop, and you are kind.\n");
    repo.file("policies/refunds.md", rules("refunds")).file("policies/shipping.md", rules("shipping"));
    for name in ["lookup", "refund"] {
        repo.file(
            &format!("tools/{name}.yaml"),
            format!("name: {name}\ndescription: Does a {name}.\ninput_schema: {{type: object, properties: {{}}}}\n"),
        );
    }
    let example = |number| {
        format!("{{\"input\": \"My parcel {number} never came.\", \"output\": \"shipping, case {number}\"}}\n")
    };
    repo.file("examples.jsonl", (1..9).map(example).collect::<String>());
    repo.commit("base");
    repo
}

/// The same with a second commit: a rule is reworded, an example is gone, a context is new.
pub fn changed() -> Repo {
    let repo = desk();
    repo.file("policies/refunds.md", rules("refunds").replace("again within 7 days", "once more within a week"));
    let examples = std::fs::read_to_string(repo.at("examples.jsonl")).expect("the examples");
    repo.file("examples.jsonl", examples.split_once('\n').expect("a line").1);
    repo.file(
        "contexts/support/new.yaml",
        "system:\n  - text: A prompt that was not there before.\noutput: {max_tokens: 9}\n",
    );
    repo.commit("Reword a rule");
    repo
}

/// Sixty contexts in folders: all begin with the same rules; one is over its budgets; two more that are short.
pub fn fleet() -> Repo {
    let repo = Repo::new();
    repo.file("contexture.yaml", "models: [claude-opus-5, gpt-6.1-sol]\ntraffic: {calls: 10k/month}\n");
    repo.file("policies/refunds.md", rules("refunds"));
    for number in 0..60 {
        let team = ["support", "billing", "sales/emea/leads"][number % 3];
        let budget = if number == 7 { "budgets: {cost_per_month: $1, tokens: 10}\n" } else { "" };
        let own = format!("Prompt {number} is about parcels.{}", " And it says more.".repeat(number));
        repo.file(
            &format!("contexts/{team}/prompt-{number}.yaml"),
            format!(
                "{budget}inputs: {{ticket: {{tokens: 50}}}}\noutput: {{tokens: 100}}\nsystem:\n  - {{id: rules, file: \
                 policies/refunds.md}}\n  - {{id: own, text: '{own}'}}\nmessages: [{{user: '{{{{ticket}}}}'}}]\n"
            ),
        );
    }
    repo.file("contexts/short/one.yaml", "system: [{text: Be kind.}, {text: One.}]\n");
    repo.file("contexts/short/two.yaml", "system: [{text: Be kind.}, {text: Two.}]\n");
    repo.commit("base");
    repo
}

/// The same with a second commit: the rules of all are reworded, five of them say something else.
pub fn changed_fleet() -> Repo {
    let repo = fleet();
    repo.file("policies/refunds.md", rules("refunds").replace("again within 7 days", "once more within a week"));
    for number in 0..5 {
        let path = format!("contexts/{}/prompt-{number}.yaml", ["support", "billing", "sales/emea/leads"][number % 3]);
        let manifest = std::fs::read_to_string(repo.at(&path)).expect("the manifest");
        repo.file(&path, manifest.replace("about parcels", &format!("about {number} parcels")));
    }
    repo.commit("Reword a rule");
    repo
}

/// Texts and names that would be mark-up, a script, an escape sequence or another text than they look.
pub fn hostile() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/<img src=x onerror=pwned()>.yaml",
        "description: \"</title><script>pwned()</script>\"\nowner: \"\\u202eevil\"\nmodels: [gpt-6.1-sol]\nsystem:\n  \
         - file: texts/hostile.md\n  - {id: mixed, file: \"texts/\\\" onmouseover=pwned() x=\\\".md\"}\n",
    );
    repo.file(
        "texts/hostile.md",
        "</script><script>pwned()</script>\n<img src=x onerror=pwned()>\n<!-- <script>\n\u{1b}[31mred\u{1b}[0m \
         \u{202e}desrever\u{202c} zero\u{200b}width \u{e0041}tag \u{2028}line\n{{constructor.constructor('pwned()')()}}\n\
         javascript:pwned()\n",
    );
    repo.file("texts/\" onmouseover=pwned() x=\".md", "']);pwned();//\n</style><svg onload=pwned()>\n");
    repo.commit("base");
    repo
}
