//! Numbers as people read them, in reasons and warnings.

use crate::cost::rules::Price;
use crate::syntax::quantity::Usd;

/// `57,204`.
pub fn grouped(number: u64) -> String {
    group(&number.to_string())
}

/// Digits in groups of three.
fn group(digits: &str) -> String {
    let head = digits.len() % 3;
    let mut text = digits[..head].to_owned();
    for (number, digit) in digits[head..].chars().enumerate() {
        if number % 3 == 0 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `$14,196.35`, `$0.1087`, `$0.00000183`: cents from a dollar on, four decimals below, up to eight
/// where those would show little. Rounded half to even.
pub fn money(amount: Usd) -> String {
    const DOLLAR: i128 = 1_000_000_000_000_000;
    let sign = if amount.femto < 0 { "-" } else { "" };
    let magnitude = Usd { femto: amount.femto.saturating_abs() };
    let text = match magnitude.femto {
        0 => return "$0".to_owned(),
        femto if femto >= DOLLAR => magnitude.rounded(2),
        femto if femto >= DOLLAR / 1000 => magnitude.rounded(4),
        _ => trimmed(magnitude.rounded(8)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    if magnitude.femto < DOLLAR && fraction.bytes().all(|digit| digit == b'0') && whole == "0" {
        return format!("less than {sign}$0.00000001");
    }
    format!("{sign}${}.{fraction}", group(whole))
}

/// A cost of one call as a plain number of dollars, as JSON holds it: at most eight decimals, rounded
/// half to even, without trailing zeros.
pub fn call_decimal(amount: Usd) -> String {
    trimmed(amount.rounded(8))
}

/// A cost of a month as a plain number of dollars, as JSON holds it: to the cent, without trailing
/// zeros.
pub fn month_decimal(amount: Usd) -> String {
    trimmed(amount.rounded(2))
}

fn trimmed(decimal: String) -> String {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.').to_owned() } else { decimal }
}

/// `$2.50`: a price per million tokens.
pub fn per_million(price: Price) -> String {
    let exact = Usd { femto: i128::from(price.nano) * 1_000_000 }.exact();
    match exact.split_once('.') {
        Some((_, fraction)) if fraction.len() == 1 => format!("${exact}0"),
        _ => format!("${exact}"),
    }
}

/// `1 call`, `20 calls`.
pub fn counted(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(57_204), grouped(1_000_000)],
            ["0", "999", "57,204", "1,000,000"]
        );
        let shown = |written: &str| money(Usd::parse(written).unwrap());
        assert_eq!(shown("14196.345792"), "$14,196.35");
        assert_eq!(shown("0.10868577"), "$0.1087");
        assert_eq!(shown("0.000001830528"), "$0.00000183");
        assert_eq!(shown("0.000026"), "$0.000026");
        assert_eq!(shown("0.000000000000001"), "less than $0.00000001");
        assert_eq!(money(Usd::ZERO - Usd::parse("1.5").unwrap()), "-$1.50");
        assert_eq!(per_million(Price { nano: 2_500_000_000 }), "$2.50");
        assert_eq!(per_million(Price { nano: 100_000_000 }), "$0.10");
        assert_eq!(per_million(Price { nano: 2_000_000_000 }), "$2");
        assert_eq!(counted(1, "call"), "1 call");
        let call = |written: &str| call_decimal(Usd::parse(written).unwrap());
        assert_eq!(
            [call("0.009464230528"), call("0.11815"), call("120"), call("0")],
            ["0.00946423", "0.11815", "120", "0"]
        );
        assert_eq!(month_decimal(Usd::parse("14196.345792").unwrap()), "14196.35");
        assert_eq!(month_decimal(Usd::ZERO - Usd::parse("0.10").unwrap()), "-0.1");
    }
}
