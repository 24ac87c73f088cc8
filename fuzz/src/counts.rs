//! Token counts are those of tiktoken, and pieces count as they stand joined.

use contexture::cost::tokens::{Encoding, UserTokenizer};

/// `o200k_base`.
pub fn o200k(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let expected = tiktoken_rs::o200k_base_singleton().encode_ordinary(&text).len() as u64;
    assert_eq!(Encoding::O200kBase.count(&text), expected);
}

/// `cl100k_base`.
pub fn cl100k(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let expected = tiktoken_rs::cl100k_base_singleton().encode_ordinary(&text).len() as u64;
    assert_eq!(Encoding::Cl100kBase.count(&text), expected);
}

/// The bytes cut at every NUL: the shares of the pieces add up to the count of the joined text.
pub fn joints(bytes: &[u8]) {
    let pieces: Vec<String> =
        bytes.split(|byte| *byte == 0).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    let texts: Vec<&str> = pieces.iter().map(String::as_str).collect();
    for encoding in Encoding::ALL {
        let shares = encoding.attribute(&texts);
        assert_eq!(shares.len(), texts.len());
        assert_eq!(shares.iter().sum::<u64>(), encoding.count(&texts.concat()), "{}", encoding.name());
    }
}

/// A `tokenizer.json`: it is refused, or counts a text without end or panic, alike as a whole and as one piece.
pub fn tokenizer(bytes: &[u8]) {
    let Ok(tokenizer) = UserTokenizer::from_bytes(bytes) else { return };
    let text = "The  café\u{301} pays 10 €: 🙂\r\n\t<|im_start|>";
    if let Ok(count) = tokenizer.count(text) {
        assert_eq!(tokenizer.attribute(&[text]).ok(), Some(vec![count]));
    }
}
