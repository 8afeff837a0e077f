; Installs Idlewatt for one user, without administrator rights. Built by build.sh, which says VERSION, PROGRAMS (the folder with
; what is installed), ROOT, WORDS and OUTPUT.
;
; Silent, for fleets:  idlewatt-VERSION-windows-x64.exe /S [/ENROL=CODE] [/HUB=URL] [/MODE=SMART] [/AUTOSTART=1] [/D=FOLDER]
; An enrolment code given here is its owner's consent for this PC, and starts the agent. Nothing else does.
; /UPDATE is how the agent applies a signed update: as /S, and back to the version before if the new one does not work.
; Exit codes: 0 done; 2 refused or failed, nothing changed; 3 an update that was taken back.
Target amd64-unicode
Unicode true
SetCompressor /SOLID /FINAL lzma
SetCompressorDictSize 64
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS Win10

!include LogicLib.nsh
!include FileFunc.nsh
!include WordFunc.nsh
!include nsDialogs.nsh
!include MUI2.nsh

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Idlewatt"
!define TOASTS "Software\Classes\AppUserModelId\Idlewatt"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
; Where the agent keeps its files.
!define DATA "$LOCALAPPDATA\idlewatt\data"
; How long a new version may take to say that it works.
!define HEALTHY_WITHIN_S 60

Name "Idlewatt"
BrandingText "Idlewatt ${VERSION}"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Idlewatt"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=0 "ProductName" "Idlewatt"
VIAddVersionKey /LANG=0 "CompanyName" "The Idlewatt developers"
VIAddVersionKey /LANG=0 "LegalCopyright" "The Idlewatt developers; MIT or Apache-2.0"
VIAddVersionKey /LANG=0 "FileDescription" "Installs Idlewatt"
VIAddVersionKey /LANG=0 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=0 "ProductVersion" "${VERSION}"

!define MUI_ICON "${ROOT}\installer\windows\idlewatt.ico"
!define MUI_UNICON "${ROOT}\installer\windows\idlewatt.ico"
!define MUI_WELCOMEFINISHPAGE_BITMAP "${ROOT}\installer\windows\side.bmp"
!define MUI_ABORTWARNING
!define MUI_WELCOMEPAGE_TITLE "$(installer_welcome_title)"
!define MUI_WELCOMEPAGE_TEXT "$(installer_welcome_text)"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${PROGRAMS}\LICENSE-MIT.txt"
Page custom AskConsent LeaveConsent
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_TEXT "$(installer_finish_run)"
!define MUI_FINISHPAGE_RUN_FUNCTION OpenDashboard
!define MUI_FINISHPAGE_TEXT "$(installer_finish_text)"
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Korean"
!include "${WORDS}"

Var Autostart      ; whether the agent is to start at logon: 1, 0, or empty where it was not said
Var WasRunning     ; whether the agent ran when the installer came
Var Before         ; the version that was installed before, or empty
Var Enrol
Var Hub
Var Mode
Var Update         ; whether the agent itself has asked for this
Var Checkbox
Var Result

; One command of the agent's own command line, which shows no window. Its exit code is in $Result.
!macro Agent ARGUMENTS
  nsExec::Exec '"$INSTDIR\idlewatt.exe" ${ARGUMENTS}'
  Pop $Result
!macroend

; Says what is wrong, in a window or by the exit code alone, and ends with nothing changed.
!macro Refuse TEXT
  SetErrorLevel 2
  MessageBox MB_OK|MB_ICONSTOP "${TEXT}" /SD IDOK
  Abort
!macroend

; What is given on the line ($R0) with a switch, up to the next space, or nothing. The library's own way would end at a slash.
!macro Given SWITCH VARIABLE
  ClearErrors
  ${WordFind2X} " $R0 " " ${SWITCH}" " " "E+1" ${VARIABLE}
  ${If} ${Errors}
    StrCpy ${VARIABLE} ""
  ${EndIf}
!macroend

Function .onInit
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/UPDATE" $R1
  ${IfNot} ${Errors}
    StrCpy $Update 1
    SetSilent silent
  ${EndIf}
  !insertmacro Given "/ENROL=" $Enrol
  !insertmacro Given "/HUB=" $Hub
  !insertmacro Given "/MODE=" $Mode
  !insertmacro Given "/AUTOSTART=" $Autostart
  ClearErrors
  ReadRegStr $Before HKCU "${KEY}" "DisplayVersion"
  ${If} $Before != ""
    ${VersionCompare} "$Before" "${VERSION}" $R1
    ${If} $R1 == 1
      !insertmacro Refuse "$(installer_downgrade)"
    ${EndIf}
  ${EndIf}
FunctionEnd

Function AskConsent
  !insertmacro MUI_HEADER_TEXT "$(installer_consent_title)" "$(installer_consent_subtitle)"
  nsDialogs::Create 1018
  Pop $R0
  ${NSD_CreateLabel} 0 0 100% 96u "$(cli_consent_question)"
  Pop $R0
  ${NSD_CreateLabel} 0 102u 100% 18u "$(installer_consent_later)"
  Pop $R0
  ${NSD_CreateCheckbox} 0 123u 100% 12u "$(installer_autostart)"
  Pop $Checkbox
  ${If} $Autostart == 1
    ${NSD_Check} $Checkbox
  ${EndIf}
  nsDialogs::Show
FunctionEnd

Function LeaveConsent
  ${NSD_GetState} $Checkbox $Autostart
  ; Left alone on an upgrade, it stays as it was.
  ${If} $Autostart == 0
  ${AndIf} $Before != ""
    StrCpy $Autostart ""
  ${EndIf}
FunctionEnd

Function OpenDashboard
  Exec '"$INSTDIR\idlewattw.exe" --open'
FunctionEnd

; Ends the agent politely and waits until its files are free.
!macro StopAgent
  !insertmacro Agent "status"
  ${If} $Result == 0
    StrCpy $WasRunning 1
  ${EndIf}
  !insertmacro Agent "stop"
!macroend

; Waits up to ten seconds until a program's file can be written.
!macro WaitUntilFree UN
Function ${UN}WaitUntilFree
  StrCpy $R8 0
  ${DoWhile} $R8 < 100
    ClearErrors
    ${IfNot} ${FileExists} "$INSTDIR\$R9"
      Return
    ${EndIf}
    FileOpen $R7 "$INSTDIR\$R9" a
    ${IfNot} ${Errors}
      FileClose $R7
      Return
    ${EndIf}
    Sleep 100
    IntOp $R8 $R8 + 1
  ${Loop}
  SetErrors
FunctionEnd
!macroend
!insertmacro WaitUntilFree ""
!insertmacro WaitUntilFree "un."

!macro ForEachProgram DO
  !insertmacro ${DO} idlewatt.exe
  !insertmacro ${DO} idlewattw.exe
  !insertmacro ${DO} idlewatt-hub.exe
!macroend

!macro RefuseIfInUse FILE
  StrCpy $R9 ${FILE}
  Call WaitUntilFree
  ${If} ${Errors}
    ; What ran before the installer came is to run after it.
    ${If} $WasRunning == 1
      Exec '"$INSTDIR\idlewattw.exe"'
    ${EndIf}
    !insertmacro Refuse "$(installer_in_use)"
  ${EndIf}
!macroend

!macro KeepBefore FILE
  CopyFiles /SILENT "$INSTDIR\${FILE}" "$INSTDIR\previous"
!macroend

!macro BringBack FILE
  StrCpy $R9 ${FILE}
  Call WaitUntilFree
  CopyFiles /SILENT "$INSTDIR\previous\${FILE}" "$INSTDIR"
!macroend

Section
  SetOverwrite on
  ; One that stays as it is would be used in the middle of being replaced.
  ${If} ${FileExists} "$INSTDIR\idlewatt.exe"
    !insertmacro StopAgent
    !insertmacro ForEachProgram RefuseIfInUse
  ${EndIf}
  ${If} $Update == 1
    CreateDirectory "$INSTDIR\previous"
    !insertmacro ForEachProgram KeepBefore
  ${EndIf}

  SetOutPath "$INSTDIR"
  ClearErrors
  File "${PROGRAMS}\idlewatt.exe"
  File "${PROGRAMS}\idlewattw.exe"
  File "${PROGRAMS}\idlewatt-hub.exe"
  File "${PROGRAMS}\LICENSE-MIT.txt"
  File "${PROGRAMS}\LICENSE-APACHE.txt"
  ${If} ${Errors}
    !insertmacro Refuse "$(installer_not_written)"
  ${EndIf}

  ; Said as a whole before it is written down: a wrong code or address is told now, not at the first start.
  StrCpy $R1 ""
  ${If} $Hub != ""
    StrCpy $R1 '$R1 --hub "$Hub"'
  ${EndIf}
  ${If} $Mode != ""
    ${StrFilter} "$Mode" "-" "" "" $Mode
    StrCpy $R1 '$R1 --mode "$Mode"'
  ${EndIf}
  ${If} $Enrol != ""
    StrCpy $R1 '$R1 --enrol "$Enrol" --consent'
  ${EndIf}
  ${If} $R1 != ""
    !insertmacro Agent "setup $R1"
    ${If} $Result != 0
      SetErrorLevel 2
      MessageBox MB_OK|MB_ICONEXCLAMATION "$(installer_setup_refused)" /SD IDOK
      StrCpy $Enrol ""
    ${EndIf}
  ${EndIf}

  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Idlewatt.lnk" "$INSTDIR\idlewattw.exe" "--open"
  WriteRegStr HKCU "${TOASTS}" "DisplayName" "Idlewatt"
  WriteRegStr HKCU "${TOASTS}" "IconUri" "$INSTDIR\idlewatt.exe"
  WriteRegStr HKCU "${KEY}" "DisplayName" "Idlewatt"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "Publisher" "The Idlewatt developers"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\idlewatt.exe"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $R1 $R2 $R3
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" $R1

  ${If} $Autostart == 1
    !insertmacro Agent "autostart on"
  ${ElseIf} $Autostart == 0
    !insertmacro Agent "autostart off"
  ${EndIf}

  ${If} $Update == 1
    Call ApplyUpdate
  ${ElseIf} $WasRunning == 1
  ${OrIf} $Enrol != ""
    Exec '"$INSTDIR\idlewattw.exe"'
  ${EndIf}
SectionEnd

; Starts the new version and waits until it says that it works; else everything is as it was before.
Function ApplyUpdate
  Delete "${DATA}\update\healthy.json"
  Exec '"$INSTDIR\idlewattw.exe"'
  StrCpy $R1 0
  ${DoWhile} $R1 < ${HEALTHY_WITHIN_S}
    ${If} ${FileExists} "${DATA}\update\healthy.json"
      RMDir /r "$INSTDIR\previous"
      Return
    ${EndIf}
    Sleep 1000
    IntOp $R1 $R1 + 1
  ${Loop}
  !insertmacro Agent "stop"
  !insertmacro ForEachProgram BringBack
  RMDir /r "$INSTDIR\previous"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "$Before"
  FileOpen $R1 "${DATA}\update\rolled-back.txt" w
  FileWrite $R1 "${VERSION}$\r$\n"
  FileClose $R1
  SetErrorLevel 3
  Exec '"$INSTDIR\idlewattw.exe"'
FunctionEnd

!macro RemoveProgram FILE
  StrCpy $R9 ${FILE}
  Call un.WaitUntilFree
  Delete "$INSTDIR\${FILE}"
!macroend

Section Uninstall
  StrCpy $R6 0
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/PURGE" $R1
  ${IfNot} ${Errors}
    StrCpy $R6 1
  ${ElseIfNot} ${Silent}
  ${AndIf} ${FileExists} "${DATA}\*.*"
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON1 "$(installer_keep)" IDYES keep
    StrCpy $R6 1
    keep:
  ${EndIf}
  !insertmacro Agent "stop"
  !insertmacro Agent "autostart off"
  !insertmacro ForEachProgram RemoveProgram
  Delete "$INSTDIR\LICENSE-MIT.txt"
  Delete "$INSTDIR\LICENSE-APACHE.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir /r "$INSTDIR\previous"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Idlewatt.lnk"
  DeleteRegKey HKCU "${TOASTS}"
  DeleteRegKey HKCU "${KEY}"
  ; The agent may have been blocked, and could not take its own entry back then.
  DeleteRegValue HKCU "${RUN}" "Idlewatt"
  DeleteRegValue HKCU "${APPROVED}" "Idlewatt"
  ${If} $R6 == 1
    RMDir /r "${DATA}"
    RMDir "$LOCALAPPDATA\idlewatt"
  ${EndIf}
SectionEnd
