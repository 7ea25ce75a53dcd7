//! The least that a tokio program needs to exit on SIGTERM: the floor for `stop_latency`.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    println!("READY");
    terminate.recv().await;
    Ok(())
}
