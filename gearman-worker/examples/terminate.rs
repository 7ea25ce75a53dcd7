//! The terminate script of "Terminating Gearman Workers in PHP" (2013): stops all workers, each after its
//! running job, and waits until they have left.
//!
//! Servers come from `$GEARMAN_SERVERS` (default 127.0.0.1:4730).

use std::process::ExitCode;

use gearman_control::WorkerId;
use gearman_control::fleet::{Event, Fleet, Which};
use gearman_net::Endpoint;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let fleet = Fleet::new(Endpoint::from_env()?);
    let mut termination = fleet.terminate(Which::All, None).await?;
    while let Some(event) = termination.next_event().await {
        match event {
            Event::Up(id) => say(&format!("UP {id}")),
            Event::Terminating {
                id,
                left: None | Some(0),
            } => say(&format!("SIGTERM {id}")),
            Event::Terminating {
                id,
                left: Some(jobs),
            } => {
                say(&format!("SIGTERM {id} (jobs left: {jobs})"));
            }
            Event::Waiting(ids) => say(&format!("waiting for: {}", list(&ids))),
            Event::Down(id) => say(&format!("DOWN {id}")),
            problem => eprintln!("{problem:?}"),
        }
    }
    let all_down = termination.summary().is_all_down();
    Ok(if all_down {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn list(ids: &[WorkerId]) -> String {
    ids.iter()
        .map(WorkerId::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn say(text: &str) {
    println!(
        "[{}] {text}",
        jiff::ZonedDateTime::now().strftime("%H:%M:%S")
    );
}
