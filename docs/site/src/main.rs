//! Builds the book in a folder: `contexture-site FOLDER`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name the folder that holds book.toml")?;
    Ok(mdbook_driver::MDBook::load(folder)?.build()?)
}
