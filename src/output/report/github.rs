//! Diagnostics as workflow commands of GitHub Actions, which shows each at its line in the changes
//! of a pull request.
//!
//! A command is a line of the log, so whatever a runner would read as another command, or as the
//! end of this one, is escaped. <https://docs.github.com/actions/reference/workflow-commands>

use super::inert;
use crate::syntax::diag::{Diagnostic, Severity};

/// One command a diagnostic, in their order: the runner shows the first ten of each severity. Notes
/// are left out unless `verbose`. `prefix` is the project root below the root of the repository,
/// where GitHub looks for the files.
pub fn commands(findings: &[Diagnostic], prefix: &str, verbose: bool) -> String {
    findings
        .iter()
        .filter(|finding| verbose || finding.severity > Severity::Note)
        .map(|one| command(one, prefix))
        .collect()
}

fn command(finding: &Diagnostic, prefix: &str) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = finding.path() {
        properties.push(format!("file={}", inert::command_property(&super::in_repository(prefix, path))));
    }
    if let Some(span) = &finding.span {
        let (line, column) = span.line_column();
        properties.push(format!("line={line},col={column}"));
    }
    properties.push(format!("title={}", inert::command_property(&finding.code)));
    format!("::{name} {}::{}\n", properties.join(","), inert::command_message(&super::sentences(finding)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::source::{ProjectPath, Source, Span};

    #[test]
    fn a_finding_is_one_line_that_holds_one_command() {
        let path = ProjectPath::new("docs/a,line=9::b%0A.md").unwrap();
        let source = Source::new(path, "é\nüx: 1\n");
        let finding = Diagnostic::warning("odd-key", "unknown key `x`\n::error::forged\r##[add-mask]a 50%")
            .at(&Span::new(&source, 5, 6))
            .hint("remove it")
            .for_model("m\n::debug::");
        assert_eq!(
            commands(&[finding], "app", false),
            "::warning file=app/docs/a%2Cline=9%3A%3Ab%250A.md,line=2,col=2,title=odd-key::\
             unknown key `x`%0A:\\u{3a}error::forged\\u{d}#\\u{23}[add-mask]a 50%25 (m%0A:\\u{3a}debug::)%0Aremove it\n"
        );
    }

    #[test]
    fn notes_are_for_those_who_ask() {
        let findings = [Diagnostic::error("a", "bad"), Diagnostic::note("b", "so so")];
        assert_eq!(commands(&findings, "", false), "::error title=a::bad\n");
        assert_eq!(commands(&findings, "", true), "::error title=a::bad\n::notice title=b::so so\n");
    }
}
