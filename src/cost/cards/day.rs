//! Days: of commits, and of the card set itself.

use jiff::ToSpan;
use jiff::civil::Date;

use super::library::Cards;

/// The day, in UTC, of a moment given in seconds since 1970-01-01; the first day that there is for a
/// moment beyond all days.
pub fn day_of(seconds: i64) -> Date {
    jiff::Timestamp::from_second(seconds).map_or(Date::MIN, |moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// How many days before its day an announced change is said.
const NEAR: i32 = 60;

/// Whether a day has come, or will within 60 days of today.
pub fn is_near(today: Date, day: Date) -> bool {
    day <= today.saturating_add(NEAR.days())
}

impl Cards {
    /// The day on which the newest source of the set was read: what holds where there is no commit
    /// whose day could be taken, since nothing here asks a clock.
    pub fn as_of(&self) -> Date {
        self.source_days().max().unwrap_or(Date::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_belongs_to_its_day_in_utc() {
        assert_eq!(day_of(0), Date::constant(1970, 1, 1));
        assert_eq!(day_of(-1), Date::constant(1969, 12, 31));
        assert_eq!(day_of(1_795_219_199), Date::constant(2026, 11, 20));
        assert_eq!(day_of(i64::MAX), Date::MIN);
    }

    #[test]
    fn the_built_in_set_has_a_day() {
        assert!(Cards::built_in().as_of() >= Date::constant(2026, 11, 12));
    }
}
