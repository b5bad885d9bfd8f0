//! reStructuredText to HTML that is not yet sanitised: what long descriptions use of it.
//!
//! A text is read into [`Block`]s first, since references may come before what they name, and then written. What is not
//! understood is shown as it was written. docutils is the measure: `./test readme` compares.

mod block;
mod directive;
mod explicit;
mod grid;
mod inline;
mod lines;
mod list;
mod names;
mod phrase;
mod table;
mod write;

use names::Names;

/// Blocks in each other; what is deeper is shown as it was written. Each level reads its lines again.
const MAX_DEPTH: usize = 20;

/// What a text is made of. Texts are not yet read for what is in a line.
enum Block<'t> {
    Heading {
        rank: usize,
        text: &'t str,
        place: String,
    },
    Paragraph(String),
    /// Code, and what is shown as it was written.
    Literal(String),
    Quote(Vec<Self>),
    Bullets(Vec<Vec<Self>>),
    Numbered {
        start: u32,
        numerals: &'static str,
        items: Vec<Vec<Self>>,
    },
    /// Terms, fields or options, with what they mean.
    Terms(Vec<(Term<'t>, Vec<Self>)>),
    /// Lines that stay lines, with their indentation.
    Lines(Vec<(usize, String)>),
    Table {
        caption: Option<String>,
        head: Vec<Row<'t>>,
        body: Vec<Row<'t>>,
    },
    Image(Image<'t>),
    Figure(Image<'t>, Vec<Self>),
    Admonition(String, Vec<Self>),
    /// A footnote or a citation.
    Note {
        label: String,
        place: String,
        blocks: Vec<Self>,
    },
    Place(String),
    Contents(Contents),
    Transition,
}

enum Term<'t> {
    /// Read for what is in it.
    Text(&'t str),
    /// A field's name.
    Field(&'t str),
    /// A command line's option.
    Option(&'t str),
}

type Row<'t> = Vec<Cell<'t>>;

struct Cell<'t> {
    rows: usize,
    columns: usize,
    blocks: Vec<Block<'t>>,
}

/// A table of contents, of what comes after it or of all.
struct Contents {
    title: Option<String>,
    /// Headings before it that are not in it, and the rank that they must be below.
    after: usize,
    below: Option<usize>,
    /// How many ranks it has.
    depth: usize,
}

#[derive(Clone)]
struct Image<'t> {
    src: String,
    alt: Option<String>,
    target: Option<String>,
    sides: Vec<(&'static str, &'t str)>,
}

/// A text as HTML.
pub(crate) struct Written {
    pub(crate) html: String,
    /// Whether something was not understood, so that the text may well be in another markup.
    pub(crate) doubtful: bool,
}

/// None: it would become too large.
pub(crate) fn html(text: &str) -> Option<Written> {
    let text = lines::expanded(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut parser = Parser::default();
    let blocks = parser.blocks(&lines);
    write::written(&blocks, parser)
}

/// What is known while a text is read.
#[derive(Default)]
struct Parser<'t> {
    /// The marks of headings in the order of their ranks, and whether there is one above the title too.
    ranks: Vec<(char, bool)>,
    names: Names<'t>,
    depth: usize,
    doubtful: bool,
}
