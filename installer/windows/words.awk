# Turns messages of the installer into strings of NSIS: every message of installer.ftl, and the question of consent.
# usage: awk -v language=ENGLISH -f words.awk FILE.ftl…
function put() {
  if (key != "") printf "LangString %s ${LANG_%s} \"%s\"\n", key, language, text
  key = ""
}
/^(installer-|cli-consent-question)/ {
  put()
  at = index($0, " =")
  key = substr($0, 1, at - 1)
  gsub("-", "_", key)
  text = substr($0, at + 2)
  sub(/^ /, "", text)
  next
}
/^    / && key != "" {
  line = $0
  sub(/^ +/, "", line)
  text = text (text == "" ? "" : "$\\r$\\n$\\r$\\n") line
  next
}
{ put() }
END { put() }
