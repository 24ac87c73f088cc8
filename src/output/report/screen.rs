//! The screen of `watch`: one page, drawn anew after each round, as large as the terminal.

use std::fmt::Write as _;

use super::cost::amount;
use super::text::{Table, counted, grouped};
use super::watch::{errors, signed};
use super::{inert, snippet};
use crate::cost::budget::{BudgetResult, Status, nearest};
use crate::cost::tokens::Basis;
use crate::pipeline::model::ModelBuild;
use crate::pipeline::watch::{Round, Step};
use crate::pipeline::{Build, BuildResult};
use crate::syntax::diag::{Diagnostic, Severity};

/// How many cells a budget's bar has.
const BAR_CELLS: u64 = 10;

/// What the keys do.
const HELP: &str = "  n  next context      r  rebuild, with nothing remembered
  o  open the page     h  this help
  q  quit

  last   o200k_base tokens, less those of the last good build
  HEAD   the same, less those of the commit below the working tree
  kept   how much of that commit's prefix stands unchanged at the front
  warm   a call that finds all of the prefix in the cache; of several models, the dearest
  budget how much of the nearest limit is used
";

/// What is shown, and how.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// The last round.
    pub round: &'a Round,
    /// The contexts as the commit below the working tree holds them, if that is known.
    pub head: Option<&'a [BuildResult]>,
    /// Which context is shown in full, counted from 0 and round again.
    pub chosen: usize,
    /// Whether the help is shown instead.
    pub help: bool,
    /// The address of the page, if it is served.
    pub address: Option<&'a str>,
    /// Something that a person should know.
    pub notice: Option<&'a str>,
    /// Lines that fit. A line that is too wide is left to the terminal to cut.
    pub height: usize,
}

impl Screen<'_> {
    /// The page, at most `height` lines, each ending in a line break. Colour codes are included.
    pub fn draw(&self) -> String {
        let mut lines = vec![self.title()];
        lines.extend(self.address.map(|address| format!("page {address}  (o open)")));
        lines.extend(self.notice.map(inert::line));
        lines.push(String::new());
        if self.help {
            lines.extend(HELP.lines().map(str::to_owned));
            return fitted(lines, self.height);
        }
        let below = self.below();
        // Half of what is left for each of the two parts, and what one does not need for the other.
        let left = self.height.saturating_sub(lines.len() + 2);
        let room = left.saturating_sub(below.len()).max(left / 2);
        lines.extend(self.contexts(room));
        lines.push(String::new());
        lines.extend(below);
        fitted(lines, self.height)
    }

    fn title(&self) -> String {
        let Round { seq, took, .. } = self.round;
        let attempts = self.round.attempts();
        let broken = attempts.iter().filter(|attempt| attempt.result.is_err()).count();
        let state = match (&self.round.outcome, broken) {
            (Err(_), _) => "broken: nothing could be built".to_owned(),
            (Ok(_), 0) => counted(attempts.len(), "context"),
            (Ok(_), _) => format!("{}, {broken} broken", counted(attempts.len(), "context")),
        };
        format!("contexture watch  build {seq}, {} ms  {state}  (h help, q quit)", took.as_millis())
    }

    /// The context that is shown in full.
    fn chosen(&self) -> Option<&BuildResult> {
        let attempts = self.round.attempts();
        attempts.get(self.chosen.checked_rem(attempts.len())?)
    }

    /// A row for each context, as many as there is room for around the chosen one.
    fn contexts(&self, room: usize) -> Vec<String> {
        let attempts = self.round.attempts();
        let Some(chosen) = self.chosen.checked_rem(attempts.len()) else { return Vec::new() };
        let shown = room.saturating_sub(1).clamp(1, attempts.len());
        let first = chosen.saturating_sub(shown / 2).min(attempts.len() - shown);
        let mut table = Table::new(&["  context", "tokens>", "last>", "HEAD>", "kept>", "warm>", "budget"]);
        for (index, attempt) in attempts.iter().enumerate().skip(first).take(shown) {
            table.row(self.row(attempt, index == chosen));
        }
        table.draw(0).lines().map(str::to_owned).collect()
    }

    fn row(&self, attempt: &BuildResult, is_chosen: bool) -> [String; 7] {
        let id = format!("{} {}", if is_chosen { ">" } else { " " }, attempt.id);
        let before = self.round.before.get(&attempt.id);
        let Ok(build) = &attempt.result else {
            let was = before.map_or_else(String::new, |build| format!("was {}", grouped(build.counts.text.tokens())));
            return [id, "broken".to_owned(), was, String::new(), String::new(), String::new(), String::new()];
        };
        let last = before.map(|before| Step::between(before, build).tokens);
        let head = self.head.and_then(|head| head.iter().find(|head| head.id == attempt.id)?.result.as_ref().ok());
        let step = head.map(|head| Step::between(head, build));
        let share = |step: Step| step.kept.saturating_mul(100).checked_div(step.of);
        let warm = build.models.iter().max_by_key(|model| (model.bill.warm.is_none(), model.bill.warm));
        [
            id,
            grouped(build.counts.text.tokens()),
            last.map_or_else(String::new, signed),
            step.map_or_else(String::new, |step| signed(step.tokens)),
            step.and_then(share).map_or_else(String::new, |share| format!("{share}%")),
            warm.map_or_else(String::new, money),
            budget(build.models.iter().flat_map(|model| &model.budgets)),
        ]
    }

    /// What stands below the contexts: what is wrong first, else the chosen context in full.
    fn below(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let errors = errors(self.round);
        if let Some(first) = errors.first() {
            lines.extend(drawn(first));
            if errors.len() > 1 {
                lines.push(format!("and {} more", counted(errors.len() - 1, "error")));
            }
            return lines;
        }
        let Some(build) = self.chosen().and_then(|attempt| attempt.result.as_ref().ok()) else { return lines };
        let prefix = grouped(build.counts.prefix.tokens());
        let segments = counted(build.segments.len(), "segment");
        lines.push(inert::line(&format!(
            "{}  {}  {segments}, {prefix} tokens before the first input",
            build.id,
            build.chain.prefix().short()
        )));
        lines.extend(models(build));
        let warnings = || build.warnings.iter().filter(|warning| warning.severity != Severity::Note);
        // What is denied is worse than what is warned of, and that comes in the order of the prompt.
        if let Some(first) = build.errors().next().or_else(|| warnings().next()) {
            lines.push(String::new());
            lines.extend(drawn(first));
            let more = warnings().count() - 1;
            if more > 0 {
                lines.push(format!("and {}", counted(more, "more warning")));
            }
        }
        lines
    }
}

/// A context's models as rows.
fn models(build: &Build) -> Vec<String> {
    let mut table = Table::new(&["model", "tokens>", "prefix>", "cold>", "warm>", "month>", "budget"]);
    for model in &build.models {
        table.row([
            model.name.clone(),
            format!("{}{}", about(model), grouped(model.tokens.total())),
            format!("{}{}", about(model), grouped(model.tokens.prefix.tokens())),
            amount(model.bill.cold),
            money(model),
            amount(model.bill.month),
            budget(model.budgets.iter()),
        ]);
    }
    if table.is_empty() { Vec::new() } else { table.draw(2).lines().map(str::to_owned).collect() }
}

/// `≈` where the tokens are estimated.
fn about(model: &ModelBuild) -> &'static str {
    if model.tokens.basis() == Basis::Estimated { "≈" } else { "" }
}

/// What a warm call costs.
fn money(model: &ModelBuild) -> String {
    match model.bill.warm {
        Some(_) => format!("{}{}", about(model), amount(model.bill.warm)),
        None => amount(None),
    }
}

/// The budget that matters most, as a bar: one that fails, else the one nearest to its limit.
fn budget<'b>(budgets: impl Iterator<Item = &'b BudgetResult>) -> String {
    let budgets: Vec<BudgetResult> = budgets.cloned().collect();
    let failing = budgets.iter().filter(|budget| budget.status == Status::Fail);
    let worst = failing.max_by_key(|budget| budget.used());
    let Some(budget) = worst.or_else(|| nearest(&budgets)) else { return String::new() };
    let percent = budget.used().unwrap_or(0) / 10_000;
    let full = (percent * BAR_CELLS).div_ceil(100).min(BAR_CELLS);
    let mut bar = String::new();
    for cell in 0..BAR_CELLS {
        bar.push(if cell < full { '█' } else { '░' });
    }
    // Writing to a String cannot fail.
    let _ = match percent {
        1000.. => write!(bar, " over 1000% of {}", budget.name.as_str()),
        percent => write!(bar, " {percent}% of {}", budget.name.as_str()),
    };
    bar + if budget.status == Status::Fail { " FAILS" } else { "" }
}

fn drawn(diagnostic: &Diagnostic) -> Vec<String> {
    snippet::draw(diagnostic).lines().map(str::to_owned).collect()
}

/// The lines that fit, the last of them saying that there are more.
fn fitted(mut lines: Vec<String>, height: usize) -> String {
    if lines.len() > height {
        lines.truncate(height.saturating_sub(1));
        lines.push("…".to_owned());
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
