use proptest::prelude::*;

use super::*;

/// Secrets as vendors document them, in their usual surroundings. `{ALPHABET COUNT}` is the random part.
const KINDS: &[(&str, &str)] = &[
    ("AWS access key", "AWS_ACCESS_KEY_ID=AKIA{base32 16}"),
    ("AWS session key", "key id ASIA{base32 16}, valid for an hour"),
    ("AWS secret key", "aws_secret_access_key = {base64 40}"),
    ("GitHub personal token", "export GITHUB_TOKEN=ghp_{word 36}"),
    ("GitHub app token", "x-access-token:ghs_{word 36}@github.com"),
    ("GitHub fine-grained token", "github_pat_{word 22}_{word 59}"),
    ("GitLab token", "PRIVATE-TOKEN: glpat-{url 20}"),
    ("Bitbucket app password", "curl -u me:ATBB{word 32} https://api.bitbucket.org"),
    ("Atlassian token", "token ATATT3{url 186}"),
    ("OpenAI project key", "OPENAI_API_KEY=sk-proj-{url 156}"),
    ("OpenAI key", "openai.api_key = \"sk-{word 20}T3BlbkFJ{word 20}\""),
    ("Anthropic key", "x-api-key: sk-ant-api03-{url 93}AA"),
    ("Google API key", "https://maps.example.com/?key=AIza{url 35}"),
    ("Google OAuth secret", "client_secret: GOCSPX-{url 28}"),
    ("Google OAuth token", "Authorization: Bearer ya29.{url 120}"),
    (
        "Google service account",
        "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMII{base64 61}\\n{base64 64}\\n-----END PRIVATE KEY-----\\n\"}",
    ),
    ("Azure storage key", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={base64 86}==;"),
    ("Azure client secret", "AZURE_CLIENT_SECRET={word 3}8Q~{url 34}"),
    ("Slack bot token", "SLACK: xoxb-{digit 12}-{digit 13}-{word 24}"),
    ("Slack user token", "xoxp-{digit 12}-{digit 12}-{digit 12}-{hex 32}"),
    ("Slack app token", "xapp-1-A{upper 10}-{digit 13}-{hex 64}"),
    ("Slack webhook", "post to https://hooks.slack.com/services/T{upper 10}/B{upper 10}/{word 24} please"),
    ("Discord bot token", "DISCORD_TOKEN=MT{word 24}.G{word 5}.{url 38}"),
    ("Discord webhook", "https://discord.com/api/webhooks/{digit 18}/{url 68}"),
    ("Telegram bot token", "telegram: {digit 10}:AA{url 33}"),
    ("Stripe live key", "stripe.api_key = 'sk_live_{word 24}'"),
    ("Stripe restricted key", "rk_live_{word 99}"),
    ("Stripe webhook secret", "whsec_{word 32}"),
    ("Twilio API key", "twilio SK{hex 32}"),
    ("Twilio token", "TWILIO_AUTH_TOKEN={hex 32}"),
    ("SendGrid key", "SG.{url 22}.{url 43}"),
    ("Mailgun key", "api:key-{hex 32}"),
    ("Mailchimp key", "mailchimp {hex 32}-us14"),
    ("npm token", "//registry.npmjs.org/:_authToken=npm_{word 36}"),
    ("PyPI token", "password = pypi-AgEIcHlwaS5vcmc{url 150}"),
    ("RubyGems key", ":rubygems_api_key: rubygems_{hex 48}"),
    ("Docker Hub token", "docker login -p dckr_pat_{url 27}"),
    ("DigitalOcean token", "dop_v1_{hex 64}"),
    ("Heroku key", "HEROKU_API_KEY={hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}"),
    ("Hugging Face token", "HF_TOKEN=hf_{letter 34}"),
    ("Databricks token", "dapi{hex 32}"),
    ("HashiCorp Vault token", "VAULT_TOKEN=hvs.{url 90}"),
    ("Terraform Cloud token", "credentials {word 14}.atlasv1.{word 67}"),
    ("Shopify token", "X-Shopify-Access-Token: shpat_{hex 32}"),
    ("Square token", "sq0atp-{url 22}"),
    ("Grafana token", "glsa_{word 32}_{hex 8}"),
    ("New Relic key", "NRAK-{upper 27}"),
    ("Datadog key", "DD_API_KEY={hex 32}"),
    ("Linear key", "lin_api_{word 40}"),
    ("Notion token", "ntn_{word 46}"),
    ("Postman key", "PMAK-{hex 24}-{hex 34}"),
    ("Airtable token", "pat{word 14}.{hex 64}"),
    ("Sentry token", "sntryu_{hex 64}"),
    (
        "RSA private key",
        "-----BEGIN RSA PRIVATE KEY-----\n{base64 64}\n{base64 64}\n{base64 40}=\n-----END RSA PRIVATE KEY-----",
    ),
    (
        "OpenSSH private key",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{base64 70}\n{base64 70}\n-----END OPENSSH PRIVATE KEY-----",
    ),
    (
        "PGP private key",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{base64 64}\n{base64 64}\n-----END PGP PRIVATE KEY BLOCK-----",
    ),
    ("JSON web token", "Cookie: jwt=eyJ{url 33}.eyJ{url 60}.{url 43}"),
    ("password in an address", "DATABASE_URL=postgres://svc_billing:{word 18}@db.internal:5432/billing"),
    ("password by name", "db_password: \"{word 16}!7kQ\""),
    ("secret by name", "SESSION_SECRET={word 44}"),
    ("API key by name", "api_key='{hex 32}'"),
    // As gitleaks' own samples of its generic rule have them.
    ("key of a service", "some_api_token_123 = \"{word 24}\""),
    ("key with parts", "client_secret: '{word 8}-{word 8}-{word 8}'"),
    ("key in base 36", "access_key=\"{base36 18}{digit 2}\""),
    ("key in base 64", "encryption_key: \"{base64 43}=\""),
    ("key in an address", "token_url: \"https://api.acme.io/v1?key={word 32}\""),
    ("password of a person", "db_password: \"MyCompany{digit 4}!\""),
    ("passphrase of words", "passphrase: \"correct-horse-battery-staple-{digit 2}\""),
];

/// Texts that look like secrets and are not.
const LOOK_ALIKES: &[&str] = &[
    "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_your_token_goes_here_aaaaaaaaaaaaaaaa",
    "export OPENAI_API_KEY=sk-...",
    "OPENAI_API_KEY=sk-proj-your-key-here-your-key-here-your-key-here-your-key",
    "ANTHROPIC_API_KEY=<your key>",
    "sk-ant-api03-…",
    "api_key: ${API_KEY}",
    "api_key: \"{{ api_key }}\"",
    "password: \"changeme1234\"",
    "password = os.environ['DB_PASSWORD_2024']",
    "token = get_access_token_2(request)",
    "postgres://user:password@localhost:5432/db",
    "https://user:${PASSWORD}@example.com/",
    "redis://:<password>@host:6379",
    "AIzaXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
    "id: 550e8400-e29b-41d4-a716-446655440000",
    "token: 550e8400-e29b-41d4-a716-446655440000",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "secret: 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "token_digest = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
    "cx1:6a4f1c2b9d8e7f60514233241506978869504132aabbccddeeff001122334455",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaCiG1w9SEg3Bcn8JdLcHbZb2KlQH\n-----END PUBLIC KEY-----",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "Put the key between -----BEGIN RSA PRIVATE KEY----- and -----END RSA PRIVATE KEY-----.",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "max_tokens: 4096",
    "The password must have 12 characters, 2 of them digits.",
    "secret_santa_2024: \"everybody brings one present\"",
    "sk-learn and sk-image are Python packages; task-1234567890abcdef1234567890abcdef is a task",
    "npm_config_registry=https://registry.npmjs.org",
    "hf_hub_download(repo_id=\"meta/llama\")",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "patterns.abcdef, path.to.module, SG.something, dp.pt",
    "https://example.com:8080/path?x=1@2",
    "12:AAAA in hexadecimal",
    "the unit of work-us12 and plan-us1",
    // Found in public prompts, or like it: addresses, paths of words, names, samples of documentation.
    "{\"token_url\": \"https://login.example.org/common/oauth2/v2.0/token\"}",
    "TOKEN_ENDPOINT=https://auth.eu-west-1.example.com/realms/master/protocol/openid-connect/token",
    "secret_contact: \"security-team-2024@example.com\"",
    "// Figma Token: \"Desktop/Title/H1\" is 75 px",
    "secret_name: projects/123/secrets/db-password/versions/latest",
    "password_file: \"/run/secrets/postgres-password-2024\"",
    "tokenized_path: saves/qwen3-4b/dataset/sft",
    "self.trusted_mode_token = \"Omicron-Omicron-Alpha-Yellow-Francis-3-7\"",
    "Secret  : D6318AF1-462A-48C7-B6D9-ABB7CCD7975E-SRV",
    "API_KEY=actual_secret_key_12345",
    "const API_KEY = \"sk_live_abc123xyz789\";",
    "- Password: WrongPassword123",
    "password: \"securepass123\",",
    "\"password\": \"Password.123\",",
    "wget -m ftp://anonymous:anonymous@10.129.14.136",
    "hello-world\teyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJmb28iOiJiYXIiLCJuYW1lIjoiSm9obiBEb2UifQ.JtWqpyMzSJGSpUHDwGk9V7mQPcUQzHXa2kZQ3vnGq3s",
];

/// Draws characters that are the same on every run: splitmix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of(&mut self, alphabet: &str, count: usize) -> String {
        let lower = "abcdefghijklmnopqrstuvwxyz";
        let letters = format!("{lower}{}", lower.to_uppercase());
        let characters = match alphabet {
            "hex" => "0123456789abcdef".to_owned(),
            "digit" => "0123456789".to_owned(),
            "upper" => format!("{}0123456789", lower.to_uppercase()),
            "base32" => format!("{}234567", lower.to_uppercase()),
            "letter" => letters,
            "base36" => format!("{lower}0123456789"),
            "word" => format!("{letters}0123456789"),
            "url" => format!("{letters}0123456789-_"),
            "base64" => format!("{letters}0123456789+/"),
            other => panic!("no alphabet {other}"),
        };
        let characters: Vec<char> = characters.chars().collect();
        // A token does not end in a sign, so that where it ends is plain.
        let mut drawn: String = (0..count).map(|_| characters[self.next() as usize % characters.len()]).collect();
        if drawn.ends_with(['-', '_', '+', '/']) {
            drawn.pop();
            drawn.push('7');
        }
        drawn
    }

    /// A text with its secrets drawn, and the longest drawn part.
    fn text(&mut self, template: &str) -> (String, String) {
        let (mut text, mut longest, mut rest) = (String::new(), String::new(), template);
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let drawn = after.split_once('}').and_then(|(inside, after)| {
                let (alphabet, count) = inside.split_once(' ')?;
                Some((self.of(alphabet, count.parse().ok()?), after))
            });
            let Some((drawn, after)) = drawn else {
                text.push('{');
                rest = after;
                continue;
            };
            text.push_str(&drawn);
            if drawn.len() > longest.len() {
                longest = drawn;
            }
            rest = after;
        }
        (text + rest, longest)
    }
}

#[test]
fn secrets_of_every_kind_are_found_and_masked() {
    let mut draw = Draw(7);
    let mut missed = Vec::new();
    for (kind, template) in KINDS {
        for _ in 0..20 {
            let (text, value) = draw.text(template);
            let found = findings(&text);
            let shown = masked(&text);
            if found.len() != 1 || shown.contains(&value) {
                missed.push(format!("{kind}: {text} → {shown} ({found:?})"));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn what_only_looks_like_one_is_left_alone() {
    for text in LOOK_ALIKES {
        let shown = masked(text);
        assert_eq!(shown, *text, "masked as {:?}", secrets(text).iter().map(|one| one.rule.what).collect::<Vec<_>>());
    }
}

#[test]
fn a_message_shows_how_a_value_begins_and_never_more_of_it() {
    let mut draw = Draw(3);
    for (kind, template) in KINDS {
        let (text, value) = draw.text(template);
        let finding = findings(&text).pop().expect("a finding");
        let shown = format!("{}{:?}", finding.message, finding.hint);
        let quoted = (0..value.len().saturating_sub(4)).filter(|at| shown.contains(&value[*at..at + 5])).count();
        assert!(quoted <= 3, "{kind}: {shown} has {quoted} parts of {value}");
    }
    for (template, message) in [
        ("a ghp_{hex 36} b", "this looks like a GitHub token: `ghp_…`, 40 characters"),
        ("-s sk-ant-api03-{word 93}AA", "this looks like an Anthropic key: `sk-ant-…`, 108 characters"),
        ("{word 14}.atlasv1.{word 67}", "this looks like a Terraform Cloud token: 90 characters"),
        ("postgres://svc:{word 18}@db.internal/x", "this looks like a password in an address: 18 characters"),
        ("SECRET=kJ{word 30}", "this looks like a secret, by the name that it is given to: `kJ…`, 32 characters"),
    ] {
        let (text, _) = draw.text(template);
        let finding = findings(&text).pop().expect("a finding");
        assert!(finding.message.starts_with(message), "{}", finding.message);
        assert!(finding.hint.expect("a hint").contains("`contexture: allow(secret)` in a comment"));
    }
    assert_eq!(masked(&draw.text("a ghp_{word 36} b").0), "a [secret] b");
}

#[test]
fn what_is_around_a_secret_stays() {
    let (text, _) = Draw(5).text("before\nkey: \"ghp_{word 36}\", then \"glpat-{url 20}\".\nafter é");
    assert_eq!(masked(&text), "before\nkey: \"[secret]\", then \"[secret]\".\nafter é");
}

#[test]
fn a_key_file_is_masked_to_its_end() {
    let (text, _) = Draw(9)
        .text("-----BEGIN PRIVATE KEY-----\n{base64 64}\n{base64 64}\n{base64 20}=\n-----END PRIVATE KEY-----\n");
    assert_eq!(masked(&text), "-----BEGIN PRIVATE KEY-----\n[secret]-----END PRIVATE KEY-----\n");
}

#[test]
fn every_expression_compiles() {
    for rule in RULES {
        let expression = rule.expression();
        assert!(Regex::new(&expression).is_ok(), "{}: {expression}", rule.what);
    }
    assert!(SCANNER.keywords.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_look_at_the_bytes_rules_out_a_match(
        name in "token[a-z0-9_.-]{0,22}",
        sign in "[\"']?[ \t\u{2003}]{0,4}(=>|:=|=|:|)[ \n\u{2003}]{0,4}",
        value in "[\"'`]?[a-z0-9_+/=.~!@#%^&*'-]{10,18}[\"'`]?(\r?\n)?",
    ) {
        let rule = RULES.iter().find(|rule| rule.keywords.contains(&"token")).expect("a rule of names");
        let text = format!("{name}{sign}{value}");
        let matches = Regex::new(&rule.expression()).expect("an expression").is_match(&text);
        prop_assert!(!matches || rule.is_possible(&text), "{:?}", text);
    }
}

#[test]
fn every_cut_of_a_text_is_no_panic() {
    let (text, _) = Draw(11).text("é password: \"{word 20}é\" 🏴 postgres://é:{word 9}@é\u{200d} {hex 32}-us1 8Q~ :AA");
    for (at, _) in text.char_indices() {
        let _ = (masked(&text[at..]), masked(&text[..at]));
    }
}
