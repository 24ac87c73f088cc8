//! Recognises samples of secrets, such as documentation is full of, so that they are not reported.

/// Words that people write into sample values; the last is the payload of the sample token on jwt.io.
const WORDS: [&str; 17] = [
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
    "eyjzdwiioiixmjm0nty3odkw",
];

/// Passwords that tutorials use.
const PASSWORDS: [&str; 18] = [
    "password", "passwd", "pass", "pwd", "secret", "user", "username", "admin", "root", "guest", "test", "token",
    "postgres", "mysql", "redis", "mongo", "rabbitmq", "hunter2",
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

/// Whether it is written like a UUID.
pub(super) fn is_uuid(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    matches!(parts.as_slice(), [a, b, c, d, e] if [a.len(), b.len(), c.len(), d.len(), e.len()] == [8, 4, 4, 4, 12])
        && value.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
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
