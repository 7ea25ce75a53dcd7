use std::path::{Path, PathBuf};
use std::{env, fs};

/// A program that a test needs can't be used. The text says how to get it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Absent {
    /// It is in none of the folders where it could be.
    #[error("{program} is not installed; scripts/test.sh installs it (apt-get install {package})")]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// Debian's package.
        package: &'static str,
    },
    /// It was never built.
    #[error("{} is not built; scripts/test.sh builds it ({command})", path.display())]
    NotBuilt {
        /// Where it should be.
        path: PathBuf,
        /// What builds it.
        command: String,
    },
    /// It was built before its sources changed.
    #[error("{} is older than {}; scripts/test.sh builds it anew ({command})", path.display(), source_file.display())]
    Stale {
        /// The program.
        path: PathBuf,
        /// A source file that is newer.
        source_file: PathBuf,
        /// What builds it.
        command: String,
    },
}

/// A program of the system, by its name and Debian's package.
///
/// # Errors
///
/// [`Absent::NotInstalled`].
pub fn installed(program: &'static str, package: &'static str) -> Result<PathBuf, Absent> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Servers live where only the superuser's path leads.
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let mut candidates = folders.map(|folder| folder.join(program));
    candidates
        .find(|file| file.is_file())
        .ok_or(Absent::NotInstalled { program, package })
}

/// A program of this workspace as it was built last, by its path below the profile's folder: `gearctl`,
/// `examples/worker`. It is looked for beside the test that runs.
///
/// # Errors
///
/// [`Absent::NotBuilt`] or [`Absent::Stale`], with the `command` that builds it.
pub fn built(program: &str, command: &str) -> Result<PathBuf, Absent> {
    let command = command.to_owned();
    let path = profile_folder().join(program);
    let Ok(built) = fs::metadata(&path).and_then(|data| data.modified()) else {
        return Err(Absent::NotBuilt { path, command });
    };
    let newer = |file: &PathBuf| {
        fs::metadata(file)
            .and_then(|data| data.modified())
            .is_ok_and(|time| time > built)
    };
    match sources(&path).into_iter().find(newer) {
        Some(source_file) => Err(Absent::Stale {
            path,
            source_file,
            command,
        }),
        None => Ok(path),
    }
}

/// The test itself is `target/PROFILE/deps/NAME`.
fn profile_folder() -> PathBuf {
    let test = env::current_exe().unwrap_or_default();
    let mut folders = test.ancestors().skip(1);
    let folder = folders.find(|folder| folder.file_name().is_none_or(|name| name != "deps"));
    folder.map_or_else(|| "target".into(), Path::to_owned)
}

/// The files that the program was made of, as cargo wrote them beside it: `program: file file...`, with
/// blanks in names escaped.
fn sources(program: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let files = list
        .split_once(": ")
        .map(|(_, files)| files.trim_end())
        .unwrap_or_default();
    let files = files.replace("\\ ", "\0");
    files
        .split(' ')
        .map(|file| PathBuf::from(file.replace('\0', " ")))
        .collect()
}
