//! The prompt as a value: segments, the content blocks that they become, the chain of their digests, and the bodies
//! and the transcript that they are written as. It knows neither files nor money.

pub mod memo;
pub mod segment;
pub mod calls;
pub mod blocks;
pub mod chain;
pub mod bodies;
pub mod transcript;
