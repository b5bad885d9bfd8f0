//! Decompression of one member after the other with the same state.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Reads what deflated data decompress to, and not a byte of the data behind their end.
pub(super) struct Inflate<'d, R> {
    from: R,
    decompress: &'d mut Decompress,
    ended: bool,
}

impl<'d, R: BufRead> Inflate<'d, R> {
    pub(super) fn new(from: R, decompress: &'d mut Decompress) -> Self {
        decompress.reset(false);
        Self {
            from,
            decompress,
            ended: false,
        }
    }
}

impl<R: BufRead> Read for Inflate<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !into.is_empty() {
            let data = self.from.fill_buf()?;
            let (taken, made) = (self.decompress.total_in(), self.decompress.total_out());
            let status = self
                .decompress
                .decompress(data, into, FlushDecompress::None)?;
            // Differences of 64-bit counters over one call: no more than the lengths of the two buffers.
            let taken = usize::try_from(self.decompress.total_in() - taken).unwrap_or_default();
            let made = usize::try_from(self.decompress.total_out() - made).unwrap_or_default();
            self.from.consume(taken);
            self.ended = status == Status::StreamEnd;
            if made > 0 {
                return Ok(made);
            }
            if taken == 0 && !self.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}
