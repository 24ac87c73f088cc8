//! The judges of an evaluation: how each is found, and what it is asked once the answers are there.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Pair, Trials};
use crate::cost::cards::Date;
use crate::evaluate::judge::{self, AnswerPairs, Judge, Judged};
use crate::evaluate::protocol::Protocol;
use crate::evaluate::run::{Prepared, prepare};
use crate::evaluate::{CaseSet, Results};
use crate::pipeline::model::ModelBuild;
use crate::pipeline::{Build, Memory, Request, build_remembering};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::error::{Error, Failure};
use crate::syntax::manifest;
use crate::tree::Tree;

/// The context of a judge, or why it cannot be built.
pub type JudgeBuild = Result<Arc<Build>, Vec<Diagnostic>>;

/// The judge of one model of one context.
pub(super) struct PlannedJudge<'a> {
    judge: Judge,
    build: &'a Build,
    /// The side that is asked what people were asked.
    pub(super) labelled: usize,
    /// What it is asked of the answers, before there are any.
    pub(super) unanswered: Prepared<'a>,
}

/// Builds the judge of each pair, as the tree has it whose manifest names it: the base's where the base has a judge. The
/// models of the command line are not its own.
///
/// # Errors
/// When a tree cannot be read.
pub fn with_judges(
    pairs: &mut [Pair],
    (head, base): (&dyn Tree, Option<&dyn Tree>),
    as_of: Option<Date>,
    memory: &Memory,
) -> Result<(), Failure> {
    let mut built: HashMap<(bool, Arc<str>), JudgeBuild> = HashMap::new();
    for pair in pairs {
        let plan = pair.base.as_ref().map(|base| &base.plan);
        let Some((judge, by)) = judge::declared(&pair.head.plan, plan).filter(|_| plan.is_some()) else { continue };
        let of_base = base.filter(|_| plan.is_some_and(|plan| std::ptr::eq(plan, by)));
        let key = (of_base.is_some(), Arc::clone(&judge.context.value));
        let known = built.get(&key).cloned();
        let found = match known {
            Some(found) => found,
            None => judge_context(of_base.unwrap_or(head), judge, as_of, memory)?,
        };
        built.insert(key, found.clone());
        pair.judge = Some(found);
    }
    Ok(())
}

fn judge_context(
    tree: &dyn Tree,
    declared: &manifest::Judge,
    as_of: Option<Date>,
    memory: &Memory,
) -> Result<JudgeBuild, Failure> {
    let id = declared.context.value.to_string();
    let refused = |what: String, hint: Option<String>| {
        let fault = Diagnostic::error("bad-judge", what).at(&declared.context.span).maybe_hint(hint);
        Ok(Err(vec![fault]))
    };
    if id.contains('*') {
        return refused("a judge is one context, and no pattern".to_owned(), None);
    }
    let request = Request { contexts: vec![id], as_of, ..Request::default() };
    match build_remembering(tree, &request, memory) {
        Ok(mut tried) if tried.len() == 1 => Ok(tried.remove(0).result),
        Ok(tried) => refused(format!("`{}` is {} contexts", declared.context.value, tried.len()), None),
        Err(Failure::Error(Error::Usage { what, cure })) => refused(format!("the judge: {what}"), cure),
        Err(failure) => Err(failure),
    }
}

impl<'a> Trials<'a> {
    pub(super) fn add_judge(
        &mut self,
        build: &'a Build,
        (head, model): (&Build, &ModelBuild),
        (base, other): (&Build, &ModelBuild),
        protocol: &Protocol,
        faults: &mut Faults,
    ) -> Option<PlannedJudge<'a>> {
        let declared = judge::declared(&head.plan, Some(&base.plan))?;
        let evaluated = ([&head.plan, &base.plan], [&*model.card, &*other.card]);
        let judge = Judge::of(declared, build, (&evaluated.0, &evaluated.1), &protocol.cases, faults)?;
        if let Some(gate) = protocol.gates.as_ref().and_then(|gates| gates.judge.as_ref()) {
            for doubt in judge.doubts() {
                let message = format!("the judge {} is not to be trusted: {doubt}", build.id);
                let fault = Diagnostic::error("untrusted-judge", message).at(&gate.span);
                faults.push(fault.hint("mend that, or take the gate `judge` off: then it is asked, and fails nothing"));
            }
        }
        let mut side = |set: CaseSet| {
            let side = prepare(build, build.models.first()?, Arc::new(set), (None, false));
            side.map_err(|found| faults.extend(found)).ok()
        };
        let (labelled, unanswered) =
            (side(judge::questions(&judge.labelled))?, side(judge::unanswered(&protocol.cases))?);
        self.sides.push(labelled);
        Some(PlannedJudge { judge, build, labelled: self.sides.len() - 1, unanswered })
    }

    /// What judges are asked of these answers: a side for each trial that has a judge, in their order.
    pub(super) fn judging(&self, results: &[Results]) -> Vec<Prepared<'a>> {
        let asked = self.contests(results);
        let sides = asked.map(|(planned, (pairs, _))| {
            let model = planned.build.models.first()?;
            // That a request can be made of each case is known since its `unanswered`.
            prepare(planned.build, model, Arc::new(judge::questions(&pairs)), (None, false)).ok()
        });
        sides.flatten().collect()
    }

    /// Each judge with the pairs of answers to judge.
    fn contests<'s>(&'s self, results: &'s [Results]) -> impl Iterator<Item = (&'s PlannedJudge<'a>, AnswerPairs)> {
        self.trials.iter().filter_map(|trial| {
            let (base, head) = (results.get(trial.base?)?, results.get(trial.head)?);
            Some((trial.judge.as_ref()?, judge::answer_pairs(&trial.protocol.cases, base, head)))
        })
    }

    /// What each judge says, in the order of the trials that have one.
    pub(super) fn judgements(&self, results: &[Results]) -> std::vec::IntoIter<Judged> {
        let (asked, of_judges) = results.split_at(self.sides.len().min(results.len()));
        let judged = self.contests(asked).zip(of_judges).filter_map(|((planned, (pairs, places)), answers)| {
            let labelled = asked.get(planned.labelled)?;
            Some(planned.judge.judged(labelled, (&pairs, &places), answers))
        });
        judged.collect::<Vec<_>>().into_iter()
    }
}
