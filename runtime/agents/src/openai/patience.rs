//! How long to wait for an answer, and between attempts.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

/// No endpoint makes us wait longer than this between two attempts.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// Waits that grow by themselves grow to this.
const LONGEST_OWN_WAIT: Duration = Duration::from_secs(8);

/// How long a provider may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect. Default: 10 s.
    pub connect: Duration,
    /// For one attempt, from the request to the last byte. Default: 300 s.
    pub answer: Duration,
    /// How often a busy or unreachable endpoint is asked again. Default: 4.
    pub retries: u32,
    /// Before the first retry, doubled before each further one, where the
    /// endpoint itself names no time. Default: 500 ms.
    pub first_wait: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_mins(5),
            retries: 4,
            first_wait: Duration::from_millis(500),
        }
    }
}

impl Timeouts {
    /// How long to wait before attempt `attempt + 1`; none: not at all worth it.
    pub(super) fn wait(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        deadline: Option<Instant>,
    ) -> Option<Duration> {
        if attempt > self.retries {
            return None;
        }
        let doubled = self
            .first_wait
            .saturating_mul(2_u32.saturating_pow(attempt - 1));
        let wait = asked.unwrap_or_else(|| doubled.min(LONGEST_OWN_WAIT));
        let in_time =
            deadline.is_none_or(|deadline| Instant::now() + LONGEST_WAIT.min(wait) < deadline);
        (wait <= LONGEST_WAIT && in_time).then_some(wait)
    }
}

/// What the endpoint asks for: milliseconds as OpenAI names them, seconds, or
/// an HTTP date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok();
    if let Some(millis) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let after = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(after) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(after).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn asked(name: &'static str, value: &'static str) -> Option<Duration> {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        let header = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        retry_after(&[header].into_iter().collect(), now)
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        assert_eq!(asked("retry-after", "7"), seconds(7.0));
        assert_eq!(asked("retry-after", "1.5"), seconds(1.5));
        assert_eq!(asked("retry-after-ms", "250"), seconds(0.25));
        assert_eq!(
            asked("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            seconds(37.0)
        );
        assert_eq!(
            asked("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            seconds(0.0)
        );
    }

    #[test]
    fn nonsense_in_retry_after_is_no_answer() {
        for value in ["", "soon", "-1", "NaN", "inf", "1e400"] {
            assert_eq!(asked("retry-after", value), None, "{value}");
        }
    }

    #[tokio::test]
    async fn own_waits_double_and_end() {
        let timeouts = Timeouts::default();
        let waits: Vec<_> = (1..=5)
            .map(|attempt| timeouts.wait(attempt, None, None))
            .collect();
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(
            waits,
            [millis(500), millis(1000), millis(2000), millis(4000), None]
        );
    }

    #[tokio::test]
    async fn a_wait_past_the_deadline_or_without_reason_is_not_begun() {
        let timeouts = Timeouts::default();
        let asked = |seconds| Some(Duration::from_secs(seconds));
        let deadline = Some(Instant::now() + Duration::from_secs(30));
        assert_eq!(timeouts.wait(1, asked(60), deadline), None);
        assert_eq!(timeouts.wait(1, asked(10), deadline), asked(10));
        assert_eq!(timeouts.wait(1, asked(86_400), None), None);
        assert_eq!(timeouts.wait(1, Some(Duration::MAX), deadline), None);
    }
}
