//! A summary as the store holds it: places are paths and offsets, since the text that they point into
//! is in the tree.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Figures, Summary};
use crate::cost::budget::{Amount, BudgetName, BudgetResult, FailsFrom, Status};
use crate::output::record::BuiltContext;
use crate::pipeline::provenance::Provenance;
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::source::{ProjectPath, Source, Span};
use crate::text::fragment::{Fragments, Reads};

/// What is kept of a summary. Its record is kept apart: it is large, and most runs do not ask for it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    figures: Figures,
    budgets: Vec<Budget>,
    warnings: Vec<Remark>,
}

/// A place in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    path: String,
    start: usize,
    end: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Budget {
    name: BudgetName,
    block: Option<String>,
    model: String,
    limit: Amount,
    actual: Option<Amount>,
    status: Status,
    /// The day as it is written, what happens then, and what is held against the limit then.
    fails_from: Option<(String, String, Amount)>,
    place: Place,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remark {
    severity: Severity,
    code: Cow<'static, str>,
    message: String,
    place: Option<Place>,
    file: Option<String>,
    hint: Option<String>,
    model: Option<String>,
}

impl Place {
    fn of(span: &Span) -> Self {
        Self { path: span.path().to_string(), start: span.start, end: span.end }
    }

    /// The place in the text that the tree has there.
    fn find(&self, fragments: &Fragments) -> Option<Span> {
        let fragment = fragments.read(&ProjectPath::new(&self.path).ok()?).ok()?;
        let text = fragment.source.text();
        let is_inside = text.is_char_boundary(self.start) && text.is_char_boundary(self.end);
        is_inside.then(|| Span::new(&fragment.source, self.start, self.end))
    }
}

impl Kept {
    /// What is kept of a summary; `None` where a warning points into a text that is no file which the
    /// context read, so that it could not be found again.
    pub(super) fn of(summary: &Summary, reads: &Reads, fragments: &Fragments) -> Option<Self> {
        let is_found = |span: &Span| {
            reads.files.get(span.path()).is_some_and(Option::is_some)
                && fragments.read(span.path()).is_ok_and(|fragment| fragment.source.text() == span.source.text())
        };
        let spans = summary.warnings.iter().filter_map(|warning| warning.span.as_ref());
        if !spans.into_iter().all(is_found) {
            return None;
        }
        Some(Self {
            figures: summary.figures.clone(),
            budgets: summary.budgets.iter().map(Budget::of).collect(),
            warnings: summary.warnings.iter().map(Remark::of).collect(),
        })
    }

    /// The summary again, with the places of warnings that are `shown`; `None` where one is not found.
    pub(super) fn restore(
        self,
        provenance: Provenance,
        record: Option<BuiltContext>,
        shown: Severity,
        fragments: &Fragments,
    ) -> Option<Summary> {
        let warnings = self.warnings.into_iter().map(|warning| warning.restore(shown, fragments));
        Some(Summary {
            provenance,
            figures: self.figures,
            budgets: self.budgets.into_iter().map(Budget::restore).collect::<Option<_>>()?,
            warnings: warnings.collect::<Option<_>>()?,
            record,
        })
    }
}

impl Budget {
    fn of(result: &BudgetResult) -> Self {
        let BudgetResult { name, block, model, limit, actual, status, fails_from, is_old_debt: _, span } = result;
        let fails_from = fails_from.as_ref().map(|FailsFrom { day, because, actual }| {
            let day = day.to_string();
            (day, because.clone(), *actual)
        });
        Self {
            name: *name,
            block: block.clone(),
            model: model.clone(),
            limit: *limit,
            actual: *actual,
            status: *status,
            fails_from,
            place: Place::of(span),
        }
    }

    /// The result again. Its place has no text: where it is told of, that is by a warning, which has.
    fn restore(self) -> Option<BudgetResult> {
        let fails_from = match self.fails_from {
            Some((day, because, actual)) => Some(FailsFrom { day: day.parse().ok()?, because, actual }),
            None => None,
        };
        let source = Source::new(ProjectPath::new(&self.place.path).ok()?, "");
        Some(BudgetResult {
            name: self.name,
            block: self.block,
            model: self.model,
            limit: self.limit,
            actual: self.actual,
            status: self.status,
            fails_from,
            is_old_debt: false,
            span: Span::new(&source, self.place.start, self.place.end),
        })
    }
}

impl Remark {
    fn of(warning: &Diagnostic) -> Self {
        let Diagnostic { severity, code, message, span, file, hint, model } = warning;
        Self {
            severity: *severity,
            code: code.clone(),
            message: message.clone(),
            place: span.as_ref().map(Place::of),
            file: file.as_ref().map(ToString::to_string),
            hint: hint.clone(),
            model: model.clone(),
        }
    }

    fn restore(self, shown: Severity, fragments: &Fragments) -> Option<Diagnostic> {
        let span = match self.place.filter(|_| self.severity >= shown) {
            Some(place) => Some(place.find(fragments)?),
            None => None,
        };
        let file = match self.file {
            Some(file) => Some(ProjectPath::new(&file).ok()?),
            None => None,
        };
        let (severity, code, message, hint, model) = (self.severity, self.code, self.message, self.hint, self.model);
        Some(Diagnostic { severity, code, message, span, file, hint, model })
    }
}
