//! Files to segments. This wing knows manifests, patterns and templates, and has never heard of tokens or money.

pub mod fragment;
pub mod project;
pub mod examples;
pub mod resolve;
pub mod template;
pub mod compose;
pub mod lint;
