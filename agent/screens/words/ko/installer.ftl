### 윈도우용 설치 프로그램. 한 줄씩만, 따옴표와 달러 기호 없이.

installer-welcome-title = Idlewatt
installer-welcome-text = Idlewatt는 PC를 쓰지 않는 동안 일을 하게 하고, 그 수익을 보여 줘요. 나에게만 설치되고 관리자 권한이 필요 없어요. 대시보드에서 동의하기 전에는 아무것도 실행되지 않아요.
installer-consent-title = Idlewatt가 하는 일
installer-consent-subtitle = 계속하기 전에 읽어 주세요.
installer-consent-later = 설치는 동의가 아니에요. 대시보드 첫 페이지에서 한 번 물어봐요.
installer-autostart = 로그인할 때 Idlewatt 시작
installer-finish-run = 대시보드를 열어 이 PC의 수익 측정하기
installer-finish-text = Idlewatt를 설치했어요. 시계 옆 트레이에 있어요.
installer-downgrade = 더 새로운 Idlewatt가 이미 설치되어 있어요. 이 이전 버전을 꼭 쓰려면 먼저 제거해 주세요.
installer-in-use = Idlewatt가 아직 실행 중이라 끝낼 수 없었어요. 트레이 아이콘에서 끝낸 뒤 다시 시도해 주세요.
installer-not-written = 프로그램을 쓸 수 없었어요. 백신이 막았거나 디스크가 가득 찼을 수 있어요. idlewatt doctor의 설명을 참고해 주세요.
installer-setup-refused = /HUB, /MODE, /ENROL 값이 올바르지 않아요. 그 값 없이 설치했으니 대시보드에서 설정해 주세요.
installer-keep = 설정, 영수증, 키를 이 PC에 남길까요? 이 PC에서 계정을 만들었다면 그 열쇠도 여기에 있어요. 없으면 아무도 그 계정을 다시 열 수 없어요.
