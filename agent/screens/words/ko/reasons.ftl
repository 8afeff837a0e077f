### PC가 지금만큼 일하는 까닭.

reasons-mode-smart = 스마트
reasons-mode-pause = 일시정지
reasons-mode-percent = { $percent }%
reasons-seconds = { $count }초
reasons-minutes = { $count }분
reasons-hours = { $count }시간

reasons-no-consent = 이 PC의 주인이 아직 동의하지 않았어요
reasons-paused-by-hand = 직접 일시정지했어요
reasons-paused-by-hand-until-away = 아무도 이 PC를 쓰지 않을 때까지 일시정지했어요
reasons-paused-by-hand-until =
    { $month }월 { $day }일({ $weekday ->
        [1] 월
        [2] 화
        [3] 수
        [4] 목
        [5] 금
        [6] 토
       *[7] 일
    }) { $time }까지 일시정지했어요
reasons-by-hand = 직접 { $mode }로 설정했어요
reasons-scheduled = 예약에 따라 { $mode } 모드예요
reasons-on-battery = 배터리로 작동 중이에요
reasons-battery-saver = 시스템이 절전 중이에요
reasons-program-runs = { $program } 실행 중이에요
reasons-program-runs-unnamed = 일시정지 대상 프로그램이 실행 중이에요
reasons-fullscreen = { $application } 앱이 전체 화면을 쓰고 있어요
reasons-fullscreen-unnamed = 전체 화면을 쓰는 앱이 있어요
reasons-kept-awake = { $application } 앱이 화면을 켜 두고 있어요
reasons-kept-awake-unnamed = 화면을 켜 두는 앱이 있어요
reasons-someone-here = 누군가 이 PC를 쓰고 있어요
reasons-gamepad = 누군가 게임 컨트롤러를 쓰고 있어요
reasons-other-session = 누군가 이 PC의 다른 세션을 쓰고 있어요
reasons-unknown-presence = 자리에 있는지 알 수 없어 있는 것으로 보고 있어요
reasons-others-busy = 사용 중이고 다른 프로그램이 { $percent }%를 쓰고 있어요
reasons-hot = 온도가 { $celsius } °C예요
reasons-ramping-up = 아무도 쓰지 않아 최대 속도로 올리는 중이에요
reasons-free = { $time } 동안 아무도 이 PC를 쓰지 않았어요
reasons-free-for-others = 아무도 이 PC를 쓰지 않아요
reasons-owners-limit = 설정에서 { $percent }%로 제한했어요
reasons-remote-limit = 계정 소유자가 { $percent }%로 제한했어요
reasons-remote-pause = 계정 소유자가 일시정지했어요

# 아직 결정된 까닭이 없을 때.
reasons-waiting-for-consent = 동의를 기다리고 있어요: `idlewatt consent --accept`
reasons-starting = 시작하는 중
reasons-benchmarking = 프로세서의 성능을 측정하는 중
reasons-rests-at-a-loss = 쉬고 있어요: 전기 요금보다 더 버는 일이 없어요 ({ $work }: 하루 내내 일하면 { $net })
reasons-paid-out-late = 이 속도로는 풀이 지급을 시작하는 { $amount }까지 약 { $months }개월이 걸려요
reasons-never-paid-out = 이 속도로는 풀이 지급을 시작하는 { $amount }에 닿지 않아요
reasons-works-at-a-loss = 손해를 보며 일하고 있어요: 하루 내내 일하면 { $net } ({ $work }), 알려진 시세와 소비 전력 기준
