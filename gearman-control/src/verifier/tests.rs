use proptest::prelude::*;

use super::*;

const START: u64 = 1_700_000_000;

struct Scene {
    secret: Secret,
    id: WorkerId,
    incarnation: Incarnation,
    verifier: Verifier,
}

impl Scene {
    fn new() -> Self {
        let secret = Secret::new("correct horse battery staple").unwrap();
        let id = WorkerId::new("web-1").unwrap();
        let incarnation = Incarnation::parse("00c0ffee00c0ffee").unwrap();
        let verifier = Verifier::new(secret.clone(), id.clone(), incarnation, START);
        Self {
            secret,
            id,
            incarnation,
            verifier,
        }
    }

    fn signed(&self, command: &str, seconds: u64) -> String {
        let (pinned, nonce) = (Some(self.incarnation), Nonce::random());
        self.secret.sign(command, &self.id, pinned, seconds, nonce)
    }

    fn signed_to_anyone(&self, command: &str, seconds: u64) -> String {
        self.secret
            .sign(command, &self.id, None, seconds, Nonce::random())
    }

    fn verify(&mut self, line: &str, now: u64) -> Result<Command, SignatureError> {
        self.verifier.verify(line.as_bytes(), now)
    }
}

#[test]
fn a_line_without_signature_is_told_from_a_spoilt_one() {
    let mut scene = Scene::new();
    for line in ["ping", "terminate", "", "v1", "v2 1 2 3 ping"] {
        assert_eq!(scene.verify(line, START), Err(SignatureError::Unsigned));
    }
    let mac = "0".repeat(64);
    let nonce = "0".repeat(32);
    for line in [
        "v1 ping".to_owned(),
        format!("v1 {START} {nonce} {mac}"),
        format!("v1 +{START} {nonce} {mac} ping"),
        format!("v1  {START} {nonce} {mac} ping"),
        format!("v1 {START} {nonce}0 {mac} ping"),
        format!("v1 {START} {nonce} {mac}00 ping"),
        format!("v1 {START} {nonce} {} ping", "A".repeat(64)),
        format!("v1 99999999999999999999 {nonce} {mac} ping"),
    ] {
        assert_eq!(
            scene.verify(&line, START),
            Err(SignatureError::Unreadable),
            "{line}"
        );
    }
}

#[test]
fn only_ping_may_be_signed_to_anyone() {
    let mut scene = Scene::new();
    let ping = scene.signed_to_anyone("ping", START);
    assert_eq!(scene.verify(&ping, START), Ok(Command::Ping));
    let ping = scene.signed("ping", START);
    assert_eq!(scene.verify(&ping, START), Ok(Command::Ping));
    for command in [
        "terminate",
        "quiet",
        "stats",
        "ping me",
        "pings",
        "own word",
    ] {
        let line = scene.signed_to_anyone(command, START);
        assert_eq!(
            scene.verify(&line, START),
            Err(SignatureError::Wrong),
            "{command}"
        );
    }
}

#[test]
fn another_secret_worker_or_incarnation_is_not_this_one() {
    let mut scene = Scene::new();
    let other_secret = Secret::new("Correct horse battery staple").unwrap();
    let other_id = WorkerId::new("web-2").unwrap();
    let pinned = Some(scene.incarnation);
    let other_incarnation = Some(Incarnation::parse("00c0ffee00c0ffef").unwrap());
    let nonce = Nonce::random();
    for line in [
        other_secret.sign("quiet", &scene.id, pinned, START, nonce),
        scene.secret.sign("quiet", &other_id, pinned, START, nonce),
        scene
            .secret
            .sign("quiet", &scene.id, other_incarnation, START, nonce),
    ] {
        assert_eq!(scene.verify(&line, START), Err(SignatureError::Wrong));
    }
}

#[test]
fn an_order_to_another_process_is_understood_as_such() {
    let mut scene = Scene::new();
    let other = Incarnation::parse("00000000000000aa").unwrap();
    let command = Command::Terminate {
        incarnation: Some(other),
    };
    let line = scene.secret.sign(
        &command.to_string(),
        &scene.id,
        Some(other),
        START,
        Nonce::random(),
    );
    assert_eq!(scene.verify(&line, START), Ok(command));
}

#[test]
fn a_command_that_is_none_is_named_when_its_signature_is_right() {
    let mut scene = Scene::new();
    let line = scene.signed("concurrency many", START);
    let refused = scene.verify(&line, START);
    assert!(matches!(refused, Err(SignatureError::Command(_))));
}

#[test]
fn a_line_is_not_obeyed_before_the_start_nor_by_clocks_that_differ_too_much() {
    let mut scene = Scene::new();
    let mut verify = |seconds: u64, now: u64| {
        let line = scene.signed("quiet", seconds);
        scene.verify(&line, now)
    };
    let now = START + 1000;
    assert_eq!(verify(now - 60, now), Ok(Command::Quiet));
    assert_eq!(verify(now + 60, now), Ok(Command::Quiet));
    assert_eq!(
        verify(now - 61, now),
        Err(SignatureError::TooOld { seconds: 61 })
    );
    assert_eq!(
        verify(now + 61, now),
        Err(SignatureError::TooNew { seconds: 61 })
    );
    assert_eq!(
        verify(START - 1, START + 1),
        Err(SignatureError::BeforeStart)
    );
    assert!(verify(u64::MAX, now).is_err() && verify(0, now).is_err());
}

#[test]
fn a_clock_that_is_put_back_does_not_let_a_replay_in() {
    let mut scene = Scene::new();
    let line = scene.signed("quiet", START + 10);
    assert_eq!(scene.verify(&line, START + 10), Ok(Command::Quiet));
    let later = scene.signed("resume", START + 500);
    assert_eq!(scene.verify(&later, START + 500), Ok(Command::Resume));
    assert_eq!(
        scene.verify(&line, START + 10),
        Err(SignatureError::Replayed)
    );
}

#[test]
fn so_many_nonces_are_kept_and_no_more_and_not_for_ever() {
    let mut scene = Scene::new();
    for _ in 0..MOST_NONCES {
        let line = scene.signed_to_anyone("ping", START);
        scene.verify(&line, START).unwrap();
    }
    let one_more = scene.signed_to_anyone("ping", START + KEPT);
    assert_eq!(
        scene.verify(&one_more, START + KEPT),
        Err(SignatureError::TooMany)
    );
    let now = START + KEPT + 1;
    assert_eq!(scene.verify(&one_more, now), Ok(Command::Ping));
    assert_eq!(
        (scene.verifier.seen.len(), scene.verifier.kept.len()),
        (1, 1)
    );
}

#[test]
fn what_is_refused_is_not_kept() {
    let mut scene = Scene::new();
    for line in ["ping", "v1 1 2 3 ping"] {
        assert!(scene.verify(line, START).is_err());
    }
    let spoilt = scene.signed("quiet", START).replace("quiet", "resume");
    assert_eq!(scene.verify(&spoilt, START), Err(SignatureError::Wrong));
    assert!(scene.verifier.seen.is_empty() && scene.verifier.kept.is_empty());
}

fn command() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("ping".to_owned()),
        Just("terminate incarnation=00c0ffee00c0ffee".to_owned()),
        Just("concurrency 8".to_owned()),
        "[a-z]{1,8} [ -~]{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_line_with_any_changed_byte_is_refused(
        command in command(),
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut scene = Scene::new();
        let mut line = scene.signed(&command, START).into_bytes();
        let at = at.index(line.len());
        line[at] ^= change;
        let refused = scene.verifier.verify(&line, START).unwrap_err();
        prop_assert!(!matches!(refused, SignatureError::Command(_)), "{refused}");
    }

    #[test]
    fn a_line_that_is_cut_or_goes_on_is_refused(command in command(), cut in any::<prop::sample::Index>()) {
        let mut scene = Scene::new();
        let line = scene.signed(&command, START);
        prop_assert!(scene.verify(&line[..cut.index(line.len())], START).is_err());
        prop_assert_eq!(scene.verify(&format!("{line} "), START), Err(SignatureError::Wrong));
        prop_assert_eq!(scene.verify(&format!("{line}\n"), START), Err(SignatureError::Wrong));
    }

    #[test]
    fn no_line_is_obeyed_twice_whatever_the_clock_does(
        seconds in 0..400_u64,
        times in prop::collection::vec(0..800_u64, 1..40),
    ) {
        let mut scene = Scene::new();
        let line = scene.signed("quiet", START + seconds);
        let mut obeyed = 0;
        for time in times {
            // Others come too, and let the old ones be forgotten.
            let other = scene.signed("resume", START + time);
            let _ = scene.verify(&other, START + time);
            obeyed += usize::from(scene.verify(&line, START + time).is_ok());
        }
        prop_assert!(obeyed <= 1);
    }

    #[test]
    fn bytes_without_the_secret_are_refused(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut scene = Scene::new();
        prop_assert!(scene.verifier.verify(&line, START).is_err());
        let line = [b"v1 ".as_slice(), &line].concat();
        prop_assert!(scene.verifier.verify(&line, START).is_err());
    }
}
