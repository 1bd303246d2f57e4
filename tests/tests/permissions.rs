//! Least privilege: the roles in the template and the table `permissions.json` agree, both ways.
//! The end-to-end suite holds the same table against the calls that were really made.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use drawbridge_tests::machine::Machine;
use drawbridge_tests::template::{FUNCTIONS, MACHINES, Statement, Template, statements_of};
use drawbridge_tests::{json, texts};
use serde_json::Value;

fn table() -> Value {
    json("tests/tests/permissions.json")
}

/// Who has a role: logical id, name, and under which key of the table it stands.
fn owners() -> Vec<(&'static str, &'static str, &'static str)> {
    let functions = FUNCTIONS.into_iter().map(|(id, name)| (id, name, "functions"));
    functions.chain(MACHINES.into_iter().map(|(id, name)| (id, name, "machines"))).collect()
}

fn sections<'t>(table: &'t Value, section: &str) -> &'t Vec<Value> {
    table[section].as_array().unwrap_or_else(|| panic!("the table has no {section}"))
}

/// What one of them may do, by the table.
fn allowed<'t>(table: &'t Value, name: &str, kind: &str) -> BTreeSet<&'t str> {
    let calls = texts(&table[kind][name]["calls"]);
    let others = sections(table, "never_a_call").iter().filter(|entry| texts(&entry["of"]).contains(&name));
    calls.into_iter().chain(others.flat_map(|entry| texts(&entry["actions"]))).collect()
}

#[test]
fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let (table, template) = (table(), Template::load());
    for (id, name, kind) in owners() {
        let statements = template.statements(&format!("{id}Role"));
        let granted: BTreeSet<_> = statements.into_iter().flat_map(Statement::actions).collect();
        assert_eq!(granted, allowed(&table, name, kind), "{id}Role (left) and permissions.json (right)");
    }
}

#[test]
fn the_table_is_tidy() {
    let table = table();
    let names: BTreeSet<_> = owners().into_iter().map(|(_, name, _)| name).collect();
    for kind in ["functions", "machines"] {
        for (name, entry) in table[kind].as_object().unwrap() {
            assert!(names.contains(name.as_str()), "{name} is neither a function nor a machine");
            let calls = texts(&entry["calls"]);
            assert!(calls.is_sorted_by(|a, b| a < b), "{name}: sorted, and each once");
        }
    }
    for section in ["never_a_call", "on_everything"] {
        for entry in sections(&table, section) {
            assert!(entry["source"].as_str().is_some_and(|source| source.len() > 10), "{entry} has no source");
            assert!(texts(&entry["actions"]).is_sorted_by(|a, b| a < b), "{entry}: sorted, and each once");
        }
    }
    for entry in sections(&table, "never_a_call") {
        for name in texts(&entry["of"]) {
            assert!(names.contains(name), "{name} is neither a function nor a machine");
            let kind = if table["functions"].get(name).is_some() { "functions" } else { "machines" };
            let calls = texts(&table[kind][name]["calls"]);
            for action in texts(&entry["actions"]) {
                assert!(!calls.contains(&action), "{name}: {action} is a call and never a call");
            }
        }
    }
}

#[test]
fn no_action_has_a_wildcard() {
    let template = Template::load();
    let roles = template.of_type("AWS::IAM::Role");
    assert_eq!(roles.len(), owners().len(), "a role that belongs to nobody");
    for role in roles.keys() {
        for statement in template.statements(role) {
            assert_eq!(statement.0["Effect"], "Allow", "{role}");
            for action in statement.actions() {
                assert!(!action.contains('*') && action.contains(':'), "{role}: {action}");
            }
            for field in ["NotAction", "NotResource"] {
                assert!(statement.0.get(field).is_none(), "{role}: {field} allows what nobody thought of");
            }
        }
    }
}

#[test]
fn everything_is_granted_only_where_a_policy_can_name_nothing() {
    let (table, template) = (table(), Template::load());
    let listed: BTreeSet<_> = sections(&table, "on_everything").iter().flat_map(|e| texts(&e["actions"])).collect();
    let mut used = BTreeSet::new();
    for (id, ..) in owners() {
        for statement in template.statements(&format!("{id}Role")) {
            let everything = statement.resources().iter().any(|resource| *resource == "*");
            for action in statement.actions() {
                assert_eq!(everything, listed.contains(action), "{id}Role: {action} and the list `on_everything`");
                if everything {
                    used.insert(action.to_owned());
                }
            }
        }
    }
    assert_eq!(used, listed.into_iter().map(str::to_owned).collect(), "in use (left) and `on_everything` (right)");
}

/// The policy's resources as one text, to look into.
fn resources_of(template: &Template, role: &str, action: &str) -> Vec<String> {
    let statements = template.statements(role);
    let with = statements.into_iter().filter(|s| s.actions().contains(&action));
    with.flat_map(Statement::resources).map(Value::to_string).collect()
}

#[test]
fn arns_name_service_region_and_account_where_they_can() {
    let template = Template::load();
    for (id, ..) in owners() {
        for statement in template.statements(&format!("{id}Role")) {
            for resource in statement.resources() {
                let Some(arn) = resource["Fn::Sub"].as_str().filter(|arn| arn.starts_with("arn:")) else { continue };
                let rest =
                    arn.strip_prefix("arn:${AWS::Partition}:").unwrap_or_else(|| panic!("{id}: {arn}: partition"));
                assert!(!rest.starts_with('*'), "{id}: {arn}: service");
                if !(rest.starts_with("route53:::") || rest.starts_with("iam::${AWS::AccountId}:")) {
                    assert!(rest.contains(":${AWS::Region}:"), "{id}: {arn}: one stack, one Region");
                }
                let foreign =
                    ["resource-share-invitation/", "resourceconfiguration/", "servicenetwork/", "hostedzone/"];
                let ours =
                    ["${AWS::AccountId}", "${Onboard", "${Connect", "${Disconnect"].iter().any(|id| rest.contains(id));
                assert!(
                    ours || foreign.iter().any(|kind| rest.contains(kind)),
                    "{id}: {arn} reaches into other accounts"
                );
            }
        }
    }
}

#[test]
fn only_the_subscription_writer_decides_whom_the_account_trusts() {
    let template = Template::load();
    for (id, name) in FUNCTIONS {
        for statement in template.statements(&format!("{id}Role")) {
            let writes = statement.actions().iter().any(|a| {
                let name = a.strip_prefix("dynamodb:").unwrap_or_default();
                ["Put", "Update", "Delete", "BatchWrite", "Partiql"].iter().any(|verb| name.starts_with(verb))
            });
            if !writes {
                continue;
            }
            assert_eq!(statement.actions(), ["dynamodb:PutItem"], "{name}: whole-item writes only");
            let keys = texts(statement.condition("ForAllValues:StringLike", "dynamodb:LeadingKeys"));
            let may = |key: &str| match key {
                "SHARE#*" | "CONNECTION#*" => !["hold", "publish"].contains(&name),
                // Whom a person approved is remembered by who reads the answer, and tokens are kept by who is given them.
                "SENDER#*" => name == "vet",
                "WAIT#*" => name == "hold",
                "RECONCILE" => name == "reconcile",
                "OUTPUT#*" => name == "publish",
                _ => false,
            };
            assert!(keys.iter().all(|key| may(key)), "{name} writes under {keys:?}");
            assert_eq!(
                statement.condition("Null", "dynamodb:LeadingKeys"),
                "false",
                "{name}: ForAllValues of nothing is true"
            );
        }
    }
    let policy = &template.of_type("AWS::IAM::ManagedPolicy")["SubscriptionWriter"]["PolicyDocument"];
    let [statement] = statements_of(policy)[..] else { panic!("SubscriptionWriter is one statement") };
    assert_eq!(statement.resources(), [&serde_json::json!({"Fn::GetAtt": ["Ledger", "Arn"]})]);
    assert_eq!(texts(statement.condition("ForAllValues:StringEquals", "dynamodb:LeadingKeys")), ["SUBSCRIPTION"]);
    assert_eq!(statement.condition("Null", "dynamodb:LeadingKeys"), "false");
    let policy = &template.of_type("AWS::IAM::ManagedPolicy")["Operator"]["PolicyDocument"];
    for statement in statements_of(policy).iter().filter(|statement| statement.actions() == ["dynamodb:PutItem"]) {
        let keys = texts(statement.condition("ForAllValues:StringLike", "dynamodb:LeadingKeys"));
        assert_eq!(keys, ["SHARE#*", "CONNECTION#*"], "an operator decides no trust");
        assert_eq!(statement.condition("Null", "dynamodb:LeadingKeys"), "false");
    }
    let writes =
        statements_of(policy).iter().flat_map(|s| s.actions()).filter(|action| !action.contains("Get")).count();
    assert_eq!(writes, 4, "Query and Scan, which read, PutItem, and SendTaskSuccess");
}

/// It makes the decisions of vet, accept and open, so it looks at what they look at, and at nothing that changes anything.
#[test]
fn who_plans_only_looks() {
    let (table, template) = (table(), Template::load());
    let policy = &template.of_type("AWS::IAM::ManagedPolicy")["Planner"]["PolicyDocument"];
    let granted: BTreeSet<_> = statements_of(policy).iter().flat_map(|s| s.actions()).collect();
    let reads = |action: &&str| {
        let verb = action.split(':').nth(1).unwrap_or_default();
        ["Describe", "Get", "List", "Query", "Scan"].iter().any(|read| verb.starts_with(read))
    };
    assert!(granted.iter().all(reads), "{granted:?}");
    let looked_at: BTreeSet<_> = ["vet", "accept", "open"]
        .into_iter()
        .flat_map(|name| texts(&table["functions"][name]["calls"]))
        .filter(reads)
        .collect();
    let more: Vec<_> = granted.difference(&looked_at).copied().collect();
    let wanted = [
        "dynamodb:DescribeTable",
        "dynamodb:Scan",
        "servicequotas:GetServiceQuota",
        "vpc-lattice:ListServiceNetworkVpcAssociations",
    ];
    assert_eq!(more, wanted);
    assert_eq!(looked_at.difference(&granted).count(), 0, "{looked_at:?}");
}

#[test]
fn hosted_zones_are_looked_at_where_endpoints_are_made() {
    let template = Template::load();
    let statements = template.statements("OpenRole");
    let with: Vec<_> = statements.iter().filter(|s| s.actions().contains(&"route53:ListHostedZonesByVPC")).collect();
    let [looking] = with[..] else { panic!("looking is allowed in one statement") };
    assert_eq!(looking.actions().len(), 1, "the condition must bind nothing else");
    let vpcs = looking.condition("ForAllValues:StringLike", "route53:VPCs");
    assert_eq!(*vpcs, serde_json::json!({"Fn::Sub": "VPCId=*,VPCRegion=${AWS::Region}"}));
}

#[test]
fn accepting_can_be_held_to_senders() {
    let template = Template::load();
    let statements = template.statements("AcceptRole");
    let with: Vec<_> =
        statements.iter().filter(|s| s.actions().contains(&"ram:AcceptResourceShareInvitation")).collect();
    let [accepting] = with[..] else { panic!("accepting is allowed in one statement") };
    assert_eq!(accepting.actions().len(), 1, "the condition must bind nothing else");
    let condition = &accepting.0["Condition"]["Fn::If"];
    assert_eq!(condition[0], "OnlyTrustedSenders");
    assert_eq!(condition[1]["StringEquals"]["ram:ShareOwnerAccountId"], serde_json::json!({"Ref": "TrustedSenders"}));
    assert_eq!(condition[2], serde_json::json!({"Ref": "AWS::NoValue"}), "empty means the ledger alone");
}

#[test]
fn what_is_made_is_tagged_and_only_that_is_removed() {
    let template = Template::load();
    let installation = serde_json::json!({"Ref": "Installation"});
    let held_to = |role: &str, action: &str, target: &str, key: &str| {
        for statement in template.statements(role).iter().filter(|s| s.actions().contains(&action)) {
            if statement.resources().iter().any(|resource| resource.to_string().contains(target)) {
                let key = format!("{key}/drawbridge:installation");
                assert_eq!(statement.condition("StringEquals", &key), &installation, "{role}: {action} on {target}");
            }
        }
        let found = resources_of(&template, role, action);
        assert!(found.iter().any(|arn| arn.contains(target)), "{role}: {action} on {target}: {found:?}");
    };
    held_to("OpenRole", "ec2:CreateVpcEndpoint", ":vpc-endpoint/*", "aws:RequestTag");
    held_to("OpenRole", "ec2:CreateTags", ":vpc-endpoint/*", "aws:RequestTag");
    let association = ":servicenetworkresourceassociation/*";
    held_to("OpenRole", "vpc-lattice:CreateServiceNetworkResourceAssociation", association, "aws:RequestTag");
    held_to("OpenRole", "vpc-lattice:TagResource", association, "aws:RequestTag");
    held_to("CloseRole", "ec2:DeleteVpcEndpoints", ":vpc-endpoint/*", "aws:ResourceTag");
    held_to("CloseRole", "ec2:DeleteVpcEndpointConnectionNotifications", ":vpc-endpoint/*", "aws:ResourceTag");
    held_to("HoldRole", "ec2:CreateVpcEndpointConnectionNotification", ":vpc-endpoint/*", "aws:ResourceTag");
    held_to("CloseRole", "vpc-lattice:DeleteServiceNetworkResourceAssociation", association, "aws:ResourceTag");
    held_to("ReconcileRole", "ec2:DeleteVpcEndpoints", ":vpc-endpoint/*", "aws:ResourceTag");
    held_to("ReconcileRole", "vpc-lattice:DeleteServiceNetworkResourceAssociation", association, "aws:ResourceTag");
    held_to("GuardRole", "ec2:CreateSecurityGroup", ":security-group/*", "aws:RequestTag");
    held_to("GuardRole", "ec2:CreateTags", ":security-group/*", "aws:RequestTag");
    held_to("GuardRole", "ec2:AuthorizeSecurityGroupIngress", ":security-group/*", "aws:ResourceTag");
    held_to("CloseRole", "ec2:DeleteSecurityGroup", ":security-group/*", "aws:ResourceTag");
    let parameter = ":parameter${OutputPrefix}*";
    held_to("PublishRole", "ssm:AddTagsToResource", parameter, "aws:RequestTag");
    held_to("PublishRole", "ssm:DeleteParameter", parameter, "aws:ResourceTag");
    // Making one takes the tags in the request, changing one those that it has.
    let putting = template.statements("PublishRole").into_iter().filter(|s| s.actions().contains(&"ssm:PutParameter"));
    let conditions: Vec<_> = putting.map(|s| s.0["Condition"]["StringEquals"].clone()).collect();
    let tag = |key: &str| serde_json::json!({format!("{key}/drawbridge:installation"): installation});
    assert_eq!(conditions, [tag("aws:RequestTag"), tag("aws:ResourceTag")]);
    held_to("AdjustRole", "ec2:ModifyVpcEndpoint", ":vpc-endpoint/*", "aws:ResourceTag");
    for of in [":vpc-endpoint/*", ":security-group/*"] {
        held_to("AdjustRole", "ec2:CreateTags", of, "aws:ResourceTag");
        held_to("AdjustRole", "ec2:DeleteTags", of, "aws:ResourceTag");
    }
    held_to("AdjustRole", "vpc-lattice:TagResource", association, "aws:ResourceTag");
    held_to("AdjustRole", "vpc-lattice:UntagResource", association, "aws:ResourceTag");
    let statements = template.statements("AdjustRole");
    for both in [["ec2:CreateTags", "ec2:DeleteTags"], ["vpc-lattice:TagResource", "vpc-lattice:UntagResource"]] {
        let tagging = statements.iter().find(|s| s.actions() == both).expect("tags alone in a statement");
        assert_eq!(
            texts(tagging.condition("ForAllValues:StringNotLike", "aws:TagKeys")),
            ["drawbridge:*"],
            "never ours"
        );
        assert_eq!(tagging.condition("Null", "aws:TagKeys"), "false", "ForAllValues of nothing is true");
    }
    let statements = template.statements("OpenRole");
    let tagging = statements.iter().find(|s| s.actions() == ["ec2:CreateTags"]).expect("tags alone in a statement");
    assert_eq!(tagging.condition("StringEquals", "ec2:CreateAction"), "CreateVpcEndpoint", "on create, never later");
}

#[test]
fn a_machine_invokes_what_its_definition_names() {
    let template = Template::load();
    for (id, name) in MACHINES {
        let machine = Machine::all().into_iter().find(|m| m.name == name).unwrap();
        let named: BTreeSet<_> = machine.tasks().iter().filter_map(|t| t.function().map(str::to_owned)).collect();
        let statements = template.statements(&format!("{id}Role"));
        let invokes = statements.into_iter().filter(|s| s.actions().contains(&"lambda:InvokeFunction"));
        let granted: BTreeSet<_> = invokes
            .flat_map(Statement::resources)
            .map(|resource| resource["Fn::GetAtt"][0].as_str().expect("GetAtt of a function").to_owned())
            .collect();
        assert_eq!(granted, named, "{id}Role (left) and its definition (right)");
        let trust = &template.properties(&format!("{id}Role"))["AssumeRolePolicyDocument"]["Statement"][0];
        let account = &trust["Condition"]["StringEquals"]["aws:SourceAccount"];
        assert_eq!(
            account,
            &serde_json::json!({"Ref": "AWS::AccountId"}),
            "{id}Role: for this account's machines only"
        );
    }
}

#[test]
fn announce_speaks_only_in_drawbridges_name() {
    use drawbridge_domain::announcement::{self, ConnectionChange, ShareChange, SubscriptionChange};
    let template = Template::load();
    let statements = template.statements("AnnounceRole");
    let speaking = statements.iter().find(|s| s.actions() == ["events:PutEvents"]).unwrap();
    assert_eq!(speaking.condition("StringEquals", "events:source"), announcement::SOURCE);
    assert_eq!(
        speaking.condition("StringEquals", "events:detail-type"),
        &serde_json::json!([ConnectionChange::DETAIL_TYPE, ShareChange::DETAIL_TYPE, SubscriptionChange::DETAIL_TYPE])
    );
}
