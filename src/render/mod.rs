//! The only Handlebars: strict, unescaped, bounded.
