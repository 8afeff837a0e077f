use super::*;
use crate::upstream::sha256d_work::Split;
use crate::upstream::template::Extranonce;
