//! Token counts that say what they are: exact, measured or estimated.
