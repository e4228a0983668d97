//! Where credentials come from, and what is said when they do not.

use super::{Network, fetch};
use minion_grants::{Attach, CredentialBinding, CredentialSource};
use std::os::unix::fs::PermissionsExt as _;

fn command(words: &[&str]) -> CredentialSource {
    CredentialSource::Command(words.iter().map(|&word| word.to_owned()).collect())
}

#[tokio::test]
async fn a_file_and_a_program_give_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "canary-4711\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = CredentialSource::File(path.clone());
    assert_eq!(*fetch(&file).await.unwrap(), "canary-4711\n");
    let program = command(&["cat", path.to_str().unwrap()]);
    assert_eq!(*fetch(&program).await.unwrap(), "canary-4711\n");
}

#[tokio::test]
async fn a_file_that_others_read_is_refused_and_nothing_of_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "canary-4711").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let told = fetch(&CredentialSource::File(path))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("chmod go-rwx") && !told.contains("canary"),
        "{told}"
    );
}

#[tokio::test]
async fn what_cannot_be_had_is_named() {
    for (source, word) in [
        (
            CredentialSource::Env("MINION_RT_NO_SUCH".to_owned()),
            "is not set",
        ),
        (CredentialSource::File("/no/such".into()), "cannot be read"),
        (
            CredentialSource::File("/dev/null".into()),
            "no regular file",
        ),
        (command(&["/no/such"]), "cannot be run"),
        (
            command(&["sh", "-c", "echo canary-4711; exit 1"]),
            "ended with an error",
        ),
    ] {
        let told = fetch(&source).await.unwrap_err().to_string();
        assert!(told.contains(word) && !told.contains("canary"), "{told}");
    }
}

#[tokio::test]
async fn a_guest_hears_only_that_there_is_none() {
    let network = Network::of_this_machine();
    let binding = CredentialBinding::new("MINION_RT_NO_SUCH", Attach::Bearer, false);
    let failure = network.credential(&binding).await.unwrap_err().to_string();
    assert_eq!(failure, "credential `MINION_RT_NO_SUCH` is not to be had");
}
