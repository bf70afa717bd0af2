//! The bits of a scan, and the codes that they are written in.

/// What is said when bits are missing.
pub(super) const CUT_OFF: &str = "a part of it is cut out";

/// Bits up to the next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top; zeros below the last.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// The bits from `at`.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, buffer: 0, count: 0 }
    }

    /// Takes in as many as there are and have room.
    fn fill(&mut self) {
        if let Some(next) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*next);
            // No byte of them is 0xff: nothing is stuffed and no marker is near.
            let has_marker = (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0;
            if !has_marker {
                let taken = (64 - self.count) / 8;
                if taken > 0 {
                    let kept = word & (u64::MAX << (64 - taken * 8));
                    self.buffer |= kept >> self.count;
                    self.count += taken * 8;
                    self.at += taken as usize;
                }
                return;
            }
        }
        while self.count <= 56 {
            let Some(&byte) = self.bytes.get(self.at) else { return };
            if byte == 0xff {
                match self.bytes.get(self.at + 1) {
                    Some(0) => self.at += 1,
                    Some(0xff) => {
                        self.at += 1;
                        continue;
                    }
                    _ => return,
                }
            }
            self.at += 1;
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Takes so many bits, 16 at the most.
    pub(super) fn take(&mut self, wanted: u32) -> Result<u32, &'static str> {
        if self.count < wanted {
            self.fill();
            if self.count < wanted {
                return Err(CUT_OFF);
            }
        }
        if wanted == 0 {
            return Ok(0);
        }
        let taken = (self.buffer >> (64 - wanted)) as u32;
        self.buffer <<= wanted;
        self.count -= wanted;
        Ok(taken)
    }

    /// The next symbol.
    pub(super) fn symbol(&mut self, codes: &Codes) -> Result<u8, &'static str> {
        if self.count < 32 {
            self.fill();
        }
        let (length, symbol) = codes.find(self.buffer)?;
        if length > self.count {
            return Err(CUT_OFF);
        }
        self.buffer <<= length;
        self.count -= length;
        Ok(symbol)
    }

    /// Where the marker is that ends these bits.
    pub(super) fn end(mut self) -> Result<usize, &'static str> {
        self.take(self.count % 8)?;
        let unread = self.count / 8;
        let mut padding = None;
        for _ in 0..unread {
            let byte = self.take(8)?;
            left_over(&mut padding, byte as u8)?;
        }
        loop {
            match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(0xff), Some(0)) => {
                    left_over(&mut padding, 0xff)?;
                    self.at += 2;
                }
                (Some(0xff), Some(0xff)) => self.at += 1,
                (Some(0xff), Some(_)) => return Ok(self.at),
                (Some(&byte), Some(_)) => {
                    left_over(&mut padding, byte)?;
                    self.at += 1;
                }
                _ => return Err(CUT_OFF),
            }
        }
    }
}

/// Behind the last block there may be bytes that fill up, all alike, and nothing else.
fn left_over(padding: &mut Option<u8>, byte: u8) -> Result<(), &'static str> {
    match padding {
        None => *padding = Some(byte),
        Some(known) if *known == byte => {}
        Some(_) => return Err("it has more bits than pixels"),
    }
    Ok(())
}

/// Bits that are looked up at once.
const QUICK: u32 = 9;

/// A table of codes.
pub(super) struct Codes {
    /// For each beginning: the length of its code and its symbol; length 0 when it is longer.
    quick: Box<[(u8, u8); 1 << QUICK]>,
    /// For each length: the end of its codes, written as 16 bits.
    ends: [u32; 17],
    /// For each length: what is added to a code to find its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// The table with so many codes of each length.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, &'static str> {
        let wrong = "a table of codes is damaged";
        let (mut quick, mut ends, mut offsets) = (Box::new([(0, 0); 1 << QUICK]), [0; 17], [0; 17]);
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            let at = length as usize;
            offsets[at] = i32::try_from(index).unwrap_or(0) - i32::try_from(code).unwrap_or(0);
            for _ in 0..count {
                let symbol = *symbols.get(index).ok_or(wrong)?;
                if code >= 1 << length {
                    return Err(wrong);
                }
                if length <= QUICK {
                    let first = (code << (QUICK - length)) as usize;
                    let end = first + (1 << (QUICK - length));
                    quick.get_mut(first..end).ok_or(wrong)?.fill((length as u8, symbol));
                }
                code += 1;
                index += 1;
            }
            ends[at] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { quick, ends, offsets, symbols: symbols.to_vec() })
    }

    /// The length and the symbol of the code that these bits begin with, from the top.
    fn find(&self, bits: u64) -> Result<(u32, u8), &'static str> {
        let (length, symbol) = self.quick[(bits >> (64 - QUICK)) as usize];
        if length > 0 {
            return Ok((u32::from(length), symbol));
        }
        let next = (bits >> 48) as u32;
        for length in QUICK + 1..=16 {
            if next < self.ends[length as usize] {
                let index = (next >> (16 - length)) as i32 + self.offsets[length as usize];
                let symbol = usize::try_from(index).ok().and_then(|index| self.symbols.get(index));
                return symbol.map(|symbol| (length, *symbol)).ok_or("a code is damaged");
            }
        }
        Err("a code is damaged")
    }
}
