//! Bundles: whole on the disk whatever happens, and refused when a byte is not what the commit gives.

mod again;
mod refused;
mod reproduced;
mod statement;
mod sweep;
mod whole;
