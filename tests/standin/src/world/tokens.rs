//! Client tokens: the same token with the same parameters is the same request.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::elapsed;
use crate::request::Caller;

/// What a token stands for.
#[derive(Clone, Debug, PartialEq)]
struct Use {
    parameters: String,
    made: String,
    at: Timestamp,
}

/// What a token says about a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The token is new, or none was sent.
    Never,
    /// The same request made this before.
    Same(String),
    /// The token came with other parameters; what those made.
    Other(String),
}

/// All tokens used, per account, Region and operation. \[AWS:ec2/devguide/ec2-api-idempotency: idempotency is Regional\]
#[derive(Debug, Default)]
pub struct Tokens(BTreeMap<(String, String, String, String), Use>);

fn key(caller: &Caller, operation: &str, token: &str) -> (String, String, String, String) {
    (caller.account.clone(), caller.region.clone(), operation.to_owned(), token.to_owned())
}

impl Tokens {
    /// Looks a token up. One older than `retention` milliseconds is forgotten.
    pub fn seen(
        &self,
        caller: &Caller,
        operation: &str,
        token: Option<&str>,
        parameters: &str,
        retention: Option<u64>,
        now: Timestamp,
    ) -> Seen {
        let found = token.and_then(|token| self.0.get(&key(caller, operation, token)));
        match found {
            Some(used) if retention.is_some_and(|limit| elapsed(used.at, now) >= limit) => Seen::Never,
            Some(used) if used.parameters == parameters => Seen::Same(used.made.clone()),
            Some(used) => Seen::Other(used.made.clone()),
            None => Seen::Never,
        }
    }

    /// Remembers what a token made.
    pub fn remember(
        &mut self,
        caller: &Caller,
        operation: &str,
        token: Option<&str>,
        parameters: String,
        made: String,
        now: Timestamp,
    ) {
        if let Some(token) = token {
            self.0.insert(key(caller, operation, token), Use { parameters, made, at: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_account_and_one_set_of_parameters() {
        let caller = Caller { account: "111122223333".to_owned(), region: "us-east-1".to_owned(), ..Caller::default() };
        let mut tokens = Tokens::default();
        let now = Timestamp::UNIX_EPOCH;
        tokens.remember(&caller, "CreateVpcEndpoint", Some("t"), "a".to_owned(), "vpce-1".to_owned(), now);
        let seen = |who: &Caller, token, parameters: &str, retention| {
            tokens.seen(who, "CreateVpcEndpoint", token, parameters, retention, now)
        };
        assert_eq!(seen(&caller, Some("t"), "a", None), Seen::Same("vpce-1".to_owned()));
        assert_eq!(seen(&caller, Some("t"), "b", None), Seen::Other("vpce-1".to_owned()));
        assert_eq!(seen(&caller, None, "a", None), Seen::Never);
        assert_eq!(seen(&caller, Some("t"), "a", Some(0)), Seen::Never, "forgotten at once");
        let other = Caller { account: "444455556666".to_owned(), ..caller.clone() };
        assert_eq!(seen(&other, Some("t"), "a", None), Seen::Never);
    }
}
