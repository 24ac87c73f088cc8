//! contexture: prompt context as source code.

pub mod blocks;
pub mod cost;
pub mod diag;
pub mod emit;
pub mod error;
pub mod examples;
pub mod models;
pub mod render;
pub mod segment;
pub mod source;
pub mod tokens;
pub mod tree;
pub mod yaml;
