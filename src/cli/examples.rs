//! What stands at the end of each command's help: two examples, and where two commands are easily taken for each other,
//! a paragraph that the documentation shares.

/// `check` and `build`.
macro_rules! check_or_build {
    () => {
        "\n`check` looks and writes nothing: it builds every context, holds budgets and lints, and prices them as of \
today. `build` writes bundles for a deployment and prices them as of the day of the commit, so that the same commit makes \
the same bytes. `diff` says what a change does to both."
    };
}

/// `lock`, `verify` and `--locked`.
macro_rules! lock_or_verify {
    () => {
        "\n`lock` writes down the digests that contexts have now, in contexture.lock, for review in a commit. `--locked` \
refuses to build anything that is not as that file says. `verify` needs no lock: it builds a bundle again from the commit \
that it names, and says whether the same bytes come out."
    };
}

/// For each command the end of its help.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    ("init", "Examples:\n  contexture init service\n  contexture init --from . --dry-run"),
    ("list", "Examples:\n  contexture list\n  contexture list --uses policies/refunds.md"),
    ("build", concat!("Examples:\n  contexture build\n  contexture build 'support/*' --rev v1.4\n", check_or_build!())),
    (
        "check",
        concat!(
            "Examples:\n  contexture check --base origin/main\n  contexture check triage --model gpt-6.1-sol --calls 10k/day\n",
            check_or_build!()
        ),
    ),
    ("top", "Examples:\n  contexture top\n  contexture top 'support/*' -n 5"),
    (
        "render",
        "Examples:\n  contexture render triage\n  contexture render triage --model gpt-6.1-sol --input ticket=Hello",
    ),
    ("diff", "Examples:\n  contexture diff\n  contexture diff v1.4..HEAD --fail-on budget,cost=5%"),
    (
        "compare",
        "Examples:\n  contexture compare triage triage@terse\n  contexture compare triage -m claude-haiku-5-5 -m gpt-6.1-sol",
    ),
    (
        "eval",
        "Examples:\n  contexture eval triage --base main\n  contexture eval triage --base main --replay --format json",
    ),
    ("explain", "Examples:\n  contexture explain triage\n  contexture explain triage:system/1"),
    ("join", "Examples:\n  contexture join one.json two.json\n  contexture join one.json two.json > all.json"),
    ("log", "Examples:\n  contexture log triage\n  contexture log triage --follow --sort lost"),
    ("blame", "Examples:\n  contexture blame triage\n  contexture blame triage --rev v1.4"),
    (
        "advise",
        "Examples:\n  contexture advise triage\n  contexture advise triage --answer exact=yes --training 500 --tuned-model gpt-4o",
    ),
    ("count", "Examples:\n  contexture count README.md\n  contexture count --remote support/triage"),
    ("watch", "Examples:\n  contexture watch\n  contexture watch --serve"),
    (
        "audit",
        "Examples:\n  contexture audit ~/.claude/projects\n  contexture audit gateway.jsonl.gz --since 2026-11-01 --format json",
    ),
    (
        "simulate",
        "Examples:\n  contexture simulate --trace requests.jsonl --model engine/vllm\n  contexture simulate --context support",
    ),
    (
        "break-even",
        "Examples:\n  contexture break-even triage --training 2000 --tuned-input 3 --tuned-output 12\n  contexture break-even triage --training 2000 --tuned-model gpt-6.1-sol",
    ),
    ("models", "Examples:\n  contexture models\n  contexture models gpt-6.1-sol"),
    ("lock", concat!("Examples:\n  contexture lock\n  contexture lock --check\n", lock_or_verify!())),
    (
        "verify",
        concat!(
            "Examples:\n  contexture verify dist/triage.bundle\n  contexture verify dist/*.bundle\n",
            lock_or_verify!()
        ),
    ),
    ("types", "Examples:\n  contexture types python\n  contexture types typescript triage --out src/prompts.ts"),
    ("schema", "Examples:\n  contexture schema manifest\n  contexture schema diff"),
    ("completions", "Examples:\n  contexture completions bash\n  contexture completions zsh"),
    ("man", "Examples:\n  contexture man\n  contexture man --out man"),
];
