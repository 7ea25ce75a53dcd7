//! Asking every server the same thing, in the text protocol, all at once.

use futures_util::future::join_all;
use gearman_admin::{AdminClient, AdminError};
use gearman_net::Endpoint;

use crate::exit::Exit;
use crate::output;

/// What the servers answered, in the order in which they were named.
#[derive(Debug)]
pub(crate) struct Survey<T> {
    pub(crate) answers: Vec<(Endpoint, T)>,
    /// Done, or what the servers that did not answer make of it.
    pub(crate) exit: Exit,
}

/// Asks all. A server without an answer is told on stderr and does not hide the others.
pub(crate) async fn ask_all<T>(
    servers: Vec<Endpoint>,
    ask: impl AsyncFn(&AdminClient) -> Result<T, AdminError>,
) -> Survey<T> {
    let asked = servers.into_iter().map(|server| async {
        let client = AdminClient::connect(server.clone()).await;
        let answer = match client {
            Ok(client) => ask(&client).await,
            Err(error) => Err(error),
        };
        (server, answer)
    });
    let mut survey = Survey {
        answers: Vec::new(),
        exit: Exit::Done,
    };
    for (server, answer) in join_all(asked).await {
        match answer {
            Ok(answer) => survey.answers.push((server, answer)),
            Err(error) => {
                let (exit, text) = explain(&server, &error);
                output::tell(text);
                survey.exit = survey.exit.max(exit);
            }
        }
    }
    survey
}

fn explain(server: &Endpoint, error: &AdminError) -> (Exit, String) {
    match error {
        AdminError::Refused(refusal) => {
            let (code, text) = (refusal.code(), refusal.text());
            let (code, text) = (code.escape_ascii(), text.escape_ascii());
            let said = format!("{server} refuses: {refusal} (ERR {code} {text})");
            (Exit::Refused, said)
        }
        AdminError::NotReached(_) => (Exit::NoServer, format!("no server reachable: {error}")),
        // They name the server themselves.
        _ => (Exit::NoServer, error.to_string()),
    }
}
