//! `contexture watch --serve`, asked over plain sockets: what it hands out, and to whom it does not.

mod attacks;
mod bounds;
mod browser;
mod events;
mod values;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::Repo;
use crate::watch::Watching;

/// How long an answer may be waited for, on a machine that does other things too.
const DEADLINE: Duration = Duration::from_secs(60);

/// A watch that serves its page.
struct Serving {
    watching: Watching,
    /// `127.0.0.1:PORT`.
    host: String,
    token: String,
}

impl Serving {
    /// Starts a watch over the repository and waits for its first build.
    #[track_caller]
    fn of(repo: &Repo) -> Self {
        let mut watching = Watching::of(repo, "--serve");
        let said = watching.complaint();
        let (_, rest) = said.split_once("http://").expect("an address");
        let (host, rest) = rest.split_once('/').expect("a path");
        let token = rest.strip_suffix("/\n").expect("a folder").to_owned();
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{said}");
        Self { host: host.to_owned(), token, watching }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        stream
    }

    /// Everything that comes back on a connection of its own. `TOKEN` and `HOST` in the request stand
    /// for those of this run.
    #[track_caller]
    fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        // It may have hung up before it has read everything.
        let _ = stream.write_all(self.own(request).as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer(String::from_utf8(answer).expect("UTF-8"))
    }

    /// The same request as a browser sends it, for a name below the token.
    #[track_caller]
    fn get(&self, name: &str) -> Answer {
        self.send(&format!("GET /TOKEN/{name} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"))
    }

    #[track_caller]
    fn json(&self, name: &str) -> Value {
        let answer = self.get(name);
        assert_eq!((answer.status(), answer.header("content-type")), (200, Some("application/json")), "{}", answer.0);
        serde_json::from_str(answer.body()).expect("JSON")
    }

    fn own(&self, request: &str) -> String {
        request.replace("TOKEN", &self.token).replace("HOST", &self.host)
    }

    /// An open stream of events, of which the head was read.
    #[track_caller]
    fn events(&self, header: &str) -> (u16, BufReader<TcpStream>) {
        let mut stream = self.connect();
        let request = self.own(&format!("GET /TOKEN/events HTTP/1.1\r\nHost: HOST\r\n{header}\r\n"));
        stream.write_all(request.as_bytes()).expect("sent");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).expect("a head in time"), 0, "it hung up: {head}");
        }
        (Answer(head).status(), stream)
    }
}

/// What came back.
struct Answer(String);

impl Answer {
    /// The status; 0 where it hung up without a word.
    #[track_caller]
    fn status(&self) -> u16 {
        self.0.split(' ').nth(1).map_or(0, |status| status.parse().expect("a status"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n")?;
        let named = |line: &'_ str| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).is_some();
        head.lines().find(|line| named(line)).and_then(|line| Some(line.split_once(": ")?.1))
    }

    fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}
