//! Characters that nobody sees.

/// Whether `c` changes what its neighbours look like, or hides, without being seen itself. Such are left out: a line that is
/// read one way and copied another is the point of them.
///
/// Joiners and direction marks stay in prose, where Persian, Hindi and emoji need them; code has no use for them.
pub(crate) fn is_hidden(c: char, in_code: bool) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        // Embeddings, overrides and isolates: "Trojan Source".
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Of no width, invisible operators, deprecated formats, annotations, tags.
        '\u{200b}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{180e}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        '\u{200c}'..='\u{200f}' | '\u{061c}' | '\u{00ad}' => in_code,
        _ => c.is_control(),
    }
}

/// Marks that may stand over one letter: Vietnamese needs two, Hebrew with cantillation four. More of them are drawn over what is
/// above the description.
pub(crate) const MAX_MARKS: usize = 4;

/// Whether `c` is drawn over the letter before it.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}
