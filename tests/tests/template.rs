//! The template deploys what the code, the state machines and the design expect.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use drawbridge_domain::announcement::{self, SubscriptionChange};
use drawbridge_domain::connection::Status;
use drawbridge_domain::trigger::{self, Trigger};
use drawbridge_domain::{Class, FaultName};
use drawbridge_tests::machine::Machine;
use drawbridge_tests::template::{FUNCTIONS, MACHINES, Template};
use drawbridge_tests::texts;
use serde_json::{Value, json};

/// The variables that every function has: the name it calls AWS under, and what it logs.
const OF_ALL: [&str; 2] = ["AWS_SDK_UA_APP_ID", "RUST_LOG"];

/// Faults that no alarm is for, besides the transient ones: they say that another run does the work, that somebody
/// wanted it so, or that the run waits for somebody.
const NOBODY_IS_NEEDED: [FaultName; 8] = [
    FaultName::GroupWanted,
    FaultName::ConnectionBusy,
    FaultName::RunOver,
    FaultName::Withdrawn,
    FaultName::ApprovalNeeded,
    FaultName::AcceptancePending,
    FaultName::GraceRunning,
    FaultName::KeptAfterAll,
];

fn get(id: &str, attribute: &str) -> Value {
    json!({"Fn::GetAtt": [id, attribute]})
}

fn reference(id: &str) -> Value {
    json!({"Ref": id})
}

#[test]
fn the_functions_are_the_packages() {
    let template = Template::load();
    let found = template.of_type("AWS::Serverless::Function");
    assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), FUNCTIONS.map(|(id, _)| id).into());
    let globals = &template.0["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Handler"], "bootstrap");
    assert_eq!(globals["Architectures"], json!([{"Ref": "Architecture"}]));
    assert_eq!(template.parameter("Architecture")["Default"], "arm64");
    assert_eq!(globals["Tracing"], "Active");
    for (id, name) in FUNCTIONS {
        let function = found[id];
        assert_eq!(function["CodeUri"], format!("../target/lambda/{name}.zip"), "{id}: where tools/zip.py writes");
        assert!(drawbridge_tests::root().join("functions").join(name).is_dir(), "functions/{name} is missing");
        for (field, most) in [("MemorySize", 256), ("Timeout", 60)] {
            let value = function.get(field).unwrap_or(&globals[field]);
            assert!(value.as_u64().is_some_and(|value| value <= most), "{id}: {field} is {value}");
        }
        assert!(function.get("Runtime").is_none() && function.get("Tracing").is_none(), "{id}: as all of them");
    }
}

#[test]
fn every_function_and_machine_has_a_role_of_its_own() {
    let template = Template::load();
    let services = FUNCTIONS.map(|(id, _)| (id, "lambda.amazonaws.com")).into_iter();
    for (id, service) in services.chain(MACHINES.map(|(id, _)| (id, "states.amazonaws.com"))) {
        let role = format!("{id}Role");
        assert_eq!(template.properties(id)["Role"], get(&role, "Arn"), "{id}");
        assert!(template.properties(id).get("Policies").is_none(), "{id}: policies stand in its role");
        let trust = template.properties(&role)["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        let [trust] = &trust[..] else { panic!("{role} is for one service") };
        assert_eq!(trust["Principal"], json!({"Service": service}), "{role}");
        for field in ["ManagedPolicyArns", "RoleName"] {
            assert!(template.properties(&role).get(field).is_none(), "{role}: {field}");
        }
    }
}

/// The variables that a function's code reads: `environment.text("…")`, `.number("…")`, `.installation()`.
fn read_by(package: &str) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    for path in drawbridge_tests::files(&drawbridge_tests::root().join("functions").join(package).join("src")) {
        let code = std::fs::read_to_string(path).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap();
        for call in code.split("environment.").skip(1) {
            let name = call.strip_prefix("text(\"").or_else(|| call.strip_prefix("number(\""));
            let name = name.and_then(|rest| rest.split('"').next());
            read.extend(name.map(str::to_owned));
            if call.starts_with("installation()") {
                read.insert("INSTALLATION".to_owned());
            }
        }
    }
    read
}

#[test]
fn every_function_gets_the_environment_that_it_reads() {
    let template = Template::load();
    let values = BTreeMap::from([
        ("CONNECTIONS_PER_RUN", reference("ConnectionsPerRun")),
        ("CONNECT_DEADLINE_MINUTES", reference("ConnectDeadlineMinutes")),
        ("CONNECT_MACHINE_ARN", reference("Connect")),
        ("DISCONNECT_MACHINE_ARN", reference("Disconnect")),
        ("EVENT_BUS_NAME", json!({"Fn::If": ["OwnBus", {"Ref": "Announcements"}, {"Ref": "AnnounceOn"}]})),
        ("INSTALLATION", reference("Installation")),
        ("LEDGER_TABLE", reference("Ledger")),
        ("NOTIFICATIONS_TOPIC_ARN", reference("ConnectionNotifications")),
        ("ONBOARD_MACHINE_ARN", reference("Onboard")),
        ("OUTPUT_PREFIX", reference("OutputPrefix")),
        ("PROVIDER_DEADLINE_HOURS", reference("ProviderDeadlineHours")),
        ("RETRY_BACKOFF_SECONDS", reference("RetryBackoffSeconds")),
        ("RUST_LOG", reference("LogLevel")),
        ("SETTLE_SECONDS", reference("SettleSeconds")),
        ("STRAY_SAFE_MINUTES", reference("StraySafeMinutes")),
    ]);
    let mut used = BTreeSet::from(["RUST_LOG"]);
    for (id, name) in FUNCTIONS {
        let variables = template.properties(id)["Environment"]["Variables"].as_object().unwrap();
        let expected: BTreeSet<_> = read_by(name).into_iter().chain(OF_ALL.map(str::to_owned)).collect();
        assert_eq!(variables.keys().cloned().collect::<BTreeSet<_>>(), expected, "{id} (left) and its code (right)");
        for (variable, value) in variables {
            if variable == "AWS_SDK_UA_APP_ID" {
                assert_eq!(value, &format!("drawbridge-{name}"), "{id}: the name it calls AWS under");
            } else {
                let (variable, expected) = values.get_key_value(variable.as_str()).expect("a variable that is known");
                assert_eq!(value, expected, "{id}: {variable}");
                used.insert(variable);
            }
        }
    }
    assert_eq!(used, values.keys().copied().collect(), "in use (left) and known (right)");
}

#[test]
fn every_log_is_kept_for_a_while_and_written_by_its_owner() {
    let template = Template::load();
    let mut names = BTreeSet::new();
    for (id, _) in FUNCTIONS.into_iter().chain(MACHINES) {
        let log = format!("{id}Log");
        let group = template.properties(&log);
        assert_eq!(group["RetentionInDays"], reference("LogRetentionDays"), "{log}");
        assert!(names.insert(group["LogGroupName"].to_string()), "{log}: a name of its own");
    }
    assert_eq!(template.of_type("AWS::Logs::LogGroup").len(), names.len(), "a log that nobody writes");
    for (id, _) in FUNCTIONS {
        assert_eq!(template.properties(id)["LoggingConfig"]["LogGroup"], reference(&format!("{id}Log")), "{id}");
        let statements = template.statements(&format!("{id}Role"));
        let writing = statements.iter().find(|s| s.actions().contains(&"logs:PutLogEvents")).unwrap();
        assert_eq!(writing.resources(), [&get(&format!("{id}Log"), "Arn")], "{id}");
    }
}

#[test]
fn the_machines_are_the_definitions() {
    let template = Template::load();
    let found = template.of_type("AWS::Serverless::StateMachine");
    assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), MACHINES.map(|(id, _)| id).into());
    for (id, name) in MACHINES {
        let machine = found[id];
        assert_eq!(machine["DefinitionUri"], format!("../statemachine/{name}.asl.json"));
        assert_eq!(machine["Tracing"]["Enabled"], true, "{id}");
        let logging = &machine["Logging"];
        assert_eq!(logging["Level"], reference("StateMachineLogLevel"), "{id}");
        assert_eq!(logging["IncludeExecutionData"], false, "{id}: ids are enough, and what is not logged cannot leak");
        let group = &logging["Destinations"][0]["CloudWatchLogsLogGroup"]["LogGroupArn"];
        assert_eq!(group, &get(&format!("{id}Log"), "Arn"), "{id}");
        assert!(machine.get("Type").is_none(), "{id}: STANDARD, whose executions can be looked at afterwards");
    }
    assert_eq!(template.parameter("StateMachineLogLevel")["Default"], "ALL");
}

#[test]
fn substitutions_match_the_placeholders() {
    let template = Template::load();
    for (id, name) in MACHINES {
        let machine = Machine::all().into_iter().find(|m| m.name == name).unwrap();
        let given = template.properties(id)["DefinitionSubstitutions"].as_object().unwrap();
        assert_eq!(given.keys().map(String::as_str).collect::<BTreeSet<_>>(), machine.placeholders(), "{id}");
        for (placeholder, value) in given {
            let expected = match (placeholder.strip_suffix("FunctionArn"), placeholder.strip_suffix("MachineArn")) {
                (Some(function), _) => get(function, "Arn"),
                (_, Some(other)) => reference(other),
                _ => reference("AWS::Partition"),
            };
            assert_eq!(value, &expected, "{id}: ${{{placeholder}}}");
        }
    }
}

/// Events of a function of these types reach it asynchronously: EventBridge hands them to Lambda's queue.
const HANDED_OVER: [&str; 2] = ["EventBridgeRule", "Schedule"];

#[test]
fn nothing_asynchronous_is_lost_in_silence() {
    let template = Template::load();
    let given_up = BTreeMap::from([("Announce", "UnannouncedChanges"), ("Publish", "UnpublishedOutputs")]);
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let no_events = serde_json::Map::new();
        for (event, source) in function["Events"].as_object().unwrap_or(&no_events) {
            let (kind, properties) = (source["Type"].as_str().unwrap(), &source["Properties"]);
            let place = format!("{id}{event}");
            if kind == "SNS" {
                // SNS tries Lambda for hours by itself; what it gives up on is kept.
                let kept = &properties["RedrivePolicy"]["deadLetterTargetArn"];
                assert_eq!(kept, &get("UndeliveredTriggers", "Arn"), "{place}");
            } else if HANDED_OVER.contains(&kind) {
                let retry = &properties["RetryPolicy"];
                assert!(retry["MaximumRetryAttempts"].as_u64() >= Some(1), "{place} has no retry policy");
                assert!((60..=86400).contains(&retry["MaximumEventAgeInSeconds"].as_u64().unwrap()), "{place}");
                assert_eq!(properties["DeadLetterConfig"]["Arn"], get("UndeliveredTriggers", "Arn"), "{place}");
                let invoke = &function["EventInvokeConfig"];
                assert!(invoke["MaximumRetryAttempts"].as_u64() >= Some(1), "{id} is invoked asynchronously");
                assert!(invoke["MaximumEventAgeInSeconds"].as_u64() >= Some(60), "{id}");
                assert_eq!(
                    invoke["DestinationConfig"]["OnFailure"],
                    json!({"Type": "SQS", "Destination": get("FailedTriggers", "Arn")}),
                    "{id}"
                );
            } else {
                assert_eq!(kind, "DynamoDB", "{place}: no test knows what is lost of {kind}");
                assert_eq!(properties["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]), "{place}");
                assert_eq!(
                    properties["BisectBatchOnFunctionError"], true,
                    "{place}: one bad record holds up no others"
                );
                assert!(properties["MaximumRetryAttempts"].as_u64() >= Some(1), "{place}: not for ever");
                assert!(
                    properties["MaximumRecordAgeInSeconds"].as_u64() < Some(86400),
                    "{place}: before the stream forgets"
                );
                assert_eq!(
                    properties["DestinationConfig"]["OnFailure"],
                    json!({"Type": "SQS", "Destination": get(given_up[id], "Arn")}),
                    "{place}"
                );
            }
        }
    }
    // Whoever sends into a queue may.
    for (role, queue) in [
        ("IntakeRole", "FailedTriggers"),
        ("EndpointEventRole", "FailedTriggers"),
        ("ReconcileRole", "FailedTriggers"),
        ("AdjustRole", "FailedTriggers"),
        ("AnnounceRole", "UnannouncedChanges"),
    ] {
        let statements = template.statements(role);
        let sending = statements.iter().find(|s| s.actions() == ["sqs:SendMessage"]).unwrap();
        assert_eq!(sending.resources(), [&get(queue, "Arn")], "{role}");
    }
    let statements = template.statements("PublishRole");
    let sending = statements.iter().find(|s| s.actions() == ["sqs:SendMessage"]).unwrap();
    assert_eq!(sending.resources(), [&get("UnpublishedOutputs", "Arn"), &get("FailedTriggers", "Arn")]);
    let policy = template.properties("UndeliveredTriggersPolicy");
    assert_eq!(policy["Queues"], json!([{"Ref": "UndeliveredTriggers"}]));
    let statement = &policy["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Principal"], json!({"Service": "events.amazonaws.com"}));
    assert_eq!(
        statement["Condition"]["ArnEquals"]["aws:SourceArn"],
        json!([
            get("IntakeShares", "Arn"),
            get("IntakeSubscriptions", "Arn"),
            get("IntakeSweep", "Arn"),
            get("EndpointEventCalls", "Arn"),
            get("EndpointEventReopened", "Arn"),
            get("ReconcileRound", "Arn"),
            get("PublishSweep", "Arn"),
            get("AdjustSubscriptions", "Arn"),
            get("AdjustLook", "Arn"),
        ]),
        "every rule, and no other"
    );
    let topic = &policy["PolicyDocument"]["Statement"][1];
    assert_eq!(topic["Principal"], json!({"Service": "sns.amazonaws.com"}));
    assert_eq!(topic["Condition"]["ArnEquals"]["aws:SourceArn"], reference("ConnectionNotifications"));
    for (id, queue) in template.of_type("AWS::SQS::Queue") {
        assert_eq!(queue["MessageRetentionPeriod"], 14 * 24 * 3600, "{id}: as long as SQS can");
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{id}");
    }
}

/// A subscription that changed is one cause for both: what is made and closed, and what is changed in place.
#[test]
fn what_wakes_adjust() {
    let template = Template::load();
    let events = |id: &str| template.properties(id)["Events"].clone();
    assert_eq!(events("Adjust").as_object().unwrap().len(), 3);
    let accepted = &events("Adjust")["Accepted"]["Properties"];
    assert_eq!(accepted["EventBusName"], events("Adjust")["Subscriptions"]["Properties"]["EventBusName"]);
    assert_eq!(
        accepted["Pattern"],
        json!({
            "source": [announcement::SOURCE],
            "detail-type": [announcement::ConnectionChange::DETAIL_TYPE],
            "detail": {"resource": [{"prefix": "com.amazonaws.vpce."}], "status": ["ready"], "previous": ["waiting"]},
        }),
        "what a provider accepted"
    );
    assert_eq!(events("Adjust")["Subscriptions"], events("Intake")["Subscriptions"]);
    assert_eq!(events("Adjust")["Look"], events("Reconcile")["Round"], "what no event told of, as often as the rest");
}

#[test]
fn what_wakes_intake() {
    let template = Template::load();
    let events = template.properties("Intake")["Events"].as_object().unwrap();
    assert_eq!(events.keys().map(String::as_str).collect::<BTreeSet<_>>(), ["Shares", "Subscriptions", "Sweep"].into());
    let applied = &events["Subscriptions"]["Properties"];
    assert_eq!(
        (&applied["State"], &applied["EventBusName"]),
        (
            &reference("SubscriptionsState"),
            &template.properties("Announce")["Environment"]["Variables"]["EVENT_BUS_NAME"]
        )
    );
    assert_eq!(
        applied["Pattern"],
        json!({"source": [announcement::SOURCE], "detail-type": [SubscriptionChange::DETAIL_TYPE]})
    );
    assert_eq!(template.parameter("SubscriptionsState")["Default"], "ENABLED");
    assert_eq!(
        events["Shares"]["Properties"]["Pattern"],
        json!({"source": [reference("EventSource")], "detail-type": [trigger::SHARING_STATE_CHANGE]}),
        "no filter on the detail, which nobody documents"
    );
    assert_eq!(template.parameter("EventSource")["Default"], "aws.ram");
    let sweep = &events["Sweep"]["Properties"];
    assert_eq!((&sweep["Schedule"], &sweep["State"]), (&reference("SweepRate"), &reference("SweepState")));
    assert_eq!(template.parameter("SweepRate")["Default"], "rate(5 minutes)");
    assert_eq!(template.parameter("SweepState")["Default"], "ENABLED");
    let input: Value = serde_json::from_str(sweep["Input"].as_str().unwrap()).unwrap();
    assert!(matches!(trigger::read(&input), Ok(Trigger::Wake(drawbridge_domain::share::FoundBy::Sweep))), "{input}");
}

#[test]
fn what_wakes_endpoint_event() {
    let template = Template::load();
    let events = template.properties("EndpointEvent")["Events"].as_object().unwrap();
    assert_eq!(
        events.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        ["Calls", "Notifications", "Reopened"].into()
    );
    let calls = &events["Calls"]["Properties"]["Pattern"];
    assert_eq!(calls["source"], json!([reference("Ec2EventSource"), reference("LatticeEventSource")]));
    for (parameter, source) in [("Ec2EventSource", "aws.ec2"), ("LatticeEventSource", "aws.vpc-lattice")] {
        assert_eq!(template.parameter(parameter)["Default"], source);
    }
    assert_eq!(
        calls["detail-type"],
        json!(["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]),
        "what somebody calls, and what VPC Lattice does to another account's things when an owner takes a resource back"
    );
    assert_eq!(
        texts(&calls["detail"]["eventName"]),
        [
            "CreateVpcEndpoint",
            "ModifyVpcEndpoint",
            "DeleteVpcEndpoints",
            "CreateServiceNetworkResourceAssociation",
            "DeleteServiceNetworkResourceAssociation",
            "DeleteServiceNetworkResourceAssociationByOwner"
        ]
    );
    // A new connection must wake nobody: whoever asks for it starts its run.
    let reopened = &events["Reopened"]["Properties"];
    assert_eq!(reopened["EventBusName"], template.properties("Announce")["Environment"]["Variables"]["EVENT_BUS_NAME"]);
    assert_eq!(reopened["Pattern"]["detail"], json!({"status": ["wanted"], "previous": ["closing"]}));
    let topic = template.properties("ConnectionNotificationsPolicy");
    assert_eq!(topic["PolicyDocument"]["Statement"][0]["Principal"], json!({"Service": "vpce.amazonaws.com"}));
    let round = &template.properties("Reconcile")["Events"]["Round"]["Properties"];
    assert_eq!((&round["Schedule"], &round["State"]), (&reference("ReconcileRate"), &reference("ReconcileState")));
    assert_eq!(template.parameter("ReconcileState")["Default"], "ENABLED");
}

#[test]
fn announce_sees_connections_shares_and_subscriptions_and_nothing_else() {
    let template = Template::load();
    let changes = &template.properties("Announce")["Events"]["Changes"]["Properties"];
    assert_eq!(changes["Stream"], get("Ledger", "StreamArn"));
    assert_eq!(changes["StartingPosition"], "TRIM_HORIZON", "nothing is missed while the mapping is made");
    assert!(changes["BatchSize"].as_u64() <= Some(10), "what one PutEvents takes");
    let filters = changes["FilterCriteria"]["Filters"].as_array().unwrap();
    let patterns: Vec<Value> =
        filters.iter().map(|filter| serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(
        patterns,
        [
            json!({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"sk": {"S": ["CONNECTION", "SHARE"]}}}}),
            // What is withdrawn is told, too.
            json!({"dynamodb": {"Keys": {"pk": {"S": ["SUBSCRIPTION"]}}}}),
        ]
    );
}

/// Where nobody asks for outputs nothing of it runs but two schedules that read one empty index.
#[test]
fn publish_sees_connections_with_outputs_and_nothing_else() {
    let template = Template::load();
    let publish = template.properties("Publish");
    assert_eq!(publish["Timeout"], 60, "a run has a connection's outputs to itself for 120 seconds");
    let changes = &publish["Events"]["Changes"]["Properties"];
    assert_eq!(changes["Stream"], get("Ledger", "StreamArn"));
    assert_eq!(changes["StartingPosition"], "TRIM_HORIZON");
    let filters = changes["FilterCriteria"]["Filters"].as_array().unwrap();
    let [filter] = &filters[..] else { panic!("filters are joined by or") };
    let pattern: Value = serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap();
    let decided: Vec<_> = [Status::Ready, Status::Closing, Status::Failed, Status::Closed].map(Status::as_str).into();
    let image = json!({"outputs": {"S": [{"exists": true}]}, "status": {"S": decided}});
    assert_eq!(
        pattern,
        json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"Keys": {"sk": {"S": ["CONNECTION"]}}, "NewImage": image},
        })
    );
    let sweep = &publish["Events"]["Sweep"]["Properties"];
    assert_eq!((&sweep["Input"], &sweep["State"]), (&json!("{\"trigger\":\"sweep\"}"), &reference("SweepState")));
    let look = &publish["Events"]["Look"]["Properties"];
    assert_eq!((&look["Input"], &look["Schedule"]), (&json!("{\"trigger\":\"look\"}"), &reference("ReconcileRate")));
    assert_eq!(look["State"], reference("ReconcileState"));
    assert_eq!(template.parameter("OutputPrefix")["Default"], "/drawbridge/");
    let readers = template.of_type("AWS::Serverless::Function");
    let readers = readers.values().filter_map(|f| f["Events"].as_object()).flat_map(|events| events.values());
    assert_eq!(readers.filter(|event| event["Type"] == "DynamoDB").count(), 2, "more than two readers are throttled");
}

#[test]
fn the_ledger_is_one_table_that_is_not_lost() {
    let template = Template::load();
    let resource = template.resource("Ledger");
    assert_eq!(template.of_type("AWS::DynamoDB::Table").len(), 1);
    assert_eq!((&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    let table = &resource["Properties"];
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires", "Enabled": true}));
    assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(table["DeletionProtectionEnabled"], json!({"Fn::If": ["Protected", true, false]}));
    assert_eq!(template.parameter("DeletionProtection")["Default"], "true");
    let keys = |schema: &Value| -> Vec<String> {
        schema.as_array().unwrap().iter().map(|key| key["AttributeName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&table["KeySchema"]), ["pk", "sk"]);
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
    let found: Vec<_> = indexes.iter().map(|i| (i["IndexName"].as_str().unwrap(), keys(&i["KeySchema"]))).collect();
    let expected =
        [("by-status", ["attention", "since"]), ("by-share", ["share_arn", "pk"]), ("by-made", ["made_id", "pk"])]
            .map(|(n, k)| (n, k.map(str::to_owned).to_vec()));
    assert_eq!(found, expected);
}

#[test]
fn an_alarm_for_everything_that_only_a_person_can_mend() {
    let template = Template::load();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    for (id, alarm) in &alarms {
        assert_eq!(alarm["AlarmActions"], json!([reference("AlarmTopicArn")]), "{id}");
        assert_eq!(template.resource(id)["Condition"], "Alarmed", "{id}: an alarm that nobody hears is not made");
        assert!(alarm["AlarmDescription"].as_str().is_some_and(|text| text.len() > 40), "{id}: says what to do");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{id}: no news is good news");
    }
    let all = json!(alarms).to_string();
    for queue in template.of_type("AWS::SQS::Queue").keys() {
        assert!(all.contains(&get(queue, "QueueName").to_string()), "no alarm looks at {queue}");
    }
    for metric in ["IteratorAge", "ExecutionsAborted", "ExecutionsTimedOut", "Errors", "Throttles"] {
        assert!(all.contains(&format!("\"MetricName\":\"{metric}\"")), "no alarm looks at {metric}");
    }
}

/// The metrics that the functions count: `count("…", …)`.
fn counted() -> BTreeSet<String> {
    let sources = drawbridge_tests::files(&drawbridge_tests::root().join("functions")).into_iter();
    let code = sources.filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.starts_with("target"));
    let mut names = BTreeSet::new();
    for path in code.filter(|path| !path.ends_with("tests.rs") && path.iter().any(|part| part == "src")) {
        let code = std::fs::read_to_string(path).unwrap();
        let code = code.split("#[cfg(test)]").next().unwrap();
        // A name, then how many: tests have counters of another kind.
        let calls = code.split(" count(\"").skip(1).filter_map(|rest| rest.split_once("\", ")).map(|(name, _)| name);
        names.extend(calls.map(str::to_owned));
    }
    names
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let template = Template::load();
    assert_eq!(template.resource("Dashboard")["Condition"], "Watched");
    let body = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let mut shown = BTreeSet::new();
    let mut places = BTreeSet::new();
    for widget in widgets {
        assert!(places.insert((widget["x"].to_string(), widget["y"].to_string())), "two in one place: {widget}");
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let named = (metric[0] == "Drawbridge").then(|| metric[1].as_str().unwrap());
            let search =
                metric[0]["expression"].as_str().and_then(|s| s.split("MetricName=\"").nth(1)?.split('"').next());
            shown.extend(named.or(search).map(str::to_owned));
        }
    }
    assert_eq!(shown, counted(), "on the dashboard (left) and counted (right)");
    let text = body.to_string();
    for queue in template.of_type("AWS::SQS::Queue").keys() {
        assert!(text.contains(&format!("${{{queue}.QueueName}}")), "the dashboard does not show {queue}");
    }
    for (machine, _) in MACHINES {
        assert!(text.contains(&format!("${{{machine}}}")), "the dashboard does not show {machine}");
    }
}

#[test]
fn the_fault_alarm_leaves_out_what_mends_itself() {
    let template = Template::load();
    let query = template.properties("PersonNeeded")["Metrics"][0]["Expression"].as_str().unwrap();
    assert!(query.starts_with("SELECT SUM(Fault) FROM SCHEMA(Drawbridge, fault) WHERE "), "{query}");
    let left_out: BTreeSet<_> =
        query.split("fault != '").skip(1).map(|rest| rest.split('\'').next().unwrap()).collect();
    let expected: BTreeSet<_> = FaultName::ALL
        .iter()
        .filter(|name| name.class() == Class::Transient || NOBODY_IS_NEEDED.contains(name))
        .map(|name| name.as_str())
        .collect();
    assert_eq!(left_out, expected);
}

#[test]
fn announcements_have_a_bus_of_their_own_unless_told_otherwise() {
    let template = Template::load();
    assert_eq!(template.parameter("AnnounceOn")["Default"], "");
    assert_eq!(template.resource("Announcements")["Condition"], "OwnBus");
    let statements = template.statements("AnnounceRole");
    let speaking = statements.iter().find(|s| s.actions() == ["events:PutEvents"]).unwrap();
    assert_eq!(speaking.resources()[0]["Fn::If"][1], get("Announcements", "Arn"));
}

#[test]
fn the_outputs_are_what_others_read() {
    let template = Template::load();
    let outputs: BTreeSet<_> = template.0["Outputs"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        outputs,
        BTreeSet::from([
            "ConnectMachineArn",
            "ConnectionNotificationsTopicArn",
            "DisconnectMachineArn",
            "EndpointEventFunctionName",
            "EventBusName",
            "FailedTriggersQueueUrl",
            "IntakeFunctionName",
            "LedgerTableName",
            "OnboardMachineArn",
            "OperatorPolicyArn",
            "PlannerPolicyArn",
            "PublishFunctionName",
            "ReconcileFunctionName",
            "SubscriptionWriterPolicyArn",
            "UnannouncedChangesQueueUrl",
            "UndeliveredTriggersQueueUrl",
            "UnpublishedOutputsQueueUrl",
        ])
    );
}

#[test]
fn every_parameter_is_used_and_explained() {
    let template = Template::load();
    let rest = json!([template.0["Resources"], template.0["Conditions"], template.0["Globals"], template.0["Outputs"]]);
    let rest = rest.to_string();
    for (name, parameter) in template.0["Parameters"].as_object().unwrap() {
        assert!(rest.contains(&format!("{{\"Ref\":\"{name}\"}}")) || rest.contains(&format!("${{{name}}}")), "{name}");
        assert!(parameter["Description"].is_string(), "{name} is not explained");
        assert!(parameter.get("Default").is_some(), "{name}: `sam deploy` asks for nothing");
    }
    let groups = template.0["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array().unwrap();
    let grouped: BTreeSet<_> = groups.iter().flat_map(|group| texts(&group["Parameters"])).collect();
    let all: BTreeSet<_> = template.0["Parameters"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(grouped, all, "the console shows each in a group");
}
