### Why the PC works as hard as it does.

reasons-mode-smart = smart
reasons-mode-pause = pause
reasons-mode-percent = { $percent } %
reasons-seconds = { $count } s
reasons-minutes = { $count } min
reasons-hours = { $count } h

reasons-no-consent = the owner of this PC has not agreed yet
reasons-paused-by-hand = paused by hand
reasons-paused-by-hand-until-away = paused by hand until nobody is using this PC
reasons-paused-by-hand-until =
    paused by hand until { $weekday ->
        [1] Mon
        [2] Tue
        [3] Wed
        [4] Thu
        [5] Fri
        [6] Sat
       *[7] Sun
    } { $day } { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }, { $time }
reasons-by-hand = set to { $mode } by hand
reasons-scheduled = the schedule says { $mode }
reasons-on-battery = on battery
reasons-battery-saver = the system is saving energy
reasons-program-runs = { $program } is running
reasons-program-runs-unnamed = a program that pauses everything is running
reasons-fullscreen = { $application } is using the whole screen
reasons-fullscreen-unnamed = an application is using the whole screen
reasons-kept-awake = { $application } keeps the display on
reasons-kept-awake-unnamed = an application keeps the display on
reasons-someone-here = someone is using this PC
reasons-gamepad = someone is using a game controller
reasons-other-session = someone is using another session of this PC
reasons-unknown-presence = nothing says whether someone is here, so assuming yes
reasons-others-busy = someone is here and other programs use { $percent } %
reasons-hot = { $celsius } °C
reasons-ramping-up = nobody is using this PC: going up to full speed
reasons-free = nobody has used this PC for { $time }
reasons-free-for-others = nobody is using this PC
reasons-owners-limit = limited to { $percent } % by the settings
reasons-remote-limit = limited to { $percent } % by the account's owner
reasons-remote-pause = paused by the account's owner

# Instead of a reason, while nothing is decided.
reasons-waiting-for-consent = waiting for your consent: `idlewatt consent --accept`
reasons-starting = starting
reasons-benchmarking = measuring what the processors are worth
reasons-rests-at-a-loss = rests: nothing pays more than its electricity costs ({ $work }: { $net } a day of full work)
reasons-paid-out-late = at this rate the { $amount } from which the pool pays take about { $months } months
reasons-never-paid-out = at this rate the { $amount } from which the pool pays are never reached
reasons-works-at-a-loss = works at a loss: { $net } a day of full work ({ $work }), as far as prices and power are known
