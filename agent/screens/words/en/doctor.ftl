### What `idlewatt doctor` and its page say: what was found, and what the owner can do.

doctor-title = Doctor
doctor-intro = What keeps this PC from working, and what you can do about it. Nothing is changed by looking.
doctor-copy = The report as text
doctor-copy-hint = It holds no keys, tokens, passwords or addresses for payouts, not your user name and not the name of this PC: you can send it to anybody.
doctor-again = Look again
doctor-link = Something does not work? The doctor looks for the reason.

doctor-ok = ok
doctor-worth-knowing = worth knowing
doctor-problem = PROBLEM
doctor-summary = { $problems ->
    [0] no problem
    [one] 1 problem
   *[other] { $problems } problems
}, { $worth ->
    [0] nothing else worth knowing
    [one] 1 thing worth knowing
   *[other] { $worth } things worth knowing
}
doctor-group-keeping = Data and settings
doctor-group-programs = The program's files
doctor-group-graphics = Graphics cards
doctor-group-start = Start
doctor-group-reach = The way to the hub or pool
doctor-group-work = Work

doctor-data-writable = the data directory { $path } can be written to
doctor-data-not-yet = the data directory { $path } is made at the first start
doctor-data-unwritable = the data directory { $path } cannot be written to: { $reason }
doctor-data-unwritable-advice = Give your user the right to write there, or name another directory with --data-dir. On Windows, "Controlled folder access" may be what protects it: ask whoever looks after this PC.
doctor-room = { $mib } MiB are free there
doctor-room-advice = Make room on that disk: every share is written down before it counts, and on a full disk nothing can be.
doctor-settings-none = there is no file of settings: the defaults hold
doctor-settings-good = the settings in { $file } are right
doctor-settings-wrong = the settings are wrong: { $file } ({ $reason })
doctor-settings-wrong-advice = `idlewatt config check` says what is allowed there. The agent does not start until it is put right.
doctor-settings-line = line { $line } { $name }
doctor-consent-given = this PC's owner has agreed that it may work
doctor-consent-missing = nobody has agreed yet that this PC may work, so nothing runs
doctor-consent-missing-advice = Read what it does and agree on the dashboard (`idlewatt open`), or with `idlewatt consent --accept`.
doctor-consent-damaged = the record of consent cannot be read, so nothing runs: { $reason }
doctor-consent-damaged-advice = Agree again with `idlewatt consent --accept`: a new record takes the place of the damaged one.

doctor-program-good = { $path } is there and can be started ({ $reason })
doctor-program-other-version = { $path } is of another version ({ $reason }) than this program ({ $own })
doctor-program-missing = { $path } is missing
doctor-program-missing-advice = Look into the quarantine (protection history) of your antivirus program, as it may have taken the file: restore it there and report a false positive, as docs/antivirus.md says. If it is not there, install Idlewatt again.
doctor-program-infected = an antivirus program takes { $path } for malware and does not let it start: { $reason }
doctor-program-removed = an antivirus program has removed { $path }: { $reason }
doctor-program-virus-advice = Check the file's signature or hash first, as docs/antivirus.md says. If it is ours, restore it from the quarantine of your antivirus program and report a false positive to its maker; on a PC that others look after, ask them.
doctor-program-denied = the system does not allow { $path } to be started: { $reason }
doctor-program-denied-advice = The rights of the file may be wrong, it may lie on a disk from which nothing may be started, or an antivirus program may hold it back: look into its protection history, and see docs/antivirus.md. On a PC that others look after, ask them.
doctor-program-policy = a rule for this PC does not allow { $path } to be started: { $reason }
doctor-program-policy-advice = Such a rule (AppLocker, application control, Smart App Control) is set by whoever looks after this PC: ask them to allow the program by its publisher. docs/antivirus.md says by what it is known.
doctor-program-damaged = { $path } is damaged or made for another kind of PC: { $reason }
doctor-program-incomplete = something that { $path } needs is missing: { $reason }
doctor-program-busy = { $path } is in use by something that does not let go: { $reason }
doctor-program-other = { $path } cannot be started: { $reason }
doctor-program-ended = { $path } starts, but fails at once ({ $reason })
doctor-program-hung = { $path } has not answered within { $reason } seconds
doctor-program-hung-advice = A scanner may be looking at it for the first time, or it was just being replaced. Try again in a few minutes; if it stays so, restart the PC.
doctor-program-reinstall = Install Idlewatt again over what is there: settings and receipts stay.

doctor-graphics-unwanted = the settings keep graphics cards out of it
doctor-adapter = { $name } ({ $id }) can be used: { $driver }
doctor-graphics-failed = looking for graphics cards failed, so only the CPU works: { $reason }
doctor-graphics-no-driver = there is a graphics card ({ $cards }), but no driver through which it computes (Vulkan, on Windows also Direct3D 12)
doctor-graphics-only-software = there is a graphics card ({ $cards }), but only { $name } answers, which is computed by the CPU: the card's own driver is missing or does not work
doctor-graphics-driver-windows = Install the newest driver from the card's maker (NVIDIA, AMD or Intel) or through Windows Update, and restart the PC. "Microsoft Basic Display Adapter" in the device manager means that there is none.
doctor-graphics-driver-linux = Install the card's Vulkan driver: mesa-vulkan-drivers for AMD and Intel, your distribution's nvidia-driver for NVIDIA, and libvulkan1; then log in anew. `vulkaninfo --summary` should list the card.
doctor-graphics-emulated = there is no graphics card, only { $name }, which is computed by the CPU and is left alone
doctor-graphics-none = there is no graphics card that computes
doctor-graphics-none-advice = Nothing has to be done: the CPU works. If this PC has a card, its driver is missing.

doctor-agent-runs = the agent runs (version { $version })
doctor-agent-other-version = the agent that runs is version { $version }, this program is { $own }
doctor-agent-other-version-advice = End it with `idlewatt stop` (or Quit in the tray) and start it again.
doctor-agent-stopped = the agent does not run
doctor-agent-stopped-advice = Start Idlewatt from the start menu, or with `idlewatt run`.
doctor-agent-silent = the agent should run, but does not answer as it should: { $reason }
doctor-agent-silent-advice = End the program "idlewatt" (task manager, or `idlewatt stop`) and start it again. If a security program watches connections inside of this PC (127.0.0.1), it may be in the way.
doctor-autostart-on = it starts when you log in ({ $place })
doctor-autostart-off = it does not start by itself when you log in
doctor-autostart-off-advice = If it should: `idlewatt autostart on`, or the switch in the settings.
doctor-autostart-turned-off = it was set to start when you log in, but was turned off since in the system's list of such programs ({ $place })
doctor-autostart-turned-off-windows = If it should start: task manager, Startup apps, Idlewatt, Enable; or `idlewatt autostart on`.
doctor-autostart-turned-off-linux = If it should start: turn it on in the desktop's list of startup applications; or `idlewatt autostart on`.
doctor-autostart-unknown = whether it starts when you log in cannot be told: { $reason }
doctor-autostart-unknown-advice = `idlewatt autostart on` sets it anew.

doctor-reach-inside = it works for the hub inside itself: nothing outside of this PC has to be reached
doctor-reach-unknown = whom to work for is not known while the settings are wrong
doctor-trust-unusable = the certificates to trust cannot be used: { $reason }
doctor-trust-unusable-advice = Put the file there, or take hub.ca_file or pool.ca_file out of the settings to trust what the system trusts.
doctor-address-wrong = the address cannot be used: { $reason }
doctor-proxy = the hub is asked through the proxy { $proxy }, which the environment names (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)
doctor-unencrypted = the hub is asked without encryption (http://): whoever is on the way can read and change everything, this device's token too
doctor-unencrypted-advice = Use https:// where the hub offers it. Inside your own network this may be good enough.
doctor-name-known = { $host } is known: { $addresses }
doctor-name-unknown = the name { $host } is not known: { $reason }
doctor-name-unknown-advice = Check that the PC is online and the address has no typing mistake. Some routers and name servers (DNS) filter names to do with mining: then choose another name server in the network settings, or ask whoever looks after the network.
doctor-name-bent = { $host } leads to this PC itself ({ $addresses })
doctor-name-bent-advice = That is right only if the hub runs on this PC. Otherwise a filter for names (DNS) or the hosts file blocks it: ask whoever set that up.
doctor-line-open = { $place } can be connected to
doctor-line-refused = nothing listens at { $place }: { $reason }
doctor-line-refused-advice = The port may be wrong, or the other side is down at present: compare the address with what its operator says, and try later.
doctor-line-silent = { $place } does not answer: { $reason }
doctor-line-silent-advice = A firewall on the way may swallow it, or the other side is down. If other addresses work, ask whoever looks after the network whether this port is let out.
doctor-line-no-way = there is no way to { $place }: { $reason }
doctor-line-no-way-advice = The PC is offline, or its network has no way there: check cable, Wi-Fi and VPN.
doctor-line-forbidden = this PC itself does not let the connection to { $place } out: { $reason }
doctor-line-forbidden-advice = A firewall or security program on this PC refuses it: look into what it has blocked, or ask whoever looks after the PC.
doctor-line-failed = { $place } cannot be connected to: { $reason }
doctor-line-no-proxy-advice = A proxy is set here, but work goes straight to this address, without it: ask whoever looks after the network to let this port out, or use a hub inside the network.
doctor-line-through-advice = The way there is the proxy that network.proxy names: look whether it runs, takes the login, and lets this port out.
doctor-tls-good = { $host } has proven who it is (TLS)
doctor-tls-expired = the certificate of { $host } has expired; the clock of this PC says { $now }
doctor-tls-expired-at = the certificate of { $host } was good until { $about }; the clock of this PC says { $now }
doctor-tls-not-yet = the certificate of { $host } is not valid yet; the clock of this PC says { $now }
doctor-tls-not-before = the certificate of { $host } is good from { $about } on only; the clock of this PC says { $now }
doctor-tls-time-advice = Is it really { $now }? If not, set the clock of this PC right (and its time zone), then this is gone. If it is, the other side has to renew its certificate: tell its operator.
doctor-tls-name = the certificate is not for { $host }
doctor-tls-names = the certificate is not for { $host } but for: { $about }
doctor-tls-name-advice = Check the address for typing mistakes; use the name that its operator gives. Before you log in to a Wi-Fi network, its own page may be what answers.
doctor-tls-issuer = nobody whom this PC trusts vouches for the certificate of { $host }
doctor-tls-issuer-advice = If the hub has a certificate of its own, name its file as hub.ca_file (for a pool pool.ca_file). If it should be trusted anyway, something on the way (an antivirus program or a proxy that looks into encrypted connections) puts its own in place: ask whoever looks after the network.
doctor-tls-revoked = the certificate of { $host } was revoked
doctor-tls-refused = the certificate of { $host } is not accepted: { $reason }
doctor-tls-none = { $host } does not speak TLS at this port
doctor-tls-failed = no encrypted connection to { $host } comes about: { $reason }
doctor-tls-none-advice = Compare scheme and port with what the operator says: https:// or stratum+ssl:// where it is encrypted, http:// or stratum+tcp:// where it is not.
doctor-pool-fingerprint = the certificate of { $host } has the SHA-256 fingerprint FINGERPRINT
doctor-pool-fingerprint-advice = Only if the pool's operator publishes this very fingerprint: put it into the settings as pool.fingerprint, and this certificate alone is taken from then on.
doctor-pool-plain = the connection is not encrypted: whoever is on the way can see the work and change it
doctor-pool-plain-advice = Most pools have an encrypted port too: use stratum+ssl:// with that.
doctor-pool-other-coin = the address in the user looks like one of { $coin }, and this work earns { $pays }
doctor-pool-other-coin-advice = Unless the pool says that it pays { $coin }, use an address of { $pays }: what is earned may be lost.
doctor-pool-login = it takes the login, after { $milliseconds } ms
doctor-pool-failed = it does not take the login: { $reason }
doctor-pool-login-advice = Compare user, password, algorithm and port with what the pool's page says: many want a wallet's address as the user, with a name for the PC after a dot.
doctor-pool-work = it has work for { $algorithm }: a share takes { $hashes } hashes on average
doctor-pool-no-work = it takes the login, but has no work to do: { $reason }
doctor-pool-no-work-advice = The port may be for another algorithm or coin. If the algorithm is right, the pool's own node may be away: try later, or take another pool.
doctor-pool-says = it says: { $text }
doctor-pool-unknown = messages that are not known, and left out of account: { $names }
doctor-pool-bad-lines = { $lines } of its lines could not be read
doctor-pool-bad-lines-advice = Compare algorithm and port with what the pool's page says.
doctor-hub-answers = a hub answers at { $address }, with work for: { $algorithms }
doctor-hub-no-work = a hub answers at { $address }, but has no work at present
doctor-hub-no-work-advice = Its operator has to see to it; this device takes up work as soon as there is some.
doctor-hub-silent = { $reason }
doctor-hub-silent-advice = Something accepts connections but does not answer as a hub: check port and scheme (http:// or https://) of the address.
doctor-hub-silent-proxy-advice = The proxy does not let it through: ask whoever looks after it, or put the hub's name into NO_PROXY if it can be reached without.
doctor-hub-proxy-login = the proxy wants a login before it lets anything through ({ $status })
doctor-hub-proxy-login-advice = Put user and password into the proxy's address in the environment, or ask whoever looks after it.
doctor-hub-redirected = { $address } sends whoever asks elsewhere ({ $status }): that is not a hub
doctor-hub-stranger = something that is not a hub answers at { $address } ({ $status }, { $kind })
doctor-hub-refuses = a hub of another kind or version answers at { $address } ({ $status })
doctor-hub-stranger-advice = Check the address: it is the hub's own, without a page behind it. On a Wi-Fi network with a page to log in, log in first.
doctor-hub-busy = the hub at { $address } asks to be left alone for a while ({ $status })
doctor-hub-down = the hub at { $address }, or what stands before it, has trouble of its own ({ $status })
doctor-hub-busy-advice = Nothing has to be done here: the agent tries again by itself. If it lasts, tell the hub's operator.
doctor-clock-right = the clock of this PC is right: { $seconds } s from the hub's
doctor-clock-wrong = the clock of this PC says { $now }, the hub's { $theirs }: { $seconds } s apart
doctor-clock-advice = Have the system set the clock by itself (Windows: Settings, Time & language, Sync now; Linux: `timedatectl set-ntp true`). A clock that is far off breaks encrypted connections.

doctor-work-good = the agent reports no trouble
doctor-source-trouble = the agent reports: { $reason }
doctor-source-trouble-advice = It goes on trying by itself. What stands in the way is above, where this look has found it too.
doctor-connection-trouble = work for { $algorithm }: { $state }
doctor-set-aside = { $name } is set aside: { $reason }
doctor-algorithm-set-aside = { $name } is not asked to compute { $algorithm }: { $reason }
doctor-set-aside-advice = Update its driver, and let it cool if it is overclocked or dusty; then `idlewatt processors --retry { $id }` gives it another chance.
doctor-paused-from-afar = the account's owner has paused this device from afar
doctor-paused-from-afar-advice = It is lifted on the account's page of devices.
