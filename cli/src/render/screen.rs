//! Where the text goes: how wide it is, and whether it has colours.

use std::io::IsTerminal as _;

use comfy_table::{ContentArrangement, Table, presets};
use drawbridge_domain::connection::Status;
use drawbridge_domain::share::ShareStatus;

/// The screen that is written to.
#[derive(Debug, Clone, Default)]
pub struct Screen {
    /// Its width in characters; none: a file or a pipe, where a row stays in one line.
    pub width: Option<u16>,
    /// Whether it shows colours, and who reads wants them.
    pub colours: bool,
}

/// What a colour says. The word it is on says the same: nobody needs the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Good,
    Bad,
    Busy,
    Quiet,
}

impl Screen {
    /// The screen behind standard output.
    #[expect(clippy::disallowed_methods, reason = "what a terminal can show is told by nothing but its environment")]
    pub fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let is = |name: &str, dull: fn(&str) -> bool| std::env::var(name).is_ok_and(|value| dull(&value));
        // https://no-color.org: any value that is not empty.
        let unwanted = is("NO_COLOR", |value| !value.is_empty()) || is("TERM", |value| value == "dumb");
        Self { width: is_terminal.then(|| Table::new().width()).flatten(), colours: is_terminal && !unwanted }
    }

    pub(super) fn paint(&self, text: &str, colour: Colour) -> String {
        let code = match colour {
            Colour::Good => "32",
            Colour::Bad => "31",
            Colour::Busy => "33",
            Colour::Quiet => "2",
        };
        self.styled(text, code)
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.styled(text, "1")
    }

    fn styled(&self, text: &str, code: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A table with these columns, without lines: what is printed can be cut and searched.
    pub(super) fn table(&self, columns: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty().set_header(columns);
        if self.colours {
            table.enforce_styling();
        }
        if let Some(width) = self.width {
            // The text is indented by two.
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.saturating_sub(2));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }

    /// The table, indented like everything below a heading.
    #[expect(clippy::unused_self, reason = "reads as one with `table`")]
    pub(super) fn text(&self, table: &Table) -> String {
        table.lines().map(|line| format!("  {}\n", line.trim_end()).replace("  \n", "\n")).collect()
    }
}

pub(super) const fn colour_of(status: Status) -> Colour {
    match status {
        Status::Ready => Colour::Good,
        Status::Failed => Colour::Bad,
        Status::Wanted | Status::Opening | Status::Waiting | Status::Closing => Colour::Busy,
        Status::Closed => Colour::Quiet,
    }
}

pub(super) const fn colour_of_share(status: ShareStatus) -> Colour {
    match status {
        ShareStatus::Accepted => Colour::Good,
        ShareStatus::Failed | ShareStatus::Expired | ShareStatus::Revoked => Colour::Bad,
        ShareStatus::Found | ShareStatus::Accepting | ShareStatus::Declining | ShareStatus::Held => Colour::Busy,
        ShareStatus::Rejected | ShareStatus::Ignored => Colour::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_where_they_are_shown() {
        assert_eq!(Screen::default().paint("ready", Colour::Good), "ready");
        let screen = Screen { colours: true, ..Screen::default() };
        assert_eq!(screen.paint("ready", Colour::Good), "\u{1b}[32mready\u{1b}[0m");
    }

    #[test]
    fn a_narrow_screen_wraps_and_a_pipe_does_not() {
        let long = "one two three four five six seven eight nine ten";
        let lines = |width| {
            let screen = Screen { width, colours: false };
            let mut table = screen.table(&["A", "B"]);
            table.add_row(["x", long]);
            screen.text(&table)
        };
        assert_eq!(lines(None), format!("  A  B\n  x  {long}\n"));
        let narrow = lines(Some(30));
        assert!(narrow.lines().all(|line| line.chars().count() <= 30), "{narrow}");
        assert!(narrow.lines().count() > 2, "{narrow}");
    }
}
