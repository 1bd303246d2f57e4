//! Faults on demand: which call is struck, and how.

use serde::{Deserialize, Serialize};

use crate::request::{Caller, Operation};
use crate::wire::{Protocol, Refusal};

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The service's own throttling error; no effect.
    Throttle,
    /// The service's own internal error; no effect.
    ServerError,
    /// The effect happens, the answer is held back.
    Timeout,
    /// No effect, and the connection closes without an answer.
    CutBefore,
    /// The connection closes without an answer, and the effect happens after `hold_ms`, if it is not refused by then. Not
    /// for calls that are passed on to the emulator.
    Late,
    /// The effect happens, and the connection closes without an answer.
    CutAfter,
    /// The service's own "not allowed", naming the action; no effect.
    AccessDenied,
    /// The error that `code`, `message` and `status` name; no effect.
    Error,
    /// A 200 that lists every id as `Unsuccessful`; no effect. Only for EC2's operations that say so in a 200.
    Unsuccessful,
}

impl Kind {
    /// The name in the call log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::CutBefore => "cut_before",
            Self::Late => "late",
            Self::CutAfter => "cut_after",
            Self::AccessDenied => "access_denied",
            Self::Error => "error",
            Self::Unsuccessful => "unsuccessful",
        }
    }
}

/// Those that say inside a 200 what they did not do.
const IN_A_200: [&str; 2] = ["DeleteVpcEndpoints", "DeleteVpcEndpointConnectionNotifications"];

fn first() -> u32 {
    1
}

fn thirty_seconds() -> u64 {
    30_000
}

/// A fault as a test orders it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The service, such as `ec2`.
    pub service: String,
    /// The operation, such as `CreateVpcEndpoint`; none means every operation of the service.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only calls of this function.
    #[serde(default)]
    pub caller: Option<String>,
    /// Only calls of this account.
    #[serde(default)]
    pub account: Option<String>,
    /// The n-th matching call from now; 0 means every one. An SDK's own retry is a call too.
    #[serde(default = "first")]
    pub occurrence: u32,
    /// How many matching calls are struck, from the n-th on. One unless told; without end for occurrence 0.
    #[serde(default)]
    pub count: Option<u32>,
    /// How it goes wrong.
    pub kind: Kind,
    /// The code of kind `error` and `unsuccessful`.
    #[serde(default)]
    pub code: Option<String>,
    /// The message of the error.
    #[serde(default)]
    pub message: Option<String>,
    /// The HTTP status of the error.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long kind `timeout` holds the answer back, and kind `late` the effect, in milliseconds.
    #[serde(default = "thirty_seconds")]
    pub hold_ms: u64,
}

impl Order {
    fn matches(&self, caller: &Caller, operation: &Operation) -> bool {
        self.service == operation.service
            && self.operation.as_ref().is_none_or(|name| *name == operation.name)
            && self.caller.as_deref().is_none_or(|app| Some(app) == caller.app.as_deref())
            && self.account.as_deref().is_none_or(|account| account == caller.account)
    }

    fn strikes(&self, nth: u32) -> bool {
        match (self.occurrence, self.count) {
            (0, None) => true,
            (0, Some(count)) => nth <= count,
            (from, count) => nth >= from && nth - from < count.unwrap_or(1),
        }
    }

    /// The refusal that this fault answers with, in the service's own words; none for a fault that is not an answer.
    pub fn refusal(&self, caller: &Caller, operation: &Operation) -> Option<Refusal> {
        let (status, code, message) = match self.kind {
            Kind::Throttle => throttled(operation),
            Kind::ServerError => broken(operation),
            Kind::AccessDenied => denied(caller, operation),
            Kind::Error => (400, "ValidationException", "an error that the test ordered".to_owned()),
            Kind::Timeout | Kind::CutBefore | Kind::CutAfter | Kind::Late | Kind::Unsuccessful => return None,
        };
        let code = self.code.clone().unwrap_or_else(|| code.to_owned());
        Some(Refusal::new(self.status.unwrap_or(status), code, self.message.clone().unwrap_or(message)))
    }
}

/// The throttling error of each service.
fn throttled(operation: &Operation) -> (u16, &'static str, String) {
    match operation.service.as_str() {
        // [AWS:ec2 error list: RequestLimitExceeded, 503]
        "ec2" => (503, "RequestLimitExceeded", "Request limit exceeded.".to_owned()),
        // [botocore: dynamodb ThrottlingException, 400]
        "dynamodb" => (
            400,
            "ThrottlingException",
            "Throughput exceeds the current capacity for your account or table.".to_owned(),
        ),
        // [botocore: ram and vpc-lattice ThrottlingException, 429]
        "ram" | "vpc-lattice" => (429, "ThrottlingException", "Rate exceeded".to_owned()),
        // [botocore: service-quotas TooManyRequestsException; AWS: 429]
        "servicequotas" => (429, "TooManyRequestsException", "Rate exceeded".to_owned()),
        // [AWS:Route53 common errors: Throttling, 400; the SDK's list of throttling codes has it]
        "route53" => (400, "Throttling", "Rate exceeded".to_owned()),
        // [AWS: common errors of JSON services: ThrottlingException, 400]
        _ => (400, "ThrottlingException", "Rate exceeded".to_owned()),
    }
}

/// The internal error of each service.
fn broken(operation: &Operation) -> (u16, &'static str, String) {
    let message = "An internal error has occurred. Retry your request.".to_owned();
    match operation.service.as_str() {
        // [AWS:ec2 error list: InternalError, 500]
        "ec2" => (500, "InternalError", message),
        // [botocore: ram ServerInternalException, 500]
        "ram" => (500, "ServerInternalException", message),
        // [botocore: vpc-lattice InternalServerException, 500]
        "vpc-lattice" => (500, "InternalServerException", message),
        // [botocore: service-quotas ServiceException]
        "servicequotas" => (500, "ServiceException", message),
        // [botocore: dynamodb InternalServerError, 500]
        "dynamodb" => (500, "InternalServerError", message),
        // [botocore: events InternalException, 500]
        "events" => (500, "InternalException", message),
        // [AWS: common errors: InternalFailure, 500]
        _ => (500, "InternalFailure", message),
    }
}

/// The "not allowed" of each service: it names the principal and the action.
fn denied(caller: &Caller, operation: &Operation) -> (u16, &'static str, String) {
    let role = caller.app.as_deref().unwrap_or("unknown");
    let message = format!(
        "User: arn:aws:sts::{}:assumed-role/{role}/session is not authorized to perform: {}:{} because no identity-based policy allows the action",
        caller.account, operation.service, operation.name
    );
    match operation.protocol {
        // [AWS:ec2 error list: UnauthorizedOperation, 403]
        Protocol::Ec2Query => (403, "UnauthorizedOperation", message),
        // [AWS:Route53 common errors: AccessDenied, 403]
        Protocol::RestXml => (403, "AccessDenied", message),
        // [botocore: vpc-lattice AccessDeniedException, 403]
        Protocol::RestJson => (403, "AccessDeniedException", message),
        // [AWS: common errors of JSON services: AccessDeniedException, 400]
        Protocol::AwsJson => (400, "AccessDeniedException", message),
    }
}

/// A fault and how often it came true.
#[derive(Clone, Debug, Serialize)]
pub struct Armed {
    /// Its number.
    pub id: usize,
    /// What was ordered.
    #[serde(flatten)]
    pub order: Order,
    /// How many calls matched.
    pub matched: u32,
    /// How many of them were struck.
    pub fired: u32,
}

/// All faults that wait or have struck.
#[derive(Debug, Default)]
pub struct Faults {
    next: usize,
    /// In the order that they were ordered in.
    pub armed: Vec<Armed>,
}

impl Faults {
    /// Takes an order and gives its id.
    ///
    /// # Errors
    /// A sentence when the order can never strike.
    pub fn arm(&mut self, order: Order) -> Result<usize, String> {
        if order.kind == Kind::Unsuccessful
            && !(order.service == "ec2" && order.operation.as_deref().is_some_and(|name| IN_A_200.contains(&name)))
        {
            return Err(format!(
                "kind unsuccessful is a 200 of EC2: order it for service ec2, operation {}",
                IN_A_200.join(" or ")
            ));
        }
        if order.kind == Kind::Late && !["ec2", "ram", "vpc-lattice"].contains(&order.service.as_str()) {
            return Err(
                "kind late is for ec2, ram and vpc-lattice: what is passed on to the emulator can't be late".to_owned()
            );
        }
        if matches!(
            order.service.as_str(),
            "sfn" | "stepfunctions" | "eventbridge" | "lattice" | "vpclattice" | "service-quotas"
        ) {
            return Err(format!(
                "no service is called {}: the names are ec2, ram, vpc-lattice, servicequotas, dynamodb, states, events, ssm",
                order.service
            ));
        }
        self.next += 1;
        self.armed.push(Armed { id: self.next, order, matched: 0, fired: 0 });
        Ok(self.next)
    }

    /// Counts a call against every fault and gives the first that strikes it.
    pub fn strike(&mut self, caller: &Caller, operation: &Operation) -> Option<Order> {
        let mut struck = None;
        for armed in self.armed.iter_mut().filter(|armed| armed.order.matches(caller, operation)) {
            armed.matched += 1;
            if struck.is_none() && armed.order.strikes(armed.matched) {
                armed.fired += 1;
                struck = Some(armed.order.clone());
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::{Value, json};

    use super::*;

    fn order(extra: &Value) -> Order {
        let mut order = json!({"service": "ec2", "operation": "CreateVpcEndpoint", "kind": "throttle"});
        order.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(order).unwrap()
    }

    fn call() -> Operation {
        Operation {
            service: "ec2".to_owned(),
            name: "CreateVpcEndpoint".to_owned(),
            protocol: Protocol::Ec2Query,
            label: String::new(),
        }
    }

    fn pattern(extra: &Value, calls: usize) -> Vec<bool> {
        let mut faults = Faults::default();
        faults.arm(order(extra)).unwrap();
        (0..calls).map(|_| faults.strike(&Caller::default(), &call()).is_some()).collect()
    }

    #[test]
    fn the_nth_call_and_as_many_as_ordered_are_struck() {
        assert_eq!(pattern(&json!({}), 3), [true, false, false]);
        assert_eq!(pattern(&json!({"occurrence": 2}), 3), [false, true, false]);
        assert_eq!(pattern(&json!({"occurrence": 2, "count": 2}), 4), [false, true, true, false]);
        assert_eq!(pattern(&json!({"occurrence": 0}), 3), [true, true, true]);
        assert_eq!(pattern(&json!({"occurrence": 0, "count": 2}), 3), [true, true, false]);
    }

    #[test]
    fn another_caller_is_neither_struck_nor_counted() {
        let mut faults = Faults::default();
        faults.arm(order(&json!({"caller": "drawbridge-open"}))).unwrap();
        assert!(faults.strike(&Caller::default(), &call()).is_none());
        let open = Caller { app: Some("drawbridge-open".to_owned()), ..Caller::default() };
        assert!(faults.strike(&open, &call()).is_some());
        assert_eq!((faults.armed[0].matched, faults.armed[0].fired), (1, 1));
    }

    #[test]
    fn denied_names_the_action() {
        let refusal = order(&json!({"kind": "access_denied"})).refusal(&Caller::default(), &call()).unwrap();
        assert_eq!((refusal.code.as_str(), refusal.status), ("UnauthorizedOperation", 403));
        assert!(refusal.message.contains("ec2:CreateVpcEndpoint"));
    }
}
