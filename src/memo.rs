//! Values that outlive one build: what the last round asked for is kept, the rest is let go.
//!
//! A watch builds the same contexts again and again, each time with little changed. What a stage
//! worked out from content alone (a file's text, a segment's tokens) is remembered under that
//! content's identity, so that a hit is the value that would have been worked out anew.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A map of two generations. A value that is asked for moves to the younger one; [`Memo::turn`]
/// drops the older one. So it never holds more than two rounds have asked for.
#[derive(Debug)]
pub struct Memo<K, V>(Mutex<Generations<K, V>>);

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// The value under `key`, which is thereby kept for another round.
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
        generations.old.remove(&key);
        generations.young.insert(key, value);
    }

    /// Ends a round: what was not asked for since the last turn is dropped.
    pub fn turn(&self) {
        let mut generations = self.lock();
        generations.old = std::mem::take(&mut generations.young);
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
    fn what_a_round_does_not_ask_for_is_gone_after_it() {
        let memo = Memo::default();
        memo.put("kept", 1);
        memo.put("left", 2);
        memo.turn();
        assert_eq!(memo.get(&"kept"), Some(1));
        memo.turn();
        assert_eq!((memo.get(&"kept"), memo.get(&"left")), (Some(1), None));
    }
}
