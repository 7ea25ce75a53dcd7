//! The queue script of "Terminating Gearman Workers in PHP" (2013): `queue FUNCTION [WORKLOAD]`.
//!
//! It queues a background job and prints nothing. `queue _worker_test1 terminate` stops the worker test1.
//! Servers come from `$GEARMAN_SERVERS` (default 127.0.0.1:4730).

use std::process::ExitCode;

use gearman_client::{Client, Endpoint, Job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(function) = arguments.next() else {
        eprintln!("usage: queue FUNCTION [WORKLOAD]");
        return Ok(ExitCode::from(2));
    };
    let job = Job::new(function, arguments.next().unwrap_or_default())?;
    let client = Client::builder()
        .servers(Endpoint::from_env()?)
        .connect()
        .await?;
    client.submit_background(job).await?;
    Ok(ExitCode::SUCCESS)
}
