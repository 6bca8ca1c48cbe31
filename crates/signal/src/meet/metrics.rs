//! What the meetings of this node hold, for `/metrics`. All of it is as before when everybody has left.

use std::fmt::Write as _;

use meetings::hall::Held;

use super::Front;

impl Front {
    pub async fn render(&self, out: &mut String) {
        let held = self.held().await;
        render(out, self.open(), self.sockets_open(), held);
    }
}

fn render(out: &mut String, meetings: usize, sockets: usize, held: Held) {
    let Held { people, away, waiting, sockets: seated, connections, slots, subscriptions, timers } = held;
    let gauges = [
        ("weir_meetings", "Meetings that happen here.", meetings),
        ("weir_meeting_people", "People in them.", people),
        ("weir_meeting_people_away", "Of these, whose WebSocket is lost; they are expected back.", away),
        ("weir_meeting_people_waiting", "People at the door.", waiting),
        ("weir_meeting_sockets", "WebSockets of meetings.", sockets),
        ("weir_meeting_sockets_seated", "Of these, with a person inside or at the door.", seated),
        ("weir_meeting_connections", "Peer connections that were offered and have not ended.", connections),
        ("weir_meeting_slots", "Receive slots of people.", slots),
        ("weir_meeting_subscriptions", "Pictures that people have asked for.", subscriptions),
        ("weir_meeting_timers", "Moments for which meetings wait: returns, and their ends.", timers),
    ];
    for (name, help, value) in gauges {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_a_gauge_of_its_own() {
        let held =
            Held { people: 3, away: 4, waiting: 5, sockets: 6, connections: 7, slots: 8, subscriptions: 9, timers: 10 };
        let mut text = String::new();
        render(&mut text, 1, 2, held);
        let values: Vec<&str> =
            text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(values, ["1", "3", "4", "5", "2", "6", "7", "8", "9", "10"]);
        assert_eq!(text.matches(" gauge\n").count(), 10);
    }
}
