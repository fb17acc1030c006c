use std::collections::VecDeque;

use proptest::prelude::*;
use rocket::tokio;

use super::*;

const KIND: &str = "multipart/form-data; boundary=XyZ";

/// A body that arrives in the given pieces, then ends or breaks.
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    breaks: bool,
    read_bytes: Arc<AtomicUsize>,
}

impl AsyncRead for Pieces {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(piece) = this.pieces.front_mut() else {
            return Poll::Ready(match this.breaks {
                true => Err(io::ErrorKind::ConnectionReset.into()),
                false => Ok(()),
            });
        };
        let rest = piece.split_off(buffer.remaining().min(piece.len()));
        this.read_bytes.fetch_add(piece.len(), Ordering::Relaxed);
        buffer.put_slice(piece);
        *piece = rest;
        if piece.is_empty() {
            this.pieces.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

fn form_of(pieces: impl IntoIterator<Item = Vec<u8>>) -> Form<'static> {
    let pieces = Pieces {
        pieces: pieces.into_iter().filter(|p| !p.is_empty()).collect(),
        breaks: false,
        read_bytes: Arc::default(),
    };
    Form::new(Some(KIND), Body::new(pieces)).unwrap()
}

fn field(head: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--XyZ\r\nContent-Disposition: form-data; {head}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn file(content: &[u8]) -> Vec<u8> {
    field("name=\"video\"; filename=\"a.mp4\"", content)
}

const END: &[u8] = b"--XyZ--\r\n";

/// The items of a form and the bytes of its file.
async fn read(mut form: Form<'_>) -> Result<(Vec<Item>, Vec<u8>), FormError> {
    let (mut items, mut bytes) = (Vec::new(), Vec::new());
    while let Some(item) = form.next().await? {
        items.push(item);
        while let Some(chunk) = form.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok((items, bytes))
}

async fn error_of(body: Vec<u8>) -> FormError {
    read(form_of([body])).await.unwrap_err()
}

fn title(text: &str) -> Item {
    Item::Title(text.into())
}

fn named(name: &str) -> Item {
    Item::File { name: name.into() }
}

#[tokio::test]
async fn a_title_may_come_before_or_after_the_file() {
    let typed = field("name=\"title\"", "Über \u{1f4fa}".as_bytes());
    let before = [&typed, &file(b"bytes"), END].concat();
    let after = [&file(b"bytes"), &typed, END].concat();
    let (items, bytes) = read(form_of([before])).await.unwrap();
    assert_eq!(items, [title("Über \u{1f4fa}"), named("a.mp4")]);
    assert_eq!(bytes, b"bytes");
    let (items, bytes) = read(form_of([after])).await.unwrap();
    assert_eq!(items, [named("a.mp4"), title("Über \u{1f4fa}")]);
    assert_eq!(bytes, b"bytes");
}

#[tokio::test]
async fn names_come_back_as_the_sender_had_them() {
    for (written, name) in [
        ("ü 你好.mp4", "ü 你好.mp4"),
        ("say %22hi%22.mp4", "say \"hi\".mp4"),
        ("say \\\"hi\\\".mp4", "say \"hi\".mp4"),
        ("100%.mp4", "100%.mp4"),
        ("../../etc/passwd", "../../etc/passwd"),
    ] {
        let head = format!("name=\"video\"; filename=\"{written}\"");
        let (items, _) = read(form_of([[&field(&head, b"x"), END].concat()]))
            .await
            .unwrap();
        assert_eq!(items, [named(name)], "{written}");
    }
}

#[tokio::test]
async fn other_fields_are_passed_over_within_bounds() {
    let note = field("name=\"note\"", &vec![b'x'; 60_000]);
    let (items, _) = read(form_of([[&note, &file(b"x"), &note, END].concat()]))
        .await
        .unwrap();
    assert_eq!(items, [named("a.mp4")]);

    let long = field("name=\"note\"", &vec![b'x'; MAX_UNKNOWN_BYTES + 1]);
    let error = error_of([&long, END].concat()).await;
    assert!(matches!(error, FormError::TooLong { .. }), "{error:?}");
    let many = field("name=\"note\"", b"").repeat(MAX_FIELDS + 1);
    let error = error_of([&many, END].concat()).await;
    assert!(matches!(error, FormError::Malformed(_)), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_in_words() {
    let long_title = field("name=\"title\"", &vec![b'x'; MAX_TEXT_BYTES + 1]);
    let long_name = format!(
        "name=\"video\"; filename=\"{}\"",
        "x".repeat(MAX_TEXT_BYTES + 1)
    );
    for (body, sentence) in [
        (
            [&long_title, END].concat(),
            "The title is longer than 1024 bytes.",
        ),
        (
            field(&long_name, b"x"),
            "The file's name is longer than 1024 bytes.",
        ),
        (
            field("name=\"video\"; filename=\"\"", b""),
            "Choose a video file first.",
        ),
        (
            field("name=\"video\"", b"text"),
            "Choose a video file first.",
        ),
        (
            field("name=\"file\"; filename=\"a.mp4\"", b"x"),
            "The file's field must be called `video`.",
        ),
        (
            [file(b"x"), file(b"y")].concat(),
            "Send one file at a time.",
        ),
        (
            b"--XyZ\r\nnonsense\r\n\r\n".to_vec(),
            "The form is broken: \
          the head of a field cannot be understood.",
        ),
        (
            b"no form at all".to_vec(),
            "The form is broken: it ends before its end.",
        ),
        (
            file(b"never ends"),
            "The form is broken: it ends before its end.",
        ),
    ] {
        assert_eq!(error_of(body).await.to_string(), sentence);
    }
}

#[test]
fn only_a_form_with_a_boundary_is_one() {
    let open = |kind| {
        Form::new(kind, Body::new(&b""[..]))
            .err()
            .map(|e| e.to_string())
    };
    let not_a_form = FormError::NotAForm.to_string();
    assert_eq!(open(None), Some(not_a_form.clone()));
    assert_eq!(open(Some("video/mp4")), Some(not_a_form.clone()));
    assert_eq!(open(Some("multipart/mixed; boundary=a")), Some(not_a_form));
    let long = format!("multipart/form-data; boundary={}", "a".repeat(201));
    for kind in ["multipart/form-data", long.as_str()] {
        let sentence = open(Some(kind)).unwrap();
        assert!(sentence.contains("boundary"), "{sentence}");
    }
    assert_eq!(open(Some("multipart/form-data; boundary=\"a b\"")), None);
}

#[tokio::test]
async fn a_broken_connection_is_no_broken_form() {
    let pieces = Pieces {
        pieces: [file(b"half of i")].into(),
        breaks: true,
        read_bytes: Arc::default(),
    };
    let error = read(Form::new(Some(KIND), Body::new(pieces)).unwrap()).await;
    assert!(matches!(error, Err(FormError::Gone(_))), "{error:?}");
}

/// Regression: the parser kept whatever came before a field, without bound.
#[tokio::test]
async fn an_endless_head_is_refused_after_little_was_read() {
    let starts: [&[u8]; 3] = [b"", b"--XyZ\r\nX-Long: ", b"--XyZ  "];
    for start in starts {
        let read_bytes = Arc::new(AtomicUsize::new(0));
        let endless = Pieces {
            pieces: [start.to_vec(), vec![b' '; 50 << 20]].into(),
            breaks: true,
            read_bytes: read_bytes.clone(),
        };
        let error = read(Form::new(Some(KIND), Body::new(endless)).unwrap()).await;
        assert!(matches!(error, Err(FormError::Malformed(_))), "{error:?}");
        assert!(read_bytes.load(Ordering::Relaxed) <= 2 * MAX_HEAD_BYTES);
    }
}

#[tokio::test]
async fn a_large_file_is_never_held_as_a_whole() {
    let read_bytes = Arc::new(AtomicUsize::new(0));
    let size_bytes = 30 << 20;
    let large = Pieces {
        pieces: [file(&vec![7; size_bytes]), END.to_vec()].into(),
        breaks: false,
        read_bytes: read_bytes.clone(),
    };
    let mut form = Form::new(Some(KIND), Body::new(large)).unwrap();
    assert_eq!(form.next().await.unwrap(), Some(named("a.mp4")));
    let (mut taken, mut most_held) = (0, 0);
    while let Some(chunk) = form.chunk().await.unwrap() {
        most_held = most_held.max(read_bytes.load(Ordering::Relaxed) - taken);
        taken += chunk.len();
    }
    assert_eq!(taken, size_bytes);
    assert!(most_held <= 2 * GULP_BYTES, "{most_held} bytes held");
    assert_eq!(form.next().await.unwrap(), None);
}

proptest! {
    /// However the network cuts it, and however much it looks like a boundary.
    #[test]
    fn any_content_arrives_whole_however_it_is_cut(
        content in prop::collection::vec(prop_oneof![
            3 => Just(&b"\r\n--Xy"[..]), 3 => Just(&b"\r\n--XyZ"[..5]), 2 => Just(&b"\r"[..]),
            2 => Just(&b"\n--"[..]), 1 => Just(&b"--XyZ"[..]), 4 => Just(&b"film"[..]),
        ], 0..40),
        cuts in prop::collection::vec(1_usize..40, 1..30),
    ) {
        let content = content.concat();
        let body = [file(&content), END.to_vec()].concat();
        let mut pieces = Vec::new();
        let mut rest = body.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (items, bytes) = runtime.block_on(read(form_of(pieces))).unwrap();
        prop_assert_eq!(items, [named("a.mp4")]);
        prop_assert_eq!(bytes, content);
    }
}
