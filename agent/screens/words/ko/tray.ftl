### 트레이 아이콘과 메뉴, 바탕 화면 알림.

tray-status-offline = 연결되지 않았어요: { $reason }
tray-status-set-aside = { $processor } 제외됨: { $reason }
tray-tooltip =
    { $mode }: { $reason }
    { $rate }
    { $today }
tray-tooltip-idle =
    { $mode }: { $reason }
    { $today }

tray-mode-smart = 스마트
tray-mode-percent = { $percent }%
tray-mode-paused = 일시정지
tray-pause = 일시정지
tray-pause-hour = 1시간
tray-pause-until-away = 자리를 비울 때까지
tray-pause-until-tomorrow = 내일 { $time }까지
tray-pause-for-good = 다시 시작할 때까지
tray-resume = 다시 시작
tray-today = 오늘: { $amount }
tray-today-of-pool = 오늘: 풀의 페이지에서 확인하세요
tray-open-dashboard = 대시보드 열기
tray-start-with-system = 시스템 시작 시 실행
tray-quit = 종료

tray-notice-first-share = 첫 셰어가 승인됐어요
tray-notice-first-share-body = { $processor }에서 찾았어요. 적립되면 수익 페이지에 표시돼요.
tray-notice-set-aside = { $processor } 사용을 멈췄어요
tray-notice-set-aside-body = { $reason }. 다른 프로세서는 계속 일해요. 대시보드에서 다시 시도할 수 있어요.
tray-notice-withdrawal = 출금을 보냈어요
tray-notice-withdrawal-body = { $amount }를 { $address } 주소로 보냈어요.
tray-notice-update-available = Idlewatt { $version } 버전이 나왔어요
tray-notice-update-available-body = 이 시스템에서는 Idlewatt를 설치한 도구로 업데이트하세요.
tray-notice-update-installed = Idlewatt를 업데이트했어요
tray-notice-update-installed-body = 이제 { $version } 버전이 실행돼요. 설정은 그대로예요.
tray-notice-update-put-back = 업데이트를 되돌렸어요
tray-notice-update-put-back-body = { $version } 버전이 시작되지 않아 이전 버전이 계속 일해요. 저절로 다시 시도하지 않아요.
