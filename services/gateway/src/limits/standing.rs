//! Where a caller stands with its limits, and the headers that tell it.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Where a caller stands after a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    pub(crate) allowed: bool,
    /// The limit of a minute.
    pub(super) minute: Option<Part>,
    /// The limit of a day.
    pub(super) day: Option<Part>,
    /// Seconds after which the same request is allowed.
    pub(crate) wait: u64,
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) limit: u64,
    pub(super) left: u64,
    /// Seconds until all of it is there again.
    pub(super) reset: u64,
}

/// What a key used on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// Requests, by their cost.
    pub(crate) requests: u64,
    /// Of them those that were refused for want of quota or rate.
    pub(crate) refused: u64,
    /// Different addresses that they came from, about.
    pub(crate) callers: u64,
}

impl Standing {
    /// Of a request that is counted nowhere.
    pub(crate) fn uncounted(allowed: bool) -> Self {
        Self { allowed, ..Self::default() }
    }

    /// Says it in the two fields of the draft "`RateLimit` header fields for HTTP".
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let parts = [("minute", 60, self.minute), ("day", 86_400, self.day)];
        let parts = || parts.into_iter().filter_map(|(name, window, part)| Some((name, window, part?)));
        let policy: Vec<String> =
            parts().map(|(name, window, part)| format!("\"{name}\";q={};w={window}", part.limit)).collect();
        let standing: Vec<String> =
            parts().map(|(name, _, part)| format!("\"{name}\";r={};t={}", part.left, part.reset)).collect();
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", standing)] {
            if let Ok(value) = HeaderValue::from_str(&value.join(", "))
                && !value.is_empty()
            {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_lists_of_structured_items() {
        let standing = Standing {
            allowed: true,
            minute: Some(Part { limit: 60, left: 59, reset: 1 }),
            day: Some(Part { limit: 1_000, left: 7, reset: 500 }),
            wait: 0,
        };
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"minute\";q=60;w=60, \"day\";q=1000;w=86400");
        assert_eq!(headers.get("ratelimit").unwrap(), "\"minute\";r=59;t=1, \"day\";r=7;t=500");
        let mut none = HeaderMap::new();
        Standing { allowed: true, ..Standing::default() }.tell(&mut none);
        assert!(none.is_empty());
    }
}
