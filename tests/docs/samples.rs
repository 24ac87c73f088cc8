//! What stands in code on the pages: manifests that decode, commands that print what is shown.

use contexture::syntax::decode::Decode;
use contexture::syntax::diag::Faults;
use contexture::syntax::manifest::{Block, BlockFields, Manifest, ProjectFile};
use contexture::syntax::source::{ProjectPath, Source};
use contexture::syntax::yaml;

use crate::{UPDATE, at, files, pages, text};

/// Every page of docs/ takes its console blocks from a run, in a project of its own files.
#[test]
fn what_pages_show_is_what_happens() {
    let mut blocks = 0;
    for path in files("docs", ".md") {
        let page = text(&path);
        let own = pages::fences(&page).iter().filter(|fence| fence.info == "console").count();
        if own > 0 {
            blocks += own;
            pages::hold(&path, &pages::replay(&path.display().to_string(), &page), UPDATE, "docs");
        }
    }
    assert!(blocks > 5, "{blocks} console blocks in docs/");
}

/// A fence marked `yaml manifest` holds a manifest, blocks, or keys of a block; one marked `yaml project`
/// a project file. The program takes it without a fault.
#[test]
fn every_manifest_on_a_page_decodes() {
    let mut samples = 0;
    for path in files("docs", ".md") {
        for fence in pages::fences(&text(&path)) {
            let attempts = match &*fence.info {
                "yaml manifest" => {
                    vec![
                        faults::<Manifest>(&fence.text),
                        faults::<Vec<Block>>(&fence.text),
                        faults::<BlockFields>(&fence.text),
                    ]
                }
                "yaml project" => vec![faults::<ProjectFile>(&fence.text)],
                _ => continue,
            };
            samples += 1;
            assert!(attempts.iter().any(Vec::is_empty), "{}:{}: {attempts:#?}", path.display(), fence.line);
        }
    }
    assert!(samples > 3, "{samples} samples");
}

/// What is wrong with a YAML text as a `T`.
fn faults<T: Decode>(text: &str) -> Vec<String> {
    let source = Source::new(ProjectPath::new("sample.yaml").unwrap(), text);
    let mut faults = Faults::new();
    if let Some(node) = yaml::parse(&source, &mut faults) {
        T::decode(&node, &mut faults);
    }
    faults.into_vec().into_iter().map(|fault| fault.message).collect()
}

#[test]
fn nothing_is_left_to_be_written() {
    let mut pages = files("docs", ".md");
    pages.extend(["README.md", "CHANGELOG.md", "SECURITY.md"].map(at));
    for page in pages {
        for (number, line) in text(&page).lines().enumerate() {
            let lower = line.to_lowercase();
            let found = ["todo", "fixme", "tbd", "lorem ipsum"].into_iter().find(|word| {
                lower
                    .split(|c: char| !c.is_alphanumeric() && c != ' ')
                    .any(|part| part.split(' ').any(|own| own == *word))
                    || (word.contains(' ') && lower.contains(word))
            });
            assert_eq!(found, None, "{}:{}", page.display(), number + 1);
        }
    }
}
