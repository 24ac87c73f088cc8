//! Checks the number and names of a call's arguments against its helper.

use super::builtin::{Builtin, Form, SHAPES};
use super::near::near;
use super::syntax::{Call, SyntaxFault};

/// Names of helpers for the current time in other programs. There is none here, on purpose: the same
/// commit must build the same prompt.
const CLOCKS: &[&str] = &["now", "date", "today", "time", "datetime", "currentdate", "dateformat", "formatdate"];

/// The fault in a call, if there is one: an unknown helper, a helper that is or is not a block, too few or
/// too many arguments, a named argument that it does not take.
pub(super) fn check_shape(call: &Call, is_block: bool) -> Option<SyntaxFault> {
    let name = &call.name;
    let Some(shape) = SHAPES.iter().find(|shape| shape.name == name.text) else {
        return Some(unknown(call, is_block));
    };
    let fault = |message: String| SyntaxFault::new(name.at.clone(), message).code("helper-arguments");
    let usage = format!("write `{}`", shape.usage);
    match (shape.form, is_block) {
        (Form::BlockTag, false) => return Some(fault(format!("`{}` is a block", name.text)).hint(usage)),
        (Form::Inline, true) => return Some(fault(format!("`{}` is not a block", name.text)).hint(usage)),
        _ => {}
    }
    let (least, most) = shape.arguments;
    let given = call.arguments.len();
    if given < least || given > most {
        let wanted = match (least, most) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, _) => format!("at least {least} argument{}", if least == 1 { "" } else { "s" }),
        };
        return Some(fault(format!("`{}` takes {wanted} and is given {given}", name.text)).hint(usage));
    }
    for (own, _) in &call.named {
        if !shape.named.contains(&own.text.as_str()) {
            let message = format!("`{}` takes no `{}=`", name.text, own.text);
            let mut fault = SyntaxFault::new(own.at.clone(), message).code("helper-arguments");
            fault.hint = near(&own.text, shape.named.iter().copied()).or(Some(usage));
            return Some(fault);
        }
    }
    if shape.builtin == Builtin::Segment && call.named.is_empty() {
        return Some(fault("`segment` needs an `id`".to_owned()).hint(usage));
    }
    if call.params.len() > shape.params {
        let at = call.params.get(shape.params).map_or(name.at.clone(), |param| param.at.clone());
        let message = match shape.params {
            0 => format!("`{}` binds no names", name.text),
            1 => format!("`{}` binds one name", name.text),
            most => format!("`{}` binds at most {most} names", name.text),
        };
        return Some(SyntaxFault::new(at, message).code("helper-arguments"));
    }
    None
}

fn unknown(call: &Call, is_block: bool) -> SyntaxFault {
    let name = &call.name;
    let mut fault =
        SyntaxFault::new(name.at.clone(), format!("there is no helper `{}`", name.text)).code("unknown-helper");
    let word = name.text.as_str();
    fault.hint = if CLOCKS.contains(&word.to_lowercase().as_str()) {
        let why = "a build depends on its sources and not on the clock";
        Some(format!("{why}: write the date into `vars`, or make it an input"))
    } else if is_block && call.arguments.is_empty() {
        Some(format!("a block needs a helper: `{{{{#if {word}}}}}` or `{{{{#each {word}}}}}`"))
    } else {
        near(word, SHAPES.iter().map(|shape| shape.name))
    };
    fault
}
