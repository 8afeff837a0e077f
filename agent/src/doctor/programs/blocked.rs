//! Why a system does not start a program, by what it answers.

/// Whose answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Windows.
    Windows,
    /// Linux.
    Linux,
}

impl System {
    /// The one that this runs on.
    pub const HERE: System = if cfg!(windows) {
        System::Windows
    } else {
        System::Linux
    };
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// It is not there: never was, or an antivirus program took it.
    Missing,
    /// An antivirus program says that it is malware.
    Infected,
    /// An antivirus program says so and has removed it.
    Removed,
    /// The system or an antivirus program denies access to it.
    Denied,
    /// A rule of whoever looks after this PC does not allow it.
    Policy,
    /// It is no program for this system, or only a part of one.
    Damaged,
    /// Something it needs is not there.
    Incomplete,
    /// It is being written.
    Busy,
    /// Something else.
    Other,
}

impl Blocked {
    /// What an error code means: of Windows <https://learn.microsoft.com/windows/win32/debug/system-error-codes>, of Linux
    /// `errno(3)`.
    pub fn of_error(system: System, code: i32) -> Blocked {
        match (system, code) {
            // FILE_NOT_FOUND, PATH_NOT_FOUND; ENOENT
            (System::Windows, 2 | 3) | (System::Linux, 2) => Blocked::Missing,
            // VIRUS_INFECTED
            (System::Windows, 225) => Blocked::Infected,
            // VIRUS_DELETED
            (System::Windows, 226) => Blocked::Removed,
            // ACCESS_DENIED; EPERM, EACCES
            (System::Windows, 5) | (System::Linux, 1 | 13) => Blocked::Denied,
            // ACCESS_DISABLED_BY_POLICY, and SYSTEM_INTEGRITY_POLICY_VIOLATION, which application control says
            (System::Windows, 1260 | 4551) => Blocked::Policy,
            // BAD_EXE_FORMAT, EXE_MACHINE_TYPE_MISMATCH; ENOEXEC
            (System::Windows, 193 | 216) | (System::Linux, 8) => Blocked::Damaged,
            // MOD_NOT_FOUND, SXS_CANT_GEN_ACTCTX
            (System::Windows, 126 | 14001) => Blocked::Incomplete,
            // SHARING_VIOLATION; ETXTBSY
            (System::Windows, 32) | (System::Linux, 26) => Blocked::Busy,
            _ => Blocked::Other,
        }
    }

    /// What Windows ended it with before it began, as an `NTSTATUS`.
    pub fn of_exit_code(code: i32) -> Option<Blocked> {
        match code.cast_unsigned() {
            // ACCESS_DENIED
            0xc000_0022 => Some(Blocked::Denied),
            // DLL_NOT_FOUND, ENTRYPOINT_NOT_FOUND
            0xc000_0135 | 0xc000_0139 => Some(Blocked::Incomplete),
            // INVALID_IMAGE_FORMAT
            0xc000_007b => Some(Blocked::Damaged),
            // VIRUS_INFECTED
            0xc000_0906 => Some(Blocked::Infected),
            // VIRUS_DELETED
            0xc000_0907 => Some(Blocked::Removed),
            _ => None,
        }
    }

    /// What was found, and what the owner can do.
    pub fn messages(self) -> (&'static str, &'static str) {
        match self {
            Blocked::Missing => ("doctor-program-missing", "doctor-program-missing-advice"),
            Blocked::Infected => ("doctor-program-infected", "doctor-program-virus-advice"),
            Blocked::Removed => ("doctor-program-removed", "doctor-program-virus-advice"),
            Blocked::Denied => ("doctor-program-denied", "doctor-program-denied-advice"),
            Blocked::Policy => ("doctor-program-policy", "doctor-program-policy-advice"),
            Blocked::Damaged => ("doctor-program-damaged", "doctor-program-reinstall"),
            Blocked::Incomplete => ("doctor-program-incomplete", "doctor-program-reinstall"),
            Blocked::Busy => ("doctor-program-busy", "doctor-program-hung-advice"),
            Blocked::Other => ("doctor-program-other", "doctor-program-reinstall"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_speaks_its_own_codes() {
        for (system, code, blocked) in [
            (System::Windows, 2, Blocked::Missing),
            (System::Windows, 225, Blocked::Infected),
            (System::Windows, 226, Blocked::Removed),
            (System::Windows, 5, Blocked::Denied),
            (System::Windows, 1260, Blocked::Policy),
            (System::Windows, 4551, Blocked::Policy),
            (System::Windows, 13, Blocked::Other),
            (System::Linux, 13, Blocked::Denied),
            (System::Linux, 5, Blocked::Other),
            (System::Linux, 225, Blocked::Other),
        ] {
            assert_eq!(
                Blocked::of_error(system, code),
                blocked,
                "{system:?} {code}"
            );
        }
        let ended = Blocked::of_exit_code(0xc000_0906_u32.cast_signed());
        assert_eq!(ended, Some(Blocked::Infected));
        assert_eq!(Blocked::of_exit_code(1), None);
    }

    #[test]
    fn nobody_is_told_to_turn_protection_off() {
        use idlewatt_screens::{Language, Words};
        for language in Language::ALL {
            let words = Words::of(language);
            for blocked in [Blocked::Infected, Blocked::Removed, Blocked::Denied] {
                let advice = words.say(blocked.messages().1).to_lowercase();
                for forbidden in ["turn off", "disable", "exclusion", "끄", "예외"] {
                    assert!(!advice.contains(forbidden), "{forbidden}: {advice}");
                }
                assert!(advice.contains("antivirus.md"), "{advice}");
            }
        }
    }
}
