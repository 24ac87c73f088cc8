//! Model cards: what is known about a model, on which day, and who says so.
//!
//! A card is YAML under `cards/`: an identity, and facts. Every number is a [`Fact`] with its
//! sources; a fact that changed, or is about to, is a history of them ([`Dated`]). What models share
//! stands once, in a family or in the model that a card says it is `like`. A project's
//! `prices.yaml` has the same shape and is laid over the built-in cards.
//!
//! [`Cards::find`] gives a [`Card`]; [`Card::at`] a day gives a [`CardAt`], which answers with the
//! types that the cost wing reads. Nothing is parsed before it is asked for. An unknown price is
//! `None`, an unknown model an error with near names.

mod card;
mod changes;
mod choices;
mod day;
mod doubts;
mod explain;
mod import;
mod library;
mod list;
mod names;
mod price;
mod schema;
mod takes;
mod written;

pub use crate::cost::fact::{Contradiction, Date, Dated, Day, Doubts, Evidence, Fact, Status, written_day};
pub use card::{Card, CardAt, CardFacts, Framing, FramingFacts, Platform, TokenizerName, Window, WindowFacts};
pub use changes::Change;
pub use choices::{Choice, Choices};
pub use day::{day_of, is_near};
pub use explain::{Claim, Explanation, FactLine, SourceLine};
pub use import::{Import, Selection};
pub use library::{Cards, UnknownModel};
pub use list::Row;
pub use names::Caveat;
pub use price::{LongPrices, OffPeak, PlainPrices, PriceList, WritePrices, parse_price};
pub use schema::schema;
pub use takes::Takes;
pub use written::{CardFile, SourceRecord};
