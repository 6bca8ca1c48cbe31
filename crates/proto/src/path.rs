//! The nodes a pull has come through: what a request carries so that a circle of nodes notices itself.

use std::fmt;
use std::str::FromStr;

/// A node for as long as it runs: random, and means nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// From the node that a viewer came to, upwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(Vec<NodeId>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a path is at most {} node ids of 16 hexadecimal digits, with commas between", Path::LEN_MAX)]
pub struct PathError;

impl Path {
    /// Beyond every sensible `hops_max`.
    pub const LEN_MAX: usize = 64;

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, node: NodeId) -> bool {
        self.0.contains(&node)
    }

    /// This path, one node longer.
    #[must_use]
    pub fn through(&self, node: NodeId) -> Path {
        Path(self.0.iter().copied().chain([node]).collect())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Path, PathError> {
        let mut nodes = Vec::new();
        for word in text.split(',').map(str::trim) {
            let digits = word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
            if !digits || nodes.len() == Path::LEN_MAX {
                return Err(PathError);
            }
            nodes.push(NodeId(u64::from_str_radix(word, 16).map_err(|_| PathError)?));
        }
        Ok(Path(nodes))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, node) in self.0.iter().enumerate() {
            write!(f, "{}{node}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_grows_by_a_node_and_reads_as_it_was_written() {
        let path = Path::default().through(NodeId(1)).through(NodeId(u64::MAX));
        assert_eq!(path.to_string(), "0000000000000001,ffffffffffffffff");
        assert_eq!(path.to_string().parse(), Ok(path.clone()));
        assert!(path.contains(NodeId(1)) && !path.contains(NodeId(2)));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for wrong in ["", ",", "1", "000000000000000g", "+000000000000001", "0000000000000001,"] {
            assert_eq!(wrong.parse::<Path>(), Err(PathError), "{wrong:?}");
        }
        let long = vec!["0000000000000001"; Path::LEN_MAX + 1].join(",");
        assert!(long.parse::<Path>().is_err());
    }
}
