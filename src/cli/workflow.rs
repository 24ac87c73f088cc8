//! The workflow that `init --ci github` writes: what it runs, and where its program comes from.

use std::str::FromStr;

use crate::syntax::error::Error;

/// Both ways to come by the program, each below a line of its own; `workflow` leaves one.
const TEMPLATE: &str = include_str!("starter/workflow.yml");

/// A file on the network, and what it must hold: `URL#sha256=DIGEST`.
#[derive(Debug, Clone)]
pub(super) struct Download {
    url: String,
    sha256: String,
}

impl FromStr for Download {
    type Err = &'static str;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        let (url, sha256) = written.split_once("#sha256=").ok_or("it ends with #sha256= and the digest of the file")?;
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("the digest is 64 hexadecimal digits, as sha256sum prints them");
        }
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err("the address begins with https:// and a host");
        }
        // The characters of RFC 3986. Braces are not among them, so no `${{ … }}` that the platform would fill in.
        if !url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)) {
            return Err("an address holds ASCII without blanks, quotes and braces; write others as %20 and so on");
        }
        if [".zip", ".whl", ".deb", ".tgz", ".xz", ".zst"].iter().any(|ending| url.ends_with(ending)) {
            return Err("it names a .tar.gz with the program in it, or the program itself");
        }
        Ok(Self { url: url.to_owned(), sha256: sha256.to_ascii_lowercase() })
    }
}

/// Where the workflow has the program from.
#[derive(Debug)]
pub(super) enum Program {
    /// A file, held against its digest.
    File(Download),
    /// Built by cargo from a commit of a repository.
    Source { repository: &'static str, commit: &'static str },
}

impl Program {
    /// The source that this very program was built from.
    ///
    /// # Errors
    /// Where the build did not say which that is: no address is made up.
    pub(super) fn of_this_build() -> Result<Self, Error> {
        Self::source(env!("CARGO_PKG_REPOSITORY"), option_env!("CONTEXTURE_COMMIT").unwrap_or_default())
    }

    fn source(repository: &'static str, commit: &'static str) -> Result<Self, Error> {
        let missing = match (repository, commit) {
            ("", _) => "`repository` in its Cargo.toml",
            (_, "") => "a commit (`CONTEXTURE_COMMIT` when it was built)",
            _ => return Ok(Self::Source { repository, commit }),
        };
        let cure =
            "say where CI finds it: --binary URL#sha256=DIGEST, a .tar.gz with the program in it or the program itself";
        Err(Error::usage(format!("this contexture names no source to be built from in CI: {missing} is missing"), cure))
    }
}

/// The workflow for a project in a folder of its repository.
pub(super) fn workflow(program: &Program, folder: &str) -> String {
    let (begin, rest) = TEMPLATE.split_once("# from a file\n").unwrap_or_default();
    let (file, rest) = rest.split_once("# from source\n").unwrap_or_default();
    let (source, end) = rest.split_once("# either way\n").unwrap_or_default();
    // Every string of JSON is one of YAML.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let begin = match folder {
        "" => begin.replace("        working-directory: FOLDER\n", ""),
        folder => begin.replace("FOLDER", &quoted(folder)),
    };
    let install = match program {
        Program::File(Download { url, sha256 }) => {
            file.replace("ADDRESS", &quoted(url)).replace("DIGEST", &quoted(sha256))
        }
        Program::Source { repository, commit } => source
            .replace("COMMIT\n", &format!("{commit}\n"))
            .replace("ADDRESS", &quoted(repository))
            .replace("DIGEST", &quoted(commit))
            .replace("RUST", env!("CARGO_PKG_RUST_VERSION")),
    };
    [begin, install, end.to_owned()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn a_build_that_knows_its_source_is_built_from_it_again() {
        let program = Program::source("https://example.com/contexture", COMMIT).unwrap();
        let text = workflow(&program, "");
        for line in [
            "          key: contexture-${{ runner.os }}-${{ runner.arch }}-0123456789012345678901234567890123456789",
            "          REPOSITORY: \"https://example.com/contexture\"",
            "          COMMIT: \"0123456789012345678901234567890123456789\"",
            concat!(
                "          cargo +",
                env!("CARGO_PKG_RUST_VERSION"),
                " install --locked --git \"$REPOSITORY\" --rev \"$COMMIT\" contexture"
            ),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        for left in ["curl", "FOLDER", "ADDRESS", "DIGEST", "RUST ", "# from", "# either"] {
            assert!(!text.contains(left), "{left}\n{text}");
        }
    }

    #[test]
    fn no_source_is_made_up() {
        for (repository, commit, missing) in
            [("", "", "repository"), ("", COMMIT, "repository"), ("https://example.com/c", "", "CONTEXTURE_COMMIT")]
        {
            let error = Program::source(repository, commit).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
    }
}
