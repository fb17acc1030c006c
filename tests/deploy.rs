//! What `deploy/` ships, held against the tools that read it and against the real binary.

#[path = "support/behind.rs"]
mod behind;
#[path = "support/clips.rs"]
mod clips;
#[path = "support/converting.rs"]
mod converting;
#[path = "support/station.rs"]
mod station;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use behind::{passes_on_events_and_ranges, replaced};
use onair::config::SETTINGS;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use station::{Home, LIMIT, Station, browser, free_port};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text_of(name: &str) -> String {
    fs::read_to_string(shipped(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What `command` says; it must succeed.
fn said(command: &mut Command) -> String {
    let output = command.output().expect("it is installed");
    let said = String::from_utf8(output.stdout).expect("text");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{complaint}");
    said
}

/// The unit as it is shipped, with the program of this test.
fn unit(dir: &TempDir) -> PathBuf {
    let program = format!("ExecStart={} serve", env!("CARGO_BIN_EXE_onair"));
    let unit = text_of("deploy/onair.service");
    let unit = replaced(&unit, "ExecStart=/opt/onair/onair serve", &program);
    let file = dir.path().join("onair.service");
    fs::write(&file, unit).expect("written");
    file
}

#[test]
fn systemd_finds_the_unit_right_and_little_exposed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let unit = unit(&dir);
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit)
        .output()
        .expect("systemd is installed");
    let complaint = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success(), "{complaint}");
    assert!(!complaint.contains("onair.service"), "{complaint}");
    // In tenths; it fails above that.
    said(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold=25"])
            .arg(&unit),
    );
}

/// The names of the calls in the set `name`, those of the sets in it too.
fn calls_in(name: &str) -> BTreeSet<String> {
    if !name.starts_with('@') {
        return BTreeSet::from([name.to_owned()]);
    }
    let told = said(Command::new("systemd-analyze").args(["syscall-filter", "--no-pager", name]));
    let names = told.lines().skip(1).map(str::trim);
    let names = names.filter(|name| !name.is_empty() && !name.starts_with('#'));
    names.flat_map(calls_in).collect()
}

/// The numbers that this machine's C headers give the calls.
fn numbers() -> BTreeMap<String, i64> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let source = dir.path().join("calls.c");
    fs::write(&source, "#include <sys/syscall.h>\n").expect("written");
    let told = said(Command::new("cc").args(["-E", "-dM"]).arg(source));
    let defined = told.lines().filter_map(|line| {
        let (name, number) = line.strip_prefix("#define __NR_")?.split_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    defined.collect()
}

/// The unit's `SystemCallFilter` and `RestrictAddressFamilies`, as the kernel reads them.
fn filter_of_the_unit() -> BpfProgram {
    let unit = text_of("deploy/onair.service");
    let mut allowed = BTreeSet::new();
    for line in unit.lines() {
        let Some(sets) = line.strip_prefix("SystemCallFilter=") else {
            continue;
        };
        if let Some(sets) = sets.strip_prefix('~') {
            let refused: BTreeSet<_> = sets.split(' ').flat_map(calls_in).collect();
            allowed.retain(|call| !refused.contains(call));
        } else {
            allowed.extend(sets.split(' ').flat_map(calls_in));
        }
    }
    let numbers = numbers();
    let allowed = allowed.iter().filter_map(|name| numbers.get(name));
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        allowed.map(|&number| (number, Vec::new())).collect();
    assert!(rules.len() > 200, "the sets were not found");
    let families = [
        libc::AF_UNIX,
        libc::AF_INET,
        libc::AF_INET6,
        libc::AF_NETLINK,
    ];
    let told = "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK";
    assert!(unit.lines().any(|line| line == told), "as this test has it");
    let sockets = families.map(|family| {
        let family = u64::try_from(family).expect("a small number");
        let is = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family);
        SeccompRule::new(vec![is.expect("a condition")]).expect("a rule")
    });
    rules.insert(libc::SYS_socket, sockets.into());
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let processor = std::env::consts::ARCH.try_into().expect("a known one");
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, processor)
        .and_then(BpfProgram::try_from)
        .expect("a filter")
}

#[tokio::test]
async fn a_station_converts_under_the_filter_of_the_unit() {
    let home = converting::home();
    let filter = filter_of_the_unit();
    // What a thread is refused, what it starts is refused too.
    let station = std::thread::scope(|scope| {
        let confined = scope.spawn(|| {
            seccompiler::apply_filter(&filter).expect("the kernel takes it");
            let refused = Command::new("chroot").args(["/", "true"]).status();
            assert!(!refused.is_ok_and(|ended| ended.success()), "it holds");
            // So the station gets at its viewers' sockets; without, they are counted for minutes too long.
            let own = pidfd_open(getpid(), PidfdFlags::empty()).expect("this process");
            pidfd_getfd(own, 2, PidfdGetfdFlags::empty()).expect("its own standard error");
            home.start()
        });
        confined.join().expect("it starts")
    });
    let status = fs::read_to_string(format!("/proc/{}/status", station.pid())).expect("it runs");
    assert!(status.lines().any(|l| l == "Seccomp:\t2"), "{status}");
    let uploaded = converting::upload(&station, &clips::avi(2.0), "Tape.avi").await;
    converting::until_all_is_converted(&station).await;
    let id = converting::text(&uploaded["id"]);
    let house = home.path("data/prepared").join(id).join("v2/programme.mp4");
    assert!(house.is_file(), "ffmpeg made the house version");
    assert!(station.stop().success());
    assert!(house.is_file(), "and it is there after a stop");
}

/// A running Caddy; stopped when dropped.
struct Caddy {
    process: Child,
    address: String,
    _dir: TempDir,
}

impl Caddy {
    /// The configuration we ship, with the addresses of this test and less patience.
    async fn before(port_behind: u16) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let address = format!("http://127.0.0.1:{}", free_port());
        let config = text_of("deploy/Caddyfile");
        let own = "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\tservers {";
        let config = replaced(&config, "{\n\tservers {", own);
        let config = replaced(&config, "tv.example.org {", &format!("{address} {{"));
        let behind = format!("127.0.0.1:{port_behind}");
        let config = replaced(&config, "127.0.0.1:8000", &behind);
        let config = replaced(&config, "read_header 15s", "read_header 1s");
        let file = dir.path().join("Caddyfile");
        fs::write(&file, config).expect("written");
        let process = Command::new("caddy")
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .env("HOME", dir.path())
            .env("XDG_DATA_HOME", dir.path())
            .env("XDG_CONFIG_HOME", dir.path())
            .spawn()
            .expect("caddy is installed");
        let caddy = Self {
            process,
            address,
            _dir: dir,
        };
        let listens = async {
            let at = caddy.address.trim_start_matches("http://");
            while tokio::net::TcpStream::connect(at).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let listens = tokio::time::timeout(LIMIT, listens).await;
        listens.expect("caddy listens; see its words above");
        caddy
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _already_ended = self.process.kill();
        let _status = self.process.wait();
    }
}

fn port_of(station: &Station) -> u16 {
    let (_, port) = station.address.rsplit_once(':').expect("with its port");
    port.parse().expect("a port")
}

#[tokio::test]
async fn the_shipped_caddyfile_lets_everything_through() {
    let home = Home::with(&[clips::playable(4.0), clips::silent(6.0)]);
    let station = home.start();
    let client = browser();
    let caddy = Caddy::before(port_of(&station)).await;

    passes_on_events_and_ranges(&client, |path| caddy.url(path), &home).await;

    // How long a cache may keep an answer is the station's word.
    for path in ["/", "/static/1.mp4", "/channels/main/360/init-1.mp4"] {
        let direct = client.get(station.url(path)).send().await.expect(path);
        let passed = client.get(caddy.url(path)).send().await.expect(path);
        assert_eq!(passed.status(), 200, "{path}");
        for name in ["cache-control", "etag", "content-type", "accept-ranges"] {
            assert_eq!(
                passed.headers().get(name),
                direct.headers().get(name),
                "{path}: {name}"
            );
        }
    }

    // As large as a page's own upload may be, with its origin.
    let part = reqwest::multipart::Part::bytes(vec![b'x'; 5 << 20]).file_name("no-video.mp4");
    let answer = client
        .post(caddy.url("/uploads"))
        .header("Origin", &caddy.address)
        .multipart(reqwest::multipart::Form::new().part("video", part))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 422, "refused by OnAir, as no video");
}

#[tokio::test]
async fn caddy_tells_whom_it_speaks_for_and_does_not_wait_for_slow_headers() {
    let home = Home::empty();
    let station = home.start();
    let caddy = Caddy::before(port_of(&station)).await;

    // Without a token, only programs on the station's machine may remove a video; Caddy's callers may not.
    let direct = browser().delete(station.url("/library/none")).send().await;
    let passed = browser().delete(caddy.url("/library/none")).send().await;
    assert_eq!(direct.expect("an answer").status(), 404);
    assert_eq!(passed.expect("an answer").status(), 403);

    let at = caddy.address.trim_start_matches("http://");
    let mut slow = tokio::net::TcpStream::connect(at).await.expect("connected");
    let half = b"GET / HTTP/1.1\r\nHost: half";
    slow.write_all(half).await.expect("sent");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(LIMIT, slow.read_to_end(&mut rest)).await;
    let _reset_or_closed = ended.expect("Caddy hangs up");
}

#[tokio::test]
async fn behind_caddy_a_restart_is_a_wait() {
    let port = free_port();
    let home = Home::empty().set("ROCKET_PORT", &port.to_string());
    let caddy = Caddy::before(port).await;
    let waiting = tokio::spawn(browser().get(caddy.url("/healthz")).send());
    let station = home.start();
    let answer = waiting.await.expect("it ends").expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(station.stop().success());
}

/// The names of our metrics in `text`.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = text.split(word);
    words.filter(|word| word.starts_with("onair_")).collect()
}

fn expressions() -> Vec<String> {
    let dashboard = text_of("deploy/grafana-dashboard.json");
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let expressions = targets.map(|target| target["expr"].as_str().expect("text").to_owned());
    expressions.collect()
}

#[test]
fn prometheus_takes_the_alerts_and_the_dashboard() {
    let promtool = |what: &[&str], file: &Path| said(Command::new("promtool").args(what).arg(file));
    promtool(
        &["check", "rules"],
        &shipped("deploy/prometheus-alerts.yml"),
    );
    promtool(
        &["test", "rules"],
        &shipped("deploy/prometheus-alerts.test.yml"),
    );
    let expressions = expressions();
    assert!(expressions.len() > 5, "the panels were not found");
    let rules = expressions.iter().enumerate().map(|(number, expression)| {
        let expression = expression.replace("$__rate_interval", "5m");
        serde_json::json!({"record": format!("panel:{number}"), "expr": expression})
    });
    let rules: Vec<_> = rules.collect();
    let groups = serde_json::json!({"groups": [{"name": "dashboard", "rules": rules}]});
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("rules.yml");
    fs::write(&file, groups.to_string()).expect("written");
    promtool(&["check", "rules"], &file);
}

#[tokio::test]
async fn every_metric_asked_for_is_told() {
    let home = Home::with(&[clips::playable(4.0)]);
    let station = home.start();
    let client = browser();
    // What is counted by its kind is told from the first time on.
    let told = station.json(&client, "/videos").await;
    let id = told["videos"][0]["id"].as_str().expect("an id");
    let page = client.get(station.url("/")).send().await;
    assert_eq!(page.expect("a page").status(), 200);
    let video = client.get(station.url("/static/1.mp4")).send().await;
    video.expect("a video").bytes().await.expect("bytes");
    let drift = serde_json::json!({"deck": "file", "errors_ms": [0.1]});
    let part = reqwest::multipart::Part::bytes(vec![b'x'; 1000]).file_name("no-video.mp4");
    let form = reqwest::multipart::Form::new().part("video", part);
    for request in [
        client.post(station.url(&format!("/like/{id}?vote=like"))),
        client.post(station.url("/drift")).json(&drift),
        client.post(station.url("/uploads")).multipart(form),
    ] {
        let answer = request.header("Origin", &station.address).send().await;
        let status = answer.expect("an answer").status();
        assert!(status.is_success() || status == 422, "{status}");
    }
    let answer = client.get(station.url("/metrics")).send().await;
    let metrics = answer.expect("metrics").text().await.expect("text");
    let samples = metrics.lines().filter(|line| !line.starts_with('#'));
    let told: BTreeSet<&str> = samples
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let rules = text_of("deploy/prometheus-alerts.yml");
    let tests = text_of("deploy/prometheus-alerts.test.yml");
    let panels = expressions().join("\n");
    for (file, text) in [("alerts", &rules), ("tests", &tests), ("panels", &panels)] {
        let asked = metrics_in(text);
        assert!(asked.len() > 4, "{file}: the metrics were not found");
        let unknown: Vec<_> = asked.difference(&told).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?} not in:\n{metrics}");
    }
}

fn is_setting(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key == key)
        || ["ROCKET_ADDRESS", "ROCKET_PORT"].contains(&key)
}

/// A YAML file as JSON, by another's parser.
fn yaml(name: &str) -> serde_json::Value {
    let script = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let python = &mut Command::new("/usr/bin/python3");
    let told = said(python.args(["-c", script]).arg(shipped(name)));
    serde_json::from_str(&told).expect("JSON")
}

#[test]
fn the_containers_are_made_of_what_is_there_and_set_what_can_be_set() {
    let dockerfile = text_of("deploy/Dockerfile").replace("\\\n", " ");
    let sent = text_of("deploy/Dockerfile.dockerignore");
    let sent: BTreeSet<&str> = sent.lines().filter_map(|l| l.strip_prefix('!')).collect();
    let mut copied = BTreeSet::new();
    let mut set = BTreeSet::new();
    for line in dockerfile.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("COPY") if !line.contains("--from=") => {
                let words: Vec<&str> = words.collect();
                copied.extend(words[..words.len() - 1].to_vec());
            }
            Some("ENV") => set.extend(words.filter_map(|w| w.split_once('=')).map(|(k, _)| k)),
            _ => {}
        }
    }
    assert_eq!(copied, sent, "what is copied, and what the engine is sent");
    for name in copied {
        assert!(shipped(name).exists(), "{name} is not there");
    }
    let mut keys: BTreeSet<String> = set.into_iter().map(str::to_owned).collect();
    for file in ["deploy/compose.yaml", "deploy/compose.s3.yaml"] {
        let compose = yaml(file);
        let environment = &compose["services"]["onair"]["environment"];
        let environment = environment.as_object().expect("a table");
        keys.extend(environment.keys().cloned());
    }
    let unit = text_of("deploy/onair.service");
    let of_unit = unit.lines().filter_map(|l| l.strip_prefix("Environment="));
    keys.extend(of_unit.filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())));
    assert!(keys.len() > 8, "the keys were not found: {keys:?}");
    let unknown: Vec<_> = keys.iter().filter(|key| !is_setting(key)).collect();
    assert!(unknown.is_empty(), "no settings: {unknown:?}");
    let context = &yaml("deploy/compose.yaml")["services"]["onair"]["build"];
    assert!(
        shipped("deploy")
            .join(context["context"].as_str().expect("a folder"))
            .is_dir()
    );
    let dockerfile = context["dockerfile"].as_str().expect("a file");
    assert!(shipped(dockerfile).is_file());
}
