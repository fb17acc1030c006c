//! A real server on a free port, for tests that speak HTTP to it.

use std::net::{Ipv4Addr, SocketAddr};

use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::tokio::sync::oneshot;
use rocket::tokio::task::JoinHandle;
use rocket::{Build, Rocket, Shutdown, tokio};

/// Rocket's settings for tests: any free port, no log, no signals.
pub(super) fn figment() -> Figment {
    rocket::Config::figment()
        .merge(("address", Ipv4Addr::LOCALHOST))
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("shutdown.ctrlc", false))
        .merge(("shutdown.signals", Vec::<String>::new()))
        .merge(("shutdown.grace", 1))
        .merge(("shutdown.mercy", 1))
}

/// A server that runs until it is stopped.
pub(super) struct Served {
    pub address: SocketAddr,
    pub shutdown: Shutdown,
    pub task: JoinHandle<Result<Rocket<rocket::Ignite>, rocket::Error>>,
}

impl Served {
    /// Launches `rocket`, which is built on [`figment`], and waits until it listens.
    pub(super) async fn launch(rocket: Rocket<Build>) -> Self {
        let (tell, told) = oneshot::channel();
        let tell = std::sync::Mutex::new(Some(tell));
        let rocket = rocket.attach(AdHoc::on_liftoff("address", move |rocket| {
            Box::pin(async move {
                let tell = tell.lock().expect("nobody panicked").take();
                let port = rocket.config().port;
                tell.map(|tell| tell.send((port, rocket.shutdown())));
            })
        }));
        let task = tokio::spawn(rocket.launch());
        let (port, shutdown) = told.await.expect("the server listens");
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            shutdown,
            task,
        }
    }

    /// The address of `path` on this server.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks the server to stop and waits until it has.
    pub(super) async fn stop(self) {
        self.shutdown.notify();
        self.task
            .await
            .expect("the server did not panic")
            .expect("the server stopped");
    }
}

/// A client that follows no redirect.
pub(super) fn client() -> reqwest::Client {
    crate::storage::install_crypto();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client")
}
