//! The letters of the idle screen, and digits, as strokes of a round pen: lines and quarters of circles.
//!
//! A point's darkness follows from its distance to the nearest stroke, so letters are smooth at any size. Only arithmetic
//! that is the same on every machine is used: the picture is too.

/// In units of the grid that letters are drawn on: capitals are 14 high, small letters 10.
pub type Point = (f64, f64);

/// Half the width of the pen.
pub const PEN: f64 = 1.15;
/// From the line that letters stand on up to the top of the capitals.
pub const HEIGHT: f64 = 14.0;

const GAP: f64 = 4.4;
const SPACE: f64 = 9.0;

#[derive(Debug, Clone, Copy)]
pub enum Stroke {
    Line(Point, Point),
    /// A quarter of the circle around the point, of this radius: the one in the direction of the two signs.
    Quarter(Point, f64, (f64, f64)),
}

/// The strokes of a line of text, the first letter at 0 and the capitals' top at 0, and how wide it is.
pub fn layout(text: &str) -> (Vec<Stroke>, f64) {
    let (mut strokes, mut x) = (Vec::new(), 0.0);
    for letter in text.chars() {
        let (width, shape) = glyph(letter);
        strokes.extend(shape.into_iter().map(|stroke| stroke.moved(x)));
        x += width + GAP;
    }
    (strokes, x - GAP)
}

/// Width and strokes. A letter that nobody has drawn is a space.
fn glyph(letter: char) -> (f64, Vec<Stroke>) {
    use Stroke::Line;
    const LEFT_UP: (f64, f64) = (-1.0, -1.0);
    const RIGHT_UP: (f64, f64) = (1.0, -1.0);
    const LEFT_DOWN: (f64, f64) = (-1.0, 1.0);
    const RIGHT_DOWN: (f64, f64) = (1.0, 1.0);
    let quarter = |x: f64, y: f64, radius: f64, part| Stroke::Quarter((x, y), radius, part);
    let line = |x0: f64, y0: f64, x1: f64, y1: f64| Line((x0, y0), (x1, y1));
    let arch = [quarter(4.0, 8.0, 4.0, LEFT_UP), quarter(4.0, 8.0, 4.0, RIGHT_UP)];
    let bowl = [quarter(4.0, 10.0, 4.0, LEFT_DOWN), quarter(4.0, 10.0, 4.0, RIGHT_DOWN)];
    let (width, own) = match letter {
        'N' => (10.0, vec![line(0.0, 14.0, 0.0, 0.0), line(0.0, 0.0, 10.0, 14.0), line(10.0, 14.0, 10.0, 0.0)]),
        'o' => (8.0, vec![line(0.0, 8.0, 0.0, 10.0), line(8.0, 8.0, 8.0, 10.0)]),
        'i' => (0.0, vec![line(0.0, 4.0, 0.0, 14.0), line(0.0, -0.2, 0.0, 0.1)]),
        'n' => (8.0, vec![line(0.0, 4.0, 0.0, 14.0), line(8.0, 8.0, 8.0, 14.0)]),
        'p' => (8.0, vec![line(0.0, 4.0, 0.0, 18.5), line(8.0, 8.0, 8.0, 10.0)]),
        'u' => (8.0, vec![line(0.0, 4.0, 0.0, 10.0), line(8.0, 4.0, 8.0, 14.0)]),
        't' => (
            5.5,
            vec![
                line(1.5, 0.5, 1.5, 11.0),
                quarter(4.5, 11.0, 3.0, LEFT_DOWN),
                line(4.5, 14.0, 5.5, 14.0),
                line(-1.0, 4.0, 5.0, 4.0),
            ],
        ),
        'r' => (5.0, vec![line(0.0, 4.0, 0.0, 14.0), quarter(4.0, 8.0, 4.0, LEFT_UP), line(4.0, 4.0, 5.0, 4.0)]),
        'e' => (
            8.0,
            vec![
                line(0.0, 8.0, 0.0, 10.0),
                line(0.0, 9.0, 8.0, 9.0),
                line(8.0, 8.0, 8.0, 9.0),
                quarter(4.0, 10.0, 4.0, LEFT_DOWN),
                line(4.0, 14.0, 6.8, 14.0),
            ],
        ),
        's' => (
            7.0,
            vec![
                line(2.5, 4.0, 6.2, 4.0),
                quarter(2.5, 6.5, 2.5, LEFT_UP),
                quarter(2.5, 6.5, 2.5, LEFT_DOWN),
                line(2.5, 9.0, 4.5, 9.0),
                quarter(4.5, 11.5, 2.5, RIGHT_UP),
                quarter(4.5, 11.5, 2.5, RIGHT_DOWN),
                line(4.5, 14.0, 0.6, 14.0),
            ],
        ),
        '0' => (8.0, vec![line(0.0, 4.0, 0.0, 10.0), line(8.0, 4.0, 8.0, 10.0)]),
        '1' => (4.0, vec![line(0.0, 3.5, 4.0, 0.0), line(4.0, 0.0, 4.0, 14.0)]),
        '2' => (8.0, vec![line(8.0, 4.0, 0.0, 14.0), line(0.0, 14.0, 8.0, 14.0)]),
        '3' => (7.0, vec![]),
        '4' => (8.0, vec![line(6.0, 0.0, 0.0, 10.0), line(0.0, 10.0, 8.0, 10.0), line(6.0, 0.0, 6.0, 14.0)]),
        '5' => (
            8.0,
            vec![
                line(7.5, 0.0, 0.5, 0.0),
                line(0.5, 0.0, 0.5, 6.0),
                line(0.5, 6.0, 4.0, 6.0),
                quarter(4.0, 10.0, 4.0, RIGHT_UP),
            ],
        ),
        '6' => (8.0, vec![line(0.0, 10.0, 5.5, 0.0)]),
        '7' => (8.0, vec![line(0.0, 0.0, 8.0, 0.0), line(8.0, 0.0, 3.0, 14.0)]),
        '8' => (7.0, vec![]),
        '9' => (8.0, vec![line(8.0, 4.0, 2.5, 14.0)]),
        _ => (SPACE - GAP, Vec::new()),
    };
    let right = [
        quarter(3.5, 3.5, 3.5, RIGHT_UP),
        quarter(3.5, 3.5, 3.5, RIGHT_DOWN),
        quarter(3.5, 10.5, 3.5, RIGHT_UP),
        quarter(3.5, 10.5, 3.5, RIGHT_DOWN),
    ];
    let left_ends = [quarter(3.5, 3.5, 3.5, LEFT_UP), quarter(3.5, 10.5, 3.5, LEFT_DOWN)];
    let left_middle = [quarter(3.5, 3.5, 3.5, LEFT_DOWN), quarter(3.5, 10.5, 3.5, LEFT_UP)];
    let dome = [quarter(4.0, 4.0, 4.0, LEFT_UP), quarter(4.0, 4.0, 4.0, RIGHT_UP)];
    let cup = [quarter(4.0, 4.0, 4.0, LEFT_DOWN), quarter(4.0, 4.0, 4.0, RIGHT_DOWN)];
    let belly = [quarter(4.0, 10.0, 4.0, LEFT_UP), quarter(4.0, 10.0, 4.0, RIGHT_UP)];
    let shared: &[Stroke] = match letter {
        'o' | 'p' => &[arch, bowl].concat(),
        'n' | 'e' => &arch,
        'u' | '5' => &bowl,
        '0' => &[dome, bowl].concat(),
        '2' => &dome,
        '3' => &[&right[..], &left_ends].concat(),
        '6' => &[belly, bowl].concat(),
        '8' => &[&right[..], &left_ends, &left_middle].concat(),
        '9' => &[dome, cup].concat(),
        _ => &[],
    };
    (width, [own, shared.to_vec()].concat())
}

impl Stroke {
    pub fn distance(&self, point: Point) -> f64 {
        match *self {
            Stroke::Line(from, to) => {
                let (along, offset) = (minus(to, from), minus(point, from));
                let length = dot(along, along);
                let at = if length > 0.0 { (dot(along, offset) / length).clamp(0.0, 1.0) } else { 0.0 };
                length_of(minus(offset, (along.0 * at, along.1 * at)))
            }
            Stroke::Quarter(centre, radius, (right, down)) => {
                let offset = minus(point, centre);
                if offset.0 * right >= 0.0 && offset.1 * down >= 0.0 {
                    return (length_of(offset) - radius).abs();
                }
                let ends = [(radius * right, 0.0), (0.0, radius * down)];
                ends.into_iter().map(|end| length_of(minus(offset, end))).fold(f64::MAX, f64::min)
            }
        }
    }

    fn moved(self, by: f64) -> Stroke {
        let moved = |(x, y): Point| (x + by, y);
        match self {
            Stroke::Line(from, to) => Stroke::Line(moved(from), moved(to)),
            Stroke::Quarter(centre, radius, part) => Stroke::Quarter(moved(centre), radius, part),
        }
    }
}

fn minus(a: Point, b: Point) -> Point {
    (a.0 - b.0, a.1 - b.1)
}

fn dot(a: Point, b: Point) -> f64 {
    a.0 * b.0 + a.1 * b.1
}

/// A square root is exact to the last bit everywhere, which `hypot` is not.
fn length_of(a: Point) -> f64 {
    dot(a, a).sqrt()
}
