//! `tollgate completions` and `tollgate man`: made from the same definitions as the help.

use super::exit::WrongUse;
use super::{Arguments as Program, ExitStatus, output};
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::path::PathBuf;

/// Arguments of `tollgate completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate completions bash > /etc/bash_completion.d/tollgate
  tollgate completions zsh > ~/.zfunc/_tollgate
  tollgate completions fish > ~/.config/fish/completions/tollgate.fish")]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

/// Arguments of `tollgate man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate man | man -l -                          # read it
  tollgate man --dir /usr/local/share/man/man1     # one page for each command")]
pub(super) struct Man {
    /// Write a page for the program and one for each command into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub(super) fn completions(arguments: &Completions) -> anyhow::Result<ExitStatus> {
    let mut bytes = Vec::new();
    clap_complete::generate(arguments.shell, &mut Program::command(), "tollgate", &mut bytes);
    output::print(&String::from_utf8(bytes)?)?;
    Ok(ExitStatus::Passed)
}

/// Prints the manual page of the program, or writes those of all commands.
pub(super) fn man(arguments: &Man) -> anyhow::Result<ExitStatus> {
    let Some(dir) = &arguments.dir else {
        output::print(&page(Program::command())?)?;
        return Ok(ExitStatus::Passed);
    };
    if !dir.is_dir() {
        let message = format!("error: `{}` is no directory\n  = help: make it first", dir.display());
        return Err(WrongUse(message).into());
    }
    let mut program = Program::command();
    program.build();
    output::write_file(&dir.join("tollgate.1"), page(program.clone())?.as_bytes())?;
    for command in program.get_subcommands().filter(|one| !one.is_hide_set() && one.get_name() != "help") {
        let name = format!("tollgate-{}", command.get_name());
        let command = command.clone().name(name.clone()).version(env!("CARGO_PKG_VERSION"));
        output::write_file(&dir.join(format!("{name}.1")), page(command)?.as_bytes())?;
    }
    Ok(ExitStatus::Passed)
}

fn page(command: clap::Command) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command).render(&mut bytes)?;
    Ok(String::from_utf8(bytes)?)
}
