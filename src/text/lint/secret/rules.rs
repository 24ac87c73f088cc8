//! The formats of secrets, as their vendors document them. More exact rules come first.

use super::sample;

/// One kind of secret.
#[derive(Debug)]
pub(super) struct SecretRule {
    /// What it is, with its article.
    pub what: &'static str,
    /// Every match contains one of these, in any case.
    pub keywords: &'static [&'static str],
    /// Where a match begins, relative to its keyword.
    pub begins: Begins,
    /// The match as a regular expression; its first group is the value, or all of it.
    shape: &'static str,
    /// How certain a match is, and so what must be ruled out.
    doubt: Doubt,
}

/// Where a match begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Begins {
    /// At the keyword, which must begin a word.
    Value,
    /// At the keyword, which is part of a name; the value follows it.
    Name,
    /// At most so many bytes before the keyword.
    Before(usize),
}

/// How certain it is that a match is a secret.
#[derive(Debug, Clone, Copy)]
enum Doubt {
    /// It has a vendor's prefix: only samples are not reported.
    Sure,
    /// Only the name before it suggests one: UUIDs, digests and words are not reported either.
    Named,
    /// It is a password in a URL: the usual ones of tutorials are not reported.
    Password,
}

/// The least entropy of a value, in hundredths of a bit for each byte. Random hexadecimal has about
/// 350 at 32 digits; words and repeated groups have less than 280.
const LEAST_ENTROPY: u32 = 280;

/// The same for [`Doubt::Named`]: such values are shorter, and words more likely.
const LEAST_ENTROPY_NAMED: u32 = 300;

/// The most bytes from the beginning of a name to the `=` or `:` after it: 24 of the name, a quote, blanks.
const SIGN_WITHIN: usize = 48;

/// The least bytes of a value of [`Doubt::Named`].
const LEAST_NAMED: usize = 12;

impl SecretRule {
    /// The expression, anchored where the rule says that a match begins.
    pub fn expression(&self) -> String {
        let anchor = if matches!(self.begins, Begins::Before(_)) { "" } else { "^" };
        let fold = if matches!(self.begins, Begins::Name) { "(?i)" } else { "" };
        format!("{fold}{anchor}(?:{})", self.shape)
    }

    /// Whether there can be a match in a text that begins with the keyword. Names like `token` are common,
    /// and their expression is expensive to compile, so this test comes first: a `=` or `:`, and after it
    /// as many bytes without a blank as the shortest value has.
    pub fn is_possible(&self, text: &str) -> bool {
        if !matches!(self.doubt, Doubt::Named) {
            return true;
        }
        let sign = text.bytes().take(SIGN_WITHIN).position(|byte| matches!(byte, b':' | b'='));
        let at_sign = sign.and_then(|sign| text.get(sign..)).unwrap_or_default();
        let behind = ["=>", ":=", "=", ":"].iter().find_map(|sign| at_sign.strip_prefix(sign)).unwrap_or_default();
        let value = behind.trim_start();
        let value = value.strip_prefix(['"', '\'', '`']).unwrap_or(value);
        value.bytes().take_while(|byte| !byte.is_ascii_whitespace()).nth(LEAST_NAMED - 1).is_some()
    }

    /// Its index in the table.
    pub fn index(&self) -> usize {
        RULES.iter().position(|rule| std::ptr::eq(rule, self)).unwrap_or(RULES.len())
    }

    /// How a value begins, as far as anybody may see it: its vendor's prefix; of one that is known by its name alone, which
    /// has 12 characters and more, the first two.
    pub fn public<'a>(&self, value: &'a str) -> &'a str {
        let begins =
            |keyword: &&&str| value.get(..keyword.len()).is_some_and(|head| head.eq_ignore_ascii_case(keyword));
        let prefix = self.keywords.iter().filter(begins).map(|keyword| keyword.len()).max().unwrap_or(0);
        let shown = match self.doubt {
            Doubt::Sure => prefix,
            Doubt::Named => 2,
            Doubt::Password => 0,
        };
        value.get(..shown).unwrap_or_default()
    }

    /// Whether a value that matches is reported as a secret. `name` is what of the match stands before it.
    pub fn is_secret(&self, name: &str, value: &str) -> bool {
        match self.doubt {
            Doubt::Sure => !sample::is_sample(value) && sample::entropy(value) >= LEAST_ENTROPY,
            Doubt::Password => !sample::is_tutorial(value),
            Doubt::Named => {
                let has = |wanted: fn(&u8) -> bool| value.bytes().filter(wanted).count();
                let digits = has(u8::is_ascii_digit);
                let is_mixed = has(u8::is_ascii_uppercase) >= 2 && has(u8::is_ascii_lowercase) >= 2;
                (digits >= 2 || digits == 1 && is_mixed)
                    && has(u8::is_ascii_alphabetic) > 0
                    && sample::entropy(value) >= LEAST_ENTROPY_NAMED
                    && !sample::is_tutorial(value)
                    && !sample::is_uuid(value)
                    && !sample::is_digest(value)
                    && !sample::is_address(value)
                    && !(sample::is_words(value) && is_named_plainly(name, value))
            }
        }
    }
}

/// Whether a value of words is none that a person would have thought up as a password: a path, a name, a sample.
fn is_named_plainly(name: &str, value: &str) -> bool {
    let (name, value) = (name.to_ascii_lowercase(), value.to_ascii_lowercase());
    let is_password = name.contains("pass") || name.contains("pwd");
    !is_password || value.contains('/') || value.contains("pass")
}

/// A format with a prefix of its own.
const fn token(what: &'static str, keywords: &'static [&'static str], shape: &'static str) -> SecretRule {
    SecretRule { what, keywords, begins: Begins::Value, shape, doubt: Doubt::Sure }
}

/// A format with a keyword inside it, at most `before` bytes from its beginning.
const fn around(
    what: &'static str,
    keywords: &'static [&'static str],
    before: usize,
    shape: &'static str,
) -> SecretRule {
    SecretRule { what, keywords, begins: Begins::Before(before), shape, doubt: Doubt::Sure }
}

/// A value that is recognised only by the name that it is assigned to.
const fn named(what: &'static str, keywords: &'static [&'static str], shape: &'static str) -> SecretRule {
    SecretRule { what, keywords, begins: Begins::Name, shape, doubt: Doubt::Sure }
}

pub(super) static RULES: &[SecretRule] = &[
    // Clouds
    token("an AWS access key", &["AKIA", "ASIA", "ABIA", "ACCA"], "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
    named(
        "an AWS secret key",
        &["aws_secret", "secret_access_key", "secretaccesskey", "secret-access-key", "aws_sk"],
        r#"[a-z_.-]{0,40}["']?\s{0,4}(?:=>|:=|=|:)\s{0,4}["']?([a-z0-9/+]{40})"#,
    ),
    token("a Google API key", &["AIza"], "AIza[0-9A-Za-z_-]{35}"),
    token("a Google OAuth client secret", &["GOCSPX-"], "GOCSPX-[0-9A-Za-z_-]{28}"),
    token("a Google OAuth token", &["ya29."], r"ya29\.[0-9A-Za-z_-]{30,}"),
    named("an Azure storage key", &["AccountKey="], "AccountKey=([a-z0-9+/]{86}==)"),
    around("an Azure client secret", &["7Q~", "8Q~"], 3, r"[0-9A-Za-z_~.]{3}[78]Q~[0-9A-Za-z_~.-]{31,34}"),
    token("an Alibaba Cloud access key", &["LTAI"], "LTAI[0-9A-Za-z]{17,21}"),
    token("a Tencent Cloud secret id", &["AKID"], "AKID[0-9A-Za-z]{32}"),
    token("a DigitalOcean token", &["doo_v1_", "dop_v1_", "dor_v1_"], "do[opr]_v1_[a-f0-9]{64}"),
    token("a Heroku API key", &["HRKU-"], "HRKU-[0-9A-Za-z_-]{36,64}"),
    named(
        "a Heroku API key",
        &["heroku"],
        r#"[a-z_.-]{0,20}["']?\s{0,4}(?:=>|:=|=|:)\s{0,4}["']?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"#,
    ),
    token("a Cloudflare origin key", &["v1.0-"], "v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    named(
        "a Cloudflare API token",
        &["cloudflare", "cf_api"],
        r#"[a-z_.-]{0,30}["']?\s{0,4}(?:=>|:=|=|:)\s{0,4}["']?([a-z0-9_-]{40}|[a-f0-9]{37})"#,
    ),
    token("a Fly.io token", &["FlyV1 "], "FlyV1 fm[12][ar]?_[0-9A-Za-z+/=,_]{60,}"),
    token("a Netlify token", &["nfp_"], "nfp_[0-9A-Za-z]{36}"),
    token("a Supabase token", &["sbp_", "sb_secret_"], "(?:sbp_[a-f0-9]{40}|sb_secret_[0-9A-Za-z_-]{31})"),
    token("a PlanetScale token", &["pscale_"], r"pscale_(?:tkn|pw|oauth)_[0-9A-Za-z=._-]{32,64}"),
    token("a Pulumi token", &["pul-"], "pul-[a-f0-9]{40}"),
    around("a Terraform Cloud token", &[".atlasv1."], 14, r"[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,70}"),
    token("a HashiCorp Vault token", &["hvs.", "hvb.", "hvr."], r"hv[sbr]\.[0-9A-Za-z_-]{24,}"),
    token("a Doppler token", &["dp."], r"dp\.(?:pt|st|sa|ct|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[0-9A-Za-z]{40,44}"),
    token("a 1Password service account token", &["ops_eyJ"], "ops_eyJ[0-9A-Za-z+/]{200,}={0,3}"),
    token("an age secret key", &["AGE-SECRET-KEY-1"], "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    // Code hosts and registries
    token("a GitHub token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], "gh[pousr]_[0-9A-Za-z]{36,251}"),
    token("a GitHub token", &["github_pat_"], "github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}"),
    token(
        "a GitLab token",
        &["glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glsoat-", "glcbt-", "glagent-", "gloas-", "glimt-"],
        "gl(?:pat|dt|rt|ptt|ft|soat|cbt|agent|oas|imt)-[0-9A-Za-z_.-]{20,}",
    ),
    token("a Bitbucket app password", &["ATBB"], "ATBB[0-9A-Za-z]{28,32}"),
    token("an Atlassian token", &["ATATT3", "ATCTT3"], "AT[AC]TT3[0-9A-Za-z_=-]{150,}"),
    token("an npm token", &["npm_"], "npm_[0-9A-Za-z]{36}"),
    token("a PyPI token", &["pypi-AgE"], "pypi-AgE[0-9A-Za-z_-]{50,}"),
    token("a RubyGems key", &["rubygems_"], "rubygems_[a-f0-9]{48}"),
    token("a crates.io token", &["cio"], "cio[0-9A-Za-z]{32}"),
    token("a Clojars token", &["CLOJARS_"], "CLOJARS_[a-z0-9]{60}"),
    token("a Docker Hub token", &["dckr_pat_", "dckr_oat_"], "dckr_[po]at_[0-9A-Za-z_-]{27,32}"),
    token("an Artifactory key", &["AKCp"], "AKCp[0-9A-Za-z]{69}"),
    // Models
    token("an Anthropic key", &["sk-ant-"], "sk-ant-(?:api|admin|oat|ort|sid)[0-9]{2}-[0-9A-Za-z_-]{80,}"),
    token(
        "an OpenAI key",
        &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"],
        "sk-(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{40,}",
    ),
    around("an OpenAI key", &["T3BlbkFJ"], 24, "sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}"),
    token("an OpenRouter key", &["sk-or-v1-"], "sk-or-v1-[0-9a-f]{64}"),
    token("a Hugging Face token", &["hf_", "api_org_"], "(?:hf_|api_org_)[A-Za-z0-9]{34,}"),
    token("a Groq key", &["gsk_"], "gsk_[0-9A-Za-z]{52}"),
    token("an xAI key", &["xai-"], "xai-[0-9A-Za-z]{80}"),
    token("a Perplexity key", &["pplx-"], "pplx-[0-9A-Za-z]{48,56}"),
    token("a Replicate token", &["r8_"], "r8_[0-9A-Za-z]{37}"),
    token("a LangSmith key", &["lsv2_"], "lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    token("a key of a model provider", &["sk-"], "sk-(?:[0-9a-f]{32}|[0-9A-Za-z]{48})"),
    // Payment
    token(
        "a Stripe key",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_"],
        "[sr]k_(?:live|test|prod)_[0-9A-Za-z]{16,}",
    ),
    token("a Stripe webhook secret", &["whsec_"], "whsec_[0-9A-Za-z+/=]{32,}"),
    token(
        "a Square token",
        &["EAAA", "sq0atp-", "sq0csp-"],
        "(?:EAAA[0-9A-Za-z_-]{60}|sq0atp-[0-9A-Za-z_-]{22}|sq0csp-[0-9A-Za-z_-]{43})",
    ),
    around("a PayPal token", &["access_token$production$"], 0, r"access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    token("a Shopify token", &["shpat_", "shpca_", "shppa_", "shpss_"], "shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    token("a Flutterwave key", &["FLWSECK"], "FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,32}(?:-X)?"),
    token("an EasyPost key", &["EZAK", "EZTK"], "EZ[AT]K[0-9A-Za-z]{54}"),
    token("a Shippo token", &["shippo_"], "shippo_(?:live|test)_[a-f0-9]{40}"),
    token("a Duffel token", &["duffel_"], "duffel_(?:test|live)_[0-9A-Za-z_=-]{43}"),
    // Messages and mail
    token(
        "a Slack token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxo-", "xoxe."],
        r"xox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{20,}",
    ),
    token("a Slack token", &["xapp-"], "xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]{32,}"),
    named(
        "a Slack webhook",
        &["hooks.slack.com/"],
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Z0-9]+/[A-Z0-9]+/[A-Z0-9]{20,})",
    ),
    named(
        "a Discord webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        "discord(?:app)?\\.com/api/webhooks/([0-9]{17,20}/[a-z0-9_-]{60,})",
    ),
    named(
        "a Discord bot token",
        &["discord", "bot_token", "bot token"],
        r"[^\n]{0,40}?([MNO][a-z0-9_-]{23,27}\.[a-z0-9_-]{6}\.[a-z0-9_-]{27,38})",
    ),
    named(
        "a Teams webhook",
        &["webhook.office.com/webhookb2/"],
        r"webhook\.office\.com/webhookb2/([0-9a-f@/-]{60,}[0-9a-z/-]{30,})",
    ),
    around("a Telegram bot token", &[":AA"], 10, "[0-9]{8,10}:AA[0-9A-Za-z_-]{32,33}"),
    token(
        "a Twilio key",
        &[
            "SK0", "SK1", "SK2", "SK3", "SK4", "SK5", "SK6", "SK7", "SK8", "SK9", "SKa", "SKb", "SKc", "SKd", "SKe",
            "SKf",
        ],
        "SK[0-9a-f]{32}",
    ),
    named("a Twilio token", &["twilio"], r#"[a-z_.-]{0,30}["']?\s{0,4}(?:=>|:=|=|:)\s{0,4}["']?([0-9a-f]{32})"#),
    token("a SendGrid key", &["SG."], r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}"),
    token("a Mailgun key", &["key-"], "key-[0-9a-f]{32}"),
    around("a Mailchimp key", &["-us"], 32, "[0-9a-f]{32}-us[0-9]{1,2}"),
    token("a Brevo key", &["xkeysib-"], "xkeysib-[a-f0-9]{64}-[0-9A-Za-z]{16}"),
    // Observation
    token(
        "a Grafana token",
        &["glsa_", "glc_"],
        "(?:glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}|glc_[0-9A-Za-z+/]{32,}={0,3})",
    ),
    token(
        "a New Relic key",
        &["NRAK-", "NRJS-", "NRII-", "NRIQ-"],
        "NR(?:AK-[A-Z0-9]{27}|JS-[a-f0-9]{19}|I[IQ]-[0-9A-Za-z_-]{32})",
    ),
    token("a Sentry token", &["sntrys_", "sntryu_"], "sntry(?:u_[a-f0-9]{64}|s_eyJ[0-9A-Za-z+/=_]{80,})"),
    token("a Dynatrace token", &["dt0c01.", "dt0s01."], r"dt0[cs]01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    named(
        "a Datadog key",
        &["datadog", "dd_api", "dd_app", "dd-api", "dd-app"],
        r#"[a-z_.-]{0,30}["']?\s{0,4}(?:=>|:=|=|:)\s{0,4}["']?([0-9a-f]{40}|[0-9a-f]{32})"#,
    ),
    // Tools of teams
    token("a Notion token", &["ntn_"], "ntn_[0-9A-Za-z]{43,50}"),
    token("a Notion token", &["secret_"], "secret_[0-9A-Za-z]{43}"),
    token("a Linear key", &["lin_api_", "lin_oauth_"], "lin_(?:api_[0-9A-Za-z]{40}|oauth_[0-9a-f]{64})"),
    token("a Figma token", &["figd_", "figu_"], "fig[du]_[0-9A-Za-z_-]{40,}"),
    token("a Postman key", &["PMAK-"], "PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    token("an Airtable token", &["pat"], r"pat[0-9A-Za-z]{14}\.[a-f0-9]{64}"),
    token("a Dropbox token", &["sl."], r"sl\.(?:u\.)?[0-9A-Za-z_-]{130,}"),
    token("a Databricks token", &["dapi"], "dapi[a-f0-9]{32}(?:-[0-9])?"),
    token("a Contentful token", &["CFPAT-"], "CFPAT-[0-9A-Za-z_-]{43}"),
    token("a Mapbox token", &["sk.eyJ"], r"sk\.eyJ[0-9A-Za-z_-]{60,}\.[0-9A-Za-z_-]{20,}"),
    token("an Adobe client secret", &["p8e-"], "p8e-[0-9A-Za-z]{32}"),
    token("a Facebook token", &["EAACEdEose0cBA", "EAAG", "EAAB"], "(?:EAACEdEose0cBA|EAAG|EAAB)[0-9A-Za-z]{80,}"),
    // Of no vendor
    token(
        "a private key",
        &["-----BEGIN"],
        r#"-----BEGIN[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[^<>{}"']{0,200}?(?:([0-9A-Za-z+/]{40,}[^<>{}"']*?)-----END|([0-9A-Za-z+/]{40,}(?:[0-9A-Za-z+/=\s]|\\[nr])*))"#,
    ),
    token("a JSON web token", &["eyJ"], r"eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}"),
    SecretRule {
        what: "a password in an address",
        keywords: &["://"],
        begins: Begins::Name,
        shape: r#"://[^\s/:@"'<>]{0,64}:([^\s/@"'<>]{4,128})@[a-z0-9.-]+"#,
        doubt: Doubt::Password,
    },
    SecretRule {
        what: "a secret, by the name that it is given to",
        keywords: &[
            "password",
            "passwd",
            "passphrase",
            "pwd",
            "secret",
            "token",
            "api_key",
            "apikey",
            "api-key",
            "access_key",
            "accesskey",
            "access-key",
            "auth_key",
            "private_key",
            "encryption_key",
            "signing_key",
            "client_key",
        ],
        begins: Begins::Name,
        shape: r#"(?:[a-z0-9_.-]{0,24}["']?\s{0,4}(?:=>|:=|=|:)\s{0,4}(?:"([^"\s]{12,200})"|'([^'\s]{12,200})'|`([^`\s]{12,200})`|([a-z0-9_+/=.~!@#%^&*-]{16,200})[ \t]*(?:\r?\n|$)))"#,
        doubt: Doubt::Named,
    },
];
