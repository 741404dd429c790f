//! `thumbs`: see `thumbs --help`.

mod cli;

fn main() {
    cli::main()
}
