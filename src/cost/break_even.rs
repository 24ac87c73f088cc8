//! Prompt or fine-tune: how many calls pay for training a model that needs a shorter prompt.
//!
//! `N = T / (P_base − P_tuned)`: training costs T, and each call saves the difference between what a
//! call costs today, cached as it is at the declared traffic, and what the tuned model asks. The
//! verdict compares N with the calls that are to come.

use crate::cost::bill::{Bill, bill};
use crate::cost::planner::words::{counted, grouped, money};
use crate::cost::planner::{Layout, Placed};
use crate::cost::rules::Model;
use crate::cost::terms::{RequestTokens, Terms};
use crate::cost::traffic::Traffic;
use crate::prompt::blocks::Breakpoint;
use crate::syntax::quantity::Usd;

/// Up to this many times N calls, prompting stays.
const KEEP_WITHIN: u64 = 3;
/// From this many times N calls on, training pays.
const TUNE_BEYOND: u64 = 10;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What training costs, once.
    pub training: Usd,
    /// What the context costs today.
    pub base: &'a Bill,
    /// What a call of the tuned model costs; `None` when a price of it is not known.
    pub tuned: Option<Usd>,
    /// The declared traffic.
    pub traffic: Option<&'a Traffic>,
    /// For how many months the tuned model is to serve before it is trained anew.
    pub months: u32,
}

/// What comes out. Amounts are US dollars, exact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Answer {
    /// A call today: expected at the declared traffic, else warm.
    pub base: Option<Usd>,
    /// A call of the tuned model.
    pub tuned: Option<Usd>,
    /// Calls after which training has paid for itself, rounded up; null when it never does, or when
    /// a price is not known.
    pub calls: Option<u64>,
    /// The same if every call today found the cache warm.
    pub calls_warm: Option<u64>,
    /// The same if none were cached.
    pub calls_uncached: Option<u64>,
    /// Calls that are to come; null without traffic.
    pub volume: Option<u64>,
    /// What to do.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// What the verdict depends on, or would change it.
    pub depends_on: Vec<String>,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The calls to come are at most 3 N, or training never pays.
    KeepPrompting,
    /// Between 3 N and 10 N.
    ItDepends,
    /// They are more than 10 N.
    FineTune,
    /// A price or the traffic is not known.
    Unknown,
}

/// Weighs training against prompting.
pub fn break_even(question: &Question) -> Answer {
    let base = question.base.expected.or(question.base.warm);
    let calls = |base: Option<Usd>| calls(question.training, base?, question.tuned?);
    let volume = question.traffic.map(|traffic| traffic.calls.saturating_mul(question.months.into()));
    let found = calls(base);
    let never = base.zip(question.tuned).is_some_and(|(base, tuned)| tuned >= base);
    let verdict = match (found, volume) {
        _ if never => Verdict::KeepPrompting,
        (Some(calls), Some(volume)) if volume <= calls.saturating_mul(KEEP_WITHIN) => Verdict::KeepPrompting,
        (Some(calls), Some(volume)) if volume > calls.saturating_mul(TUNE_BEYOND) => Verdict::FineTune,
        (Some(_), Some(_)) => Verdict::ItDepends,
        _ => Verdict::Unknown,
    };
    let mut answer = Answer {
        base,
        tuned: question.tuned,
        calls: found,
        calls_warm: calls(question.base.warm),
        calls_uncached: calls(question.base.uncached),
        volume,
        verdict,
        reason: String::new(),
        depends_on: Vec::new(),
        assumptions: assumptions(question),
    };
    answer.reason = answer.reason(question, never);
    answer.depends_on = answer.depends_on(question, never);
    answer
}

/// `T / (base − tuned)`, rounded up; `None` when the tuned model costs as much or more.
fn calls(training: Usd, base: Usd, tuned: Usd) -> Option<u64> {
    let saved = (base - tuned).femto;
    if saved <= 0 {
        return None;
    }
    let calls = training.femto.div_euclid(saved) + i128::from(training.femto.rem_euclid(saved) > 0);
    u64::try_from(calls).ok()
}

impl Answer {
    fn reason(&self, question: &Question, never: bool) -> String {
        let (Some(base), Some(tuned)) = (self.base, self.tuned) else {
            return "a price is not known, so that nothing can be weighed".to_owned();
        };
        if never {
            return format!(
                "a call of the tuned model costs {}, today's {}: training never pays, at any volume",
                money(tuned),
                money(base)
            );
        }
        let Some(calls) = self.calls else {
            return "training would take more calls to pay than anybody could count".to_owned();
        };
        let pays = format!(
            "{} of training are saved after {} at {} a call instead of {}",
            money(question.training),
            counted(calls, "call"),
            money(tuned),
            money(base)
        );
        let Some(volume) = self.volume else { return format!("{pays}; no traffic is declared to compare that with") };
        let times = volume.saturating_mul(10).checked_div(calls).unwrap_or(u64::MAX);
        let band = match self.verdict {
            Verdict::FineTune => format!("beyond {TUNE_BEYOND} times: fine-tune"),
            Verdict::ItDepends => format!("between {KEEP_WITHIN} and {TUNE_BEYOND} times: it depends"),
            Verdict::KeepPrompting | Verdict::Unknown => format!("within {KEEP_WITHIN} times: keep prompting"),
        };
        format!(
            "{pays}; {} come in {}, {}.{} times as many, {band}",
            grouped(volume),
            counted(question.months.into(), "month"),
            grouped(times / 10),
            times % 10
        )
    }

    fn depends_on(&self, question: &Question, never: bool) -> Vec<String> {
        let mut list = Vec::new();
        if let (Some(warm), Some(uncached)) = (self.calls_warm, self.calls_uncached)
            && warm != uncached
        {
            list.push(format!(
                "caching: {} if every call today were warm, {} if none were cached",
                counted(warm, "call"),
                counted(uncached, "call")
            ));
        } else if self.calls_warm.is_none() && self.calls_uncached.is_some() && !never {
            list.push("caching: if every call today were warm, training would never pay".to_owned());
        }
        if let (Verdict::ItDepends, Some(calls)) = (self.verdict, self.calls) {
            list.push(format!(
                "how often it is trained anew: each further time within {} takes {} more",
                counted(question.months.into(), "month"),
                counted(calls, "call")
            ));
            list.push("whether the tuned model answers as well: measure it before it is paid for".to_owned());
            list.push("whether prices stand: a lower input or read price moves the line towards prompting".to_owned());
        }
        list
    }
}

fn assumptions(question: &Question) -> Vec<String> {
    let base = match question.base.expected {
        Some(_) => "today's call is priced as cached at the declared traffic, deploys and storage shared out",
        None => "today's call is priced as a warm one, since no traffic is declared",
    };
    vec![
        base.to_owned(),
        format!("the tuned model serves {} before it is trained anew", counted(question.months.into(), "month")),
        "training is paid once; data, evaluation and hosting by the hour are not in it".to_owned(),
        format!(
            "at most {KEEP_WITHIN} times the calls that pay for it: keep prompting; more than {TUNE_BEYOND} times: fine-tune"
        ),
    ]
}

/// What a call of a tuned model costs at the declared traffic with a prompt of these tokens: the
/// cheapest of no breakpoint and one at the end of the prefix, with each TTL that the model has. Warm
/// where no traffic is declared. `None` when a price is not known.
pub fn tuned_call(model: &Model, traffic: Option<&Traffic>, tokens: &RequestTokens) -> Option<Usd> {
    let terms = Terms { model, batch: None, traffic, tokens };
    let prefix = tokens.prefix.tokens();
    let mechanism = model.rules.explicit.as_ref().filter(|mechanism| prefix >= mechanism.minimum_before(1));
    let marked = mechanism.iter().flat_map(|mechanism| &mechanism.lifetimes).map(|lifetime| {
        let breakpoint = Breakpoint { after: 0, ttl: lifetime.ttl };
        let why = String::new();
        let placed = Placed { breakpoint, tokens: prefix, is_dead: false, is_explicit: false, worth: None, why };
        Layout { breakpoints: vec![placed] }
    });
    let cost = |layout: Layout| {
        let bill = bill(&layout, &terms);
        if traffic.is_some() { bill.expected } else { bill.warm }
    };
    std::iter::once(Layout::default()).chain(marked).filter_map(cost).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::cards::{Cards, Choices, Date};
    use crate::cost::tokens::Count;
    use crate::syntax::manifest::{HitRate, Hours};
    use crate::syntax::quantity::Share;

    fn usd(written: &str) -> Usd {
        Usd::parse(written).unwrap()
    }

    fn traffic(calls: u64) -> Traffic {
        let hit_rate = HitRate::Auto;
        Traffic { calls, hours: Hours::Flat, hit_rate, deploys: 0, replicas: 1, batch: Share::default() }
    }

    fn base() -> Bill {
        Bill { uncached: Some(usd("0.11")), warm: Some(usd("0.009")), expected: Some(usd("0.01")), ..Bill::default() }
    }

    fn asked(tuned: Option<&str>, calls: u64) -> Answer {
        let (base, traffic) = (base(), traffic(calls));
        break_even(&Question {
            training: usd("300"),
            base: &base,
            tuned: tuned.map(usd),
            traffic: Some(&traffic),
            months: 12,
        })
    }

    #[test]
    fn bands_begin_and_end_where_they_say() {
        // 300 / (0.01 − 0.004) = 50,000 calls: 150,000 and 500,000 in a year are the edges.
        let verdict = |calls| asked(Some("0.004"), calls).verdict;
        assert_eq!(asked(Some("0.004"), 1).calls, Some(50_000));
        assert_eq!(verdict(12_500), Verdict::KeepPrompting);
        assert_eq!(verdict(12_501), Verdict::ItDepends);
        assert_eq!(verdict(41_666), Verdict::ItDepends);
        assert_eq!(verdict(41_667), Verdict::FineTune);
    }

    #[test]
    fn it_says_on_what_it_depends() {
        let answer = asked(Some("0.004"), 20_000);
        assert_eq!(
            answer.reason,
            "$300.00 of training are saved after 50,000 calls at $0.0040 a call instead of $0.0100; 240,000 come in \
             12 months, 4.8 times as many, between 3 and 10 times: it depends"
        );
        assert_eq!((answer.calls_warm, answer.calls_uncached), (Some(60_000), Some(2_831)));
        assert_eq!(answer.depends_on.len(), 4);
    }

    #[test]
    fn a_tuned_model_that_costs_as_much_never_pays_and_an_unknown_price_is_not_guessed() {
        let answer = asked(Some("0.01"), 1_000_000_000);
        assert_eq!((answer.verdict, answer.calls), (Verdict::KeepPrompting, None));
        assert_eq!(asked(None, 1_000).verdict, Verdict::Unknown);
        let base = base();
        let quiet =
            Question { training: usd("300"), base: &base, tuned: Some(usd("0.004")), traffic: None, months: 12 };
        assert_eq!(break_even(&quiet).verdict, Verdict::Unknown);
    }

    #[test]
    fn the_tuned_call_is_cached_where_that_is_cheaper() {
        let model =
            Cards::built_in().find("gpt-6.1-sol").unwrap().at(Date::constant(2026, 11, 20)).model(&Choices::default());
        let prefix = Count::exact(2_000);
        let tokens = RequestTokens {
            prefix,
            text: prefix,
            inputs: 600,
            unsized_input: false,
            framing: Count::exact(0),
            output: Some(250),
        };
        // 2,000 tokens read at $0.10, 600 at $2, 250 at $10 a million.
        assert_eq!(tuned_call(&model, Some(&traffic(15_000_000)), &tokens), Some(usd("0.0039")));
        // Too few calls: 2,600 tokens at $2.
        assert_eq!(tuned_call(&model, Some(&traffic(1)), &tokens), Some(usd("0.0077")));
    }
}
