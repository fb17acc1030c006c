//! Command line in, exit code out.

fn main() -> std::process::ExitCode {
    onair::cli::run(std::env::args_os())
}
