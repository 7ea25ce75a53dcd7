//! Durations as users write them.

use std::time::Duration;

/// Reads `500ms`, `30s`, `2m` or `1h 30m`. A number without a unit is refused: every tool means another.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write a number and its unit, as 500ms, 30s or 2m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_manual_are_understood() {
        for (text, milliseconds) in [("500ms", 500), ("30s", 30_000), ("2m", 120_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn what_would_be_right_is_said() {
        for text in ["", "30", "s", "-1s", "1 fortnight"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("500ms, 30s or 2m"), "{text}: {error}");
        }
    }
}
