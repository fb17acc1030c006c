//! Files that have ffmpeg read and reach for other things, with all of ffmpeg's own guards taken away:
//! the leash alone holds.

use super::leash_tests::held;
use super::*;

#[path = "../../../tests/support/hostile.rs"]
mod hostile;

use hostile::{LONG, Trap, is_leak, leaks_below, unguarded_arguments};

#[tokio::test]
async fn without_guards_the_leash_alone_keeps_the_canary_and_the_network() {
    let trap = Trap::set();
    let held = held();
    let mut harmless = Vec::new();
    for hostile in trap.files() {
        let name = hostile.name();
        let out = tempfile::tempdir().unwrap();
        let leash = Leash {
            reads: vec![hostile.path.clone()],
            writes: vec![out.path().to_owned()],
            ..Leash::new(LONG)
        };
        let arguments = unguarded_arguments(&hostile, out.path());
        trap.sprung();
        let ended = run(OsStr::new("ffmpeg"), &arguments, &leash, |_| true).await;
        let sprung = trap.sprung();
        let ended = ended.unwrap();
        if held.files {
            assert!(
                !sprung.contains(&"a canary was opened"),
                "{name}: {}",
                ended.complaint
            );
            assert_eq!(leaks_below(out.path()), Vec::<PathBuf>::new(), "{name}");
            assert!(
                !is_leak(ended.complaint.as_bytes()),
                "{name}: {}",
                ended.complaint
            );
        }
        if held.sockets {
            assert!(
                !sprung.contains(&"a connection came"),
                "{name}: {}",
                ended.complaint
            );
        }
        // Without the leash most of them do reach it; so there was something to hold.
        if hostile.works && !trap.springs_bare(&hostile) {
            harmless.push(name);
        }
    }
    assert_eq!(harmless, Vec::<String>::new(), "even without a leash");
}
