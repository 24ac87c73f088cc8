//! What stops a build, a check or a comparison, and what each of them answers when it cannot know.

mod debts;
mod missing;
mod windows;
