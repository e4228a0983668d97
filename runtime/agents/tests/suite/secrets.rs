//! A key is where it belongs and nowhere else: not in reports, errors, logs,
//! cassettes or the conversation.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use minion_agents::{Model as _, Recorder, run};
use tempfile::tempdir;
use tracing_subscriber::filter::LevelFilter;

use crate::double::{Double, KEY, Reply};
use crate::script::{Tools, task};

/// Keeps all that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One log for the whole process: a subscriber of one thread alone may never hear of a place
/// that another thread came to first.
fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let started = LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    });
    started.clone()
}

#[tokio::test]
async fn a_key_that_the_endpoint_echoes_is_nowhere_to_be_found() {
    let log = log();

    let echo = format!("Authorization: Bearer {KEY}");
    let arguments = format!("{{\"file\":\"{KEY}\"}}");
    let double = Double::start([
        Reply::error(503, &echo),
        Reply::turn(Some(&echo), &[(KEY, "read", &arguments)]),
        Reply::turn(Some(&echo), &[]),
    ])
    .await;
    let folder = tempdir().unwrap();
    let path = folder.path().join("echo.json");
    let model = Recorder::new(double.model(), &path).unwrap();
    let mut tools = Tools::new("x");
    let report = run(&task(), &model, &mut tools).await.unwrap();

    assert_eq!(double.asked().len(), 3);
    let bodies: Vec<_> = double
        .asked()
        .iter()
        .map(|asked| asked.body.to_string())
        .collect();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("asked again"), "the log is empty");
    let everything = format!(
        "{report:?} {:?} {bodies:?} {logged} {} {} {:?}",
        tools.called,
        std::fs::read_to_string(&path).unwrap(),
        model.label(),
        double.model(),
    );
    let at = everything.find("canary");
    assert_eq!(
        at,
        None,
        "{:?}",
        at.map(|at| &everything[at.saturating_sub(200)..at])
    );
    assert_eq!(report.summary, "Authorization: Bearer [redacted]");
}
