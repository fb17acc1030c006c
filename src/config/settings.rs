//! The table of settings.

/// A setting's name, default and meaning, as the README lists them.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The environment variable.
    pub key: &'static str,
    /// The value used when nothing is set; empty for none.
    pub default: &'static str,
    /// One sentence for the person who sets it.
    pub meaning: &'static str,
}

/// Every setting of ours, in the order the README and `onair check` list them.
pub const SETTINGS: &[Setting] = &[
    setting(
        "ONAIR_CHANNEL_NAME",
        "OnAir",
        "The channel's name, shown on every page.",
    ),
    setting(
        "ONAIR_DATA_DIR",
        "data",
        "Where the station's records are kept.",
    ),
    setting(
        "ONAIR_UPLOADS_DIR",
        "uploads",
        "Where uploaded videos are kept; files copied in go on the air too.",
    ),
    setting(
        "ONAIR_STATIC_DIR",
        "static",
        "Videos that come with the station.",
    ),
    setting(
        "ONAIR_PREPARED_DIR",
        "",
        "Where versions made for the air are kept; empty for the folder `prepared` among the records.",
    ),
    setting(
        "ONAIR_WORKERS",
        "1",
        "How many videos are converted here at once; 0 leaves it to `onair worker` elsewhere.",
    ),
    setting(
        "ONAIR_WORKER_NICENESS",
        "10",
        "How far conversion stands back for everything else, 0 (not at all) to 19.",
    ),
    setting(
        "ONAIR_WORKER_TOKEN",
        "",
        "The secret `onair worker` shows on other machines; without one, workers elsewhere are refused.",
    ),
    setting(
        "ONAIR_ORDER",
        "sequential",
        "`sequential` or `shuffle`: the order the channel plays in.",
    ),
    setting(
        "ONAIR_MAX_UPLOAD_BYTES",
        "21474836480",
        "The largest upload, in bytes (20 GiB).",
    ),
    setting(
        "ONAIR_MAX_UPLOADS",
        "8",
        "How many uploads may be under way at once.",
    ),
    setting(
        "ONAIR_UPLOAD_KEEP_S",
        "86400",
        "How long a half-sent upload waits for its rest, in seconds (a day).",
    ),
    setting(
        "ONAIR_DVR_S",
        "300",
        "How far back the endless stream can be watched, in seconds (30 to 21600).",
    ),
    setting(
        "ONAIR_MIN_FREE_BYTES",
        "1073741824",
        "Disk space that uploads never use up, in bytes (1 GiB).",
    ),
    setting(
        "ONAIR_PUBLIC_URL",
        "",
        "The address viewers use, when behind a proxy; `https://…` makes cookies `Secure`.",
    ),
    setting(
        "ONAIR_EVENTS_PORT",
        "8484",
        "A second port that serves nothing but events, to very many viewers; 0 leaves that to the main port.",
    ),
    setting(
        "ONAIR_S3_SCAN_S",
        "60",
        "How often the bucket is looked through, in seconds.",
    ),
    setting(
        "ONAIR_S3_DIRECT",
        "off",
        "`on`: the page sends uploads straight to the bucket, whose CORS rules must allow it; else `off`.",
    ),
    setting(
        "ONAIR_S3_DELIVERY",
        "redirect",
        "How videos in the bucket reach viewers: `redirect` (presigned), `proxy` or `public`.",
    ),
    setting(
        "ONAIR_LOG",
        "info",
        "What is logged: `error`, `warn`, `info`, `debug` or a filter such as `onair=debug`.",
    ),
    setting(
        "ONAIR_LOG_FORMAT",
        "text",
        "`text` for people, `json` for machines.",
    ),
    setting(
        "S3_BUCKET_NAME",
        "",
        "The bucket; without it, storage is local.",
    ),
    setting("AWS_ACCESS_KEY_ID", "", "The bucket's access key."),
    setting(
        "AWS_SECRET_ACCESS_KEY",
        "",
        "The bucket's secret key; never shown.",
    ),
    setting("AWS_REGION", "us-east-1", "The bucket's region."),
    setting(
        "AWS_ENDPOINT_URL",
        "",
        "The address of an S3-compatible store that is not AWS.",
    ),
];

const fn setting(key: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting {
        key,
        default,
        meaning,
    }
}
