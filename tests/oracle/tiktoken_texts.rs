//! Texts by chance, made to find the differences between two tokenizers.

/// What one text is put together from: each alternative of the patterns, and what breaks tokenizers.
const ATOMS: &[&str] = &[
    "a",
    "B",
    "the ",
    " quick",
    "getHTTPResponse",
    "LL",
    "'s",
    "'Re",
    "'ſ",
    "'",
    "\u{2019}",
    "1",
    "2024",
    "٣",
    "½",
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\r\n",
    "\n\n",
    "\u{3000}",
    "\u{a0}",
    "\u{85}",
    "\u{200b}",
    "/",
    "//",
    ".",
    "},\n",
    "!?",
    "_",
    "->",
    "\\n",
    "\u{308}",
    "e\u{301}",
    "é",
    "ǅ",
    "ʰ",
    "语言",
    "モデル",
    "한국어",
    "हिन्दी",
    "жук",
    "שלום",
    "سلام",
    "ไทย",
    "—",
    "…",
    "🙂",
    "👩\u{200d}💻",
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<end>",
    "\0",
    "\u{feff}",
    "\u{10ffff}",
    "fn main() {\n    ",
    "{\"a\": [1, 2.5e-3]}",
    "https://example.com/a?b=c#d",
];

/// A small generator (xorshift*), so that every run sees the same texts.
pub struct Dice(pub u64);

impl Dice {
    /// A number below the bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    /// A text of up to two dozen atoms, runs of atoms and odd characters.
    pub fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(24) {
            match self.below(12) {
                0 => text.extend(char::from_u32(self.below(0x11_0000) as u32)),
                1 => text.extend(char::from_u32(self.below(0x3000) as u32)),
                2 => text.push_str(&ATOMS[self.below(ATOMS.len())].repeat(1 + self.below(40))),
                _ => text.push_str(ATOMS[self.below(ATOMS.len())]),
            }
        }
        text
    }
}
