//! contexture: prompt context as source code.

pub mod chain;
pub mod condition;
pub mod blocks;
pub mod cost;
pub mod decode;
pub mod diag;
pub mod emit;
pub mod error;
pub mod examples;
pub mod fragment;
pub mod manifest;
pub mod models;
pub mod project;
pub mod quantity;
pub mod render;
pub mod resolve;
pub mod segment;
pub mod source;
pub mod tokens;
pub mod tree;
pub mod yaml;
