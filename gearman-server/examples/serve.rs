//! A job server until Ctrl-C: `cargo run -p gearman-server --example serve -- 127.0.0.1:4730`.
//!
//! Behind the address the options of gearmand that we have may follow: `--worker-wakeup=1`,
//! `--job-retries=1`, `--job-handle-prefix=H:me`, `--exceptions`.

use std::error::Error;

use gearman_server::{BrokerOptions, EmbeddedServer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("which address?")?.parse()?;
    let options = arguments.try_fold(BrokerOptions::default(), with_argument)?;
    let builder = EmbeddedServer::builder().listen(address).options(options);
    let server = builder.start().await?;
    println!("listening on {}", server.local_addr());
    tokio::signal::ctrl_c().await?;
    server.shut_down().await;
    Ok(())
}

fn with_argument(
    options: BrokerOptions,
    argument: String,
) -> Result<BrokerOptions, Box<dyn Error>> {
    Ok(match argument.split_once('=') {
        Some(("--worker-wakeup", workers)) => options.worker_wakeup(workers.parse()?),
        Some(("--job-retries", attempts)) => options.job_retries(attempts.parse()?),
        Some(("--job-handle-prefix", prefix)) => options.handle_prefix(prefix),
        None if argument == "--exceptions" => options.exceptions(true),
        _ => return Err(format!("{argument} is no option").into()),
    })
}
