### The icon in the tray, its menu, and what the desktop tells.

tray-status-offline = No connection: { $reason }
tray-status-set-aside = { $processor } was set aside: { $reason }
tray-tooltip =
    { $mode }: { $reason }
    { $rate }
    { $today }
tray-tooltip-idle =
    { $mode }: { $reason }
    { $today }

tray-mode-smart = Smart
tray-mode-percent = { $percent } %
tray-mode-paused = Paused
tray-pause = Pause
tray-pause-hour = 1 hour
tray-pause-until-away = Until I'm away
tray-pause-until-tomorrow = Until tomorrow, { $time }
tray-pause-for-good = Until I resume
tray-resume = Resume
tray-today = Today: { $amount }
tray-today-of-pool = Today: see your pool's pages
tray-open-dashboard = Open dashboard
tray-start-with-system = Start with the system
tray-quit = Quit

tray-notice-first-share = The first share was accepted
tray-notice-first-share-body = { $processor } found it. What it earns is shown under Earnings once it is credited.
tray-notice-set-aside = { $processor } was set aside
tray-notice-set-aside-body = { $reason }. The other processors work on; the dashboard lets you try again.
tray-notice-withdrawal = A withdrawal was sent
tray-notice-withdrawal-body = { $amount } is on its way to { $address }.
tray-notice-update-available = Idlewatt { $version } is there
tray-notice-update-available-body = On this system it is installed by whatever installed Idlewatt.
tray-notice-update-installed = Idlewatt was updated
tray-notice-update-installed-body = { $version } runs now, with everything as it was set.
tray-notice-update-put-back = The update was put back
tray-notice-update-put-back-body = { $version } did not come up, and the version before works on. It is not tried again by itself.
