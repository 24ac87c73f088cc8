//! llama.cpp's server against a naive one that holds whole token lists.

use contexture::cost::rules::CacheFamily;
use contexture::cost::simulate::{
    BlockKind, Call, Contents, Request, RequestBlock, Seconds, Speaker, engine, simulate,
};
use contexture::prompt::segment::Tier;
use contexture::syntax::manifest::Mark;
use proptest::prelude::*;

fn common(one: &[u16], other: &[u16]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

fn share(part: usize, whole: usize) -> f32 {
    (part as f64 / whole as f64) as f32
}

/// Slots by id, and prompts in memory, oldest first.
struct Server {
    slots: Vec<Vec<u16>>,
    used: Vec<i64>,
    saved: Vec<Vec<u16>>,
    limit: usize,
    has_memory: bool,
    idle: bool,
    unified: bool,
    context: usize,
}

impl Server {
    fn save(&mut self, prompt: &[u16]) {
        if prompt.is_empty() || prompt.len() > self.limit || self.saved.iter().any(|own| own.starts_with(prompt)) {
            return;
        }
        self.saved.retain(|own| !prompt.starts_with(own));
        while self.saved.iter().map(Vec::len).sum::<usize>() + prompt.len() > self.limit {
            self.saved.remove(0);
        }
        self.saved.push(prompt.to_vec());
    }

    fn load(&mut self, slot: usize, new: &[u16]) {
        let held = &self.slots[slot];
        let part = common(held, new);
        let mut keep = if held.is_empty() { -1.0 } else { share(part, held.len()) };
        let (mut similar, mut best) = (share(part, new.len()), None);
        for (place, own) in self.saved.iter().enumerate() {
            let part = common(own, new);
            let (own_keep, own_similar) = (share(part, own.len()), share(part, new.len()));
            if own_keep >= 0.25 && own_keep > keep && own_similar > similar {
                (keep, similar, best) = (own_keep, own_similar, Some(place));
            }
        }
        let Some(place) = best else { return };
        let others = self.slots.iter().map(Vec::len).sum::<usize>() - self.slots[slot].len();
        if self.unified && self.context > 0 && others + self.saved[place].len() > self.context {
            self.slots[slot].clear();
        } else {
            self.slots[slot] = self.saved.remove(place);
        }
    }

    fn request(&mut self, clock: i64, new: &[u16]) -> u64 {
        let (mut best, mut chosen) = (0.0, None);
        for (slot, held) in self.slots.iter().enumerate() {
            let own = if held.is_empty() { 0.0 } else { share(common(held, new), new.len()) };
            if own > best && own > 0.1 {
                (best, chosen) = (own, Some(slot));
            }
        }
        let (slot, swaps) = match chosen {
            Some(slot) => {
                let part = (f64::from(best) * new.len() as f64) as f32;
                (slot, ((f64::from(part) / self.slots[slot].len() as f64) as f32) < 0.5)
            }
            None => {
                let oldest = (0..self.slots.len()).min_by_key(|slot| (self.used[*slot], std::cmp::Reverse(*slot)));
                (oldest.unwrap(), true)
            }
        };
        if swaps && self.has_memory {
            self.save(&self.slots[slot].clone());
            self.load(slot, new);
        }
        if self.idle && self.has_memory {
            for other in (0..self.slots.len()).filter(|other| *other != slot) {
                self.save(&self.slots[other].clone());
                if self.unified {
                    self.slots[other].clear();
                }
            }
        }
        let read = common(&self.slots[slot], new).min(new.len() - 1);
        self.slots[slot] = new.to_vec();
        if self.unified && self.context > 0 {
            for other in 0..self.slots.len() {
                if self.slots.iter().map(Vec::len).sum::<usize>() <= self.context {
                    break;
                }
                if other != slot {
                    self.slots[other].clear();
                }
            }
        }
        self.used[slot] = clock;
        read as u64
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Prompts of one to six blocks of 262,144 tokens a megabyte memory holds four of, in servers of every kind.
    #[test]
    fn reads_what_a_server_of_token_lists_reads(
        prompts in prop::collection::vec(prop::collection::vec(0..4u16, 1..7), 1..25),
        sizes in prop::collection::vec(1..12usize, 24),
        (slots, memory, idle, unified, context) in (1..5u32, 0..40u64, any::<bool>(), any::<bool>(), prop_oneof![Just(0usize), 20..60usize]),
    ) {
        // A block by its place and its choice: sizes differ, texts of one name are equal.
        let block = |place: usize, choice: u16| (place as u16 * 4 + choice, sizes[place * 4 + choice as usize]);
        // A token takes a megabyte, so that a memory of `memory` MiB holds as many tokens.
        let mut model = engine("engine/llamacpp").unwrap();
        let family = &mut model.rules.implicit.as_mut().unwrap().family;
        let CacheFamily::LongestPrefix(rules) = family else { panic!("a prefix family") };
        let own = rules.slots.as_mut().unwrap();
        (own.count, own.ram_mib, own.idle_slots, own.unified) = (slots, memory, idle, unified);
        (own.bytes_per_token, own.context) = (1 << 20, context as u64);

        let mut server = Server {
            slots: vec![Vec::new(); slots as usize],
            used: vec![-1; slots as usize],
            saved: Vec::new(),
            limit: memory as usize,
            has_memory: memory > 0,
            idle,
            unified,
            context,
        };
        let mut contents = Contents::new();
        let texts: Vec<_> = (0..24).map(|name| contents.add(sizes[name] as u64, None)).collect();
        let mut calls = Vec::new();
        let mut expected = Vec::new();
        for (number, prompt) in prompts.iter().enumerate() {
            let blocks: Vec<(u16, usize)> = prompt.iter().enumerate().map(|(place, choice)| block(place, *choice)).collect();
            let tokens: Vec<u16> = blocks.iter().flat_map(|(name, size)| (0..*size).map(move |at| name * 100 + at as u16)).collect();
            expected.push(server.request(number as i64, &tokens));
            let blocks = blocks.iter().map(|(name, _)| RequestBlock {
                content: texts[*name as usize],
                tier: Tier::Messages,
                speaker: Speaker::User,
                kind: BlockKind::Text,
                mark: Mark::Free,
            });
            calls.push(Call {
                at: Seconds::whole(number as u32),
                first_token_after: Seconds::default(),
                request: Request { blocks: blocks.collect(), ..Request::default() },
            });
        }
        let sent = simulate(&model, &contents, &calls, false).unwrap();
        let read: Vec<u64> = sent.iter().map(|sent| sent.outcome.read).collect();
        prop_assert_eq!(read, expected);
    }
}
