
cli-setup-done = set up; the agent takes it from here at its next start
cli-setup-no-hub = --enrol needs a hub to join: say --hub URL
### The command line. What begins with cli-help- stands at the commands and flags of those names, and says in English what
### the program itself says there.

cli-nothing-yet = nothing yet
cli-not-money = (not money)
cli-not-running = no idlewatt runs with the data directory { $data }; start one with `idlewatt daemon`
cli-bad-mode = unknown mode "{ $mode }"; allowed: smart, a whole number from 5 to 100, pause
cli-bad-duration = "{ $text }" is not a duration; allowed: numbers with s, m, h or d, such as 90s, 2m or 1h30m
cli-bad-moment = "{ $text }" is not a time; allowed: 00:00 to 23:59 for the next time the clock shows that, or a date with a time such as 2026-11-23T08:00
cli-no-consent = nothing runs before consent: `idlewatt consent --accept`
cli-settings-unreadable = cannot read the settings file { $path }: { $reason }
cli-wrong-value = "{ $value }" is not allowed for { $argument }
cli-wrong-value-because = "{ $value }" is not allowed for { $argument }: { $reason }
cli-unknown-argument = unknown: "{ $argument }"
cli-unknown-command = there is no command "{ $argument }"
cli-missing-argument = missing: { $argument }
cli-conflict = { $argument } cannot be used with { $other }
cli-heading-usage = Usage
cli-heading-commands = Commands
cli-heading-arguments = Arguments
cli-heading-options = Options
cli-see-help = for more, try `--help`

cli-moment = { $clock } (in { $left })
cli-days = { $count }d
cli-hours = { $count }h
cli-minutes = { $count }m
cli-seconds = { $count }s
cli-mode = mode { $mode }
cli-mode-until = mode { $mode } until { $end }, then { $then }
cli-mode-for-good = mode { $mode }, for good: `idlewatt resume` ends it
cli-until-input = the next input
cli-until-away = nobody is using this PC
cli-until = { $mode } until { $end }, then { $then }

cli-status-mode = mode
cli-status-benchmark = benchmark
cli-status-works-for = works for
cli-status-trouble = trouble
cli-status-doubt = not believed
cli-status-shares = shares
cli-status-credited = credited
cli-status-limit = limit
cli-status-update = update
cli-status-update-staged = { $version } is here, and is installed while nobody is at this PC; `idlewatt update` installs it now
cli-status-update-failed = { $version } did not come up, and the version before was put back; `idlewatt update --again` tries it once more
cli-status-benchmark-of = { $number } of { $of }: { $algorithm } on { $processor }
cli-status-embedded = the hub inside this agent (practice, never money)
cli-status-hub = hub { $address }
cli-status-pool = pool { $address }
cli-status-counts = { $accepted } accepted, { $stale } stale, { $rejected } rejected, { $pending } pending, { $lost } lost
cli-status-lost-at-hub = { $count } of the accepted were lost at the hub since, and cannot be claimed again
cli-status-paused-from-afar = paused by the account's owner
cli-status-limited-from-afar = { $percent } %, set by the account's owner
cli-status-awaiting = { $count ->
    [one] 1 share verified{ $worth }, credited within a minute
   *[other] { $count } shares verified{ $worth }, credited within a minute
}
cli-status-connected = connected
cli-status-connecting = connecting

cli-column-processor = processor
cli-column-works-on = works on
cli-column-rate = rate
cli-column-allowed = allowed
cli-column-achieved = achieved
cli-column-because = because
cli-column-state = state
cli-column-id = id
cli-column-kind = kind
cli-column-algorithms = algorithms
cli-column-algorithm = algorithm
cli-column-name = name
cli-column-measured-for = measured for
cli-column-when = when
cli-column-mode = mode
cli-column-what = what
cli-column-signal = signal
cli-column-number = number
cli-column-found = found
cli-column-work = work
cli-column-credit = credit

cli-phase-idle = idle
cli-phase-starting = starting
cli-phase-preparing = preparing
cli-phase-running = running
cli-phase-paused = paused
cli-phase-benchmarking = benchmarking
cli-phase-set-aside = set aside
cli-state-left = { $state }, about { $seconds } s left
cli-state-to-resume = { $state }, about { $seconds } s to resume
cli-set-aside = { $processor }: { $algorithm } is set aside: { $reason }
cli-set-aside-until = { $processor }: { $algorithm } is set aside, until { $end }: { $reason }

cli-weekday = { $weekday ->
    [1] Mon
    [2] Tue
    [3] Wed
    [4] Thu
    [5] Fri
    [6] Sat
   *[7] Sun
}
cli-why-nothing = nothing was decided in the last { $hours } h

cli-earnings-this-device = this device
cli-earnings-today = of it today
cli-earnings-other-devices = other devices
cli-earnings-referrals = referrals
cli-earnings-total = total
cli-earnings-wallet = in the wallet
cli-earnings-note = note: { $note }
cli-earnings-no-hub = a pool keeps its own books: see its pages
cli-earnings-not-yet = this device is not known to a hub yet

cli-receipts-none = no receipts yet
cli-receipts-agree = agent and hub agree: { $compared } shares compared ({ $credited }), { $differences } differences, { $pending } without an answer yet
cli-receipts-differ = agent and hub DIFFER: { $compared } shares compared ({ $credited }), { $differences } differences, { $pending } without an answer yet
cli-receipts-difference = { $digest }  { $kind }: here { $here }, at the hub { $there }
cli-receipts-only-here = only here
cli-receipts-lost-at-hub = lost at hub
cli-receipts-only-at-hub = only at hub
cli-receipts-different-credit = different credit
cli-receipts-nothing = nothing
cli-closings-right = the hub's closings are right: { $verified } verified now, { $compared } compared with receipts{ $last }
cli-closings-wrong = the hub's closings ARE NOT RIGHT: { $verified } verified now, { $compared } compared with receipts{ $last }
cli-closings-last = ; the last is number { $number } of { $day }, { $hash }
cli-closing-one = closing { $one }
cli-closing-many = closings { $first } to { $last }
cli-closing-now = it had { $hash } in the place of number { $number } then
cli-closing-nothing = it had nothing in their place then
cli-closing-agrees = what it has there now agrees with this device's receipts
cli-closing-unverified = it has not been verified since that what it has there now agrees with this device's receipts
cli-closing-changed = seen { $at }: the hub no longer had its { $which }: it was restored from a backup, or has rewritten its history; { $now }; { $since }

cli-share-pending = pending
cli-share-accepted = accepted
cli-share-rejected = rejected
cli-share-stale = stale
cli-share-lost = lost
cli-share-unknown = unknown

cli-consent-recorded = consent is recorded; take it back with `idlewatt consent --withdraw`
cli-consent-withdrawn = consent is withdrawn; nothing runs
cli-consent-question =
    Idlewatt lets this PC's processor and graphics card work for a mining hub or pool while you do not need them.
    That uses electricity you pay for (often 50 to 300 watts while it works) and makes the PC warmer and its fans louder.
    What it earns is credited to you and shown here as it is credited; with the built-in hub these are practice units, never money.
    You can pause it or take this consent back at any time; the hub is sent hash results, and each processor's rate, temperature and reason to work or to wait (also that somebody is at the PC), nothing else about you, your programs or your files.
cli-consent-agreed = Agreed, by --yes.
cli-consent-needed = nothing runs without your consent; answer with --yes, or with `idlewatt consent --accept`
cli-consent-ask = May this PC work under these conditions? [y/N]
cli-consent-yes = y yes
cli-consent-nothing-started = Nothing was started.

cli-config-right = { $file } is right
cli-config-none = there is no file of settings; the defaults hold
cli-config-default = default
cli-config-line = { $file }, line { $line }

cli-update-no-key = this build has no key to check updates with, and never updates itself
cli-update-no-address = this build does not know where updates are; allowed in update.url: https://HOST/FOLDER
cli-update-up-to-date = { $running } runs, and there is nothing newer
cli-update-available = { $version } is there, and { $running } runs; `idlewatt update` installs it
cli-update-elsewhere = { $version } is there, and { $running } runs. On this system the program is updated by what installed it.
cli-update-fetching = fetching { $version }
cli-update-applying = { $version } is being installed: the agent ends and starts again with it. If it does not come up, { $running } is put back.
cli-processors-memory = { $name }, { $memory }
cli-processors-emulated = { $name } (emulated on the CPU)
cli-processors-threads = { $name }, { $count } threads
cli-processors-not-running = the agent is not running: nothing is set aside

cli-bench-running = the agent is running and would disturb the figures: `idlewatt stop` first
cli-bench-memory = there is too little free memory for RandomX; `--algorithm sha256d` needs none
cli-bench-left-out = { $algorithm } on { $processor } is left out: there is too little free memory
cli-bench-progress = { $number } of { $of }: { $algorithm } on { $processor }, { $step }
cli-bench-step = { $number } of { $of }: { $step }
cli-bench-interrupted = interrupted
cli-view-benchmark = benchmark { $number } of { $of }: { $algorithm } on { $processor }, { $step }
cli-view-ended = ended: { $line }
cli-view-set-aside = { $processor } set aside
cli-view-accepted = { $count } shares accepted
cli-view-accepted-and-refused = { $count } shares accepted, { $refused } not
cli-view-credited = credited { $amount }
cli-step-preparing = preparing
cli-step-measuring = measuring

cli-stop-stopped = stopped
cli-stop-not-in-time = it has not ended within { $limit }

cli-open-opened = the dashboard is open in your browser
cli-open-no-browser = no browser can be opened here; open this address, which works once and only for a short while: { $url }
cli-autostart-on = the agent starts when you log in ({ $place })
cli-autostart-off = the agent does not start by itself

cli-yes = yes
cli-no = no
cli-unknown = unknown
cli-column-system-says = the system says
cli-signals-input = last input
cli-signals-gamepad = game controller
cli-signals-locked = locked
cli-signals-remote = used from elsewhere
cli-signals-sessions = other sessions in use
cli-signals-kept-awake = display kept on by
cli-signals-fullscreen = whole screen used by
cli-signals-power = power
cli-signals-cpu-load = CPU used by others
cli-signals-cpu-heat = CPU temperature
cli-signals-cpu-power = CPU power
cli-signals-gpu = graphics card
cli-signals-gpus = graphics cards
cli-signals-gpu-state = { $name }: { $load } used by others, { $heat }, { $power }
cli-signals-ago = { $seconds } s ago
cli-signals-gamepad-input = last input { $ago }
cli-signals-none = none
cli-signals-nobody = nobody
cli-signals-an-application = an application
cli-signals-battery = battery
cli-signals-mains = mains
cli-signals-charged = { $percent } % charged
cli-signals-saving = saving energy
cli-signals-saving-unknown = saving energy: unknown
cli-help-about = Turns the idle time of this PC into earnings, openly
cli-help-autostart-about = Start the agent when you log in
cli-help-data_dir = Where the agent keeps its files
cli-help-help = Print help
cli-help-json = Answer in JSON, as described in docs/json.md
cli-help-language = The language of what is shown: en or ko [default: the settings', or the system's]
cli-help-autostart-off-about = Do not start it by itself any more
cli-help-autostart-on-about = Start the agent when you log in
cli-help-autostart-status-about = Whether it starts by itself
cli-help-bench-about = Measure what each processor is worth
cli-help-bench-algorithm = Only this algorithm
cli-help-allow_software_gpu = Use graphics cards that are only emulated on the CPU
cli-help-config = The file of settings [default: config.toml in the data directory, if there is one]
cli-help-control_port = The port of the control API on 127.0.0.1
cli-help-hub = Work for the hub at this address
cli-help-bench-impact = Measure instead what the agent costs this PC: how exactly it keeps to its share, how fast it gives way, what other programs feel, and what it takes while paused. Some four minutes, during which the PC should be left alone
cli-help-mode = The mode to start with: smart, 5 to 100 (percent) or pause
cli-help-pool = Work for a mining pool, stratum+tcp://HOST:PORT; once more: for that one while the first cannot be reached
cli-help-pool_algorithm = What the pool has work for
cli-help-pool_pass = The pool's password
cli-help-pool_user = What the pool calls the user
cli-help-bench-processor = Only this processor, as `idlewatt processors` lists it
cli-help-bench-seconds = How long each measurement takes
cli-help-config-about = Look at the settings
cli-help-config-check-about = Whether the settings are right; exit code 2 if not
cli-help-config-show-about = Every setting as it holds, and where it comes from
cli-help-config-template-about = A file of settings with every default, explained
cli-help-consent-about = Give or take back the consent without which nothing runs
cli-help-consent-accept = Yes: this PC may work
cli-help-consent-withdraw = No longer: everything that runs is ended
cli-help-daemon-about = Run in the foreground without a display, for services
cli-help-enrol = Join the account that this enrolment code, or this fleet's token, belongs to
cli-help-doctor-about = Look for what keeps this PC from working, and say what can be done about it
cli-help-profit-about = Show what each kind of work would bring this PC, term by term
cli-help-profit-offline = Ask nobody: take what was heard last
cli-help-pool-about = Look at mining pools
cli-help-pool-list-about = Well-known pools, and the owner's own of pools.toml in the data directory
cli-help-pool-list-algorithm = Only those that have work for this
cli-help-pool-use-about = Work for a pool of the list: written into the settings
cli-help-pool-use-id = Which, as `idlewatt pool list` names it
cli-help-pool-use-address = The address that the pool is to pay to
cli-help-pool-use-device = What the pool is to call this PC; anybody who knows the address can see it there [default: pc- and four random digits]
cli-help-pool-use-beside = Beside the pool there is, for another algorithm: each processor then does what brings most
cli-help-pool-check-about = Look step by step whether a pool can be worked for, up to its first job; nothing is computed
cli-help-pool-check-url = The pool, stratum+tcp://HOST:PORT or stratum+ssl://HOST:PORT [default: those of the settings]
cli-help-pool-check-user = What the pool calls the user [default: the settings']
cli-help-pool-check-password = The pool's password [default: the settings']
cli-help-pool-check-algorithm = What the pool has work for [default: the settings']
cli-help-pool-check-fingerprint = The SHA-256 fingerprint of the certificate to trust
cli-help-earnings-about = Show what has been credited
cli-help-help-about = Print this message or the help of the given subcommand(s)
cli-help-kernel-about = Try the algorithms themselves
cli-help-kernel-hash-about = Print the hash of one input
cli-help-kernel-hash-algorithm = sha256d, randomx, kawpow or progpowz
cli-help-kernel-hash-allow_software_gpu = Let --on name a graphics card that is only emulated on the CPU
cli-help-kernel-hash-full_dag = kawpow and progpowz on a graphics card: make the whole dataset there, as mining does, and not only what this one hash reads
cli-help-kernel-hash-header = sha256d: the 80 bytes of a block header, in hex; kawpow and progpowz: the 32 bytes of a header's hash
cli-help-kernel-hash-height = kawpow and progpowz: the height of the block
cli-help-kernel-hash-input = randomx: what is hashed, in hex
cli-help-kernel-hash-key = randomx: the key, in hex
cli-help-kernel-hash-nonce = kawpow and progpowz: the nonce, at most 8 bytes in hex, most significant first
cli-help-kernel-hash-on = cpu, or the id of a graphics card as `idlewatt processors` lists it
cli-help-mode-about = Choose how hard the PC works
cli-help-duration = Only for this long, such as 3h or 1h30m
cli-help-mode-mode = smart (as much as goes unnoticed), 5 to 100 (percent of each processor's time) or pause
cli-help-until = Only until then: 18:00 (today or tomorrow) or 2026-11-23T08:00
cli-help-until_away = Only until nobody is using this PC any more
cli-help-until_input = Only until somebody uses this PC again
cli-help-open-about = Open the dashboard in your browser
cli-help-open-print = Print the address instead: it opens the dashboard once, and only for a short while
cli-help-pause-about = Stop working, until you resume it or for a while
cli-help-processors-about = List the processors of this PC
cli-help-processors-retry = Give this processor another chance, if it was set aside, whole or for some algorithm (`idlewatt status` says why)
cli-help-receipts-about = Look at the receipts of shares
cli-help-receipts-check-about = Compare the receipts with the hub's books, share for share; exit code 1 if they differ
cli-help-receipts-list-about = The newest receipts
cli-help-receipts-list-before = Only those with numbers below this one
cli-help-receipts-list-limit = How many
cli-help-record-about = Record this PC's signals into a file that stays here
cli-help-record-file = The file to write; it must not exist yet
cli-help-record-limit = For how long, such as 8h [default: until Ctrl-C]
cli-help-resume-about = End a pause
cli-help-run-about = Ask for consent if need be, then run in this terminal and show what happens
cli-help-run-yes = Answer the question of consent with yes
cli-help-signals-about = Show what the system says about the PC and whoever may be at it
cli-help-simulate-about = Try a recorded or written day against the settings
cli-help-simulate-changes = Show each change of what a processor goes to
cli-help-simulate-mode = The mode chosen by hand [default: the settings']
cli-help-simulate-trace = A recorded or written trace of a PC's signals, as docs/traces.md describes it
cli-help-status-about = Show what the agent is doing and why
cli-help-stop-about = End the running agent
cli-help-tune-about = Measure how kernels are best laid out on each graphics card
cli-help-tune-algorithm = Only this algorithm
cli-help-tune-processor = Only this graphics card, as `idlewatt processors` lists it
cli-help-tune-show = Show how kernels are laid out and why, with everything that was measured, instead of measuring anew
cli-help-version = Print version
cli-help-update-about = Look for a new version, and install it
cli-help-update-again = Try a version once more that was put back, as it did not come up
cli-help-update-check = Only look whether there is a newer version
cli-help-why-about = Show what was decided in the last 24 hours, and because of what
cli-help-why-hours = How many hours back, 1 to 24
cli-help-setup-about = Write down what a first start needs: for installers and fleets
cli-help-setup-consent = As this PC's owner: yes, it may work
cli-help-setup-hub = The hub to work for
cli-help-setup-mode = The mode of a first start: smart, 5 to 100 (percent) or pause
cli-help-daemon-background = As a program of the desktop: the log goes to agent.log in the data directory, and where an agent runs already there is nothing to do
cli-help-daemon-open = Open the dashboard once it runs
cli-pool-none = no pool is named, and the settings name none; say which: idlewatt pool check stratum+ssl://HOST:PORT --user USER
cli-profit-column-work = work
cli-profit-column-pay = pay a day
cli-profit-column-fee = fee
cli-profit-column-electricity = electricity
cli-profit-column-net = left a day
cli-profit-column-power = draws
cli-profit-column-switch = a switch takes, and costs
cli-profit-hashes = one takes { $hashes } hashes
cli-profit-rates = the rates are measured with the PC to itself: beside a person it works less, and slower
cli-profit-not-known = not known
cli-profit-any-pool = any pool
cli-profit-not-measured = Nothing was measured on this PC yet: idlewatt bench
cli-profit-left-out = { $work } is left out: { $why }
cli-profit-best = best: { $work }, { $net } a day at full work
cli-profit-nothing-pays = nothing pays more than it costs; what loses least is { $work } with { $net } a day
cli-profit-hardly-pays = what pays best hardly pays: { $work } with { $net } a day
cli-profit-all-stale = what is known is too old to decide by
cli-profit-no-figures = nobody has said what the coins cost that this processor could earn
cli-profit-all-left-out = none of it can be worked on or judged
cli-profit-stale = the figures are of { $when }: too old to go by
cli-profit-electricity-unknown = what electricity costs is not known, and not subtracted: electricity.price
cli-profit-power-stated = { $watts } W for electricity are stated or guessed, not measured: electricity.watts
cli-profit-coin = { $coin }: { $price }, as of { $when } ({ $sources })
cli-profit-coin-stale = { $coin }: { $price }, as of { $when }: too old to go by ({ $sources })
cli-profit-refused = not believed: { $what }
cli-profit-unknown = price or difficulty not known, so not in the tables: { $coins }
cli-profit-source-problem = { $source }: { $problem }
cli-profit-nobody-asked = Nobody is asked for prices and difficulty unless you name who: market.sources = ["whattomine", "coingecko"]
cli-earnings-at-pool = what { $pool } says, as of { $when }:
cli-earnings-pool-confirmed = can be paid
cli-earnings-pool-immature = not certain
cli-earnings-pool-paid = paid so far
cli-earnings-pool-threshold = paid from
cli-earnings-pool-stale = that is too long ago to be taken for the present
cli-earnings-pool-silent = it could not be asked since: { $reason }
cli-earnings-pool-doubt = did not add up, { $when }: { $what }
cli-pool-column-id = pool
cli-pool-column-name = name
cli-pool-column-algorithm = algorithm
cli-pool-column-fee = fee
cli-pool-column-payout = pays from
cli-pool-column-server = server
cli-pool-not-published = not known
cli-pool-list-note =
    Fees and payouts are what the pools have published, and may have changed. To work for one: idlewatt pool use POOL ADDRESS
    Your own, or a correction, goes into pools.toml in the data directory.
cli-pool-one-word = the address and the device's name are one word each, and not empty
cli-pool-not-beside = it can stand beside a pool that has work for another algorithm, and there is none in the settings
cli-pool-other-coin = That address looks like one of { $coin }, and this pool pays { $pays }. If the pool does not pay { $coin }, what is earned may be lost.
cli-pool-used =
    This PC works for { $pool } from the agent's next start on, as { $user } at { $url }.
    Written into { $file }. To try it first: idlewatt pool check
