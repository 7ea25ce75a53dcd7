//! What a subscriber of `tracing` hears of jobs. The subscriber is the test's own thread's, where
//! everything but blocking handlers runs.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gearman_client::Job as ClientJob;
use gearman_worker::{BlockingJob, Job, JobError};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

mod scene;

use scene::Scene;

/// Keeps the spans called `job`, and everything else as text.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    spans: Vec<Span>,
    /// Those that are entered, innermost last.
    entered: Vec<Id>,
    text: String,
}

#[derive(Clone, Debug, Default)]
struct Span {
    is_job: bool,
    fields: BTreeMap<&'static str, String>,
    events: usize,
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

impl Heard {
    fn span(&mut self, id: &Id) -> &mut Span {
        &mut self.spans[usize::try_from(id.into_u64()).unwrap() - 1]
    }
}

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut span = Span {
            is_job: attributes.metadata().name() == "job",
            ..Span::default()
        };
        attributes.record(&mut span);
        let mut heard = self.0.lock().unwrap();
        heard.text += &format!("{attributes:?}");
        heard.spans.push(span);
        Id::from_u64(heard.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut heard = self.0.lock().unwrap();
        heard.text += &format!("{values:?}");
        values.record(heard.span(id));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut heard = self.0.lock().unwrap();
        heard.text += &format!("{event:?}");
        if let Some(id) = heard.entered.last().cloned() {
            heard.span(&id).events += 1;
        }
    }

    fn enter(&self, id: &Id) {
        self.0.lock().unwrap().entered.push(id.clone());
    }

    fn exit(&self, id: &Id) {
        let mut heard = self.0.lock().unwrap();
        let at = heard.entered.iter().rposition(|other| other == id);
        heard.entered.remove(at.unwrap());
    }
}

impl Ear {
    /// The jobs of a function, with the outcome and the rest of the fields.
    fn jobs(&self, function: &str) -> Vec<Span> {
        let heard = self.0.lock().unwrap();
        let of_function = |span: &&Span| span.is_job && span.fields["function"] == function;
        heard.spans.iter().filter(of_function).cloned().collect()
    }

    fn outcomes(&self, function: &str) -> Vec<String> {
        let outcome = |span: &Span| span.fields.get("outcome").cloned().unwrap_or_default();
        self.jobs(function).iter().map(outcome).collect()
    }
}

async fn any(job: Job) -> Result<Bytes, JobError> {
    tracing::info!("said by the handler");
    match &job.workload()[..] {
        b"secret fail" => Err(JobError::fail_with("secret reason")),
        b"secret exception" => Err(JobError::exception("secret exception")),
        b"secret panic" => panic!("secret panic"),
        _ => Ok(Bytes::from_static(b"secret result")),
    }
}

fn blocking(_: BlockingJob) -> Result<Bytes, JobError> {
    Err(JobError::fail())
}

#[tokio::test]
async fn each_job_has_a_span_that_tells_its_end_and_no_payload() {
    let ear = Ear::default();
    let _guard = tracing::subscriber::set_default(ear.clone());
    let scene = Scene::new().await;
    let builder = scene
        .builder()
        .id("test")
        .function("any", any)
        .blocking_function("blocking", blocking);
    let worker = scene.run(builder).await;
    for end in ["complete", "fail", "exception", "panic"] {
        let _ = scene.ask("any", &format!("secret {end}")).await;
    }
    let job = ClientJob::new("blocking", "")
        .unwrap()
        .unique("u-1")
        .unwrap();
    assert!(scene.client.run(job).await.is_err());
    worker.handle.drain();
    worker.end().await;

    let expected = ["complete", "fail", "exception", "fail"];
    assert_eq!(ear.outcomes("any"), expected);
    for span in ear.jobs("any") {
        assert!(span.fields["handle"].starts_with("H:"), "{span:?}");
        assert!(span.fields.contains_key("duration"), "{span:?}");
        assert_eq!(span.events, 1, "what the handler says is in its span");
    }
    let blocking = ear.jobs("blocking");
    assert_eq!(blocking[0].fields["outcome"], "fail");
    assert_eq!(blocking[0].fields["unique"], "u-1");
    let text = &ear.0.lock().unwrap().text;
    assert!(!text.contains("secret"), "{text}");
    for step in ["connected", "draining", "left", "closed"] {
        assert!(text.contains(step), "{step}: {text}");
    }
}

#[tokio::test]
async fn a_job_that_is_not_let_finish_is_said_to_be_stopped() {
    let ear = Ear::default();
    let _guard = tracing::subscriber::set_default(ear.clone());
    let scene = Scene::new().await;
    let endless = async |_: Job| pending::<Result<Bytes, _>>().await;
    let worker = scene
        .run(scene.builder().function("endless", endless))
        .await;
    let job = ClientJob::new("endless", "").unwrap();
    scene.client.submit_background(job).await.unwrap();
    while worker.handle.stats().running < 1 {
        sleep(Duration::from_millis(5)).await;
    }
    worker.handle.cancel();
    worker.end().await;
    while ear.outcomes("endless") != ["stopped"] {
        sleep(Duration::from_millis(5)).await;
    }
}
