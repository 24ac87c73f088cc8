//! Writes the tables that counting needs, so that the program starts with them in place: for each
//! public encoding its vocabulary, taken from tiktoken-rs, and the character classes of the
//! encodings' patterns, taken from regex-syntax (the tables behind the regexes of tiktoken itself).
//!
//! The form of the tables is that of `src/cost/tokens/image.rs`, which program and build script share.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use regex_syntax::hir::{Class as Characters, HirKind};
use tiktoken_rs::CoreBPE;

#[path = "src/cost/tokens/image.rs"]
mod image;

use image::{Class, PAGE, RANK_BIT, SHORT, long_key, row_of, seed_of, short_key, spread};

/// The numbers of ordinary tokens are those of the published rank files; special tokens follow.
const O200K_TOKENS: u32 = 199_998;
const CL100K_TOKENS: u32 = 100_256;

/// How many tokens share a seed, on average. With more, finding seeds takes long; with fewer, there
/// are more seeds to keep in the processor's cache.
const TOKENS_PER_SEED: usize = 4;

/// One row in so many stays free, or the last tokens would hardly find theirs.
const ROWS_PER_FREE_ROW: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    // The tables take seconds, and follow from this script, the form that it shares and the libraries.
    for source in ["Cargo.lock", "build.rs", "src/cost/tokens/image.rs"].iter().filter(|path| Path::new(path).exists())
    {
        println!("cargo::rerun-if-changed={source}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    write_vocabulary(&out, "o200k", &tiktoken_rs::o200k_base()?, O200K_TOKENS)?;
    write_vocabulary(&out, "cl100k", &tiktoken_rs::cl100k_base()?, CL100K_TOKENS)?;
    write_classes(&out)
}

/// A token on its way into the image.
struct Token {
    row: u128,
    spread: u64,
}

fn write_vocabulary(out: &Path, name: &str, engine: &CoreBPE, tokens: u32) -> Result<(), Box<dyn Error>> {
    let mut long = Vec::new();
    let mut all = Vec::new();
    for rank in 0..tokens {
        let bytes = engine.decode_bytes(&[rank])?;
        let (key, place) = if bytes.len() <= SHORT {
            let padded = bytes.iter().rev().fold(0, |padded, &byte| padded << 8 | u128::from(byte));
            (short_key(padded, bytes.len()), 0)
        } else {
            let place = u32::try_from(long.len())?;
            long.extend_from_slice(&bytes);
            (long_key(&bytes), place)
        };
        u8::try_from(bytes.len()).map_err(|_| format!("{name}: token {rank} does not fit the image"))?;
        debug_assert_eq!(key >> RANK_BIT, 0);
        all.push(Token { row: key | u128::from(place) << 64 | u128::from(rank) << RANK_BIT, spread: spread(key) });
    }
    let (seeds, rows) = place(&all).ok_or_else(|| format!("{name}: found no seeds"))?;
    let seeds: Vec<u8> = seeds.into_iter().flat_map(u16::to_le_bytes).collect();
    let rows: Vec<u8> = rows.into_iter().flat_map(u128::to_le_bytes).collect();
    for (part, bytes) in [("seeds", seeds), ("rows", rows), ("long", long)] {
        fs::write(out.join(format!("{name}.{part}")), bytes)?;
    }
    Ok(())
}

/// A seed for each group of tokens, and the rows in the order that follows from them: the largest
/// groups choose first, each the first seed under which all its rows are free.
fn place(tokens: &[Token]) -> Option<(Vec<u16>, Vec<u128>)> {
    let mut seeds = vec![0; tokens.len() / TOKENS_PER_SEED + 1];
    let mut rows = vec![0; tokens.len() + tokens.len() / ROWS_PER_FREE_ROW];
    let mut groups: Vec<Vec<&Token>> = seeds.iter().map(|_| Vec::new()).collect();
    for token in tokens {
        groups[seed_of(token.spread, seeds.len())].push(token);
    }
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&group| std::cmp::Reverse(groups[group].len()));
    for group in order {
        let fits = |seed: &u16| {
            let places: Vec<usize> =
                groups[group].iter().map(|token| row_of(token.spread, *seed, rows.len())).collect();
            let apart = (1..places.len()).all(|at| !places[..at].contains(&places[at]));
            (apart && places.iter().all(|&row| rows[row] == 0)).then_some((*seed, places))
        };
        let (seed, places) = (0..=u16::MAX).find_map(|seed| fits(&seed))?;
        seeds[group] = seed;
        for (row, token) in places.into_iter().zip(&groups[group]) {
            rows[row] = token.row;
        }
    }
    Some((seeds, rows))
}

/// Two levels: for every [`PAGE`] code points the number of the page that holds their classes; equal
/// pages are kept once. The first page is that of ASCII.
fn write_classes(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut classes = vec![Class::OTHER.0; char::MAX as usize + 1];
    let patterns = [
        (r"[\p{Lu}\p{Lt}]", Class::UPPER),
        (r"\p{Ll}", Class::LOWER),
        (r"[\p{Lm}\p{Lo}]", Class::UNCASED),
        (r"\p{M}", Class::MARK),
        (r"\p{N}", Class::NUMBER),
        (r"[\s--[\r\n]]", Class::BLANK),
        (r"[\r\n]", Class::NEWLINE),
    ];
    for (pattern, class) in patterns {
        let HirKind::Class(Characters::Unicode(characters)) = regex_syntax::parse(pattern)?.into_kind() else {
            return Err(format!("{pattern} is not a class of characters").into());
        };
        for range in characters.iter() {
            classes[range.start() as usize..=range.end() as usize].fill(class.0);
        }
    }
    let (mut index, mut pages, mut known) = (Vec::new(), Vec::new(), HashMap::new());
    for page in classes.chunks(PAGE) {
        let next = known.len();
        let number = *known.entry(page).or_insert_with(|| {
            pages.extend_from_slice(page);
            next
        });
        index.push(u8::try_from(number)?);
    }
    fs::write(out.join("classes.index"), index)?;
    fs::write(out.join("classes.pages"), pages)?;
    Ok(())
}
