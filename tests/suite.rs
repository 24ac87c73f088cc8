//! The program from outside, and the laws that it keeps. One binary, so that the library is linked
//! once.

mod commands;
mod faults;
mod support;
mod tree;
mod watch;
