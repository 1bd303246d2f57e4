//! The state machines do with errors, time and money what the design says, and give the functions
//! what the functions take.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::messages::{
    AcceptRequest, CloseAnswer, CloseRequest, ConnectInput, ConnectRequest, ConnectStart, HoldRequest, OnboardInput,
    Outcome, VetRequest,
};
use drawbridge_domain::subscription::Grace;
use drawbridge_domain::{Class, FaultName};
use drawbridge_tests::machine::{Machine, Retrier, State};
use drawbridge_tests::template::Template;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The names of errors that are not ours and are worth another try, each with its source. Short
/// on purpose: what is not named here ends in cleanup, and the sweep starts the next attempt.
const SERVICES_OWN: [(&str, &str); 10] = [
    ("Lambda.ClientExecutionTimeoutException", "step-functions/dg/sfn-best-practices: transient Lambda errors"),
    ("Lambda.ServiceException", "step-functions/dg/sfn-best-practices: transient Lambda errors"),
    ("Lambda.AWSLambdaException", "step-functions/dg/sfn-best-practices: transient Lambda errors"),
    ("Lambda.SdkClientException", "step-functions/dg/sfn-best-practices: transient Lambda errors"),
    ("Lambda.TooManyRequestsException", "step-functions/dg/sfn-best-practices: no invocation was to be had"),
    ("Lambda.Unknown", "step-functions/dg/sfn-best-practices: a function that timed out or ran out of memory"),
    ("Sandbox.Timedout", "step-functions/dg/sfn-best-practices: what newer runtimes say of a timeout"),
    ("States.Timeout", "step-functions/dg/concepts-error-handling: a task ran longer than TimeoutSeconds"),
    ("StepFunctions.ExecutionLimitExceeded", "step-functions/dg/connect-stepfunctions: its example retries it"),
    // Errors of integrations are named `<service>.<error>Exception`, against that example.
    ("StepFunctions.ExecutionLimitExceededException", "step-functions/dg/supported-services-awssdk"),
];

/// Which of them an invocation can raise; the rest belongs to starting an execution.
fn is_lambdas_own(name: &str) -> bool {
    !name.starts_with("StepFunctions.")
}

/// Never raised by a function: the sweep writes it into the ledger.
const ONLY_RECORDED: FaultName = FaultName::RunAborted;

/// Caught without cleanup, because another run owns what would be cleaned.
const SUPERSEDED: [(&str, &[FaultName]); 3] = [
    ("onboard", &[FaultName::RunOver]),
    ("connect", &[FaultName::ConnectionBusy, FaultName::RunOver]),
    ("disconnect", &[]),
];

/// Where the start of one connection leads when it fails: no cleanup, because nothing is made yet
/// and the ledger holds the wanted connection.
const LEFT_TO_SWEEP: &str = "LeftToSweep";

/// No failure: a connection that is to have a security group of its own takes a way that others do not pay for.
const GROUP_WANTED: FaultName = FaultName::GroupWanted;

const DEADLINE_MINUTES_MOST: f64 = 35.0;

/// The longest that a provider is waited for: a weekend.
const PROVIDER_HOURS_MOST: f64 = 72.0;

/// What waits for somebody: the state, the error that leads to it, and who decides anew when the wait is over.
const WAITING: [(&str, &str, FaultName, &str); 3] = [
    ("onboard", "AwaitApproval", FaultName::ApprovalNeeded, "Vet"),
    ("connect", "AwaitProvider", FaultName::AcceptancePending, "Observe"),
    ("disconnect", "AwaitGrace", FaultName::GraceRunning, "Close"),
];

/// No failure: what was to be closed after its grace period is kept, and there is nothing to clean up.
const KEPT: FaultName = FaultName::KeptAfterAll;

/// The longest grace period that a subscription may give.
const GRACE_DAYS_MOST: f64 = 30.0;

/// What the end of a wait's time is called; it is no failure.
const TIME_IS_OVER: &str = "States.Timeout";

fn each(check: impl Fn(&Machine, State<'_>)) {
    for machine in Machine::all() {
        for task in machine.tasks() {
            check(&machine, task);
        }
    }
}

fn transient() -> BTreeSet<&'static str> {
    FaultName::ALL
        .iter()
        .filter(|name| name.class() == Class::Transient && **name != ONLY_RECORDED)
        .map(|name| name.as_str())
        .collect()
}

fn retried<'m>(task: &State<'m>) -> Vec<&'m str> {
    task.retriers().into_iter().flat_map(Retrier::errors).collect()
}

#[test]
fn every_name_is_ours_or_a_services_own() {
    let mut used = BTreeSet::new();
    for machine in Machine::all() {
        for state in machine.states() {
            let caught = state.catchers().into_iter().flat_map(|(names, _)| names).filter(|name| *name != "States.ALL");
            for name in caught.chain(retried(&state)) {
                let services = SERVICES_OWN.iter().any(|(own, _)| *own == name);
                assert!(
                    services || FaultName::parse(name).is_some(),
                    "{}.{}: `{name}` is neither a fault of ours nor in the list of services' own",
                    machine.name,
                    state.name
                );
                used.insert(name.to_owned());
            }
        }
    }
    for (name, source) in SERVICES_OWN {
        assert!(used.contains(name), "`{name}` ({source}) is in the list and in no state machine");
    }
}

#[test]
fn every_task_retries_what_is_transient() {
    each(|machine, task| {
        let names: BTreeSet<_> = retried(&task).into_iter().collect();
        let services = |lambda: bool| SERVICES_OWN.iter().map(|(n, _)| *n).filter(move |n| is_lambdas_own(n) == lambda);
        let expected: BTreeSet<_> = if task.function().is_some() {
            // A wait whose outer guard is reached is not waited for once more: see `WAITING`.
            let services = services(true).filter(|name| !(task.waits() && *name == TIME_IS_OVER));
            transient().into_iter().chain(services).collect()
        } else {
            services(false).chain(["States.Timeout"]).collect()
        };
        assert_eq!(names, expected, "{}.{}", machine.name, task.name);
    });
}

#[test]
fn nothing_permanent_is_retried_and_nothing_unnamed() {
    each(|machine, task| {
        let place = format!("{}.{}", machine.name, task.name);
        let names = retried(&task);
        for name in &names {
            assert!(!matches!(*name, "States.ALL" | "States.TaskFailed"), "{place} retries what it does not know");
            if let Some(fault) = FaultName::parse(name) {
                assert_eq!(fault.class(), Class::Transient, "{place} retries {name}, which cannot help");
            }
        }
        let once: BTreeSet<_> = names.iter().collect();
        assert_eq!(
            once.len(),
            names.len(),
            "{place}: a name that stands in two retriers gets the attempts of the first"
        );
    });
}

#[test]
fn retries_spread_and_stay_short() {
    each(|machine, task| {
        for retrier in task.retriers() {
            let place = format!("{}.{} {:?}", machine.name, task.name, retrier.errors());
            assert_eq!(retrier.0["JitterStrategy"], "FULL", "{place}");
            let (interval, most) = (retrier.0["IntervalSeconds"].as_u64(), retrier.0["MaxDelaySeconds"].as_u64());
            assert!(interval >= Some(1), "{place}: IntervalSeconds is a whole number of at least 1");
            assert!(most > interval && most <= Some(30), "{place}: MaxDelaySeconds is over the interval, at most 30");
            // statelint takes a number without a fraction for a whole one and refuses it here.
            assert!(retrier.0["BackoffRate"].is_f64(), "{place}: write BackoffRate with a fraction");
            assert!(retrier.0["BackoffRate"].as_f64() >= Some(1.0), "{place}: AWS refuses a BackoffRate under 1");
        }
    });
}

#[test]
fn every_task_ends_in_a_catch_of_everything() {
    for machine in Machine::all() {
        for state in machine.states().into_iter().filter(|s| s.is("Task") || s.is("Map")) {
            let place = format!("{}.{}", machine.name, state.name);
            let catchers = state.catchers();
            let (last, others) = catchers.split_last().unwrap_or_else(|| panic!("{place} catches nothing"));
            assert_eq!(last.0, ["States.ALL"], "{place}: the last Catch");
            for (names, _) in others {
                assert!(!names.contains(&"States.ALL"), "{place}: only the last Catch may catch everything");
            }
        }
    }
}

#[test]
fn every_error_leads_to_cleanup_and_then_to_a_failure() {
    for machine in Machine::all() {
        let superseded = SUPERSEDED.iter().find(|(name, _)| *name == machine.name).unwrap().1;
        for state in machine.states() {
            let place = format!("{}.{}", machine.name, state.name);
            for (names, to) in state.catchers() {
                if to.waits() {
                    let (.., fault, _) = WAITING.iter().find(|(_, wait, ..)| *wait == to.name).unwrap();
                    assert_eq!(names, [fault.as_str()], "{place}: what somebody is waited for for");
                } else if state.waits() && names == [TIME_IS_OVER] {
                    assert_eq!(Some(to.name), state.next().map(|next| next.name), "{place}: it is decided anew");
                } else if names == [KEPT.as_str()] {
                    assert_eq!((machine.name, state.function()), ("disconnect", Some("Close")), "{place}");
                    assert!(to.is("Succeed"), "{place}: it can be used, so all is well");
                } else if to.is("Fail") && machine.name == "disconnect" && state.waits() {
                    // Close would send it back to wait, for ever; and nothing is removed before its time.
                    assert_eq!(names, ["States.ALL"], "{place}: the sweep goes on, whatever it was");
                } else if to.is("Fail") && state.function() == Some("Close") {
                    assert_eq!(
                        names,
                        ["States.ALL"],
                        "{place}: when cleanup fails, the sweep goes on, whatever it was"
                    );
                } else if to.is("Fail") {
                    let ours: Vec<_> = names.iter().filter_map(|name| FaultName::parse(name)).collect();
                    assert_eq!(ours, superseded, "{place}: what is not cleaned up after");
                } else if names == [GROUP_WANTED.as_str()] {
                    assert_eq!((machine.name, state.name, to.function()), ("connect", "Open", Some("Guard")));
                    assert!(to.next().is_some_and(|again| again.name == "OpenGuarded"), "{place}: and no way back");
                } else if to.name == LEFT_TO_SWEEP {
                    assert!(state.function().is_none() && to.is("Succeed"), "{place} may not be left to the sweep");
                } else {
                    assert_eq!(to.function(), Some("Close"), "{place}: {names:?} lead to {}, not to cleanup", to.name);
                    assert!(to.next().is_some_and(|end| end.is("Fail")), "{}: the run did not go well", to.name);
                    assert!(to.fields["Arguments"].get("fault").is_some(), "{}: it is told what went wrong", to.name);
                }
            }
        }
    }
}

#[test]
fn every_state_is_reached_and_every_path_ends() {
    for machine in Machine::all() {
        let starts = [&machine.definition, &machine.definition["States"]["Connect"]["ItemProcessor"]];
        let mut reached: BTreeSet<&str> = starts.iter().filter_map(|start| start["StartAt"].as_str()).collect();
        loop {
            let more: BTreeSet<_> = machine
                .states()
                .iter()
                .filter(|state| reached.contains(state.name))
                .flat_map(State::followers)
                .map(|state| state.name)
                .filter(|name| !reached.contains(name))
                .collect();
            if more.is_empty() {
                break;
            }
            reached.extend(more);
        }
        for state in machine.states() {
            let place = format!("{}.{}", machine.name, state.name);
            assert!(reached.contains(state.name), "{place} is never reached");
            let ends = state.is("Succeed") || state.is("Fail") || state.fields["End"] == true;
            let goes_on = state.next().is_some() || state.is("Choice");
            assert!(ends != goes_on, "{place}");
        }
    }
}

#[test]
fn everything_is_jsonata_and_every_time_limit_a_constant() {
    for machine in Machine::all() {
        assert_eq!(machine.definition["QueryLanguage"], "JSONata", "{}", machine.name);
        for field in ["ResultPath", "InputPath", "OutputPath", "ResultSelector", "Parameters", "ItemsPath", ".$\""] {
            assert!(!machine.text.contains(field), "{}: {field} is JSONPath", machine.name);
        }
        // An expression in a time limit has no effect on the local engine, so it could not be tested.
        let limits: Vec<_> = machine.tasks().iter().map(|task| task.fields["TimeoutSeconds"].clone()).collect();
        for limit in limits.iter().chain([&machine.definition["TimeoutSeconds"]]) {
            assert!(limit.is_u64(), "{}: TimeoutSeconds is {limit}", machine.name);
        }
    }
}

#[test]
fn a_task_outlasts_its_function() {
    let template = Template::load();
    let of = |id: &str| template.properties(id)["Timeout"].as_u64();
    let default = template.0["Globals"]["Function"]["Timeout"].as_u64();
    each(|machine, task| {
        let Some(function) = task.function() else { return };
        let function = of(function).or(default);
        assert!(task.fields["TimeoutSeconds"].as_u64() > function, "{}.{}", machine.name, task.name);
    });
}

/// States entered, retries counted as entries, and invocations, when all goes well.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    transitions: u32,
    invocations: u32,
}

/// Walks a machine for one connection; `verdict` is what a Choice goes by, `retries` how often a state is retried.
fn walk(container: &Value, verdict: &str, retries: &BTreeMap<&str, u32>, cost: &mut Cost) {
    let siblings = &container["States"];
    let mut next = container["StartAt"].as_str();
    while let Some(name) = next {
        let state = State { name, fields: &siblings[name], siblings };
        let entered = 1 + retries.get(name).copied().unwrap_or(0);
        cost.transitions += entered;
        cost.invocations += if state.function().is_some() { entered } else { 0 };
        if let Some(inner) = state.fields.get("ItemProcessor") {
            walk(inner, verdict, retries, cost);
        }
        next = state.fields["Next"].as_str().or_else(|| {
            let choices = state.fields["Choices"].as_array()?;
            let chosen = choices.iter().find(|c| c["Condition"].as_str().unwrap().contains(&format!("'{verdict}'")));
            chosen.map_or(&state.fields["Default"], |choice| &choice["Next"]).as_str()
        });
    }
}

#[test]
fn the_happy_path_costs_what_was_budgeted() {
    let mut cost = Cost::default();
    let retries = BTreeMap::from([("Observe", 1)]);
    for machine in [Machine::load("onboard"), Machine::load("connect")] {
        walk(&machine.definition, "accept", &retries, &mut cost);
    }
    assert!(cost.transitions <= 12 && cost.invocations <= 5, "{cost:?} is over the budget of 12 and 5");
    assert_eq!(cost, Cost { transitions: 10, invocations: 5 }, "the README says what a connection costs: mend it, too");
}

#[test]
fn an_end_costs_one_invocation_and_its_retries() {
    let mut cost = Cost::default();
    walk(&Machine::load("disconnect").definition, "", &BTreeMap::from([("Close", 1)]), &mut cost);
    assert_eq!(cost, Cost { transitions: 3, invocations: 2 }, "removed at the first look, seen gone at the second");
}

#[test]
fn a_run_that_only_closes_is_told_of_no_fault_and_ends_well() {
    let disconnect = Machine::load("disconnect");
    let close = disconnect.state("Close");
    assert!(close.fields["Arguments"].get("fault").is_none(), "nothing failed");
    assert!(close.next().is_some_and(|end| end.is("Succeed")));
    let caught: Vec<_> = close.catchers().iter().map(|(names, to)| (names.join(" "), to.name.to_owned())).collect();
    let expected = [("GraceRunning", "AwaitGrace"), ("KeptAfterAll", "Kept"), ("States.ALL", "CloseFailed")];
    assert_eq!(caught, expected.map(|(name, to)| (name.to_owned(), to.to_owned())));
    let (names, failed) = close.catchers().pop().unwrap();
    assert_eq!(names, ["States.ALL"]);
    assert_eq!(failed.fields["Error"], "{% $unclosed.Error %}", "it fails under the fault's name");
}

#[test]
fn not_ready_outlasts_the_deadline() {
    let most = Template::load().parameter("ConnectDeadlineMinutes")["MaxValue"].as_f64().unwrap();
    assert!((most - DEADLINE_MINUTES_MOST).abs() < f64::EPSILON, "the template allows a deadline of {most} minutes");
    each(|machine, task| {
        for retrier in task.retriers().into_iter().filter(|r| r.errors().contains(&"NotReady")) {
            // FULL jitter draws each delay evenly from nothing to all of it: mean d/2, variance d²/12.
            let delays = retrier.delays();
            let mean = delays.iter().sum::<f64>() / 2.0;
            let deviation = (delays.iter().map(|d| d * d / 12.0).sum::<f64>()).sqrt();
            let certain = mean - 3.0 * deviation;
            assert!(
                certain >= DEADLINE_MINUTES_MOST * 60.0,
                "{}.{}: with bad luck NotReady is given up after {:.1} minutes, before DeadlinePassed can be raised",
                machine.name,
                task.name,
                certain / 60.0
            );
        }
    });
}

/// The longest that a run can take from here to an end, in seconds, Close included, if it waits for somebody once.
fn longest(state: &State<'_>, has_waited: bool) -> f64 {
    if state.waits() && has_waited {
        return 0.0;
    }
    let has_waited = has_waited || state.waits();
    let wait = if state.waits() { state.fields["TimeoutSeconds"].as_f64().unwrap() } else { 0.0 };
    let own: f64 = state.retriers().into_iter().flat_map(Retrier::delays).sum();
    // A poll takes about a second itself.
    let calls: f64 = state.retriers().iter().map(|r| r.0["MaxAttempts"].as_f64().unwrap()).sum();
    wait + own + calls + state.followers().iter().map(|next| longest(next, has_waited)).fold(0.0, f64::max)
}

#[test]
fn no_lawful_run_reaches_the_outer_guard() {
    for machine in Machine::all() {
        let start = machine.state(machine.definition["StartAt"].as_str().unwrap());
        let guard = machine.definition["TimeoutSeconds"].as_f64().unwrap();
        let most = longest(&start, false);
        assert!(guard > most, "{}: {guard} s, but waits and retries may take {most} s", machine.name);
        let tasks = machine.tasks();
        let waits =
            tasks.iter().filter(|task| task.waits()).map(|task| task.fields["TimeoutSeconds"].as_f64().unwrap());
        let waits = waits.fold(0.0, f64::max);
        assert!(guard - waits < 24.0 * 3600.0, "{}: a run that hangs is seen within a day", machine.name);
    }
}

const SHARE: &str = "arn:aws:ram:us-east-1:444455556666:resource-share/7ab63972-b505-7e2a-420d-6f5d3efbc0de";
const CONNECTION: &str = "conn-0123456789abcdef0123456789abcdef";

/// What an expression stands for, in a test.
fn value_of(expression: &str) -> Value {
    let expression = expression.strip_prefix("{% ").and_then(|rest| rest.strip_suffix(" %}"));
    match expression {
        Some("$states.context.Execution.Input.share") => json!(SHARE),
        Some("$states.context.Execution.Input.connection" | "$states.input.connection") => json!(CONNECTION),
        Some("$states.context.Execution.Input.attempt" | "$states.input.attempt") => json!(1),
        Some("$states.context.State.EnteredTime") => json!("2026-11-21T01:02:03Z"),
        Some("$states.context.State.RetryCount") => json!(0),
        Some("$states.context.Task.Token") => json!("token"),
        Some("$states.context.Execution.Id") => json!("arn:aws:states:us-east-1:111122223333:execution:machine:name"),
        Some("$fault") => json!({"Error": "AccessDenied", "Cause": "{\"errorMessage\":\"no\"}"}),
        Some(other) => panic!("`{other}` passes what was not agreed on"),
        None => panic!("not an expression"),
    }
}

fn evaluated(arguments: &Value) -> Value {
    let fields = arguments.as_object().expect("Arguments is an object").iter().map(|(key, value)| {
        let text = value.as_str().unwrap_or_else(|| panic!("{key} is {value}"));
        (key.clone(), if text.starts_with("{%") { value_of(text) } else { value.clone() })
    });
    Value::Object(fields.collect())
}

/// Whether a function takes these fields, all of them and no others.
fn taken<T: DeserializeOwned + Serialize>(place: &str, fields: &Value) {
    let read: T = serde_json::from_value(fields.clone()).unwrap_or_else(|error| panic!("{place}: {fields}: {error}"));
    assert_eq!(&serde_json::to_value(read).unwrap(), fields, "{place} passes what its function does not take");
}

#[test]
fn every_function_is_given_what_it_takes() {
    let mut seen = BTreeSet::new();
    each(|machine, task| {
        let place = format!("{}.{}", machine.name, task.name);
        let Some(function) = task.function() else { return };
        let given = &task.fields["Arguments"];
        let arguments = evaluated(if task.waits() { &given["Payload"] } else { given });
        match function {
            "Hold" => taken::<HoldRequest>(&place, &arguments),
            "Vet" => taken::<VetRequest>(&place, &arguments),
            "Accept" => taken::<AcceptRequest>(&place, &arguments),
            "Open" | "Guard" | "Observe" => taken::<ConnectRequest>(&place, &arguments),
            "Close" => {
                taken::<CloseRequest>(&place, &arguments);
                let subject = if machine.name == "onboard" { "share" } else { "connection" };
                assert!(arguments.get(subject).is_some(), "{place} closes a {subject}");
            }
            other => panic!("{place} invokes {other}, which no test knows"),
        }
    });
    for machine in Machine::all() {
        seen.extend(machine.tasks().into_iter().filter_map(|task| task.function().map(str::to_owned)));
    }
    assert_eq!(seen, ["Accept", "Close", "Guard", "Hold", "Observe", "Open", "Vet"].map(str::to_owned).into());
}

#[test]
fn the_two_answers_to_an_invitation() {
    let onboard = Machine::load("onboard");
    assert_eq!(onboard.state("Accept").fields["Arguments"]["answer"], "accept");
    assert_eq!(onboard.state("Decline").fields["Arguments"]["answer"], "decline");
}

#[test]
fn every_verdict_leads_somewhere() {
    let onboard = Machine::load("onboard");
    let decide = onboard.state("Decide").fields;
    let leads_to = |verdict: Outcome| {
        let verdict = serde_json::to_value(verdict).unwrap();
        let condition = format!("{{% $states.input.verdict = '{}' %}}", verdict.as_str().unwrap());
        let choices = decide["Choices"].as_array().unwrap();
        let chosen = choices.iter().find(|choice| choice["Condition"] == condition.as_str());
        chosen.map_or(&decide["Default"], |choice| &choice["Next"]).as_str().unwrap()
    };
    assert_eq!(leads_to(Outcome::Accept), "Accept");
    assert_eq!(leads_to(Outcome::Reject), "Decline");
    assert_eq!(leads_to(Outcome::Hold), "AwaitApproval");
    assert_eq!(leads_to(Outcome::Ignore), "Done");
    assert_eq!(decide["Choices"].as_array().unwrap().len(), 3, "no other verdict is known");
}

#[test]
fn whoever_waits_decides_anew_and_never_for_ever() {
    let waits: Vec<_> = Machine::all()
        .iter()
        .flat_map(|m| m.tasks().iter().filter(|t| t.waits()).map(|t| t.name.to_owned()).collect::<Vec<_>>())
        .collect();
    assert_eq!(waits, WAITING.map(|(_, state, ..)| state));
    for (machine, state, fault, then) in WAITING {
        let machine = Machine::load(machine);
        let wait = machine.state(state);
        assert_eq!(wait.next().unwrap().name, then, "{state}: resuming says nothing but `look again`");
        let over = wait.catchers().into_iter().find(|(names, _)| names == &[TIME_IS_OVER]).unwrap();
        assert_eq!(over.1.name, then, "{state}: nor does the end of its time");
        assert_eq!(fault.class(), Class::Permanent, "{fault} is not polled");
        assert_eq!(
            wait.fields["Arguments"]["Payload"].as_object().unwrap().keys().filter(|k| *k == "token").count(),
            1
        );
        assert!(
            wait.fields.get("Output").is_none() && wait.fields.get("Assign").is_none(),
            "{state}: no token travels on"
        );
    }
    // Longer than anybody is waited for by the record: half a day, a weekend, the longest grace period.
    assert!(Machine::load("onboard").state("AwaitApproval").fields["TimeoutSeconds"].as_f64() > Some(12.0 * 3600.0));
    let provider = Machine::load("connect").state("AwaitProvider").fields["TimeoutSeconds"].as_f64().unwrap();
    let most = Template::load().parameter("ProviderDeadlineHours")["MaxValue"].as_f64().unwrap();
    assert!((most - PROVIDER_HOURS_MOST).abs() < f64::EPSILON, "the template allows a wait of {most} hours");
    assert!(provider > PROVIDER_HOURS_MOST * 3600.0 && provider < (PROVIDER_HOURS_MOST + 12.0) * 3600.0);
    let owner = Machine::load("disconnect").state("AwaitGrace").fields["TimeoutSeconds"].as_f64().unwrap();
    assert!(
        Grace::parse(format!("{GRACE_DAYS_MOST}d")).is_ok()
            && Grace::parse(format!("{}d", GRACE_DAYS_MOST + 1.0)).is_err()
    );
    assert!(owner > GRACE_DAYS_MOST * 24.0 * 3600.0 && owner < (GRACE_DAYS_MOST + 2.0) * 24.0 * 3600.0);
}

#[test]
fn a_connection_is_started_as_the_sweep_would_start_it() {
    let onboard = Machine::load("onboard");
    let start = onboard.state("Start").fields;
    assert_eq!(start["Resource"], "arn:${Partition}:states:::states:startExecution", "it does not wait");
    let arguments = start["Arguments"].as_object().unwrap();
    let given: BTreeSet<_> = arguments.keys().map(String::as_str).collect();
    assert_eq!(given, ["Input", "Name", "StateMachineArn"].into());
    assert_eq!(arguments["StateMachineArn"], "${ConnectMachineArn}");
    taken::<ConnectInput>("onboard.Start", &evaluated(&arguments["Input"]));
    // What accept answers has these fields, and the Map walks its list.
    let one = ConnectStart { connection: CONNECTION.to_owned().try_into().unwrap(), attempt: 1, name: "n".into() };
    let one = serde_json::to_value(one).unwrap();
    for field in ["connection", "attempt", "name"] {
        assert!(one.get(field).is_some(), "accept answers no {field}");
    }
    assert_eq!(arguments["Name"], "{% $states.input.name %}");
    assert_eq!(onboard.state("Connect").fields["Items"], "{% $states.input.connections %}");
    assert!(
        serde_json::to_value(drawbridge_domain::messages::AcceptAnswer::default()).unwrap()["connections"].is_array()
    );
}

#[test]
fn an_execution_is_started_with_what_it_reads() {
    taken::<OnboardInput>("intake", &json!({"share": SHARE, "attempt": 1}));
    taken::<ConnectInput>("intake", &json!({"connection": CONNECTION, "attempt": 1}));
}

#[test]
fn a_run_fails_under_the_faults_name() {
    let answer: CloseAnswer =
        serde_json::from_value(json!({"fault": {"name": "EndpointFailed", "message": "no"}, "removed": []})).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert!(answer["fault"]["name"].is_string() && answer["fault"]["message"].is_string());
    for machine in [Machine::load("onboard"), Machine::load("connect")] {
        let failed = machine.state("Failed").fields;
        assert_eq!(failed["Error"], "{% $states.input.fault.name %}", "{}", machine.name);
        assert_eq!(failed["Cause"], "{% $states.input.fault.message %}", "{}", machine.name);
    }
}
