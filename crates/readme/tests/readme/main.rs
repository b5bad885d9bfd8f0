//! Descriptions by the front door: text and content type in, HTML out.

mod hostile;
mod judge;
mod markdown;
mod nasty;
mod rst;
