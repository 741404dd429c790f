//! `thumbs`: see `thumbs --help`.

fn main() {
    thumbs::cli::main()
}
