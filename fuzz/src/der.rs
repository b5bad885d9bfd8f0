//! DER taken apart and put together, so that one part is changed and every length around it still fits.

use super::mutation::Input;

/// Values inside each other that are taken apart: a certificate has about ten.
const MAX_DEPTH: usize = 16;

#[derive(Clone)]
struct Node {
    tag: u8,
    content: Content,
    /// Length octets beyond the shortest form: BER that DER forbids.
    padding: usize,
}

#[derive(Clone)]
enum Content {
    Bytes(Vec<u8>),
    /// With the octets in front of them: the count of unused bits in a BIT STRING.
    Nodes(Vec<u8>, Vec<Node>),
}

/// One change to a part that `input` picks; `None` if the bytes are no DER.
pub(crate) fn change(bytes: &[u8], input: &mut Input<'_>) -> Option<Vec<u8>> {
    let mut nodes = parse(bytes, 0)?;
    let mut at = input.below(nodes.iter().map(Node::count).sum());
    let kind = input.byte();
    edit(&mut nodes, &mut at, kind, input);
    Some(write(&nodes))
}

impl Node {
    fn count(&self) -> usize {
        1 + match &self.content {
            Content::Bytes(_) => 0,
            Content::Nodes(_, nodes) => nodes.iter().map(Node::count).sum(),
        }
    }
}

fn parse(bytes: &[u8], depth: usize) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    let mut rest = bytes;
    while let Some((&tag, after)) = rest.split_first() {
        let (&first, after) = after.split_first()?;
        let (length, after) = if first < 0x80 {
            (usize::from(first), after)
        } else {
            let count = usize::from(first & 0x7f);
            let (octets, after) = (count <= 3).then(|| after.split_at_checked(count))??;
            let length = octets
                .iter()
                .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            (length, after)
        };
        let (content, after) = after.split_at_checked(length)?;
        nodes.push(Node {
            tag,
            content: contents(tag, content, depth),
            padding: 0,
        });
        rest = after;
    }
    Some(nodes)
}

fn contents(tag: u8, content: &[u8], depth: usize) -> Content {
    const BIT_STRING: u8 = 3;
    const OCTET_STRING: u8 = 4;
    let front = usize::from(tag == BIT_STRING && content.first() == Some(&0));
    let holds_more = tag & 0x20 != 0 || tag == OCTET_STRING || front == 1;
    let inner = (holds_more && depth < MAX_DEPTH && content.len() > front + 1)
        .then(|| parse(&content[front..], depth + 1))
        .flatten();
    match inner {
        Some(nodes) => Content::Nodes(content[..front].to_vec(), nodes),
        None => Content::Bytes(content.to_vec()),
    }
}

fn write(nodes: &[Node]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for node in nodes {
        let content = match &node.content {
            Content::Bytes(content) => content.clone(),
            Content::Nodes(front, nodes) => [front.clone(), write(nodes)].concat(),
        };
        bytes.push(node.tag);
        let length = content.len().to_be_bytes();
        let short = content.len() < 0x80 && node.padding == 0;
        if short {
            bytes.push(length[length.len() - 1]);
        } else {
            let used = length
                .iter()
                .skip_while(|octet| **octet == 0)
                .count()
                .max(1);
            let octets = [
                vec![0; node.padding],
                length[length.len() - used..].to_vec(),
            ]
            .concat();
            bytes.push(0x80 | u8::try_from(octets.len()).unwrap_or(0x7f));
            bytes.extend(octets);
        }
        bytes.extend(content);
    }
    bytes
}

/// Changes the node at `at` in the order in which they are written; whether it was reached.
fn edit(nodes: &mut Vec<Node>, at: &mut usize, kind: u8, input: &mut Input<'_>) -> bool {
    for index in 0..nodes.len() {
        if *at == 0 {
            change_one(nodes, index, kind, input);
            return true;
        }
        *at -= 1;
        if let Content::Nodes(_, inner) = &mut nodes[index].content
            && edit(inner, at, kind, input)
        {
            return true;
        }
    }
    false
}

fn change_one(nodes: &mut Vec<Node>, index: usize, kind: u8, input: &mut Input<'_>) {
    match kind % 9 {
        0 => nodes[index].tag = input.byte(),
        1 => {
            nodes.remove(index);
        }
        2 => nodes.insert(index, nodes[index].clone()),
        3 if index + 1 < nodes.len() => nodes.swap(index, index + 1),
        4 => nodes[index].padding = usize::from(input.byte() % 4),
        5 => nodes[index].content = Content::Bytes(input.take(40).to_vec()),
        6 => nodes[index].content = Content::Nodes(Vec::new(), vec![nodes[index].clone()]),
        _ => {
            let content = match &nodes[index].content {
                Content::Bytes(content) => content.clone(),
                Content::Nodes(front, nodes) => [front.clone(), write(nodes)].concat(),
            };
            nodes[index].content = Content::Bytes(super::mutation::change_bytes(&content, input));
        }
    }
}
