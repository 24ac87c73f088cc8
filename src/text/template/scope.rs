//! The stack of scopes that blocks and partials open: it decides what names mean at a place in a template.

use super::syntax::Path;
use super::value::Value;

/// What `each`, `with` or the call of a partial makes current.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// `this`.
    pub this: Value<'a>,
    /// `as |item|`, and what a partial is given as `name=value`. Seen from inner scopes too.
    pub names: Vec<(&'a str, Value<'a>)>,
    /// The iteration of the innermost loop; `with` and partials inside it have the same one.
    pub iteration: Option<Iteration<'a>>,
}

/// One iteration of a loop: `@index`, `@key`, `@first`, `@last`.
#[derive(Debug, Clone)]
pub(super) struct Iteration<'a> {
    pub index: Value<'a>,
    /// Only when it walks a map.
    pub key: Option<Value<'a>>,
    pub first: Value<'a>,
    pub last: Value<'a>,
}

impl Iteration<'_> {
    /// Step `index` of `count`.
    pub fn new(index: usize, count: usize, key: Option<&str>) -> Self {
        Self {
            index: Value::made(index),
            key: key.map(Value::made),
            first: Value::made(index == 0),
            last: Value::made(index + 1 == count),
        }
    }

    /// The iteration of a loop that is read and not run.
    pub fn unknown() -> Self {
        Self { index: Value::Unknown, key: Some(Value::Unknown), first: Value::Unknown, last: Value::Unknown }
    }
}

/// The scopes that are open.
#[derive(Debug)]
pub(super) struct Scopes<'a> {
    /// The top of the data first. Never empty.
    open: Vec<Scope<'a>>,
    /// How many names all of them define.
    given: usize,
}

impl<'a> Scopes<'a> {
    /// Only the top of the data.
    pub fn new() -> Self {
        Self { open: vec![Scope { this: Value::Root, names: Vec::new(), iteration: None }], given: 0 }
    }

    pub fn push(&mut self, scope: Scope<'a>) {
        self.given += scope.names.len();
        self.open.push(scope);
    }

    pub fn pop(&mut self) {
        if let Some(scope) = self.open.pop() {
            self.given -= scope.names.len();
        }
    }

    /// How many names `as` and the calls of partials define here.
    pub fn given(&self) -> usize {
        self.given
    }

    /// `this`.
    pub fn this(&self) -> Value<'a> {
        self.open.last().map_or(Value::Root, |scope| scope.this.clone())
    }

    /// Whether a bare name is one of the top of the data.
    pub fn at_top(&self) -> bool {
        self.open.last().is_none_or(|scope| matches!(scope.this, Value::Root))
    }

    /// The loop of the innermost scope, which `with` and partials hand on.
    pub fn iteration(&self) -> Option<Iteration<'a>> {
        self.open.last().and_then(|scope| scope.iteration.clone())
    }

    /// Every name that `as` or a partial's call has given.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.open.iter().flat_map(|scope| scope.names.iter().map(|(name, _)| *name))
    }

    /// `@index` and the like.
    pub fn local(&self, path: &Path) -> Option<Value<'a>> {
        let iteration = self.above(path.up)?.iteration.as_ref()?;
        match path.parts.first()?.as_str() {
            "index" => Some(iteration.index.clone()),
            "key" => iteration.key.clone(),
            "first" => Some(iteration.first.clone()),
            "last" => Some(iteration.last.clone()),
            _ => None,
        }
    }

    /// The value at which a path starts, and how many of its names lead to it. A name defined by `as` or
    /// by a partial's call shadows the names of any data, as in handlebars-rust. `None` when `../` leads
    /// above the top.
    pub fn start(&self, path: &Path) -> Option<(Value<'a>, usize)> {
        if path.root {
            return Some((Value::Root, 0));
        }
        let given = path.parts.first().and_then(|name| {
            let names = self.open.iter().rev().flat_map(|scope| scope.names.iter());
            names.clone().find(|(own, _)| own == name).map(|(_, value)| value.clone())
        });
        match given {
            Some(value) => Some((value, 1)),
            None => self.above(path.up).map(|scope| (scope.this.clone(), 0)),
        }
    }

    fn above(&self, levels: usize) -> Option<&Scope<'a>> {
        self.open.iter().rev().nth(levels)
    }
}
