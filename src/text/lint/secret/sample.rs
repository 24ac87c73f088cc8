//! Recognises samples of secrets, such as documentation is full of, so that they are not reported.

/// Words that people write into sample values; the last two begin the payloads of sample tokens: `{"foo":"bar"`, and
/// that on jwt.io.
const WORDS: [&str; 21] = [
    "example",
    "sample",
    "placeholder",
    "dummy",
    "redacted",
    "changeme",
    "change_me",
    "your_",
    "your-",
    "yourkey",
    "insert",
    "fake",
    "notreal",
    "replace",
    "xxxx",
    "****",
    "abc123",
    "xyz789",
    "123456",
    "eyjmb28ioijiyxii",
    "eyjzdwiioiixmjm0nty3odkw",
];

/// Passwords that tutorials use.
const PASSWORDS: [&str; 19] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "user",
    "username",
    "admin",
    "root",
    "guest",
    "test",
    "token",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "rabbitmq",
    "hunter2",
    "anonymous",
];

/// Whether a value contains a word for samples, or is too regular to be a secret.
pub(super) fn is_sample(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) || lower.contains("...") || longest_run(&lower) >= 6 || counts(&lower)
}

/// Whether it is a word that tutorials write for a password, or a name to be filled in.
pub(super) fn is_tutorial(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    PASSWORDS.contains(&lower.trim_end_matches(|c: char| c.is_ascii_digit()))
        || value.contains(['$', '{', '}', '<', '>', '%', '*', '[', ']'])
        || is_sample(value)
}

/// Whether it is written like a UUID, alone or with more parts beside it.
pub(super) fn is_uuid(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.windows(5).any(|five| five.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && five.iter().all(is_hex))
}

/// Whether it is an address: of the web without a password in it, or of a mailbox.
pub(super) fn is_address(value: &str) -> bool {
    if let Some((_, rest)) = value.split_once("://") {
        // What is behind the `?` may be a key.
        return !rest.contains(['@', '?', '#']) && is_words(rest);
    }
    value.split_once('@').is_some_and(|(name, host)| is_words(name) && is_words(host) && host.contains('.'))
}

/// The most frequent pairs of letters in English words and names in code.
const PAIRS: &str = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi \
    ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs \
    un lo ge ie em ad ol rt po na ul ni ts mo ow pa im mi sh ir su id os iv am fi ci pl ig tu ev ld ry mp ab op sa ex ke ag \
    ap gr od sp rd do ov rm ep cu sc cr cl du qu ue ck br pt ph";

/// Whether it is made of words, such as a path, a heading or a name in code: seven of ten letters and digits are in
/// runs of three letters or more that are small, capital or with a capital first, and six of ten pairs in them are
/// frequent ones. Of values drawn at random from letters and digits at most one in 500 of 16 characters is, and one
/// in 10,000 of 32.
pub(super) fn is_words(value: &str) -> bool {
    let letters = value.as_bytes().chunk_by(|one, next| {
        one.is_ascii_alphabetic()
            && next.is_ascii_alphabetic()
            && !(one.is_ascii_lowercase() && next.is_ascii_uppercase())
    });
    let is_run = |run: &&[u8]| {
        let is_small = run.get(1..).unwrap_or_default().iter().all(u8::is_ascii_lowercase);
        run.len() >= 3 && (is_small || run.iter().all(u8::is_ascii_uppercase))
    };
    let is_frequent = |pair: &[u8]| {
        let pair = String::from_utf8_lossy(pair).to_ascii_lowercase();
        PAIRS.split_ascii_whitespace().any(|known| known == pair)
    };
    let (mut in_runs, mut pairs, mut frequent) = (0, 0, 0);
    for run in letters.filter(is_run) {
        in_runs += run.len();
        pairs += run.len() - 1;
        frequent += run.windows(2).filter(|pair| is_frequent(pair)).count();
    }
    let all = value.bytes().filter(u8::is_ascii_alphanumeric).count();
    pairs > 0 && in_runs * 10 >= all * 7 && frequent * 10 >= pairs * 6
}

/// Whether it is written like a digest: of git, of SHA-256, of SHA-512.
pub(super) fn is_digest(value: &str) -> bool {
    matches!(value.len(), 40 | 64 | 128) && value.chars().all(|c| c.is_ascii_hexdigit())
}

/// Shannon's entropy of the bytes, in hundredths of a bit for each.
pub(super) fn entropy(value: &str) -> u32 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "values are short")]
    let length = value.len().max(1) as f64;
    let bits: f64 =
        counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length).map(|p| -p * p.log2()).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8 bits")]
    let hundredths = (bits * 100.0) as u32;
    hundredths
}

/// The longest run of one character.
fn longest_run(value: &str) -> usize {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for c in value.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        (longest, last) = (longest.max(run), Some(c));
    }
    longest
}

/// Whether most of it counts up: `1234567890abcdef`.
fn counts(value: &str) -> bool {
    let steps = value.as_bytes().windows(2);
    let up = steps.clone().filter(|pair| {
        matches!(pair, [b'9', b'0' | b'a'] | [b'z' | b'f', b'0' | b'1']) || pair[0].checked_add(1) == Some(pair[1])
    });
    value.len() >= 8 && up.count() * 10 >= steps.count() * 6
}
