//! What an edit does to the chain, and what it leaves alone.

use std::sync::Arc;

use contexture::pipeline::{Request, build_all};
use contexture::prompt::segment::{Segment, Tier, prefix_len};
use proptest::prelude::*;

use super::prompt::{ContentBlock, Prompt, anywhere, build, path, prompt, text, turn};
use contexture::tree::MemoryTree;

/// The bytes of segments, one after the other.
fn joined<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> String {
    segments.into_iter().flat_map(|segment| &segment.parts).map(|part| &*part.text).collect()
}

/// How many segments stand in tiers up to this one.
fn up_to(segments: &[Segment], tier: Tier) -> usize {
    segments.iter().take_while(|segment| segment.tier <= tier).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_edit_changes_its_segment_and_every_link_from_there_on(
        before in prompt(), which in any::<prop::sample::Index>(), letters in "[a-z]{1,3}",
    ) {
        let mut after = before.clone();
        let mut texts = after.texts();
        let index = which.index(texts.len());
        texts[index].insert_str(0, &letters);
        let (before, after) = (build(&before.tree()).chain, build(&after.tree()).chain);

        prop_assert_eq!(before.digests.len(), after.digests.len());
        let changed: Vec<usize> = (0..before.digests.len()).filter(|k| before.digests[*k] != after.digests[*k]).collect();
        let &[k] = changed.as_slice() else { panic!("{changed:?} changed") };
        prop_assert_eq!(&before.prefixes[..=k], &after.prefixes[..=k]);
        for link in k + 1..before.prefixes.len() {
            prop_assert_ne!(before.prefixes[link], after.prefixes[link]);
        }
    }

    #[test]
    fn what_is_appended_to_system_changes_no_digest_before_it(before in prompt(), block in anywhere()) {
        let mut after = before.clone();
        after.system.push(block);
        let (before, after) = (build(&before.tree()), build(&after.tree()));
        let old = up_to(&before.segments, Tier::System);
        prop_assert!(up_to(&after.segments, Tier::System) > old);
        prop_assert_eq!(&before.chain.prefixes[..=old], &after.chain.prefixes[..=old]);
        prop_assert_eq!(joined(&before.segments[..old]), joined(&after.segments[..old]));
    }

    #[test]
    fn what_is_appended_to_messages_changes_no_digest_before_it(before in prompt(), block in turn()) {
        let mut after = before.clone();
        after.messages.push(block);
        let (before, after) = (build(&before.tree()), build(&after.tree()));
        let old = before.segments.len();
        prop_assert!(after.segments.len() > old);
        prop_assert_eq!(&before.chain.prefixes[..], &after.chain.prefixes[..=old]);
        prop_assert_eq!(joined(&before.segments), joined(&after.segments[..old]));
    }

    #[test]
    fn a_tool_that_sorts_last_changes_no_digest_before_it(before in prompt(), description in text()) {
        let mut after = before.clone();
        after.tools.push(description);
        let (before, after) = (build(&before.tree()), build(&after.tree()));
        let old = up_to(&before.segments, Tier::Tools);
        prop_assert_eq!(up_to(&after.segments, Tier::Tools), old + 1);
        prop_assert_eq!(&before.chain.prefixes[..=old], &after.chain.prefixes[..=old]);
    }

    #[test]
    fn the_prefix_ends_where_the_first_hole_begins(prompt in prompt()) {
        let build = build(&prompt.tree());
        let k = prefix_len(&build.segments);
        prop_assert!(build.segments[..k].iter().all(|segment| !segment.is_hole()));
        prop_assert!(build.segments.get(k).is_none_or(Segment::is_hole));
        prop_assert_eq!(build.chain.prefix(), build.chain.prefixes[k]);
        prop_assert_eq!(build.chain.full(), *build.chain.prefixes.last().unwrap());
    }

    #[test]
    fn a_file_that_moves_changes_nothing_unless_its_path_is_in_the_text(
        text in text(), wrap in prop::sample::select(vec!["none", "document", "fence"]),
        from in "[a-m]{1,6}", to in "[n-z]{1,6}",
    ) {
        let of = |name: &str| {
            let block = ContentBlock::File { name: name.to_owned(), text: text.clone(), wrap };
            build(&Prompt { tools: Vec::new(), system: vec![block], messages: Vec::new(), join: "blank" }.tree()).chain
        };
        prop_assert_eq!(of(&from) == of(&to), wrap != "document");
    }

    #[test]
    fn splitting_a_text_changes_none_of_its_bytes(
        pieces in prop::collection::vec("(#{1,3} )?[a-zé語 ]{0,8}(\n|\r\n|\n\n|\n```\n|\n===\n| {4}x\n)", 0..12),
        wrap in prop::sample::select(vec!["none", "document", "fence"]),
        join in prop::sample::select(vec!["blank", "newline", "none"]),
        split in prop::sample::select(vec!["headings(1)", "headings(2)", "headings(6)", "lines(1)", "lines(3)"]),
    ) {
        let text = format!("start\n{}", pieces.concat());
        let whole = |split: &str| {
            let manifest = format!("join: {join}\nsystem: [{{file: a.md, wrap: {wrap}{split}}}, {{text: end}}]\n");
            build(&MemoryTree::new().file(&path("contexts/a.yaml"), manifest).file(&path("a.md"), &text))
        };
        let (one, many) = (whole(""), whole(&format!(", split: {split}")));
        prop_assert_eq!(joined(&one.segments), joined(&many.segments));
        prop_assert_eq!(one.counts.text, many.counts.text);
    }

    #[test]
    fn the_counts_of_segments_add_up(prompt in prompt()) {
        let models = ["gpt-6.1-sol", "claude-sonnet-5-5", "gemini-3.8-flash"];
        let build = build(&prompt.tree_with(|mut manifest| {
            manifest["models"] = models.into();
            manifest["output"] = serde_json::json!({"max_tokens": 10});
            manifest
        }));
        prop_assert_eq!(build.counts.per_segment.iter().sum::<u64>(), build.counts.text.tokens());
        for model in &build.models {
            prop_assert_eq!(model.counts.per_segment.iter().sum::<u64>(), model.counts.text.tokens());
            let (low, high) = model.counts.text.band();
            prop_assert!((low..=high).contains(&model.counts.text.tokens()));
        }
    }
}

/// A thousand prompts of one text are one text in memory.
#[test]
fn a_text_is_in_memory_once() {
    // At another place, so that it is another segment by name.
    let manifest = |blocks: &str| format!("system: [{blocks}]\nmessages: [{{user: Hi}}]\n");
    let tree = MemoryTree::new()
        .file(&path("contexts/a.yaml"), manifest("{file: shared.md}, {text: one}"))
        .file(&path("contexts/b.yaml"), manifest("{text: two}, {file: shared.md}"))
        .file(&path("shared.md"), "What both say.\n");
    let built: Vec<_> =
        build_all(&tree, &Request::default()).unwrap().into_iter().map(|tried| tried.result.unwrap()).collect();
    let text = |build: usize, segment: usize| built[build].segments[segment].parts[0].text.clone();
    assert!(Arc::ptr_eq(&text(0, 0), &text(1, 1)));
    assert_ne!(text(0, 1), text(1, 0));
}
