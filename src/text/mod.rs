//! Files to segments. This wing knows manifests, patterns and templates, and has never heard of tokens or money.

pub mod fragment;
pub mod patterns;
pub mod project;
pub mod examples;
pub mod template;
pub mod formats;
pub mod resolve;
pub mod compose;
pub mod lint;
pub mod adopt;
