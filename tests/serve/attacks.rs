//! Who gets nothing: other hosts, other origins, other methods, wrong tokens, paths that climb.

use super::Serving;
use crate::watch::library;

/// A request, and what it must be told. 0 is no word at all.
type Attack<'a> = (&'a str, &'a [u16]);

const ATTACKS: [Attack; 46] = [
    // Another name for this machine: what a page sees after its own name was made to point here.
    ("GET /TOKEN/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", &[403]),
    ("GET /TOKEN/page.json HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: HOST.evil.example\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: evil.example@HOST\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: 0.0.0.0\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: \r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\n\r\n", &[400, 403]),
    ("GET /TOKEN/ HTTP/1.0\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n\r\n", &[400, 403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: HOST\r\n\r\n", &[403]),
    ("GET http://evil.example/TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[403]),
    ("GET http://HOST@evil.example/TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[400, 403]),
    // A page of another origin.
    ("GET /TOKEN/page.json HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example\r\n\r\n", &[403]),
    ("GET /TOKEN/page.json HTTP/1.1\r\nHost: HOST\r\nOrigin: null\r\n\r\n", &[403]),
    ("GET /TOKEN/page.json HTTP/1.1\r\nHost: HOST\r\nOrigin: https://HOST\r\n\r\n", &[403]),
    ("GET /TOKEN/page.json HTTP/1.1\r\nHost: HOST\r\nOrigin: http://127.0.0.1:1\r\n\r\n", &[403]),
    ("GET /TOKEN/events HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example\r\n\r\n", &[403]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nOrigin: http://evil.example\r\n\r\n", &[403]),
    // Anything but reading.
    ("POST /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\n\r\nhi", &[405]),
    ("PUT /TOKEN/page.json HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", &[405]),
    ("DELETE /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[405]),
    ("HEAD /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[405]),
    ("OPTIONS /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nAccess-Control-Request-Method: GET\r\n\r\n", &[405]),
    ("TRACE /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[405]),
    ("CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", &[405]),
    ("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", &[405]),
    // Without the token, or with another.
    ("GET / HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /page.json HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /?token=TOKEN HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /00000000000000000000000000000000/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN HTTP/1.1\r\nHost: HOST\r\nCookie: token=TOKEN\r\n\r\n", &[404]),
    ("GET /favicon.ico HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    // Paths of the disk, which there are none of.
    ("GET /TOKEN/../../etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN/%2e%2e/contexture.yaml HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN/docs/a.md HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN//etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN/app.js%00.md HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN/app.js/../../docs/a.md HTTP/1.1\r\nHost: HOST\r\n\r\n", &[404]),
    ("GET /TOKEN/diff.json?base=HEAD:docs/a.md HTTP/1.1\r\nHost: HOST\r\n\r\n", &[400]),
    // No HTTP, or two requests in one.
    ("GET /TOKEN/\r\n\r\n", &[0, 400]),
    ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", &[0, 400]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nHost : evil.example\r\n\r\n", &[400]),
    ("GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET", &[400]),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0, 400]),
];

/// What must not leave: the prompt, its file names, the place of the project, the token.
#[track_caller]
fn says_nothing(serving: &Serving, root: &str, request: &str, answer: &str) {
    for secret in ["Text of", "docs/a.md", "contexture.page", &serving.token, root] {
        assert!(!answer.contains(secret), "{request}\n{answer}");
    }
}

#[test]
fn they_get_nothing() {
    let repo = library();
    let root = repo.root().display().to_string();
    let serving = Serving::of(&repo);
    for (request, expected) in ATTACKS {
        let answer = serving.send(request);
        assert!(expected.contains(&answer.status()), "{request}\n{}", answer.0);
        says_nothing(&serving, &root, request, &answer.0);
    }
    // What is far too long is not read to its end.
    for part in ["a".repeat(100_000), format!("x HTTP/1.1\r\nHost: HOST\r\nX: {}", "a".repeat(100_000))] {
        let answer = serving.send(&format!("GET /TOKEN/{part}\r\n\r\n"));
        assert!([0, 400, 404, 414, 431].contains(&answer.status()), "{}", answer.0);
        says_nothing(&serving, &root, "too long", &answer.0);
    }
    let many = (0..1000).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    let answer = serving.send(&format!("GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n{many}\r\n"));
    assert!([0, 400, 431].contains(&answer.status()), "{}", answer.0);
    // And it still serves who may ask, by both of its names.
    assert_eq!(serving.get("").status(), 200);
    let port = serving.host.rsplit(':').next().expect("a port").to_owned();
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let asked =
            format!("GET /TOKEN/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\r\n");
        assert_eq!(serving.send(&asked).status(), 200, "{host}");
    }
}

#[test]
fn every_answer_tells_the_browser_to_keep_to_itself() {
    let repo = library();
    let serving = Serving::of(&repo);
    for name in ["", "app.js", "app.css", "page.json", "nothing", "diff.json?base=HEAD", "diff.json?base=none"] {
        let answer = serving.get(name);
        let policy = answer.header("content-security-policy").expect("a policy");
        for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(rule) && !policy.contains("unsafe"), "{name}: {policy}");
        }
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None, "{name}");
    }
}

#[test]
fn each_run_has_a_token_of_its_own() {
    let repo = library();
    let (one, other) = (Serving::of(&repo), Serving::of(&repo));
    assert_ne!(one.token, other.token);
    assert_eq!(
        other.send(&format!("GET /{}/ HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", one.token)).status(),
        404
    );
}

/// The whole of 127.0.0.0/8 is this machine, and the server is on one address of it.
#[cfg(target_os = "linux")]
#[test]
fn it_listens_on_one_address() {
    let repo = library();
    let serving = Serving::of(&repo);
    let port = serving.host.rsplit(':').next().expect("a port");
    assert!(std::net::TcpStream::connect(format!("127.0.0.2:{port}")).is_err());
    assert!(std::net::TcpStream::connect(format!("[::1]:{port}")).is_err());
}

#[test]
fn a_port_that_is_taken_is_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let outcome = library().run(&format!("watch --serve --port {port}"));
    assert!(outcome.stderr.contains(&format!("port {port} is in use")), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--port"), "{}", outcome.stderr);
    outcome.exits(2);
}
