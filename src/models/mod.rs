//! Model cards: dated data with sources.
