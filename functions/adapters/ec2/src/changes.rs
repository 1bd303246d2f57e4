//! Changes of an endpoint that is there.

use std::collections::BTreeMap;

use drawbridge_domain::Fault;
use drawbridge_domain::adjust::{Modification, PolicyChange};
use drawbridge_domain::ids::VpcEndpointId;
use drawbridge_domain::ports::ChangeEndpoint;
use drawbridge_sdk::fault;

use crate::{Ec2, said};

const MODIFY: &str = "ec2:ModifyVpcEndpoint";
const TAG: &str = "ec2:CreateTags";
const UNTAG: &str = "ec2:DeleteTags";

impl ChangeEndpoint for Ec2 {
    async fn modify(&self, id: &VpcEndpointId, modification: &Modification) -> Result<(), Fault> {
        let Modification { add_groups, remove_groups, add_subnets, remove_subnets, private_dns, .. } = modification;
        let Modification { add_tables, remove_tables, policy, .. } = modification;
        let request = self.0.modify_vpc_endpoint().vpc_endpoint_id(id.as_str());
        let request = request.set_add_security_group_ids(some(add_groups));
        let request = request.set_remove_security_group_ids(some(remove_groups));
        let request = request.set_add_subnet_ids(some(add_subnets));
        let request = request.set_remove_subnet_ids(some(remove_subnets));
        let request = request.set_private_dns_enabled(*private_dns);
        let request = request.set_add_route_table_ids(some(add_tables));
        let request = request.set_remove_route_table_ids(some(remove_tables));
        let request = match policy {
            Some(PolicyChange::Set(document)) => request.policy_document(document),
            Some(PolicyChange::Reset) => request.reset_policy(true),
            None => request,
        };
        request.send().await.map(drop).map_err(|error| fault(MODIFY, error))
    }

    async fn set_tags(&self, ids: &[String], tags: &BTreeMap<String, String>) -> Result<(), Fault> {
        if tags.is_empty() {
            return Ok(());
        }
        let request = self.0.create_tags().set_resources(Some(ids.to_vec())).set_tags(Some(said(tags)));
        request.send().await.map(drop).map_err(|error| fault(TAG, error))
    }

    async fn remove_tags(&self, ids: &[String], tags: &BTreeMap<String, String>) -> Result<(), Fault> {
        // A request without tags would take off all of them.
        if tags.is_empty() {
            return Ok(());
        }
        let request = self.0.delete_tags().set_resources(Some(ids.to_vec())).set_tags(Some(said(tags)));
        request.send().await.map(drop).map_err(|error| fault(UNTAG, error))
    }
}

fn some(ids: &[impl ToString]) -> Option<Vec<String>> {
    (!ids.is_empty()).then(|| ids.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use drawbridge_domain::FaultName;
    use drawbridge_domain::ids::{RouteTableId, SecurityGroupId, SubnetId};
    use drawbridge_sdk::script::{Answer, Script};

    use super::*;

    fn id() -> VpcEndpointId {
        VpcEndpointId::parse("vpce-0a").unwrap()
    }

    fn done(operation: &str) -> Answer {
        Answer::ok(&format!("<{operation}Response><return>true</return></{operation}Response>"))
    }

    #[tokio::test]
    async fn one_request_adds_and_removes() {
        let script = Script::new([(); 4].map(|()| done("ModifyVpcEndpoint")));
        let ec2 = Ec2::new(&script.config());
        let group = |id: &str| vec![SecurityGroupId::parse(id).unwrap()];
        let table = |id: &str| vec![RouteTableId::parse(id).unwrap()];
        let groups =
            Modification { add_groups: group("sg-2"), remove_groups: group("sg-1"), ..Modification::default() };
        ec2.modify(&id(), &groups).await.unwrap();
        let tables = Modification {
            add_tables: table("rtb-2"),
            remove_tables: table("rtb-1"),
            policy: Some(PolicyChange::Set("{}".to_owned())),
            ..Modification::default()
        };
        ec2.modify(&id(), &tables).await.unwrap();
        let reset = Modification { policy: Some(PolicyChange::Reset), ..Modification::default() };
        ec2.modify(&id(), &reset).await.unwrap();
        let subnet = |id: &str| vec![SubnetId::parse(id).unwrap()];
        let place = Modification {
            add_subnets: subnet("subnet-2"),
            remove_subnets: subnet("subnet-1"),
            private_dns: Some(false),
            ..Modification::default()
        };
        ec2.modify(&id(), &place).await.unwrap();
        let bodies: Vec<_> = script.requests().into_iter().map(|request| request.body).collect();
        let expected: [(&[&str], &[&str]); 4] = [
            (
                &["VpcEndpointId=vpce-0a", "AddSecurityGroupId.1=sg-2", "RemoveSecurityGroupId.1=sg-1"],
                &["RouteTable", "Policy", "Subnet", "PrivateDns"],
            ),
            (
                &["AddRouteTableId.1=rtb-2", "RemoveRouteTableId.1=rtb-1", "PolicyDocument=%7B%7D"],
                &["SecurityGroup", "ResetPolicy"],
            ),
            (&["ResetPolicy=true"], &["PolicyDocument", "SecurityGroup", "RouteTable"]),
            (&["AddSubnetId.1=subnet-2", "RemoveSubnetId.1=subnet-1", "PrivateDnsEnabled=false"], &["SecurityGroup"]),
        ];
        for (body, (has, lacks)) in bodies.iter().zip(expected) {
            assert!(has.iter().all(|part| body.contains(part)), "{body}");
            assert!(!lacks.iter().any(|part| body.contains(part)), "{body}");
        }
    }

    #[tokio::test]
    async fn tags_are_given_and_taken_by_key_and_value_and_never_all() {
        let script = Script::new([done("CreateTags"), done("DeleteTags")]);
        let ec2 = Ec2::new(&script.config());
        let ids = ["vpce-0a".to_owned(), "sg-0a".to_owned()];
        let tags = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
        ec2.set_tags(&ids, &tags).await.unwrap();
        ec2.remove_tags(&ids, &tags).await.unwrap();
        ec2.set_tags(&ids, &BTreeMap::new()).await.unwrap();
        ec2.remove_tags(&ids, &BTreeMap::new()).await.unwrap();
        assert_eq!(script.requests().len(), 2, "DeleteTags without tags takes off all of them");
        for request in script.requests() {
            let parts = ["ResourceId.1=vpce-0a", "ResourceId.2=sg-0a", "Tag.1.Key=team", "Tag.1.Value=data"];
            assert!(parts.iter().all(|part| request.body.contains(part)), "{}", request.body);
        }
    }

    #[tokio::test]
    async fn a_missing_permission_is_named() {
        let script = Script::new([Answer::ec2_error(403, "UnauthorizedOperation")]);
        let reset = Modification { policy: Some(PolicyChange::Reset), ..Modification::default() };
        let fault = Ec2::new(&script.config()).modify(&id(), &reset).await.unwrap_err();
        assert_eq!(fault.name, FaultName::AccessDenied);
        assert!(fault.message.starts_with("ec2:ModifyVpcEndpoint is not allowed"), "{fault}");
    }
}
