### What several rooms say.

common-name = Idlewatt
common-save = Save
common-cancel = Cancel
