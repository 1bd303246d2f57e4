//! The port: one server whose connections can be closed in the middle of a call.

use std::convert::Infallible;
use std::io::{Error, ErrorKind, Write};
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{Response, Uri};
use axum::routing::any;
use clap::Parser;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::admin;
use crate::gate::{self, App, Cut};
use crate::proxy::Upstream;

/// Stands in for AWS RAM, VPC Lattice and EC2's VPC endpoints, and as a proxy before an emulator of the rest.
#[derive(Debug, Parser)]
#[command(name = "drawbridge-standin")]
pub struct Options {
    /// The address to listen on; port 0 takes a free one. The address taken is printed on standard output.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The emulator to pass `DynamoDB`, Step Functions, `EventBridge` and SSM calls on to, such as <http://127.0.0.1:4566>.
    #[arg(long)]
    upstream: Option<Uri>,
    /// The source of RAM's events: emulators refuse `aws.*` as AWS does.
    #[arg(long, default_value = "local.aws.ram")]
    event_source: String,
}

/// Serves until the process ends.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(options: Options) -> std::io::Result<()> {
    let upstream = Upstream::new(options.upstream.as_ref());
    let app = App::new(upstream, options.event_source);
    let router = Router::new().nest("/_standin", admin::routes()).fallback(any(gate::answer)).with_state(app);
    let listener = TcpListener::bind(options.listen).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{}", listener.local_addr()?)?;
    out.flush()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, router.clone()))),
            Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
        }
    }
}

/// Answers on one connection until either side closes it.
async fn converse(stream: TcpStream, router: Router) {
    // Answers are small, and waiting for more to send costs 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "nodelay");
    }
    let service = TowerToHyperService::new(router);
    let cutting = service_fn(move |request: hyper::Request<Incoming>| {
        let answering = service.call(request);
        async move { send_or_cut(answering.await) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), cutting).await {
        tracing::debug!(%error, "connection ended");
    }
}

/// An error from the service makes hyper close the connection without an answer.
fn send_or_cut(answer: Result<Response<Body>, Infallible>) -> Result<Response<Body>, Error> {
    let Ok(response) = answer;
    if response.extensions().get::<Cut>().is_some() {
        return Err(Error::new(ErrorKind::ConnectionAborted, "cut by an ordered fault"));
    }
    Ok(response)
}
