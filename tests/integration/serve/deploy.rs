//! The service as `examples/deploy` starts it.

use super::*;

const UNIT: &str = include_str!("../../../examples/deploy/tollgate.service");
const SETTINGS: &str = include_str!("../../../examples/deploy/tollgate.yml");

/// What the unit says of a key, in its order.
fn said(key: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_checks_and_starts_the_service_with_its_own_command_line_and_environment() {
    let github = GitHub::start();
    github.app(123_456, &public_key(), INSTALLATION);
    let folder = tempfile::tempdir().unwrap();
    // What systemd does: credentials lie in a folder that `%d` names.
    let credentials = folder.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    for credential in said("LoadCredential") {
        let (name, _) = credential.split_once(':').unwrap();
        let secret = if name == "app.pem" { KEY } else { SECRET };
        std::fs::write(credentials.join(name), secret).unwrap();
    }
    let settings = folder.path().join("tollgate.yml");
    let state = folder.path().join("state");
    assert!(said("StateDirectory") == ["tollgate"] && SETTINGS.contains("data: /var/lib/tollgate\n"));
    let text = SETTINGS
        .replace("127.0.0.1:8080", "127.0.0.1:0")
        .replace("/var/lib/tollgate", state.to_str().unwrap());
    std::fs::write(&settings, text).unwrap();
    let command = |key: &str| {
        let line = said(key);
        let words: Vec<&str> = line.first().unwrap().split_whitespace().collect();
        assert!(line.len() == 1 && words[0] == "/usr/local/bin/tollgate", "{line:?}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.env_clear().env("TOLLGATE_GITHUB_API_URL", github.url());
        for word in &words[1..] {
            command.arg(word.replace("/etc/tollgate/tollgate.yml", settings.to_str().unwrap()));
        }
        for variable in said("Environment") {
            let (name, value) = variable.split_once('=').unwrap();
            command.env(name, value.replace("%d", credentials.to_str().unwrap()));
        }
        command
    };
    let checked = command("ExecStartPre").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let mut service = Service::of(command("ExecStart"));
    assert_eq!(service.deliver("d1", "ping", &json!({})), 202);
    // systemd ends it so, and waits no longer than the unit says.
    assert_eq!(said("TimeoutStopSec"), ["40"]);
    service.signal("-TERM");
    assert!(service.child.wait().unwrap().success(), "{}", service.said());
}
