//! The program from outside, and the laws that it keeps. One binary, so that the library is linked
//! once.

mod adopt;
mod bounds;
mod bundles;
mod commands;
mod faults;
mod fleet;
mod fuzz;
mod gates;
mod growth;
mod history;
mod hostile;
mod laws;
mod lints;
mod money;
mod page;
mod recipes;
mod regions;
mod review;
mod runtime;
mod serve;
mod stops;
mod support;
mod tree;
mod watch;
mod writes;
