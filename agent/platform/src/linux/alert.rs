//! What a program of the desktop writes to its standard error is kept by the session.

pub fn show(title: &str, text: &str) {
    eprintln!("{title}: {text}");
}
