use super::*;

fn stop() -> Stop {
    let mut stop = Stop::new(WorkerId::new("w").unwrap());
    assert_eq!(does(&mut stop), ["UP", "ask"]);
    stop
}

fn incarnation(number: u64) -> Incarnation {
    Incarnation::parse(&format!("{number:016x}")).unwrap()
}

/// All that is to be done now, in short.
fn does(stop: &mut Stop) -> Vec<String> {
    std::iter::from_fn(|| stop.next_action())
        .map(|action| match action {
            Action::Ask => "ask".to_owned(),
            Action::Order(None) => "order".to_owned(),
            Action::Order(Some(incarnation)) => {
                format!("order {}", incarnation.to_string().trim_start_matches('0'))
            }
            Action::Tell(Event::Up(_)) => "UP".to_owned(),
            Action::Tell(Event::Terminating { left: None, .. }) => "TERM".to_owned(),
            Action::Tell(Event::Terminating {
                left: Some(left), ..
            }) => format!("TERM {left}"),
            Action::Tell(Event::Down(_)) => "DOWN".to_owned(),
            Action::Tell(Event::Unanswered(_)) => "unanswered".to_owned(),
            Action::Tell(Event::Refused { reason, .. }) => format!("refused: {reason}"),
            Action::Tell(Event::OrderLost { is_draining, .. }) => {
                format!("lost, draining: {is_draining}")
            }
            Action::Tell(other) => panic!("{other:?} is not about one worker"),
        })
        .collect()
}

/// The worker said that it is incarnation 1, and has its order.
fn ordered() -> Stop {
    let mut stop = stop();
    stop.identified(Some(incarnation(1)));
    assert_eq!(does(&mut stop), ["order 1"]);
    stop
}

/// Looks until there is something to do.
fn looks(stop: &mut Stop, sight: Sight) -> Vec<String> {
    for _ in 0..100 {
        stop.looked(sight);
        let actions = does(stop);
        if !actions.is_empty() {
            return actions;
        }
    }
    Vec::new()
}

fn failed() -> OrderEnd {
    OrderEnd::Failed {
        reason: "no".to_owned(),
    }
}

#[test]
fn a_worker_drains_and_is_down_when_its_connections_are_gone() {
    let mut stop = ordered();
    stop.order_taken(Some(2));
    stop.order_taken(Some(2));
    stop.order_taken(Some(1));
    stop.order_taken(Some(0));
    assert_eq!(does(&mut stop), ["TERM 2", "TERM 1", "TERM 0"]);
    stop.order_over(OrderEnd::Done(Some(incarnation(1))));
    stop.looked(Sight::Connected);
    assert!(does(&mut stop).is_empty() && !stop.is_over());
    stop.looked(Sight::Gone);
    assert_eq!(does(&mut stop), ["DOWN"]);
    assert!(stop.is_over());
}

#[test]
fn a_worker_that_stops_at_once_has_been_told_to_before_it_is_down() {
    let mut stop = ordered();
    stop.order_over(OrderEnd::Done(Some(incarnation(1))));
    stop.looked(Sight::Gone);
    assert_eq!(does(&mut stop), ["TERM 0", "DOWN"]);
}

#[test]
fn a_worker_that_does_not_say_who_it_is_gets_the_plain_order() {
    let mut stop = stop();
    stop.identified(None);
    assert_eq!(does(&mut stop), ["unanswered", "order"]);
    // It says nothing about its jobs either, and that it has the order is all it ever tells.
    stop.order_over(OrderEnd::Done(None));
    assert_eq!(does(&mut stop), ["TERM"]);
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    stop.identified(None);
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    assert_eq!(looks(&mut stop, Sight::Gone), ["DOWN"]);
}

#[test]
fn a_worker_that_is_connected_is_not_down_however_long_it_takes() {
    let mut stop = ordered();
    assert!(looks(&mut stop, Sight::Connected).is_empty());
    stop.order_over(OrderEnd::Done(Some(incarnation(1))));
    assert_eq!(does(&mut stop), ["TERM 0"]);
    for _ in 0..10 {
        assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
        stop.identified(Some(incarnation(1)));
        assert!(does(&mut stop).is_empty());
    }
    assert!(!stop.is_over());
}

#[test]
fn only_one_question_is_open_at_a_time() {
    let mut stop = ordered();
    stop.order_over(OrderEnd::Done(None));
    does(&mut stop);
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    assert!(looks(&mut stop, Sight::Connected).is_empty());
}

#[test]
fn a_successor_means_that_ours_is_down_and_is_told_nothing() {
    for end in [
        OrderEnd::Done(Some(incarnation(1))),
        OrderEnd::Done(None),
        OrderEnd::OtherIncarnation,
        failed(),
    ] {
        let mut stop = ordered();
        stop.order_over(end);
        does(&mut stop);
        assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
        stop.identified(Some(incarnation(2)));
        assert_eq!(does(&mut stop), ["DOWN"]);
    }
}

#[test]
fn a_slow_worker_that_got_the_plain_order_is_not_taken_for_its_own_successor() {
    let mut stop = stop();
    stop.identified(None);
    does(&mut stop);
    // By now it answers, and says who has done it.
    stop.order_over(OrderEnd::Done(Some(incarnation(1))));
    does(&mut stop);
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    stop.identified(Some(incarnation(1)));
    assert!(does(&mut stop).is_empty());
}

#[test]
fn an_order_that_reached_a_namesake_is_given_again_while_ours_lives() {
    let mut stop = ordered();
    stop.order_over(OrderEnd::OtherIncarnation);
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    stop.identified(Some(incarnation(1)));
    assert_eq!(does(&mut stop), ["order 1"]);
}

#[test]
fn who_fails_the_order_and_lives_on_is_not_waited_for() {
    for who in [None, Some(incarnation(1))] {
        let mut stop = ordered();
        stop.order_over(failed());
        assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
        stop.identified(who);
        assert_eq!(does(&mut stop), ["refused: no"]);
        assert!(stop.is_over());
    }
}

#[test]
fn who_died_with_the_order_is_down() {
    // gearmand fails a job that was lost with too many workers.
    let mut stop = ordered();
    stop.order_over(failed());
    assert_eq!(looks(&mut stop, Sight::Gone), ["DOWN"]);
}

#[test]
fn who_leaves_before_the_order_is_down() {
    let mut stop = stop();
    stop.looked(Sight::Gone);
    assert_eq!(does(&mut stop), ["DOWN"]);
    stop.identified(None);
    assert!(does(&mut stop).is_empty());
}

#[test]
fn a_lost_order_matters_unless_the_worker_has_it() {
    let mut stop = ordered();
    stop.lost("closed".to_owned());
    assert_eq!(does(&mut stop), ["lost, draining: false"]);
    assert!(stop.is_over());

    let mut stop = Stop::new(WorkerId::new("w").unwrap());
    stop.lost("closed".to_owned());
    assert_eq!(does(&mut stop), ["UP", "ask", "lost, draining: false"]);

    let mut stop = ordered();
    stop.order_taken(Some(1));
    stop.lost("closed".to_owned());
    assert_eq!(does(&mut stop), ["TERM 1", "lost, draining: true"]);
    assert!(looks(&mut stop, Sight::Unknown).is_empty());
    assert!(looks(&mut stop, Sight::Connected).is_empty());
    assert_eq!(looks(&mut stop, Sight::Gone), ["DOWN"]);
}

#[test]
fn a_question_that_got_lost_proves_nothing_and_is_asked_again() {
    let mut stop = ordered();
    stop.order_over(failed());
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    stop.lost("closed".to_owned());
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
}

#[test]
fn a_server_that_can_not_be_asked_hides_only_workers_that_have_not_finished() {
    let mut stop = ordered();
    assert!(looks(&mut stop, Sight::Unknown).is_empty());
    stop.order_over(OrderEnd::Done(Some(incarnation(1))));
    does(&mut stop);
    assert_eq!(looks(&mut stop, Sight::Unknown), ["DOWN"]);
}

#[test]
fn a_worker_that_does_not_answer_a_signed_question_is_not_told_to_stop() {
    let mut stop = stop();
    stop.unidentified("no".to_owned());
    assert_eq!(does(&mut stop), ["refused: no"]);
    assert!(stop.is_over());
}

#[test]
fn a_worker_that_falls_silent_after_a_signed_order_is_asked_again() {
    let mut stop = ordered();
    stop.order_over(OrderEnd::Done(Some(incarnation(1))));
    assert_eq!(does(&mut stop), ["TERM 0"]);
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    stop.unidentified("no".to_owned());
    assert_eq!(looks(&mut stop, Sight::Connected), ["ask"]);
    stop.looked(Sight::Gone);
    assert_eq!(does(&mut stop), ["DOWN"]);
}
