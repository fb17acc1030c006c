use super::*;

/// Loads from a folder holding `files`, with `environment`.
fn load(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file in it");
    }
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::load(dir.path(), environment)
}

#[test]
fn an_empty_folder_gives_the_defaults() {
    let config = load(&[], &[]).expect("defaults");
    assert_eq!(config.data_dir, PathBuf::from("data"));
    assert_eq!(config.max_upload_bytes, 20 << 30);
    assert!(config.s3.is_none());
    assert_eq!(config.prepared_dir, PathBuf::from("data/prepared"));
    assert!(config.worker_token.is_none());
}

#[test]
fn prepared_versions_are_kept_among_the_records_unless_told_elsewhere() {
    let dir = |environment: &[(&str, &str)]| load(&[], environment).expect("all good").prepared_dir;
    assert_eq!(
        dir(&[("ONAIR_DATA_DIR", "/d")]),
        PathBuf::from("/d/prepared")
    );
    assert_eq!(dir(&[("ONAIR_PREPARED_DIR", "/p")]), PathBuf::from("/p"));
}

#[test]
fn the_events_have_a_port_unless_that_is_0_or_empty() {
    let port = |value| load(&[], &[("ONAIR_EVENTS_PORT", value)]).map(|config| config.events_port);
    assert_eq!(load(&[], &[]).expect("defaults").events_port, Some(8484));
    assert_eq!(port("9000").expect("a port"), Some(9000));
    assert_eq!(port("0").expect("off"), None);
    assert_eq!(port("").expect("off"), None);
    for bad in ["65536", "-1", "off"] {
        assert!(port(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_short_worker_token_is_refused_without_showing_it() {
    let error = load(&[], &[("ONAIR_WORKER_TOKEN", "hunter2")])
        .expect_err("too short")
        .to_string();
    assert!(
        error.contains("16 to 256") && !error.contains("hunter2"),
        "{error}"
    );
    let config =
        load(&[], &[("ONAIR_WORKER_TOKEN", "hunter2hunter2hunter2")]).expect("long enough");
    assert!(!format!("{config:?} {:?}", config.effective()).contains("hunter2"));
}

#[test]
fn the_environment_wins_over_dotenv_over_rocket_toml() {
    let toml = "[default.onair]\nchannel_name = 'toml'\nmax_uploads = 3\ns3_scan_s = 7\n";
    let dotenv = "ONAIR_CHANNEL_NAME=dotenv\nONAIR_MAX_UPLOADS=4\nROCKET_PORT=9\nOTHER=1\n";
    let files = [("Rocket.toml", toml), (".env", dotenv)];
    let config = load(&files, &[("ONAIR_CHANNEL_NAME", "env")]).expect("all good");
    assert_eq!(config.channel_name, "env");
    assert_eq!(config.max_uploads, 4);
    assert_eq!(config.s3_scan_s, 7);
    assert_eq!(config.rocket_env, [("ROCKET_PORT".into(), "9".into())]);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    for (files, environment) in [
        (vec![], vec![("ONAIR_MAX_UPLOAD_BYTE", "1")]),
        (vec![(".env", "ONAIR_MAX_UPLOAD_BYTE=1\n")], vec![]),
        (
            vec![("Rocket.toml", "[default.onair]\nmax_upload_byte = 1\n")],
            vec![],
        ),
    ] {
        let error = load(&files, &environment).expect_err("unknown").to_string();
        assert!(
            error.ends_with("did you mean ONAIR_MAX_UPLOAD_BYTES?"),
            "{error}"
        );
    }
}

#[test]
fn a_value_outside_its_range_is_refused_in_words() {
    for (key, value, says) in [
        ("ONAIR_MAX_UPLOADS", "0", "from 1 to 1000"),
        ("ONAIR_MAX_UPLOADS", "many", "from 1 to 1000"),
        ("ONAIR_S3_DELIVERY", "pigeon", "redirect, proxy, public"),
        ("ONAIR_PUBLIC_URL", "tv.example.org", "https://"),
        ("ONAIR_PUBLIC_URL", "https://a'; script", "https://"),
        ("ONAIR_CHANNEL_NAME", "", "1 to 80"),
        ("ONAIR_DATA_DIR", "", "folder"),
    ] {
        let error = load(&[], &[(key, value)]).expect_err(key).to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_bucket_needs_its_keys_and_never_shows_the_secret() {
    let half = load(&[], &[("S3_BUCKET_NAME", "b")]).expect_err("half a bucket");
    assert!(half.to_string().contains("AWS_ACCESS_KEY_ID"));
    let whole = [
        ("S3_BUCKET_NAME", "b"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "canary-7f"),
    ];
    let config = load(&[], &whole).expect("a bucket");
    let shown = format!("{config:?} {:?}", config.effective());
    assert!(!shown.contains("canary-7f"), "{shown}");
    assert!(shown.contains("AKIA********"), "{shown}");
}

#[test]
fn a_broken_dotenv_line_is_not_quoted_back() {
    let error = load(&[(".env", "AWS_SECRET_ACCESS_KEY='canary-7f\n")], &[])
        .expect_err("an open quote")
        .to_string();
    assert!(!error.contains("canary-7f"), "{error}");
}

#[test]
fn the_example_copied_unchanged_gives_the_defaults() {
    let example = include_str!("../../.env.example");
    let toml = include_str!("../../Rocket.toml");
    let config = load(&[(".env", example), ("Rocket.toml", toml)], &[]).expect("it starts");
    let defaults = load(&[], &[]).expect("defaults");
    assert_eq!(config.effective(), defaults.effective());
}
