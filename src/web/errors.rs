//! Errors as people and programs read them: a page for a navigation, else a problem document
//! (RFC 9457), each with a sentence that says what to do.

use std::borrow::Cow;
use std::io::Cursor;

use futures::FutureExt;
use rocket::http::{Accept, ContentType, Header, MediaType, Status};
use rocket::request::{Outcome, Request};
use rocket::response::{self, Responder, Response};
use rocket::serde::json::json;
use rocket::serde::json::serde_json::Map;
use rocket::{Catcher, catch, catchers};
use rocket_dyn_templates::Metadata;

use super::site::Site;

/// The media type of a problem document.
const PROBLEM_JSON: &str = "application/problem+json";

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![any_status]
}

/// What went wrong with a request, with a sentence a person can act on.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: Status,
    detail: Cow<'static, str>,
    headers: Vec<Header<'static>>,
}

/// A problem a request guard found, for the catcher to tell.
#[derive(Default)]
struct Found(std::sync::OnceLock<Problem>);

impl Problem {
    /// A problem told as `status` and the sentence `detail`.
    pub(super) fn new(status: Status, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            headers: Vec::new(),
        }
    }

    /// The problem usually meant by `status`.
    pub(super) fn of_status(status: Status) -> Self {
        Self::new(status, usual_sentence(status))
    }

    /// The same problem with one more header field in its answer.
    pub(super) fn with_header(
        mut self,
        name: &'static str,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// Refuses `request` from within a request guard; the catcher tells the problem.
    pub(super) fn refuse<T>(
        request: &Request<'_>,
        status: Status,
        detail: impl Into<Cow<'static, str>>,
    ) -> Outcome<T, ()> {
        let Found(found) = request.local_cache(Found::default);
        found.get_or_init(|| Self::new(status, detail));
        Outcome::Error((status, ()))
    }

    /// The problem document (RFC 9457 §3); `about:blank` says that the status tells the type.
    fn document(&self) -> String {
        json!({
            "type": "about:blank",
            "title": self.status.reason_lossy(),
            "status": self.status.code,
            "detail": self.detail,
        })
        .to_string()
    }

    /// Its text as `request` wants it, with the media type: a page for a person who navigated
    /// here, if there is a template for it, else the document.
    pub(super) fn told(&self, request: &Request<'_>) -> (String, String) {
        let page = wants_page(request.accept()).then(|| self.page(request));
        match page.flatten() {
            Some((kind, page)) => (kind.to_string(), page),
            None => (PROBLEM_JSON.to_owned(), self.document()),
        }
    }

    fn page(&self, request: &Request<'_>) -> Option<(ContentType, String)> {
        let mut context = match request.rocket().state::<Site>() {
            Some(site) => site.context(),
            None => Map::new(),
        };
        context.insert("status".into(), self.status.code.into());
        context.insert("title".into(), self.status.reason_lossy().into());
        context.insert("detail".into(), self.detail.as_ref().into());
        let templates = request.guard::<Metadata<'_>>().now_or_never()?;
        templates.succeeded()?.render("error", context)
    }

    /// Status and header fields that do not depend on the body.
    pub(super) fn dress(&self, response: &mut Response<'_>) {
        response.set_status(self.status);
        response.set_raw_header("Cache-Control", "no-store");
        response.set_raw_header("Vary", "Accept");
        for header in &self.headers {
            response.set_header(header.clone());
        }
    }
}

impl<'r> Responder<'r, 'static> for Problem {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (kind, text) = self.told(request);
        let mut response = Response::build()
            .raw_header("Content-Type", kind)
            .sized_body(text.len(), Cursor::new(text))
            .finalize();
        self.dress(&mut response);
        Ok(response)
    }
}

/// Whether a person is navigating: `Accept` names HTML, and not below JSON.
fn wants_page(accept: Option<&Accept>) -> bool {
    let Some(accept) = accept else { return false };
    let weight = |wanted: &[&MediaType]| {
        accept
            .iter()
            .filter(|given| wanted.contains(&given.media_type()))
            .map(|given| given.weight_or(1.0))
            .fold(0.0, f32::max)
    };
    let html = weight(&[&MediaType::HTML, &MediaType::XHTML]);
    html > 0.0 && html >= weight(&[&MediaType::JSON, &problem_json()])
}

fn problem_json() -> MediaType {
    MediaType::const_new("application", "problem+json", &[])
}

#[catch(default)]
fn any_status(status: Status, request: &Request<'_>) -> Problem {
    let Found(found) = request.local_cache(Found::default);
    match found.get() {
        Some(problem) if problem.status == status => problem.clone(),
        _ => Problem::of_status(status),
    }
}

fn usual_sentence(status: Status) -> &'static str {
    match status.code {
        400 => "The request is not well formed.",
        401 => "This needs a sign-in.",
        403 => "This is not allowed.",
        404 => "There is nothing at this address.",
        405 => "This address does not take requests of that kind.",
        408 => "The request took too long to arrive. Please try again.",
        411 => "The request does not say how long it is.",
        412 => "The file is no longer the version that was asked for.",
        413 => "The request is larger than this server takes.",
        414 => "The address is longer than this server takes.",
        415 => "This server does not take that kind of content here.",
        416 => "The file has no bytes in the range that was asked for.",
        422 => "The content could not be understood.",
        429 => "Too many requests at once. Please wait a moment and try again.",
        431 => "The request's header fields are larger than this server takes.",
        500 => "Something went wrong on the server. Its log says more.",
        502 => "Another server that is needed for this gave no usable answer. Please try again.",
        503 => "The server is not ready for this yet. Please try again in a moment.",
        504 => "Another server that is needed for this took too long. Please try again.",
        507 => "There is not enough space left on the server.",
        code if code < 500 => "The request cannot be answered as it is.",
        _ => "The server cannot answer this request.",
    }
}

#[cfg(test)]
mod tests {
    use rocket::figment::Figment;
    use rocket::http::Header;
    use rocket::local::blocking::Client;
    use rocket::serde::json::Value;
    use rocket::{Build, Rocket, get, routes};
    use rocket_dyn_templates::Template;

    use super::*;

    struct Never;

    #[rocket::async_trait]
    impl<'r> rocket::request::FromRequest<'r> for Never {
        type Error = ();

        async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
            Problem::refuse(request, Status::Forbidden, "Not today.")
        }
    }

    #[get("/guarded")]
    fn guarded(_never: Never) {}

    #[get("/busy")]
    fn busy() -> Problem {
        Problem::new(Status::TooManyRequests, "Later \"please\".").with_header("Retry-After", "5")
    }

    #[get("/number/<_number>")]
    fn number(_number: u8) {}

    fn rocket(figment: Figment) -> Rocket<Build> {
        rocket::custom(figment.merge(("log_level", "off")))
            .mount("/", routes![guarded, busy, number])
            .register("/", catchers())
    }

    fn with_page() -> (Client, tempfile::TempDir) {
        let pages = tempfile::tempdir().expect("a folder");
        let page = "<p>{{ status }} {{ title }}: {{ detail }}</p>";
        std::fs::write(pages.path().join("error.html.tera"), page).expect("a template");
        let figment = rocket::Config::figment().merge(("template_dir", pages.path()));
        let client = Client::tracked(rocket(figment).attach(Template::fairing()));
        (client.expect("a rocket"), pages)
    }

    fn without_page() -> Client {
        Client::tracked(rocket(rocket::Config::figment())).expect("a rocket")
    }

    fn problem_at(client: &Client, path: &str) -> (Status, Value) {
        let answer = client.get(path.to_owned()).dispatch();
        let content_type = answer.headers().get_one("Content-Type");
        assert_eq!(content_type, Some(PROBLEM_JSON), "{path}");
        let status = answer.status();
        let text = answer.into_string().expect("a body");
        (status, rocket::serde::json::from_str(&text).expect("JSON"))
    }

    #[test]
    fn every_error_is_a_problem_document_with_a_sentence() {
        let client = without_page();
        for (path, status, detail) in [
            ("/nowhere", 404, "There is nothing at this address."),
            ("/guarded", 403, "Not today."),
            ("/busy", 429, "Later \"please\"."),
            ("/number/300", 422, "The content could not be understood."),
        ] {
            let (answered, problem) = problem_at(&client, path);
            assert_eq!(answered.code, status, "{path}");
            assert_eq!(problem["status"], status, "{path}");
            assert_eq!(problem["detail"], detail, "{path}");
            assert_eq!(problem["title"], answered.reason_lossy(), "{path}");
            assert_eq!(problem["type"], "about:blank", "{path}");
        }
        let busy = client.get("/busy").dispatch();
        assert_eq!(busy.headers().get_one("Retry-After"), Some("5"));
        assert_eq!(busy.headers().get_one("Cache-Control"), Some("no-store"));
    }

    #[test]
    fn a_navigation_gets_a_page_and_a_script_does_not() {
        let (client, _pages) = with_page();
        let navigation = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, page) in [
            (navigation, true),
            ("text/html;q=0.5, application/json;q=0.4", true),
            ("application/json, text/html;q=0.5", false),
            ("*/*", false),
            ("application/json", false),
            ("text/event-stream", false),
        ] {
            let request = client.get("/busy").header(Header::new("Accept", accept));
            let answer = request.dispatch();
            assert_eq!(answer.status(), Status::TooManyRequests, "{accept}");
            assert_eq!(answer.headers().get_one("Retry-After"), Some("5"));
            assert_eq!(answer.headers().get_one("Vary"), Some("Accept"));
            let is_html = answer.content_type().is_some_and(|kind| kind.is_html());
            assert_eq!(is_html, page, "{accept}");
            if page {
                let body = answer.into_string().expect("a page");
                assert!(body.contains("429 Too Many Requests: Later"), "{body}");
            }
        }
    }

    #[test]
    fn without_a_template_a_navigation_still_gets_the_sentence() {
        let client = without_page();
        let answer = client
            .get("/nowhere")
            .header(Header::new("Accept", "text/html"))
            .dispatch();
        assert_eq!(answer.status(), Status::NotFound);
        let body = answer.into_string().expect("a body");
        assert!(body.contains("There is nothing at this address."), "{body}");
    }
}
