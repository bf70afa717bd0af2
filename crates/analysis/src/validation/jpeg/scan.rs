//! One scan of a JPEG, block by block.

use super::{
    bits::{Bits, CUT_OFF, Codes},
    whole::{Picture, Tables},
};

type Outcome<T> = Result<T, &'static str>;

const DAMAGED: &str = "a block is damaged";

/// What a scan brings.
pub(super) struct Scan {
    /// The place of each colour in the picture, and its two tables of codes.
    pub(super) components: Vec<(usize, usize, usize)>,
    /// The first and the last coefficient.
    pub(super) from: u8,
    pub(super) to: u8,
    /// Whether it brings one more bit of what is known.
    pub(super) again: bool,
}

/// Reads all of it. Returns where the marker behind it is.
pub(super) fn read<'a>(
    picture: &mut Picture,
    tables: &Tables,
    scan: &Scan,
    mut bits: Bits<'a>,
    bytes: &'a [u8],
) -> Outcome<usize> {
    let alone = match scan.components.as_slice() {
        [(place, ..)] => picture.components.get(*place).map(|one| one.blocks),
        _ => None,
    };
    let (across, down) = alone.unwrap_or(picture.units);
    let units = u64::from(across) * u64::from(down);
    let (mut run, mut restarts) = (0, 0_u8);
    for unit in 0..units {
        if tables.restart > 0 && unit > 0 && unit % u64::from(tables.restart) == 0 {
            let at = bits.end()?;
            if bytes.get(at + 1) != Some(&(0xd0 + restarts % 8)) {
                return Err(CUT_OFF);
            }
            bits = Bits::new(bytes, at + 2);
            (run, restarts) = (0, restarts.wrapping_add(1));
        }
        for &(place, first, rest) in &scan.components {
            let component = picture.components.get_mut(place).ok_or(DAMAGED)?;
            let blocks = if alone.is_some() { 1 } else { component.across * component.down };
            let codes = (
                tables.first.get(first).and_then(Option::as_ref),
                tables.rest.get(rest).and_then(Option::as_ref),
            );
            if !picture.progressive {
                let (Some(first), Some(rest)) = codes else { return Err(DAMAGED) };
                for _ in 0..blocks {
                    sequential(&mut bits, first, rest)?;
                }
            } else if scan.from > 0 {
                let codes = codes.1.ok_or(DAMAGED)?;
                let filled = usize::try_from(unit).ok().and_then(|unit| component.filled.get_mut(unit));
                let filled = filled.ok_or(DAMAGED)?;
                let band = (u32::from(scan.from), u32::from(scan.to));
                if scan.again {
                    refine(&mut bits, codes, band, filled, &mut run)?;
                } else {
                    begin(&mut bits, codes, band, filled, &mut run)?;
                }
            } else {
                for _ in 0..blocks {
                    if scan.again {
                        bits.take(1)?;
                    } else {
                        first_of(&mut bits, codes.0.ok_or(DAMAGED)?)?;
                    }
                }
            }
        }
    }
    bits.end()
}

/// The first coefficient of a block.
fn first_of(bits: &mut Bits<'_>, codes: &Codes) -> Outcome<()> {
    let length = bits.symbol(codes)?;
    if length > 15 {
        return Err(DAMAGED);
    }
    bits.take(u32::from(length)).map(drop)
}

/// A block of a sequential picture.
fn sequential(bits: &mut Bits<'_>, first: &Codes, rest: &Codes) -> Outcome<()> {
    first_of(bits, first)?;
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(rest)?;
        let (zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, length) {
            (15, 0) => at += 16,
            (_, 0) => return Ok(()),
            _ => {
                at += zeros + 1;
                bits.take(length)?;
            }
        }
    }
    if at > 64 { Err(DAMAGED) } else { Ok(()) }
}

/// A block's coefficients of a band, for the first time. `run` counts blocks that have none.
fn begin(
    bits: &mut Bits<'_>,
    codes: &Codes,
    (from, to): (u32, u32),
    filled: &mut u64,
    run: &mut u32,
) -> Outcome<()> {
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let mut at = from;
    while at <= to {
        let symbol = bits.symbol(codes)?;
        let (zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, length) {
            (15, 0) => at += 16,
            (_, 0) => {
                *run = (1 << zeros) - 1 + bits.take(zeros)?;
                return Ok(());
            }
            _ => {
                at += zeros;
                if at > to {
                    return Err(DAMAGED);
                }
                bits.take(length)?;
                *filled |= 1 << at;
                at += 1;
            }
        }
    }
    if at > to + 1 { Err(DAMAGED) } else { Ok(()) }
}

/// One more bit of a block's coefficients of a band.
fn refine(
    bits: &mut Bits<'_>,
    codes: &Codes,
    (from, to): (u32, u32),
    filled: &mut u64,
    run: &mut u32,
) -> Outcome<()> {
    let mut at = from;
    while *run == 0 && at <= to {
        let symbol = bits.symbol(codes)?;
        let (mut zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, length) {
            (0..15, 0) => {
                *run = (1 << zeros) + bits.take(zeros)?;
                break;
            }
            (_, 0) => {}
            (_, 1) => {
                bits.take(1)?;
            }
            _ => return Err(DAMAGED),
        }
        while at <= to {
            if *filled & (1 << at) != 0 {
                bits.take(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if at > to && (length > 0 || zeros > 0) {
            return Err(DAMAGED);
        }
        if length > 0 {
            *filled |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        let band = (at..=to).filter(|at| *filled & (1 << at) != 0).count();
        for _ in 0..band {
            bits.take(1)?;
        }
        *run -= 1;
    }
    Ok(())
}
