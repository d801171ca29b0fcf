//! Numbers: exact decimals, read and written as DynamoDB does.

use super::invalid;
use crate::error::AwsError;
use rust_decimal::Decimal;

/// Reads a number. The local cloud keeps 28 significant digits where DynamoDB keeps 38; what does
/// not fit is refused, never rounded.
pub(super) fn parse(text: &str) -> Result<Decimal, AwsError> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let scientific = digits.contains(['e', 'E']);
    let is_number = !digits.is_empty()
        && !digits.contains('_')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if !is_number {
        return Err(not_a_number(text));
    }
    let parsed = match scientific {
        true => Decimal::from_scientific(digits),
        false => Decimal::from_str_exact(digits),
    };
    match parsed {
        Ok(number) => Ok(number.normalize()),
        Err(rust_decimal::Error::ErrorString(_)) => Err(not_a_number(text)),
        Err(_) => Err(out_of_range()),
    }
}

fn not_a_number(text: &str) -> AwsError {
    invalid(format!("The parameter cannot be converted to a numeric value: {text}"))
}

/// The refusal of a number that cannot be kept exactly.
pub(super) fn out_of_range() -> AwsError {
    invalid(
        "Number overflow. Attempting to store a number with magnitude or precision larger than \
         supported range",
    )
}

/// Writes a number in its shortest plain form.
pub(super) fn render(number: Decimal) -> String {
    number.normalize().to_string()
}

/// `a + b`, exactly or not at all.
pub(super) fn add(a: Decimal, b: Decimal) -> Result<Decimal, AwsError> {
    let sum = a.checked_add(b).ok_or_else(out_of_range)?;
    if sum.checked_sub(b) == Some(a) { Ok(sum.normalize()) } else { Err(out_of_range()) }
}

/// Bytes a number takes in an item: one per two significant digits, plus one, plus one for a sign.
pub(super) fn size(number: Decimal) -> usize {
    let mut mantissa = number.mantissa().unsigned_abs();
    while mantissa != 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
    }
    let significant = mantissa.checked_ilog10().map_or(1, |log| log as usize + 1);
    significant.div_ceil(2) + 1 + usize::from(number.is_sign_negative())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_their_shortest_plain_form() {
        for (given, written) in [
            ("1", "1"),
            ("01.50", "1.5"),
            ("-0", "0"),
            ("1e3", "1000"),
            ("+7", "7"),
            ("1.20E-2", "0.012"),
        ] {
            assert_eq!(render(parse(given).unwrap()), written, "{given}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for given in ["", "abc", "1x", "0x10", "NaN", "1_000", "--1", "e5", "."] {
            assert_eq!(parse(given).unwrap_err().code, "ValidationException", "{given}");
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_not_rounded() {
        assert!(parse("79228162514264337593543950336").is_err());
        assert!(parse("1e40").is_err());
        let big = parse("79228162514264337593543950335").unwrap();
        assert!(add(big, Decimal::ONE).is_err());
        assert!(add(big, parse("0.5").unwrap()).is_err());
    }

    #[test]
    fn a_number_takes_a_byte_per_two_digits_and_one_more() {
        for (given, bytes) in [("0", 2), ("7", 2), ("12", 2), ("123", 3), ("-12", 3), ("1000", 2)] {
            assert_eq!(size(parse(given).unwrap()), bytes, "{given}");
        }
    }
}
