//! The upload form as it arrives: `multipart/form-data` (RFC 7578) in constant memory.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use multer::{Field, Multipart};
use rocket::tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// Read at a time.
const READ_BYTES: usize = 64 * 1024;
/// multer reads its stream until that has nothing to give, so after this much it is made to look.
const GULP_BYTES: usize = 256 * 1024;
/// Before a field's content there is no more than this: the parser keeps all of it.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// A title, and a file's name.
const MAX_TEXT_BYTES: usize = 1024;
/// Fields nobody asked for, each and all.
const MAX_UNKNOWN_BYTES: usize = 64 * 1024;
const MAX_FIELDS: usize = 32;
/// RFC 2046 §5.1.1 allows 70.
const MAX_BOUNDARY_BYTES: usize = 200;

/// Why a form cannot be read; those that the sender can do something about are sentences.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error("Send the video as a form (multipart/form-data) with the file in the field `video`.")]
    NotAForm,
    #[error("The form is broken: {0}.")]
    Malformed(&'static str),
    #[error("The {what} is longer than {limit_bytes} bytes.")]
    TooLong {
        what: &'static str,
        limit_bytes: usize,
    },
    #[error("Choose a video file first.")]
    NoFileChosen,
    #[error("The file's field must be called `video`.")]
    WrongField,
    #[error("Send one file at a time.")]
    SecondFile,
    #[error("the connection broke")]
    Gone(#[source] io::Error),
}

/// A request's body, which the parser reads and which can still be drained after it.
pub(super) struct Body<R>(Arc<Mutex<R>>);

impl<R> Body<R> {
    pub(super) fn new(reader: R) -> Self {
        Self(Arc::new(Mutex::new(reader)))
    }
}

impl<R> Clone for Body<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Body<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut reader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *reader).poll_read(cx, buffer)
    }
}

/// A part of the form worth telling.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// The title, as typed.
    Title(String),
    /// The file; its bytes come from [`Form::chunk`].
    File {
        /// Its name on the sender's machine.
        name: String,
    },
}

/// A form being read.
pub(super) struct Form<'r> {
    multipart: Multipart<'r>,
    allowance: Allowance,
    file: Option<Field<'r>>,
    seen_file: bool,
    fields: usize,
}

impl<'r> Form<'r> {
    /// The form in `body`, which has the given `Content-Type`.
    ///
    /// # Errors
    /// [`FormError::NotAForm`], or [`FormError::Malformed`] without a boundary.
    pub(super) fn new<R>(content_type: Option<&str>, body: Body<R>) -> Result<Self, FormError>
    where
        R: AsyncRead + Unpin + Send + 'r,
    {
        let boundary = match multer::parse_boundary(content_type.unwrap_or_default()) {
            Ok(boundary) if (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len()) => boundary,
            Ok(_) | Err(multer::Error::NoBoundary) => {
                return Err(FormError::Malformed("its boundary is missing or too long"));
            }
            Err(_) => return Err(FormError::NotAForm),
        };
        let allowance = Allowance::default();
        let gulps = Gulps {
            body,
            allowance: allowance.clone(),
            since_pause_bytes: 0,
            buffer: BytesMut::new(),
        };
        Ok(Self {
            multipart: Multipart::new(gulps, boundary),
            allowance,
            file: None,
            seen_file: false,
            fields: 0,
        })
    }

    /// The next part that matters, or none at the end of the form.
    ///
    /// # Errors
    /// [`FormError`]; nothing more can be read then.
    pub(super) async fn next(&mut self) -> Result<Option<Item>, FormError> {
        while self.chunk().await?.is_some() {}
        loop {
            self.allowance.set(MAX_HEAD_BYTES);
            let Some(field) = self.multipart.next_field().await? else {
                return Ok(None);
            };
            self.allowance.set(usize::MAX);
            self.fields += 1;
            if self.fields > MAX_FIELDS {
                return Err(FormError::Malformed("it has too many fields"));
            }
            match field.name() {
                Some("video") => return self.begin_file(field).map(Some),
                Some("title") => {
                    let title = text(field, "title", MAX_TEXT_BYTES).await?;
                    return Ok(Some(Item::Title(title)));
                }
                _ if field.file_name().is_some() => return Err(FormError::WrongField),
                _ => drop(text(field, "form's other content", MAX_UNKNOWN_BYTES).await?),
            }
        }
    }

    /// The next bytes of the file that [`Form::next`] told of, or none at its end.
    ///
    /// # Errors
    /// [`FormError`]; nothing more can be read then.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, FormError> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        loop {
            match file.chunk().await? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Ok(Some(bytes)),
                None => {
                    self.file = None;
                    return Ok(None);
                }
            }
        }
    }

    fn begin_file(&mut self, field: Field<'r>) -> Result<Item, FormError> {
        if self.seen_file {
            return Err(FormError::SecondFile);
        }
        let name = field.file_name().unwrap_or_default();
        if name.is_empty() {
            return Err(FormError::NoFileChosen);
        }
        if name.len() > MAX_TEXT_BYTES {
            return Err(FormError::TooLong {
                what: "file's name",
                limit_bytes: MAX_TEXT_BYTES,
            });
        }
        let name = unescaped(name);
        self.seen_file = true;
        self.file = Some(field);
        Ok(Item::File { name })
    }
}

/// What browsers escape in a file's name (WHATWG HTML, multipart/form-data encoding).
fn unescaped(name: &str) -> String {
    name.replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

/// All of a short `field`.
async fn text(
    mut field: Field<'_>,
    what: &'static str,
    limit_bytes: usize,
) -> Result<String, FormError> {
    let mut all = Vec::new();
    while let Some(bytes) = field.chunk().await? {
        if all.len() + bytes.len() > limit_bytes {
            return Err(FormError::TooLong { what, limit_bytes });
        }
        all.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}

impl From<multer::Error> for FormError {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::StreamReadFailed(cause) => match cause.downcast::<io::Error>() {
                Ok(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                    Self::Malformed("the head of a field is too long")
                }
                Ok(cause) => Self::Gone(*cause),
                Err(cause) => Self::Gone(io::Error::other(cause)),
            },
            multer::Error::IncompleteStream
            | multer::Error::IncompleteFieldData { .. }
            | multer::Error::IncompleteHeaders => Self::Malformed("it ends before its end"),
            _ => Self::Malformed("the head of a field cannot be understood"),
        }
    }
}

/// How many bytes the parser may still take in.
#[derive(Clone, Default)]
struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) {
        self.set(self.left().saturating_sub(bytes));
    }
}

/// The body in pieces, with a pause after each gulp so that the parser works off what it has.
struct Gulps<R> {
    body: Body<R>,
    allowance: Allowance,
    since_pause_bytes: usize,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Stream for Gulps<R> {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let left = this.allowance.left();
        if this.since_pause_bytes >= GULP_BYTES || (left == 0 && this.since_pause_bytes > 0) {
            this.since_pause_bytes = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if left == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
        }
        this.buffer.reserve(READ_BYTES.min(left));
        let read = ready!(poll_read_buf(
            Pin::new(&mut this.body),
            cx,
            &mut this.buffer
        ))?;
        this.allowance.take(read);
        this.since_pause_bytes += read;
        Poll::Ready((read > 0).then(|| Ok(this.buffer.split().freeze())))
    }
}

#[cfg(test)]
mod tests;
