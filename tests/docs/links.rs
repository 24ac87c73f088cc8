//! Links between pages lead somewhere.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{at, files, text};

/// Every link target of a page, and the anchors of its headings.
fn targets_and_anchors(page: &str) -> (Vec<String>, BTreeSet<String>) {
    let (mut targets, mut anchors, mut heading) = (Vec::new(), BTreeSet::new(), None::<String>);
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url.to_string())
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|heading| anchor(&heading))),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    (targets, anchors)
}

/// A heading's anchor, as code hosts make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}

#[test]
fn every_relative_link_resolves() {
    let mut dead = Vec::new();
    let pages =
        files("", ".md").into_iter().filter(|page| !page.starts_with(at("contexts")) && !page.starts_with(at("src")));
    for page in pages {
        for target in targets_and_anchors(&text(&page)).0 {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, wanted) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { page.with_file_name(path) };
            let leads = match (file.exists(), wanted, file.extension().is_some_and(|ending| ending == "md")) {
                (exists, "", _) => exists,
                (true, wanted, true) => targets_and_anchors(&text(&file)).1.contains(wanted),
                _ => false,
            };
            if !leads {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
}

/// A promise is worth what holds it: each test that the threat model names is a test.
#[test]
fn every_test_that_the_threat_model_names_exists() {
    let sources: String =
        ["src", "tests"].iter().flat_map(|folder| files(folder, ".rs")).map(|file| text(&file)).collect();
    let page = text(&at("docs/threat-model.md"));
    let rows =
        page.lines().filter(|line| line.starts_with('|')).filter_map(|row| row.trim_end_matches('|').rsplit_once('|'));
    let mut named = 0;
    for (_, tests) in rows {
        for name in tests.split('`').skip(1).step_by(2) {
            named += 1;
            let is_there = sources.contains(&format!("fn {name}(")) || sources.contains(&format!("\n    {name},"));
            assert!(is_there, "docs/threat-model.md names the test {name}, and there is none");
        }
    }
    assert!(named > 40, "{named}");
}
