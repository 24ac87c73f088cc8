//! What a foreign file says of itself, put together as the keys of a manifest.

use std::collections::HashMap;
use std::sync::Arc;

use crate::syntax::source::Span;
use crate::syntax::yaml::{Key, Map, Node, Value};

/// A map in the making. Every key and value has its place in the foreign file.
pub struct Layer {
    whole: Span,
    entries: Vec<(Key, Node)>,
    /// Where each key is among them.
    places: HashMap<Arc<str>, usize>,
}

impl Layer {
    /// Nothing yet, of the file at `whole`.
    pub fn new(whole: &Span) -> Self {
        Self { whole: whole.clone(), entries: Vec::new(), places: HashMap::new() }
    }

    /// Sets `path`, its parts separated by dots, to a value whose place is that of the key, too.
    pub fn set(&mut self, path: &str, value: Node) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let value = match rest {
            Some(rest) => {
                let mut inner = Self::new(&value.span);
                inner.set(rest, value);
                inner.done()
            }
            None => value,
        };
        self.put(first, value);
    }

    /// Sets a key that may hold any character; a map is merged into the one that is there.
    pub fn put(&mut self, key: &str, value: Node) {
        match self.places.get(key).and_then(|place| self.entries.get_mut(*place)) {
            Some((_, own)) => *own = own.overlay(&value),
            None => {
                let text: Arc<str> = key.into();
                self.places.insert(text.clone(), self.entries.len());
                self.entries.push((Key { text, span: value.span.clone() }, value));
            }
        }
    }

    /// The map.
    pub fn done(self) -> Node {
        Node::new(Value::Map(Arc::new(self.entries.into_iter().collect::<Map>())), self.whole)
    }
}

/// Text at a place.
pub fn text(text: &str, span: &Span) -> Node {
    Node::new(Value::Text(text.into()), span.clone())
}

/// A list at a place.
pub fn list(items: impl IntoIterator<Item = Node>, span: &Span) -> Node {
    Node::new(Value::List(items.into_iter().collect()), span.clone())
}

/// An input that the format itself has.
pub fn input(description: &str, span: &Span) -> Node {
    let mut own = Layer::new(span);
    own.put("description", text(description, span));
    own.done()
}
