//! Difficulties that every JSON reader reads alike.

/// Rounds a difficulty to 12 significant digits. Many JSON readers lose the last bit of longer numbers, and then
/// miner and server would work to targets that differ; what this gives is read back exactly. A server uses the
/// result both on the wire and for its own check.
pub fn wire_difficulty(difficulty: f64) -> f64 {
    // Formatting rounds in decimal, which arithmetic in binary could not.
    format!("{difficulty:.11e}").parse().unwrap_or(difficulty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitcoin::ServerMessage;
    use proptest::prelude::*;

    #[test]
    fn short_numbers_stay_as_they_are() {
        for same in [1.0, 0.001, 0.000_25, 65_536.0, 123_456_789_012.0] {
            assert_eq!(wire_difficulty(same), same);
        }
        assert_eq!(wire_difficulty(1.0 / 3.0), 0.333_333_333_333);
        assert!(wire_difficulty(f64::NAN).is_nan());
    }

    #[test]
    fn numbers_of_any_length_are_read_to_the_last_bit() {
        let digits = "99999999999999999999999999999999999999999999999999999990.01";
        let line = format!(r#"{{"id":null,"method":"mining.set_difficulty","params":[{digits}]}}"#);
        let read = ServerMessage::parse(&line).expect("reads");
        assert_eq!(
            read,
            ServerMessage::SetDifficulty(digits.parse().expect("a number"))
        );
        assert_eq!(ServerMessage::parse(&read.to_line()), Ok(read));
    }

    proptest! {
        #[test]
        fn they_cross_the_wire_to_the_last_bit(exponent in -9i32..16, mantissa in 1.0f64..10.0) {
            let difficulty = wire_difficulty(mantissa * 10f64.powi(exponent));
            let line = ServerMessage::SetDifficulty(difficulty).to_line();
            match ServerMessage::parse(&line).expect("reads") {
                ServerMessage::SetDifficulty(read) => prop_assert_eq!(read.to_bits(), difficulty.to_bits()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
