//! The set of cards: the built-in files, a project's `prices.yaml`, and finding a model in them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use parking_lot::Mutex;

use super::card::Card;
use super::price::written;
use super::written::{CardFile, Entry, SourceRecord, check_sources, heritage, lay};
use crate::cost::fact::Doubts;
use crate::syntax::decode::Table;
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean, near};
use crate::syntax::source::{ProjectPath, Source};
use crate::syntax::yaml::Node;

/// A file of the built-in set.
pub(super) struct BuiltIn {
    /// Its name in `cards/`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    parsed: OnceLock<Option<CardFile>>,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// Every file in `cards/`; a test holds the list against the folder.
        pub(super) static BUILT_IN: [BuiltIn; [$($name),*].len()] =
            [$(BuiltIn { name: $name, text: include_str!(concat!("vendors/", $name)), parsed: OnceLock::new() }),*];
    };
}

built_in![
    "sources.yaml",
    "anthropic.yaml",
    "openai.yaml",
    "google.yaml",
    "bedrock.yaml",
    "vertex.yaml",
    "azure.yaml",
    "deepseek.yaml",
    "mistral.yaml",
    "xai.yaml",
    "hosted.yaml",
    "moving.yaml",
];

/// How long a chain of `like` may be.
const LONGEST_CHAIN: usize = 8;

/// What the digest of a card set is derived with.
const DIGEST_CONTEXT: &str = "contexture 2026-11-21 card set v1";

impl BuiltIn {
    /// Reads the file, reporting its faults. There are none: a test reads them all.
    pub(super) fn read(&self, faults: &mut Faults) -> Option<CardFile> {
        let path = ProjectPath::new(&format!("cards/{}", self.name)).ok()?;
        CardFile::read(&Source::new(path, self.text), faults)
    }

    fn file(&self) -> Option<&CardFile> {
        self.parsed.get_or_init(|| self.read(&mut Faults::new())).as_ref()
    }
}

/// No card has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownModel {
    /// The name that was asked for.
    pub name: String,
    /// Names that are near to it, nearest first; may be empty.
    pub near: Vec<String>,
    /// The same with what each costs, since another name may have another price.
    priced: Vec<String>,
    /// Why it can lead to no card, where its form says so.
    why: Option<&'static str>,
}

impl UnknownModel {
    /// What to do about it.
    pub fn hint(&self) -> String {
        if let Some(why) = self.why {
            return why.to_owned();
        }
        match self.priced.as_slice() {
            [] => "`contexture models` lists the known ones; `prices.yaml` can add your own".to_owned(),
            [one] => format!("did you mean {one}?"),
            several => format!("did you mean one of {}?", several.join(", ")),
        }
    }
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no card for the model `{}`", self.name)
    }
}

impl std::error::Error for UnknownModel {}

/// A set of model cards. Cheap to make: a file is parsed when a model in it is asked for.
#[derive(Debug, Default)]
pub struct Cards {
    own: Option<Own>,
    found: Mutex<BTreeMap<Arc<str>, Arc<Card>>>,
    /// What each name that was asked for means: every key of every manifest's `settings` may be a model's name.
    asked: Mutex<BTreeMap<String, Option<Arc<Card>>>>,
    /// The doubts about a card on a day, once somebody asked: every context that has the model does.
    pub(super) doubted: Mutex<BTreeMap<(Arc<str>, Date), Doubts>>,
}

/// A project's `prices.yaml`.
#[derive(Debug)]
struct Own {
    source: Arc<Source>,
    file: CardFile,
    /// Its entries by the name of the card that they change or make.
    by_card: BTreeMap<Arc<str>, Node>,
}

/// What the chain of an entry's `like` came to.
enum Chain {
    Whole(Node),
    Broken(Diagnostic),
}

impl Cards {
    /// The built-in cards.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// These cards with a project's `prices.yaml` laid over them. Every fault in that file is
    /// reported; a card with a fault is not found.
    pub fn with_overrides(self, prices_yaml: &Arc<Source>, faults: &mut Faults) -> Self {
        let Some(file) = CardFile::read(prices_yaml, faults) else { return self };
        let mut by_card: BTreeMap<Arc<str>, Node> = BTreeMap::new();
        for (key, Entry(node)) in file.models.iter() {
            let name = built_in_name(&key.text).unwrap_or_else(|| key.text.clone());
            if by_card.insert(name.clone(), node.clone()).is_some() {
                let message = format!("two entries change the card `{name}`, one of them by another of its names");
                faults.push(Diagnostic::error("duplicate-card", message).at(&key.span));
            }
        }
        let mut known: Vec<Arc<str>> = sources().map(|(key, _)| key.text.clone()).collect();
        known.extend(file.sources.iter().map(|(key, _)| key.text.clone()));
        let entries = file.families.iter().chain(file.models.iter());
        entries.for_each(|(_, Entry(node))| check_sources(node, &known, faults));

        let names: Vec<Arc<str>> = by_card.keys().cloned().collect();
        let own = Own { source: prices_yaml.clone(), file, by_card };
        let cards = Self { own: Some(own), ..Self::default() };
        let mut in_cards = Faults::new();
        for name in names {
            match cards.chain(&name) {
                Chain::Whole(written) => {
                    let card = Card::decode(&name, written, &mut in_cards);
                    // A value at fault counts as absent, so gaps mean something only without faults.
                    if let (Some(card), Ok(replaced), false) =
                        (card, self.find(&name), faults.has_errors() || in_cards.has_errors())
                    {
                        card.warn_about_gaps(&replaced, &mut in_cards);
                    }
                }
                Chain::Broken(fault) => in_cards.push(fault),
            }
        }
        // A card that is like a faulty one meets the same fault again.
        let mut told: Vec<(Option<usize>, String)> = Vec::new();
        for fault in in_cards.into_vec() {
            let fault_and_place = (fault.span.as_ref().map(|span| span.start), fault.message.clone());
            if !told.contains(&fault_and_place) {
                told.push(fault_and_place);
                faults.push(fault);
            }
        }
        cards
    }

    /// The card of a model, by its name, another of its names, or a name that says which card it means (a snapshot, a
    /// region: `caveats` then says what must be known).
    pub fn find(&self, name: &str) -> Result<Arc<Card>, UnknownModel> {
        self.get(name).ok_or_else(|| {
            let everything = self.every_name();
            let near: Vec<String> =
                near(name, everything.iter().map(|name| &**name)).into_iter().map(str::to_owned).collect();
            let priced = near.iter().map(|name| self.with_price(name)).collect();
            UnknownModel { name: name.to_owned(), near, priced, why: self.why_unknown(name) }
        })
    }

    /// The card that a name means, if there is one.
    pub fn get(&self, name: &str) -> Option<Arc<Card>> {
        if let Some(known) = self.asked.lock().get(name) {
            return known.clone();
        }
        let card = self.look_up(name).or_else(|| self.read(name));
        self.asked.lock().insert(name.to_owned(), card.clone());
        card
    }

    /// The card of a model, by its name or another of its own names.
    pub(super) fn look_up(&self, name: &str) -> Option<Arc<Card>> {
        let name = self.card_name(name)?;
        self.once(&name, || match self.chain(&name) {
            Chain::Whole(written) => Card::decode(&name, written, &mut Faults::new()),
            Chain::Broken(_) => None,
        })
    }

    /// The card that a name means which is no card's own.
    fn read(&self, name: &str) -> Option<Arc<Card>> {
        self.once(&name.into(), || self.read_card(name))
    }

    fn once(&self, name: &Arc<str>, make: impl FnOnce() -> Option<Card>) -> Option<Arc<Card>> {
        if let Some(card) = self.found.lock().get(name) {
            return Some(card.clone());
        }
        let card = Arc::new(make()?);
        self.found.lock().insert(name.clone(), card.clone());
        Some(card)
    }

    /// What a moving name means today.
    pub(super) fn moving(&self, name: &str) -> Option<Arc<str>> {
        let own = self.own.as_ref().and_then(|own| own.file.moving.get(name));
        let target = own.or_else(|| files_with(name).find_map(|file| file.moving.get(name)))?;
        Some(target.value.value.clone())
    }

    /// A name with the newest prices of its card: "`gpt-5.4` ($2.5 in, $15 out)".
    fn with_price(&self, name: &str) -> String {
        let card = self.look_up(name);
        let list = card.as_ref().and_then(|card| card.facts.prices.as_ref()?.iter().next_back());
        match list.and_then(|list| list.value.input.zip(list.value.output)) {
            Some((input, output)) => format!("`{name}` (${} in, ${} out)", written(input), written(output)),
            None => format!("`{name}`"),
        }
    }

    /// The names of all cards, sorted.
    pub fn names(&self) -> Vec<Arc<str>> {
        let built_in = BUILT_IN.iter().filter_map(BuiltIn::file).flat_map(|file| file.models.iter());
        let mut names: Vec<Arc<str>> = built_in.map(|(key, _)| key.text.clone()).collect();
        names.extend(self.own.iter().flat_map(|own| own.by_card.keys().cloned()));
        names.sort();
        names.dedup();
        names
    }

    /// The built-in files: name and text.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&'static str, &'static str)> {
        BUILT_IN.iter().map(|file| (file.name, file.text))
    }

    /// Every fault in the built-in files. There are none; the tests ask.
    pub fn faults(&self) -> Vec<Diagnostic> {
        let mut faults = Faults::new();
        let known: Vec<Arc<str>> = sources().map(|(key, _)| key.text.clone()).collect();
        for built_in in &BUILT_IN {
            let Some(file) = built_in.read(&mut faults) else { continue };
            for (name, Entry(node)) in file.families.iter().chain(file.models.iter()) {
                check_sources(node, &known, &mut faults);
                match self.chain(&name.text) {
                    Chain::Whole(written) => _ = Card::decode(&name.text, written, &mut faults),
                    Chain::Broken(fault) => faults.push(fault),
                }
            }
        }
        faults.into_vec()
    }

    /// Where a fact was read, by the key that it names.
    pub fn source(&self, key: &str) -> Option<&SourceRecord> {
        let own = self.own.as_ref().and_then(|own| own.file.sources.get(key));
        own.or_else(|| sources().find(|(name, _)| &*name.text == key).map(|(_, source)| source))
    }

    /// The days on which the built-in sources were read.
    pub(super) fn source_days(&self) -> impl Iterator<Item = jiff::civil::Date> {
        sources().filter_map(|(_, source)| source.date).map(|day| day.0)
    }

    /// A digest of the whole set as written, `prices.yaml` included: `cxc1:` and 64 hexadecimal
    /// digits. Whatever it covers is equal where it is equal.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        let own = self.own.iter().map(|own| ("prices.yaml", &**own.source.text()));
        for (name, text) in BUILT_IN.iter().map(|file| (file.name, file.text)).chain(own) {
            for part in [name, text] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        format!("cxc1:{}", hasher.finalize().to_hex())
    }

    /// Names and other names.
    fn every_name(&self) -> Vec<Arc<str>> {
        let built_in = BUILT_IN.iter().filter_map(BuiltIn::file).flat_map(|file| file.models.iter());
        let own = self.own.iter().flat_map(|own| own.file.models.iter());
        let both = built_in.chain(own);
        let mut names: Vec<Arc<str>> =
            both.flat_map(|(key, entry)| std::iter::once(key.text.clone()).chain(aliases(entry))).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The name of the card that `name` finds.
    pub(super) fn card_name(&self, name: &str) -> Option<Arc<str>> {
        let own = self.own.iter().find_map(|own| {
            let found = own.by_card.get_key_value(name);
            let by_alias = || own.by_card.iter().find(|(_, node)| aliases_of(node).any(|alias| &*alias == name));
            found.or_else(by_alias).map(|(name, _)| name.clone())
        });
        own.or_else(|| built_in_name(name))
    }

    /// A card's own entries with everything that it is like below them.
    fn chain(&self, name: &str) -> Chain {
        self.resolve(name, 0)
    }

    fn resolve(&self, name: &str, depth: usize) -> Chain {
        let built_in = built_in_entry(name);
        let own = self.own.as_ref().and_then(|own| own.by_card.get(name).or_else(|| own.file.entry(name)));
        let own_is_whole = own.is_some_and(|node| node.get("like").is_some());
        let mut laid: Option<Node> = None;
        for entry in built_in.filter(|_| !own_is_whole).into_iter().chain(own) {
            let base = match entry.get("like") {
                Some(like) => match self.base(like, depth) {
                    Chain::Whole(base) => Some(heritage(&base)),
                    broken => return broken,
                },
                None => laid,
            };
            laid = Some(base.map_or_else(|| entry.clone(), |base| lay(&base, entry)));
        }
        match laid {
            Some(node) => Chain::Whole(node),
            None => Chain::Broken(Diagnostic::error("unknown-model", format!("there is no card called `{name}`"))),
        }
    }

    /// What a `like` names.
    fn base(&self, like: &Node, depth: usize) -> Chain {
        let Some(name) = like.as_text() else {
            return Chain::Broken(Diagnostic::error("wrong-type", "`like` names a family or a model").at(&like.span));
        };
        if depth >= LONGEST_CHAIN {
            let message = format!("`like: {name}` leads back to itself, or through more than {LONGEST_CHAIN} cards");
            return Chain::Broken(Diagnostic::error("card-cycle", message).at(&like.span));
        }
        let name = self.card_name(name).unwrap_or_else(|| name.clone());
        match self.resolve(&name, depth + 1) {
            Chain::Broken(fault) if fault.span.is_none() => {
                let everything = self.every_name();
                let hint = did_you_mean(&name, everything.iter().map(|name| &**name));
                Chain::Broken(fault.at(&like.span).maybe_hint(hint))
            }
            chain => chain,
        }
    }
}

/// Every built-in source.
fn sources() -> impl Iterator<Item = (&'static crate::syntax::yaml::Key, &'static SourceRecord)> {
    BUILT_IN.iter().filter_map(BuiltIn::file).flat_map(|file: &'static CardFile| file.sources.iter())
}

/// Files whose text holds a name. A card's names stand in its file letter by letter (a test holds
/// that), so no other file needs to be parsed.
fn files_with(name: &str) -> impl Iterator<Item = &'static CardFile> {
    BUILT_IN.iter().filter(move |file| file.text.contains(name)).filter_map(BuiltIn::file)
}

fn built_in_entry(name: &str) -> Option<&'static Node> {
    files_with(name).find_map(|file| file.entry(name))
}

/// The built-in card that a name, or another name of it, finds.
fn built_in_name(name: &str) -> Option<Arc<str>> {
    let by_name = |table: &'static Table<Entry>| table.iter().find(|(key, _)| &*key.text == name);
    let by_alias =
        |table: &'static Table<Entry>| table.iter().find(|(_, entry)| aliases(entry).any(|alias| &*alias == name));
    files_with(name)
        .find_map(|file| by_name(&file.models))
        .or_else(|| files_with(name).find_map(|file| by_alias(&file.models)))
        .map(|(key, _)| key.text.clone())
}

fn aliases(entry: &Entry) -> impl Iterator<Item = Arc<str>> {
    aliases_of(&entry.0)
}

fn aliases_of(node: &Node) -> impl Iterator<Item = Arc<str>> {
    let list = match node.get("aliases").map(|aliases| &aliases.value) {
        Some(crate::syntax::yaml::Value::List(items)) => items.clone(),
        _ => Arc::default(),
    };
    let names: Vec<Arc<str>> = list.iter().filter_map(|item| item.as_text().cloned()).collect();
    names.into_iter()
}
