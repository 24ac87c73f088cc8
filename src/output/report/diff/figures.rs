//! Figures before and after, in words: `1,000 → 1,204 (+204, +20.4%)`.

use crate::compare::delta::Pair;
use crate::cost::planner::words::money;
use crate::output::report::text::grouped;
use crate::syntax::quantity::Usd;

/// A number of tokens before and after.
pub(super) fn tokens(pair: Pair<u64>) -> String {
    match (pair.base, pair.head) {
        (Some(base), Some(head)) if base == head => format!("{}, unchanged", grouped(base)),
        (Some(base), Some(head)) => {
            let more = i128::from(head) - i128::from(base);
            format!("{} → {} ({})", grouped(base), grouped(head), change(signed(more), more, i128::from(base)))
        }
        (None, Some(head)) => format!("{}, new", grouped(head)),
        (Some(base), None) => format!("{}, gone", grouped(base)),
        (None, None) => "?".to_owned(),
    }
}

/// An amount before and after, with the unit that both are of: ` a month`.
pub(super) fn usd(pair: Pair<Usd>, unit: &str) -> String {
    match (pair.base, pair.head) {
        (Some(base), Some(head)) if base == head => format!("{}{unit}, unchanged", money(base)),
        (Some(base), Some(head)) => {
            let more = head - base;
            let share = times(base, head).map_or_else(
                || change(signed_usd(more), more.femto, base.femto),
                |times| format!("{}, {times}", signed_usd(more)),
            );
            format!("{} → {}{unit} ({share})", money(base), money(head))
        }
        (None, Some(head)) => format!("{}{unit}", money(head)),
        (Some(base), None) => format!("{} → ?{unit}", money(base)),
        (None, None) => "?".to_owned(),
    }
}

/// `+204`, `-3`, `±0`.
pub(super) fn signed(number: i128) -> String {
    let magnitude = grouped(u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX));
    match number {
        0 => "±0".to_owned(),
        1.. => format!("+{magnitude}"),
        _ => format!("-{magnitude}"),
    }
}

/// `+$1.20`, `-$0.0003`, `±$0`.
pub(super) fn signed_usd(amount: Usd) -> String {
    match amount.femto {
        0 => "±$0".to_owned(),
        1.. => format!("+{}", money(amount)),
        _ => money(amount),
    }
}

/// `×2.5`, `×100`: how many times as much it is, from twice on; whole from ten on, rounded half up.
fn times(base: Usd, head: Usd) -> Option<String> {
    if base.femto <= 0 || head.femto / 2 < base.femto {
        return None;
    }
    let tenths = (head.femto.checked_mul(20)? / base.femto + 1) / 2;
    Some(match (tenths / 10, tenths % 10) {
        (10.., _) => format!("×{}", grouped(u64::try_from((tenths + 5) / 10).unwrap_or(u64::MAX))),
        (whole, 0) => format!("×{whole}"),
        (whole, rest) => format!("×{whole}.{rest}"),
    })
}

/// The difference, and its share of what was there, if anything was.
fn change(shown: String, more: i128, of: i128) -> String {
    match percent(more, of) {
        Some(percent) => format!("{shown}, {percent}"),
        None => shown,
    }
}

/// A share with one decimal, rounded half to even: `+20.4%`; what rounds to nothing is `<0.1%`.
fn percent(part: i128, whole: i128) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let scaled = part.unsigned_abs().checked_mul(1000)?;
    let (tenths, rest) = (scaled / whole.unsigned_abs(), scaled % whole.unsigned_abs());
    let up = rest * 2 > whole.unsigned_abs() || (rest * 2 == whole.unsigned_abs() && tenths % 2 == 1);
    let tenths = tenths + u128::from(up);
    let sign = if part < 0 { '-' } else { '+' };
    Some(match tenths {
        0 => format!("{sign}<0.1%"),
        tenths if tenths % 10 == 0 => format!("{sign}{}%", tenths / 10),
        tenths => format!("{sign}{}.{}%", tenths / 10, tenths % 10),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_and_after_stand_with_the_difference_and_its_share() {
        let pair = |base, head| Pair { base: Some(base), head: Some(head) };
        assert_eq!(tokens(pair(1000, 1204)), "1,000 → 1,204 (+204, +20.4%)");
        assert_eq!(tokens(pair(1_000_000, 999_999)), "1,000,000 → 999,999 (-1, -<0.1%)");
        assert_eq!(tokens(pair(0, 5)), "0 → 5 (+5)");
        assert_eq!(tokens(pair(7, 7)), "7, unchanged");
        let usd_pair = |base: &str, head: &str| pair_of(Usd::parse(base), Usd::parse(head));
        assert_eq!(usd(usd_pair("1", "3"), ""), "$1.00 → $3.00 (+$2.00, ×3)");
        assert_eq!(usd(usd_pair("0.98", "97.73"), " a month"), "$0.9800 → $97.73 a month (+$96.75, ×100)");
        assert_eq!(usd(usd_pair("2", "1.5"), ""), "$2.00 → $1.50 (-$0.5000, -25%)");
    }

    fn pair_of<T>(base: Option<T>, head: Option<T>) -> Pair<T> {
        Pair { base, head }
    }
}
