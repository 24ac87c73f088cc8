//! Values that outlive one build, as long as builds ask for them.
//!
//! A watch builds the same contexts again and again with little changed, a log one context at one
//! commit after another. What a stage worked out from content alone (a file's text, a segment's
//! tokens) is remembered under that content's identity, so that a hit is the value that would have
//! been worked out anew.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most values of one generation. A build of a million tokens asks for some ten thousand.
const MOST: usize = 1 << 18;

/// A map of two generations. A value that is asked for moves to the younger one; [`Memo::turn`]
/// drops the older one, and a younger one that has grown full turns by itself. So memory is
/// bounded, however many builds there are.
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
    /// The value under `key`, which thereby outlives the next turn.
    pub fn get(&self, key: &K) -> Option<V> {
        let mut generations = self.lock();
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = generations.old.remove_entry(key)?;
        generations.young.insert(key, value.clone());
        Some(value)
    }

    /// Remembers a value, instead of the one that the key had.
    pub fn put(&self, key: K, value: V) {
        let mut generations = self.lock();
        if generations.young.len() >= MOST {
            generations.turn();
        }
        generations.old.remove(&key);
        generations.young.insert(key, value);
    }

    /// The key of a value that is `wanted`.
    pub fn key_of(&self, wanted: impl Fn(&V) -> bool) -> Option<K> {
        let generations = self.lock();
        let mut all = generations.young.iter().chain(&generations.old);
        all.find(|(_, value)| wanted(value)).map(|(key, _)| key.clone())
    }

    /// Drops what was not asked for since the last turn.
    pub fn turn(&self) {
        self.lock().turn();
    }

    /// The generations. A thread that panicked while holding them left whole maps.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_between_two_turns_is_gone() {
        let memo = Memo::default();
        memo.put("asked for", 1);
        memo.put("left", 2);
        memo.turn();
        assert_eq!(memo.get(&"asked for"), Some(1));
        memo.turn();
        assert_eq!((memo.get(&"asked for"), memo.get(&"left")), (Some(1), None));
    }

    #[test]
    fn it_never_holds_more_than_two_full_generations() {
        let memo = Memo::default();
        for key in 0..3 * MOST {
            memo.put(key, ());
        }
        assert_eq!((memo.get(&0), memo.get(&(3 * MOST - 1))), (None, Some(())));
        let generations = memo.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * MOST);
    }
}
