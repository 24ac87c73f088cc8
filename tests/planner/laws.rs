//! Laws of the bill.
