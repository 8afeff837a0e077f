### What several rooms say.

common-skip = Skip to content
common-pages = Pages
common-sign-out = Sign out
common-language = Language
common-footer = What is shown as earned was credited. What is an estimate says so.
common-practice = practice
common-days = { $count } d
common-hours = { $count } h
common-minutes = { $count } min
common-seconds = { $count } s
common-chart-table = The same as a table
common-save = Save
common-cancel = Cancel
