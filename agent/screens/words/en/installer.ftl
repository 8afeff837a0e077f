### The installer for Windows. No more than one line each, and no quotation marks or dollar signs.

installer-welcome-title = Idlewatt
installer-welcome-text = Idlewatt lets this PC work while you do not need it, and shows what that earns. It is installed for you alone and needs no administrator rights. Nothing runs before you agree in the dashboard.
installer-consent-title = What Idlewatt does
installer-consent-subtitle = Read this before you go on.
installer-consent-later = Installing is not agreeing: you are asked once, on the first page of the dashboard.
installer-autostart = Start Idlewatt when I log in
installer-finish-run = Open the dashboard and measure what this PC can earn
installer-finish-text = Idlewatt is installed. It lives in the tray, beside the clock.
installer-downgrade = A newer Idlewatt is installed already. Uninstall that one first if you really want this older version.
installer-in-use = Idlewatt is still running and could not be ended. End it from its icon in the tray, then try again.
installer-not-written = The programs could not be written. An antivirus program may have blocked them, or the disk is full. What idlewatt doctor says may help.
installer-setup-refused = What was given with /HUB, /MODE or /ENROL is not right. Idlewatt is installed without it; set it up in the dashboard.
installer-keep = Keep settings, receipts and keys on this PC? If this PC made your account, its key is among them: without it nobody can open the account again.
