//! Quantities as people write them: `60k`, `$0.02`, `90%`, `1.5M/month`. Exact, never a float.

use std::fmt;

/// US dollars, exact: a whole number of 10⁻¹⁵ dollars.
///
/// Prices are nano-dollars per million tokens, so a price times a token count is a whole number of
/// these and no sum ever rounds. Rounding happens once, when a report prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd {
    /// 10⁻¹⁵ dollars.
    pub femto: i128,
}

/// How many femto-dollars make one dollar.
const FEMTO: i128 = 1_000_000_000_000_000;

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self { femto: 0 };

    /// Parses `$20_000`, `$0.02`, `0.5`; at most 15 decimals, at most 10¹² dollars, not negative.
    pub fn parse(written: &str) -> Option<Self> {
        let digits = written.strip_prefix('$').unwrap_or(written);
        let (number, scale) = decimal(digits)?;
        let femto = i128::try_from(number).ok()?.checked_mul(10i128.pow(15u32.checked_sub(scale)?))?;
        (femto <= 1_000_000_000_000 * FEMTO).then_some(Self { femto })
    }

    /// `self × number`, if it fits.
    pub fn times(self, number: i128) -> Option<Self> {
        self.femto.checked_mul(number).map(|femto| Self { femto })
    }

    /// `self + other`, if it fits.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.femto.checked_add(other.femto).map(|femto| Self { femto })
    }

    /// The exact value in dollars without trailing zeros: `0.0094624`, `-3`, `0`.
    pub fn exact(self) -> String {
        let sign = if self.femto < 0 { "-" } else { "" };
        let magnitude = self.femto.unsigned_abs();
        let (whole, rest) = (magnitude / FEMTO as u128, magnitude % FEMTO as u128);
        let fraction = format!("{rest:015}");
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Rounded half to even at `decimals` (0 to 15) places: `14196.35`.
    pub fn rounded(self, decimals: u32) -> String {
        let unit = 10u128.pow(15 - decimals.min(15));
        let magnitude = self.femto.unsigned_abs();
        let (quotient, rest) = (magnitude / unit, magnitude % unit);
        let up = rest * 2 > unit || (rest * 2 == unit && quotient % 2 == 1);
        let scaled = quotient + u128::from(up);
        let sign = if self.femto < 0 && scaled > 0 { "-" } else { "" };
        let one = 10u128.pow(decimals.min(15));
        match decimals {
            0 => format!("{sign}{scaled}"),
            places => format!("{sign}{}.{:0width$}", scaled / one, scaled % one, width = places.min(15) as usize),
        }
    }
}

impl std::ops::Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { femto: self.femto.saturating_add(other.femto) }
    }
}

impl std::ops::Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { femto: self.femto.saturating_sub(other.femto) }
    }
}

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.exact())
    }
}

impl serde::Serialize for Usd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.exact())
    }
}

/// Reads what [`Usd::exact`] writes: reports of other machines are joined.
impl<'de> serde::Deserialize<'de> for Usd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let (sign, digits) = written.strip_prefix('-').map_or((1, &*written), |digits| (-1, digits));
        let magnitude = Self::parse(digits).and_then(|amount| amount.times(sign));
        magnitude.ok_or_else(|| serde::de::Error::custom("an amount of dollars is a plain decimal"))
    }
}

/// A share: `90%` or `0.9`, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Share {
    /// Millionths: 1,000,000 is the whole.
    pub millionths: u64,
}

impl Share {
    /// Parses `90%`, `0.9`, `2.5%`; not negative; at most 10,000 %.
    pub fn parse(written: &str) -> Option<Self> {
        let (digits, percent) = match written.strip_suffix('%') {
            Some(digits) => (digits.trim_end(), 2),
            None => (written, 0),
        };
        let (number, scale) = decimal(digits)?;
        let shift = 6u32.checked_sub(scale + percent)?;
        let millionths = u64::try_from(number).ok()?.checked_mul(10u64.pow(shift))?;
        (millionths <= 100_000_000).then_some(Self { millionths })
    }
}

impl fmt::Display for Share {
    /// As a percentage without trailing zeros: `90%`, `2.5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / 10_000, self.millionths % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        write!(f, "{whole}.{}%", format!("{rest:04}").trim_end_matches('0'))
    }
}

/// A time that an answer takes: `2s`, `1.5s`, `800ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Latency {
    /// Milliseconds.
    pub ms: u64,
}

impl Latency {
    /// Parses whole milliseconds, and seconds with up to three decimals; below a day.
    pub fn parse(written: &str) -> Option<Self> {
        let (digits, decimals) = match written.strip_suffix("ms") {
            Some(digits) => (digits, 0),
            None => (written.strip_suffix('s')?, 3),
        };
        let (number, scale) = decimal(digits.trim_end())?;
        let ms = u64::try_from(number).ok()?.checked_mul(10u64.pow(u32::checked_sub(decimals, scale)?))?;
        (ms < 86_400_000).then_some(Self { ms })
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ms {
            ms if ms % 1000 == 0 => write!(f, "{}s", ms / 1000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

/// Parses a count: `600`, `60k`, `1.5M`, `20_000`. A whole number below 10¹⁵.
pub fn parse_count(written: &str) -> Option<u64> {
    let (digits, zeros) = match written.as_bytes().last()? {
        b'k' | b'K' => (&written[..written.len() - 1], 3),
        b'M' => (&written[..written.len() - 1], 6),
        b'G' | b'B' => (&written[..written.len() - 1], 9),
        _ => (written, 0),
    };
    let (number, scale) = decimal(digits)?;
    let count = if scale <= zeros {
        number.checked_mul(10u128.pow(zeros - scale))?
    } else {
        let unit = 10u128.pow(scale - zeros);
        (number % unit == 0).then_some(number / unit)?
    };
    u64::try_from(count).ok().filter(|count| *count < 1_000_000_000_000_000)
}

/// A number of things per month, day or hour: `1.5M/month`, `50/day`. A month is 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    /// How many in one period.
    pub count: u64,
    /// The period.
    pub per: Period,
}

/// The period of a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// 30 days.
    Month,
    /// 24 hours.
    Day,
    /// 60 minutes.
    Hour,
}

impl Rate {
    /// Parses `1.5M/month`, `50/day`, `2k/hour`.
    pub fn parse(written: &str) -> Option<Self> {
        let (count, period) = written.split_once('/')?;
        let per = match period.trim() {
            "month" => Period::Month,
            "day" => Period::Day,
            "hour" => Period::Hour,
            _ => return None,
        };
        parse_count(count.trim()).map(|count| Self { count, per })
    }
}

/// Digits with optional `_` between them and one dot: (all digits as a number, digits after the dot).
fn decimal(written: &str) -> Option<(u128, u32)> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let fraction_given = written.contains('.');
    let well_formed = |part: &str| {
        !part.is_empty()
            && !part.starts_with('_')
            && !part.ends_with('_')
            && part.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    };
    if !well_formed(whole) || (fraction_given && !well_formed(fraction)) {
        return None;
    }
    let digits: String = whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit).collect();
    if digits.len() > 30 {
        return None;
    }
    let scale = fraction.bytes().filter(u8::is_ascii_digit).count();
    Some((digits.parse().ok()?, u32::try_from(scale).ok()?))
}

/// A lifetime of a provider's cache entry, in seconds: `5m`, `30m`, `1h`, `12h`, `24h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl {
    /// Seconds.
    pub seconds: u32,
}

impl Ttl {
    /// Parses `300s`, `5m`, `1h`, `7d`; `None` for anything else, zero, or more than 10 years.
    pub fn parse(written: &str) -> Option<Self> {
        let (digits, unit) = written.split_at_checked(written.len().checked_sub(1)?)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds = digits.parse::<u32>().ok()?.checked_mul(factor)?;
        (1..=315_360_000).contains(&seconds).then_some(Self { seconds })
    }
}

impl fmt::Display for Ttl {
    /// In the largest unit that divides it up to hours, as providers write it: `5m`, `1h`, `24h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            s if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl serde::Serialize for Ttl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_people_write_them() {
        for (written, count) in [
            ("0", Some(0)),
            ("600", Some(600)),
            ("60k", Some(60_000)),
            ("1.5M", Some(1_500_000)),
            ("20_000", Some(20_000)),
            ("1.0", Some(1)),
            ("1.5", None),
            ("0.0005k", None),
            ("", None),
            ("k", None),
            ("-1", None),
            ("1e3", None),
            ("_1", None),
            ("1.", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse_count(written), count, "{written:?}");
        }
    }

    #[test]
    fn money_is_exact_and_rounds_half_to_even_once() {
        let usd = |written| Usd::parse(written).unwrap();
        assert_eq!(usd("$20_000").exact(), "20000");
        assert_eq!(usd("0.0094624").exact(), "0.0094624");
        assert_eq!(usd("0.000000000000001").femto, 1);
        assert_eq!(Usd::parse("0.0000000000000001"), None);
        assert_eq!(Usd::parse("-1"), None);
        assert_eq!(usd("0.125").rounded(2), "0.12");
        assert_eq!(usd("0.135").rounded(2), "0.14");
        assert_eq!(usd("0.1250001").rounded(2), "0.13");
        assert_eq!((Usd::ZERO - usd("0.004")).rounded(2), "0.00");
        assert_eq!((Usd::ZERO - usd("1.5")).exact(), "-1.5");
    }

    #[test]
    fn shares_and_rates() {
        assert_eq!(Share::parse("90%").unwrap().millionths, 900_000);
        assert_eq!(Share::parse("0.9"), Share::parse("90%"));
        assert_eq!(Share::parse("2.5%").unwrap().to_string(), "2.5%");
        assert_eq!(Share::parse("-5%"), None);
        assert_eq!(Rate::parse("1.5M/month"), Some(Rate { count: 1_500_000, per: Period::Month }));
        assert_eq!(Rate::parse("5/week"), None);
    }
}
