//! `drawbridge-standin`: stands in for the AWS services that no emulator has.
//!
//! One port answers RAM, VPC Lattice, EC2's VPC endpoints, their quotas and Route 53's list of a VPC's zones over their real wire protocols, passes
//! what it does not have (`DynamoDB`, Step Functions, `EventBridge`, SSM) to an emulator behind it, and cuts,
//! delays or refuses any of these calls when a test asks for it. README.md lists every behaviour.

mod admin;
mod bus;
mod calls;
mod ec2;
mod faults;
mod gate;
mod ids;
mod lattice;
mod paging;
mod proxy;
mod quotas;
mod ram;
mod request;
mod route53;
mod seed;
mod seed_network;
mod server;
mod settings;
mod wire;
mod world;

use clap::Parser;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    server::serve(server::Options::parse()).await
}
