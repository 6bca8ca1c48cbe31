//! A picture as video codecs see it: one plane of light, two of colour at half the size, cut into macroblocks.

/// Edge of a macroblock in the light plane.
pub const MACROBLOCK: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    /// Y, U, V.
    pub planes: [Plane; 3],
}

impl Picture {
    /// All of one colour. The planes reach to the end of the last macroblock, so what is beyond the edges is paint too.
    pub fn new(width: usize, height: usize, colour: [u8; 3]) -> Picture {
        let (columns, rows) = (width.div_ceil(MACROBLOCK), height.div_ceil(MACROBLOCK));
        let plane = |n: usize| {
            let edge = block_edge(n);
            Plane::new(columns * edge, rows * edge, colour[n])
        };
        Picture { width, height, planes: [plane(0), plane(1), plane(2)] }
    }

    pub fn columns(&self) -> usize {
        self.width.div_ceil(MACROBLOCK)
    }

    pub fn rows(&self) -> usize {
        self.height.div_ceil(MACROBLOCK)
    }

    /// Whether the macroblock shows the same in both.
    pub fn same_block(&self, other: &Picture, column: usize, row: usize) -> bool {
        (0..3).all(|n| {
            let edge = block_edge(n);
            let (left, top) = (column * edge, row * edge);
            (top..top + edge).all(|y| self.planes[n].row(left, y, edge) == other.planes[n].row(left, y, edge))
        })
    }

    /// What is visible, plane after plane and row after row.
    pub fn visible(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.width * self.height * 3 / 2);
        for (n, plane) in self.planes.iter().enumerate() {
            let (width, height) = match n {
                0 => (self.width, self.height),
                _ => (self.width.div_ceil(2), self.height.div_ceil(2)),
            };
            (0..height).for_each(|y| bytes.extend_from_slice(plane.row(0, y, width)));
        }
        bytes
    }
}

/// Edge of a macroblock in plane `n`.
pub fn block_edge(n: usize) -> usize {
    if n == 0 { MACROBLOCK } else { MACROBLOCK / 2 }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    pub width: usize,
    samples: Vec<u8>,
}

impl Plane {
    fn new(width: usize, height: usize, value: u8) -> Plane {
        Plane { width, samples: vec![value; width * height] }
    }

    pub fn at(&self, x: usize, y: usize) -> u8 {
        self.samples[y * self.width + x]
    }

    pub fn set(&mut self, x: usize, y: usize, value: u8) {
        self.samples[y * self.width + x] = value;
    }

    pub fn row(&self, left: usize, y: usize, len: usize) -> &[u8] {
        &self.samples[y * self.width + left..][..len]
    }

    /// The 4x4 samples at this place, row after row.
    pub fn block(&self, left: usize, top: usize) -> [i32; 16] {
        std::array::from_fn(|i| self.at(left + i % 4, top + i / 4).into())
    }

    /// Puts 4x4 samples there, cut to what a sample can be.
    pub fn put_block(&mut self, left: usize, top: usize, samples: &[i32; 16]) {
        for (i, sample) in samples.iter().enumerate() {
            self.set(left + i % 4, top + i / 4, (*sample).clamp(0, 255) as u8);
        }
    }
}
