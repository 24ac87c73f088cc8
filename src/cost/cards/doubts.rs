//! How sure a card's figures are, in sum: the one line that a report has room for.

use jiff::civil::Date;

use super::card::Card;
use super::library::Cards;
use crate::cost::fact::{Doubts, Status};

impl Cards {
    /// The doubts about one of these cards on a day. Framing is left out: it is an estimate in any
    /// case.
    pub fn doubts(&self, card: &Card, day: Date) -> Doubts {
        // What a panicking thread left behind is whole, since values go in in one step.
        let known = || self.doubted.lock();
        let name = (card.name.clone(), day);
        if let Some(doubts) = known().get(&name) {
            return doubts.clone();
        }
        let doubts = self.doubts_anew(card, day);
        known().insert(name, doubts.clone());
        doubts
    }

    fn doubts_anew(&self, card: &Card, day: Date) -> Doubts {
        let mut doubts = Doubts::default();
        for fact in self.facts(card, day).into_iter().filter(|fact| fact.in_force) {
            let group = fact.path.split('.').next().unwrap_or_default().to_owned();
            if group == "framing" {
                continue;
            }
            match fact.status {
                Status::ThirdParty => doubts.third_party.insert(group),
                Status::Conflict => doubts.conflicts.insert(fact.path),
                Status::Unverified => doubts.unverified.insert(group),
                _ => continue,
            };
        }
        doubts
    }
}
