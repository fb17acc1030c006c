//! What pages may load (Content Security Policy Level 3).

/// No inline script or style, no plug-in, no frame, no other host (CSP Level 3).
pub(super) fn content_security_policy(
    media_origin: Option<&str>,
    upload_origin: Option<&str>,
) -> String {
    let also = |directive: &str, origin: Option<&str>| match origin {
        Some(origin) if is_origin(origin) => format!("{directive} 'self' {origin}"),
        _ => format!("{directive} 'self'"),
    };
    // What a script puts together out of segments has an address of its own (MSE).
    let media = also("media-src", media_origin) + " blob:";
    let connect = also("connect-src", upload_origin);
    [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        &connect,
        "manifest-src 'self'",
        &media,
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
    .join("; ")
}

/// Whether `text` is a scheme and authority and nothing that would end the directive.
pub(super) fn is_origin(text: &str) -> bool {
    let authority = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b);
    authority.is_some_and(|authority| !authority.is_empty() && authority.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_inline_and_the_bucket_only_for_media() {
        let policy = content_security_policy(Some("https://bucket.example:9000"), None);
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains("; media-src 'self' https://bucket.example:9000 blob:; "));
        assert_eq!(policy.matches("bucket.example").count(), 1);
        let policy = content_security_policy(None, Some("https://bucket.example"));
        assert!(policy.contains("; connect-src 'self' https://bucket.example; "));
    }

    #[test]
    fn what_is_no_origin_never_gets_into_the_policy() {
        for bad in [
            "",
            "https://",
            "bucket.example",
            "https://a; script-src *",
            "https://a b",
            "https://a/path",
            "javascript:alert(1)",
        ] {
            assert_eq!(
                content_security_policy(Some(bad), Some(bad)),
                content_security_policy(None, None),
                "{bad}"
            );
        }
    }
}
