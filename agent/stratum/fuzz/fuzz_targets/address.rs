//! An address as an owner writes it or a server names it: nothing panics, and what is read is written so that it reads the same.
#![no_main]

use idlewatt_stratum::address::Address;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string().parse(), Ok(address));
    }
});
