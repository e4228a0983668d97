//! The folders of the state, which nobody else may write in, and the way through them for
//! commands that run as another user: root's.

use crate::exit::{Fail, chain};
use crate::settings::Settings;
use minion_sandbox::Sandbox;
use minion_workspace::{ClosedError, closed, kept};

/// Lets the commands' own group through to the folders of runs, and nobody else. The run's own
/// folder is the host's affair.
pub(super) fn open(settings: &Settings, sandbox: &Sandbox) -> Result<(), Fail> {
    let group = sandbox.owner().map(|(_, group)| group);
    let open = kept(settings.state(), group).and_then(|()| closed(&settings.runs(), group));
    open.map_err(|error| distrusted(&error))
}

/// A folder that others could have written in is refused, another mistake is the user's.
pub(in crate::verbs) fn distrusted(error: &ClosedError) -> Fail {
    if error.is_distrust() {
        Fail::refused(chain(error))
    } else {
        Fail::usage(chain(error))
    }
}
