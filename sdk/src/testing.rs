//! What answers a guest's calls outside of a component: a workspace in memory,
//! scripted commands, plugins and agent, one for each thread (so for each
//! test). Nothing is answered that was not given.
//!
//! ```
//! use minion_sdk::testing::{Host, Visit, exited};
//!
//! let host = Host::new().file("a.txt", "one").command("wc -l *", exited(0, "1 a.txt", "")).install();
//! let cx = Visit::to("count the lines").context();
//! assert!(cx.command("wc").args(["-l", "a.txt"]).run()?.succeeded());
//! cx.workspace().edit("a.txt", "one", "two")?;
//! assert_eq!(host.file("a.txt").as_deref(), Some("two"));
//! # Ok::<(), minion_sdk::Failure>(())
//! ```

mod double;
pub(crate) mod imports;
mod visit;
mod walk;

pub use double::{Host, Installed, exited};
pub use visit::{Visit, input, judge, step};
pub use walk::{Walk, Walked};

pub use crate::bindings::host::agent::Task;
