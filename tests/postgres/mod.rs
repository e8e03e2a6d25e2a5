//! A PostgreSQL of the tests' own: started from Debian's binaries in a folder that goes away, on loopback, as a user
//! without rights. Where there is none the tests say so; in CI (`TOLLGATE_NEEDS_POSTGRES`) they fail.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that ends with this value, or with the process that holds it.
pub(crate) struct Server {
    folder: PathBuf,
    binaries: PathBuf,
    port: u16,
    /// Ends the server when its standard input ends.
    keeper: Option<Child>,
}

impl Server {
    /// Starts one; `None` where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            let needed = std::env::var_os("TOLLGATE_NEEDS_POSTGRES").is_some();
            assert!(!needed, "PostgreSQL is not installed: `tests/run` installs it");
            eprintln!("NOT RUN: PostgreSQL is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("tollgate-postgres").tempdir().unwrap().keep();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let mut server = Self { folder, binaries, port: free_port(), keeper: None };
        let data = server.data();
        run(server
            .command("initdb")
            .args(["--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8", "-U", "tollgate", "-D"])
            .arg(&data));
        while !server.begins() {
            server.port = free_port();
        }
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Whether it has the port to itself: one that was free a moment ago may be taken. Its files are not synced: the tests
    /// end processes, not machines.
    fn begins(&mut self) -> bool {
        // What an earlier start said is not what this one says.
        drop(std::fs::remove_file(self.data().join("log")));
        let script = "\"$1\" -D \"$2\" -p \"$3\" -k \"$2\" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 \
                      >\"$2/log\" 2>&1 & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid; \
                      [ -e \"$4/again\" ] || rm -rf \"$4\"";
        let mut command = Command::new("sh");
        if is_root() {
            command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        }
        command.args(["-c", script, "sh"]).arg(self.binaries.join("postgres")).arg(self.data());
        command.arg(self.port.to_string()).arg(&self.folder).current_dir(&self.folder).stdin(Stdio::piped());
        self.keeper = Some(command.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(60);
        // Who answers before it says that it is ready is another server.
        while !(self.log().contains("ready to accept connections") && self.answers()) {
            if self.log().contains("could not bind") {
                self.end_for_now();
                return false;
            }
            assert!(Instant::now() < until, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        true
    }

    /// Ends it, as an operator does; whoever is connected loses the connection.
    fn end(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }

    /// Ends it, and leaves its files.
    fn end_for_now(&mut self) {
        let again = self.folder.join("again");
        std::fs::write(&again, "").unwrap();
        self.end();
        std::fs::remove_file(again).unwrap();
    }

    /// Ends it and starts it again, at the port that its databases are known by.
    pub(crate) fn restart(&mut self) {
        self.end_for_now();
        let until = Instant::now() + Duration::from_secs(60);
        while !self.begins() {
            assert!(Instant::now() < until, "the port stays taken: {}", self.log());
        }
    }

    /// A new empty database: its address.
    pub(crate) fn database(&self, name: &str) -> String {
        let port = self.port.to_string();
        run(self.command("createdb").args(["-h", "127.0.0.1", "-p", &port, "-U", "tollgate", name]));
        format!("postgres://tollgate@127.0.0.1:{port}/{name}?sslmode=disable")
    }

    fn command(&self, name: &str) -> Command {
        let program = self.binaries.join(name);
        let mut command = Command::new(&program);
        if is_root() {
            command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        }
        command.current_dir(&self.folder);
        command
    }

    /// It speaks: the answer to a request for TLS is one letter. While it starts it says so in an error.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut letter = [0];
        let asked = stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]);
        let port = self.port.to_string();
        asked.is_ok()
            && stream.read_exact(&mut letter).is_ok()
            && self
                .command("pg_isready")
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status()
                .unwrap()
                .success()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|facts| std::os::unix::fs::MetadataExt::uid(&facts) == 0)
}

/// Where Debian puts them; the newest.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|folder| Path::new(folder).join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
