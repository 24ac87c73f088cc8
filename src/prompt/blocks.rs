//! What a provider sees: the content blocks that segments become.
//!
//! Segments are how authors divide a prompt; blocks are what caches match on. Emission, planning,
//! simulation and comparison all start from [`blocks`], so that a breakpoint is at the same place in all
//! of them.

use crate::prompt::segment::{Kind, Role, Segment, Tier};
use crate::syntax::quantity::Ttl;

/// A boundary between segments that is marked for the provider's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakpoint {
    /// The index of the segment that it follows.
    pub after: usize,
    /// How long the provider caches the prefix that ends here.
    pub ttl: Ttl,
}

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// One tool definition.
    Tool,
    /// Text, inputs included.
    Text,
    /// A call of a tool.
    ToolCall,
    /// What a tool answered.
    ToolResult,
    /// A hole for earlier turns: no content of its own, but the turns around it stay apart.
    History,
}

/// A maximal run of parts of one role without a breakpoint inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentBlock {
    /// Where in the request.
    pub tier: Tier,
    /// Who speaks.
    pub role: Role,
    /// What it is made of.
    pub kind: BlockKind,
    /// The (segment index, part index) pairs whose texts it joins, in order. Never empty.
    pub parts: Vec<(usize, usize)>,
    /// The cut that it ends at: the index of the segment before it.
    pub breakpoint: Option<usize>,
}

impl ContentBlock {
    /// Whether text of this tier and role would belong to the same block.
    fn continues_in(&self, tier: Tier, role: Role, kind: BlockKind) -> bool {
        (self.kind, self.tier, self.role) == (BlockKind::Text, tier, role) && kind == BlockKind::Text
    }

    /// Whether another block belongs to the same turn.
    fn is_of_turn(&self, other: &Self) -> bool {
        let is_said = |block: &Self| matches!(block.kind, BlockKind::Text | BlockKind::ToolCall);
        (self.tier, self.role) == (other.tier, other.role) && is_said(self) && is_said(other)
    }
}

/// The content blocks of a request, in order, with breakpoints after the segments in `cuts`.
///
/// Every part is in exactly one block. A tool, a history, a call and a result are blocks of their own. Order and
/// repetition in `cuts` do not matter; an index beyond the last segment is ignored.
pub fn blocks(segments: &[Segment], cuts: &[usize]) -> Vec<ContentBlock> {
    let mut blocks: Vec<ContentBlock> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        for (number, part) in segment.parts.iter().enumerate() {
            let kind = match (segment.tier, part.kind) {
                (Tier::Tools, _) => BlockKind::Tool,
                (_, Kind::History) => BlockKind::History,
                (_, Kind::ToolCall) => BlockKind::ToolCall,
                (_, Kind::ToolResult) => BlockKind::ToolResult,
                _ => BlockKind::Text,
            };
            match blocks.last_mut() {
                Some(open) if open.breakpoint.is_none() && open.continues_in(segment.tier, part.role, kind) => {
                    open.parts.push((index, number));
                }
                _ => blocks.push(ContentBlock {
                    tier: segment.tier,
                    role: part.role,
                    kind,
                    parts: vec![(index, number)],
                    breakpoint: None,
                }),
            }
        }
        if let Some(last) = blocks.last_mut().filter(|_| !segment.parts.is_empty() && cuts.contains(&index)) {
            last.breakpoint = Some(index);
        }
    }
    blocks
}

/// The blocks grouped as a request groups them: a tool, the system prompt, a turn, a tool's result, a history.
///
/// The groups have the same parts as [`crate::prompt::segment::messages`], wherever the breakpoints are.
pub fn turns(blocks: &[ContentBlock]) -> impl Iterator<Item = &[ContentBlock]> {
    blocks.chunk_by(ContentBlock::is_of_turn)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prompt::segment::{Origin, Part, messages};
    use crate::syntax::manifest::Mark;
    use crate::syntax::source::{ProjectPath, Source, Span};

    fn segment(tier: Tier, parts: &[(Role, Kind, &str)]) -> Segment {
        let source = Source::new(ProjectPath::root(), "");
        Segment {
            id: String::new(),
            tier,
            parts: parts.iter().map(|&(role, kind, text)| Part::new(role, kind, text)).collect(),
            origin: Origin { path: None, lines: None, blob: None, block: Span::file(&source), picked: None },
            mark: Mark::Free,
            stability: None,
            priority: 0,
        }
    }

    fn text(tier: Tier, role: Role) -> Segment {
        segment(tier, &[(role, Kind::Text, "a")])
    }

    #[test]
    fn runs_end_at_cuts_roles_and_tiers() {
        let segments = [
            segment(Tier::Tools, &[(Role::System, Kind::Tool, "{}")]),
            segment(Tier::Tools, &[(Role::System, Kind::Tool, "{}")]),
            text(Tier::System, Role::System),
            text(Tier::System, Role::System),
            text(Tier::System, Role::System),
            segment(Tier::Messages, &[(Role::User, Kind::Text, "q"), (Role::Assistant, Kind::Text, "a")]),
            segment(Tier::Messages, &[(Role::User, Kind::Input, "ticket")]),
        ];
        let found = blocks(&segments, &[3, 5, 99]);
        let shape: Vec<_> = found.iter().map(|block| (block.parts.clone(), block.breakpoint)).collect();
        let expected = [
            (vec![(0, 0)], None),
            (vec![(1, 0)], None),
            (vec![(2, 0), (3, 0)], Some(3)),
            (vec![(4, 0)], None),
            (vec![(5, 0)], None),
            (vec![(5, 1)], Some(5)),
            (vec![(6, 0)], None),
        ];
        assert_eq!(shape, expected);
        assert_eq!(turns(&found).map(<[ContentBlock]>::len).collect::<Vec<_>>(), [1, 1, 2, 1, 1, 1]);
    }

    #[test]
    fn a_history_separates_the_turns_around_it() {
        let segments = [
            text(Tier::Messages, Role::User),
            segment(Tier::Messages, &[(Role::User, Kind::History, "earlier")]),
            text(Tier::Messages, Role::User),
        ];
        let found = blocks(&segments, &[]);
        assert_eq!(
            found.iter().map(|block| block.kind).collect::<Vec<_>>(),
            [BlockKind::Text, BlockKind::History, BlockKind::Text]
        );
    }

    fn any_segment() -> impl Strategy<Value = Segment> {
        let part = (
            prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)],
            prop_oneof![
                4 => Just(Kind::Text), 1 => Just(Kind::Input), 1 => Just(Kind::History), 1 => Just(Kind::ToolCall),
                1 => Just(Kind::ToolResult),
            ],
            ".{1,3}",
        );
        let tier = prop_oneof![1 => Just(Tier::Tools), 1 => Just(Tier::System), 3 => Just(Tier::Messages)];
        (tier, prop::collection::vec(part, 1..4)).prop_map(|(tier, parts)| {
            segment(tier, &parts.iter().map(|(role, kind, text)| (*role, *kind, text.as_str())).collect::<Vec<_>>())
        })
    }

    proptest! {
        /// Whatever the cuts, turns join the parts that `messages` joins, and only a cut splits the text of one.
        #[test]
        fn turns_join_what_messages_join(
            segments in prop::collection::vec(any_segment(), 0..12),
            cuts in prop::collection::vec(0usize..14, 0..5),
        ) {
            let found = blocks(&segments, &cuts);
            let joined: Vec<Vec<_>> =
                turns(&found).map(|turn| turn.iter().flat_map(|block| block.parts.clone()).collect()).collect();
            prop_assert_eq!(joined, messages(&segments));
            for turn in turns(&found) {
                for pair in turn.windows(2) {
                    let are_texts = pair.iter().all(|block| block.kind == BlockKind::Text);
                    prop_assert!(pair[0].breakpoint.is_some() || !are_texts);
                }
            }
            let mut marked: Vec<_> = found.iter().filter_map(|block| block.breakpoint).collect();
            let mut wanted: Vec<_> = cuts.into_iter().filter(|&cut| cut < segments.len()).collect();
            wanted.sort_unstable();
            wanted.dedup();
            marked.sort_unstable();
            prop_assert_eq!(marked, wanted);
        }
    }
}
