//! One declaration of a rule: its value on a day, what a card writes of it, and the scenario's settings that replace it.

use crate::syntax::decode::{Count, Decode, expected};
use crate::syntax::diag::Faults;
use crate::syntax::quantity::Share;
use crate::syntax::yaml::{Node, Value};

/// A setting by which a scenario lays another value over a card's.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its names; none where only a card can say it.
    pub names: &'static [&'static str],
    /// What it changes, line by line.
    pub what: &'static [&'static str],
}

/// Values that a scenario's settings may replace, by name.
pub trait Settings {
    /// The settings.
    const SETTINGS: &'static [Setting];

    /// Replaces the value that a setting names, if it is one of these.
    fn set(&mut self, name: &str, value: &Node, faults: &mut Faults);
}

/// Declares the numbers of a rule once and makes of them the rule on one day, the record of a card that holds them with
/// their sources and histories, and the settings of a scenario. A field names its type, the card's type, and its
/// settings with the least count that they take.
///
/// ```text
/// rule! {
///     /// Complete prefix units.
///     pub struct PrefixUnits [] from PrefixUnitsFacts("prefix units") {
///         /// Seconds until a new unit can be read.
///         pub build_seconds: u64 as Dated<u64> = "build_seconds", ["build_seconds"] >= 0;
///     }
/// }
/// ```
macro_rules! rule {
    (
        $(#[doc = $docs:expr])*
        pub struct $name:ident [$($derive:ident),*] from $facts:ident($what:literal) {
            $(
                $(#[doc = $field_docs:expr])*
                pub $field:ident: $type:ty as $fact:ty = $key:literal $(, [$($setting:literal),+] >= $least:literal)?;
            )*
            $( beside $(#[doc = $beside_docs:expr])* pub $beside:ident: $beside_type:ty; )*
        }
    ) => {
        $(#[doc = $docs])*
        #[derive(Debug, Clone, PartialEq, Eq $(, $derive)*)]
        pub struct $name {
            $( $(#[doc = $field_docs])* pub $field: $type, )*
            $( $(#[doc = $beside_docs])* pub $beside: $beside_type, )*
        }

        crate::syntax::decode::record! {
            $(#[doc = $docs])*
            pub struct $facts($what) {
                $( $(#[doc = $field_docs])* pub $field: $fact = $key, )*
            }
        }

        impl $facts {
            /// What is in force on a day.
            pub fn at(&self, day: crate::cost::fact::Date) -> $name {
                $name {
                    $( $field: crate::cost::fact::OnDay::on(&self.$field, day), )*
                    $( $beside: <$beside_type>::default(), )*
                }
            }
        }

        impl crate::cost::rules::Settings for $name {
            const SETTINGS: &'static [crate::cost::rules::Setting] = &[
                $( crate::cost::rules::Setting { names: &[$( $($setting),+ )?], what: &[$($field_docs),*] }, )*
            ];

            fn set(
                &mut self,
                name: &str,
                value: &crate::syntax::yaml::Node,
                faults: &mut crate::syntax::diag::Faults,
            ) {
                // A rule without settings uses none of these.
                let _ = (name, value, &*faults);
                $( $(
                    if [$($setting),+].contains(&name) {
                        crate::cost::rules::Replace::replace(&mut self.$field, value, $least, faults);
                    }
                )? )*
            }
        }
    };
}

pub(crate) use rule;

/// A value that a scenario's setting may replace.
pub trait Replace {
    /// Takes the value as written; a count is at least `least`.
    fn replace(&mut self, value: &Node, least: u64, faults: &mut Faults);
}

/// Values that a setting writes as the card does.
macro_rules! replace_decoded {
    ($($type:ty),*) => {$(
        impl Replace for $type {
            fn replace(&mut self, value: &Node, _: u64, faults: &mut Faults) {
                if let Some(decoded) = <$type>::decode(value, faults) {
                    *self = decoded;
                }
            }
        }
    )*};
}

replace_decoded!(bool, Share, super::Mode, super::MixedBilling);

impl Replace for u64 {
    fn replace(&mut self, value: &Node, least: u64, faults: &mut Faults) {
        match Count::decode(value, faults) {
            Some(Count(number)) if number >= least => *self = number,
            Some(_) => expected(&format!("a count of at least {least}"), value, faults),
            None => {}
        }
    }
}

impl Replace for u32 {
    fn replace(&mut self, value: &Node, least: u64, faults: &mut Faults) {
        let mut wide = u64::from(*self);
        wide.replace(value, least, faults);
        match Self::try_from(wide) {
            Ok(number) => *self = number,
            Err(_) => expected("a smaller count", value, faults),
        }
    }
}

/// A count that may be unknown: `null` takes it away.
impl Replace for Option<u64> {
    fn replace(&mut self, value: &Node, least: u64, faults: &mut Faults) {
        *self = match value.value {
            Value::Null => None,
            _ => {
                let mut number = least;
                number.replace(value, least, faults);
                Some(number)
            }
        };
    }
}
