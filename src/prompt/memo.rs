//! A cache in memory that outlives one build and drops what recent builds did not use.
//!
//! `watch` builds the same contexts again and again with little changed, `log` one context at one
//! commit after another. What a stage computes from content alone (a file's text, a segment's tokens)
//! is cached under that content's identity, so a hit is the same value that would be computed anew.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;

/// The most values of one generation. A build of a million tokens uses about ten thousand.
const MOST: usize = 1 << 18;

/// A map of two generations. A value that is looked up moves to the younger one; [`Memo::turn`] drops
/// the older one and makes the younger one the older. A younger one that is full is turned too, so the
/// size is bounded however many builds there are.
#[derive(Debug)]
pub struct Memo<K, V>(Mutex<Generations<K, V>>);

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Generations<K, V> {
    fn turn(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }))
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Memo<K, V> {
    /// The value under `key`, which moves to the younger generation.
    pub fn get(&self, key: &K) -> Option<V> {
        let mut generations = self.0.lock();
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = generations.old.remove_entry(key)?;
        generations.young.insert(key, value.clone());
        Some(value)
    }

    /// Stores a value in place of the one that the key had.
    pub fn put(&self, key: K, value: V) {
        let mut generations = self.0.lock();
        if generations.young.len() >= MOST {
            generations.turn();
        }
        generations.old.remove(&key);
        generations.young.insert(key, value);
    }

    /// The key of some value for which `wanted` is true.
    pub fn key_of(&self, wanted: impl Fn(&V) -> bool) -> Option<K> {
        let generations = self.0.lock();
        let mut all = generations.young.iter().chain(&generations.old);
        all.find(|(_, value)| wanted(value)).map(|(key, _)| key.clone())
    }

    /// Drops the values that were not looked up or stored since the last turn.
    pub fn turn(&self) {
        self.0.lock().turn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_between_two_turns_is_gone() {
        let memo = Memo::default();
        memo.put("used", 1);
        memo.put("left", 2);
        memo.turn();
        assert_eq!(memo.get(&"used"), Some(1));
        memo.turn();
        assert_eq!((memo.get(&"used"), memo.get(&"left")), (Some(1), None));
    }

    #[test]
    fn it_never_has_more_than_two_full_generations() {
        let memo = Memo::default();
        for key in 0..3 * MOST {
            memo.put(key, ());
        }
        assert_eq!((memo.get(&0), memo.get(&(3 * MOST - 1))), (None, Some(())));
        let generations = memo.0.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * MOST);
    }
}
