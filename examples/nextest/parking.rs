//! What parking costs: the first half hour is free, then 2 for each hour begun,
//! at most 20 a day.

/// The fee in whole units for a stay of so many minutes.
#[must_use]
pub fn fee(minutes: u32) -> u32 {
    let days = minutes / (24 * 60);
    let rest = minutes % (24 * 60);
    let part = if days == 0 && rest <= 30 { 0 } else { (rest.div_ceil(60) * 2).min(20) };
    days * 20 + part
}

#[cfg(test)]
mod tests {
    use super::fee;

    #[test]
    fn a_short_stay_is_free() {
        assert_eq!(fee(0), 0);
        assert_eq!(fee(30), 0);
    }
}
