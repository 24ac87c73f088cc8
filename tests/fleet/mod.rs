//! Past one machine: parts of a project on several, and build systems that decide what to build.

mod depfile;
mod shards;
