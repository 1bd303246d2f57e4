//! Pages: the services give out long lists in parts, and sometimes an empty part first.

use std::hash::{DefaultHasher, Hash, Hasher};

/// What a request asks of a list.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The token of the page before.
    pub token: Option<&'a str>,
    /// `maxResults` of the request.
    pub most: Option<usize>,
    /// The most the service gives in one page; the knob `page_size` lowers it.
    pub ceiling: usize,
    /// Whether the first page is empty and yet has a token.
    /// \[AWS:ram: "check this value … until it is null", pages may be empty; botocore's documentation of `nextToken`\]
    pub empty_first: bool,
    /// Everything else the request says: a token belongs to the request that it answers.
    pub request: String,
}

/// Which part of a list to give, and how to ask for the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first entry's index.
    pub from: usize,
    /// One past the last entry's index.
    pub to: usize,
    /// The token of the next page; none after the last.
    pub next: Option<String>,
}

/// The token was made for another request, or not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadToken;

impl Asked<'_> {
    fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.request.hash(&mut hasher);
        hasher.finish()
    }

    /// Where the page begins: none means that this page is the empty one.
    ///
    /// # Errors
    /// [`BadToken`] for a token that was not made for this request.
    pub fn start(&self) -> Result<Option<usize>, BadToken> {
        match self.token {
            None if self.empty_first => Ok(None),
            None => Ok(Some(0)),
            Some(token) => {
                let (mark, from) = token.split_once('.').ok_or(BadToken)?;
                if mark != format!("{:016x}", self.mark()) {
                    return Err(BadToken);
                }
                from.parse().map(Some).map_err(|_| BadToken)
            }
        }
    }

    /// The part of a list of `total` entries that this request gets.
    ///
    /// # Errors
    /// [`BadToken`] for a token that was not made for this request.
    pub fn part(&self, total: usize) -> Result<Part, BadToken> {
        let token = |at: usize| format!("{:016x}.{at}", self.mark());
        let Some(start) = self.start()? else {
            return Ok(Part { from: 0, to: 0, next: Some(token(0)) });
        };
        let from = start.min(total);
        let size = self.most.unwrap_or(self.ceiling).min(self.ceiling).max(1);
        let to = from.saturating_add(size).min(total);
        Ok(Part { from, to, next: (to < total).then(|| token(to)) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn asked(token: Option<&str>, empty_first: bool) -> Asked<'_> {
        Asked { token, most: None, ceiling: 2, empty_first, request: "ListResources".to_owned() }
    }

    #[test]
    fn an_empty_page_comes_first_and_every_entry_follows_once() {
        let (mut seen, mut token, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let part = asked(token.as_deref(), true).part(5).unwrap();
            seen.extend(part.from..part.to);
            pages += 1;
            token = part.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!((seen, pages), (vec![0, 1, 2, 3, 4], 4));
    }

    #[test]
    fn a_token_of_another_request_is_refused() {
        let token = asked(None, false).part(5).unwrap().next.unwrap();
        let other = Asked { request: "GetResourceShares".to_owned(), ..asked(Some(&token), false) };
        assert_eq!(other.part(5), Err(BadToken));
        assert_eq!(asked(Some("nonsense"), false).part(5), Err(BadToken));
    }

    #[test]
    fn an_empty_list_still_ends() {
        let first = asked(None, true).part(0).unwrap();
        assert_eq!((first.from, first.to), (0, 0));
        assert_eq!(asked(first.next.as_deref(), true).part(0).unwrap().next, None);
    }
}
