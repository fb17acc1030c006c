//! A viewer whose network vanishes is not counted for long: no FIN, no RST, only silence.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;

use std::path::Path;
use std::process::Command;

use station::Home;

/// The bound the station promises.
const LIMIT_MS: u64 = 60_000;

#[test]
fn a_viewer_whose_network_vanishes_is_not_counted_after_a_minute() {
    let events_port = ["8484"];
    std::thread::scope(|both| {
        both.spawn(|| vanish(&[]));
        both.spawn(|| vanish(&events_port));
    });
}

fn vanish(events_port: &[&str]) {
    let home = Home::with(&[clips::silent(90.0)]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Namespaces of a user's own need no root.
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount"])
        .arg(root.join("tests/support/vanish.sh"))
        .arg(env!("CARGO_BIN_EXE_onair"))
        .args(events_port)
        .current_dir(root)
        .envs(home.environment())
        .output()
        .expect("unshare (util-linux) runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let counted_ms = String::from_utf8_lossy(&output.stdout);
    let counted_ms: u64 = counted_ms.trim().parse().expect("milliseconds");
    println!("counted for {counted_ms} ms {events_port:?}");
    assert!(counted_ms <= LIMIT_MS, "counted for {counted_ms} ms");
}
