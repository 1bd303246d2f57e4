//! Reading a list to its end.

use std::collections::HashSet;

use drawbridge_domain::{Fault, FaultName};

/// More than any of AWS's quotas fills: 25,000 shares a Region come on 50 pages.
const MOST_PAGES: usize = 1000;

/// Every item of every page. `page` reads one: it takes the token of the page and gives the page's
/// items and the token of the next page.
///
/// An empty page with a next token is an ordinary page: RAM sends those.
///
/// # Errors
/// The fault of the page that could not be read. `ServiceUnavailable` if a token comes twice or if
/// there is no end.
pub async fn every_page<T>(
    action: &str,
    mut page: impl AsyncFnMut(Option<String>) -> Result<(Vec<T>, Option<String>), Fault>,
) -> Result<Vec<T>, Fault> {
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let (items, next) = page(token.take()).await?;
        all.extend(items);
        let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(all) };
        if !seen.insert(next.clone()) {
            return Err(FaultName::ServiceUnavailable.because(format!(
                "{action} gave the same next token twice, after {} items on {} pages: the list would never end",
                all.len(),
                seen.len() + 1,
            )));
        }
        token = Some(next);
    }
    Err(FaultName::ServiceUnavailable.because(format!(
        "{action} still gave a next token after {MOST_PAGES} pages and {} items: the list has no end",
        all.len(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pages: &[(&[u8], Option<&str>)]) -> (Result<Vec<u8>, Fault>, Vec<Option<String>>) {
        let mut asked = Vec::new();
        let all = every_page("ram:ListResources", async |token| {
            let (items, next) = pages[asked.len() % pages.len()];
            asked.push(token);
            Ok((items.to_vec(), next.map(str::to_owned)))
        })
        .await;
        (all, asked)
    }

    #[tokio::test]
    async fn an_empty_page_with_a_next_token_is_not_the_end() {
        let (all, asked) = read(&[(&[], Some("a")), (&[1, 2], Some("b")), (&[], Some("c")), (&[3], None)]).await;
        assert_eq!(all.unwrap(), [1, 2, 3]);
        assert_eq!(asked, [None, Some("a".to_owned()), Some("b".to_owned()), Some("c".to_owned())]);
    }

    #[tokio::test]
    async fn an_empty_token_is_the_end() {
        let (all, asked) = read(&[(&[1], Some(""))]).await;
        assert_eq!(all.unwrap(), [1]);
        assert_eq!(asked.len(), 1);
    }

    #[tokio::test]
    async fn a_token_that_comes_twice_is_refused() {
        let (all, asked) = read(&[(&[1], Some("a")), (&[2], Some("b"))]).await;
        let fault = all.unwrap_err();
        assert_eq!(fault.name, FaultName::ServiceUnavailable);
        assert!(fault.message.starts_with("ram:ListResources gave the same next token twice"), "{fault}");
        assert_eq!(asked.len(), 3);
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_refused() {
        let mut number = 0;
        let fault = every_page("ram:ListResources", async |_| {
            number += 1;
            Ok((Vec::<u8>::new(), Some(number.to_string())))
        })
        .await
        .unwrap_err();
        assert_eq!((fault.name, number), (FaultName::ServiceUnavailable, MOST_PAGES));
    }

    #[tokio::test]
    async fn the_fault_of_a_page_is_the_fault_of_the_list() {
        let fault = every_page::<u8>("ram:ListResources", async |_| Err(FaultName::Throttled.because("slower")))
            .await
            .unwrap_err();
        assert_eq!(fault.name, FaultName::Throttled);
    }
}
