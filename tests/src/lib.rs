//! What the end-to-end tests share: real processes, real nodes, waiting with a deadline.
#![forbid(unsafe_code)]
