//! The order in which both formats send the 16 coefficients of a block: low frequencies first.

pub const ZIGZAG: [usize; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];
