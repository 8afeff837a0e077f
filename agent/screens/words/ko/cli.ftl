
cli-setup-done = 준비했어요. 에이전트가 다음에 시작할 때 이어서 해요
cli-setup-no-hub = --enrol에는 참여할 허브가 필요해요: --hub URL을 함께 적어 주세요
### 명령줄. cli-help-로 시작하는 말은 그 이름의 명령과 옵션에 붙어요.

cli-nothing-yet = 아직 없음
cli-not-money = (실제 돈 아님)
cli-not-running = 데이터 폴더 { $data }에서 실행 중인 idlewatt가 없어요. `idlewatt daemon`으로 시작하세요
cli-bad-mode = 알 수 없는 모드 "{ $mode }". 쓸 수 있는 값: smart, 5부터 100까지의 정수, pause
cli-bad-duration = "{ $text }"는 기간이 아니에요. s, m, h, d를 붙인 숫자를 쓰세요. 예: 90s, 2m, 1h30m
cli-bad-moment = "{ $text }"는 시각이 아니에요. 다음에 올 시각은 00:00부터 23:59까지, 날짜까지 쓰려면 2026-11-23T08:00처럼 쓰세요
cli-no-consent = 동의하기 전에는 아무것도 실행되지 않아요: `idlewatt consent --accept`
cli-settings-unreadable = 설정 파일 { $path }을(를) 읽을 수 없어요: { $reason }
cli-wrong-value = { $argument }에는 "{ $value }"를 쓸 수 없어요
cli-wrong-value-because = { $argument }에는 "{ $value }"를 쓸 수 없어요: { $reason }
cli-unknown-argument = 알 수 없는 인수: "{ $argument }"
cli-unknown-command = "{ $argument }" 명령은 없어요
cli-missing-argument = 빠진 인수: { $argument }
cli-conflict = { $argument } 옵션은 { $other }와(과) 함께 쓸 수 없어요
cli-heading-usage = 사용법
cli-heading-commands = 명령
cli-heading-arguments = 인수
cli-heading-options = 옵션
cli-see-help = 자세한 내용은 `--help`를 보세요

cli-moment = { $clock } ({ $left } 뒤)
cli-days = { $count }일
cli-hours = { $count }시간
cli-minutes = { $count }분
cli-seconds = { $count }초
cli-mode = 모드 { $mode }
cli-mode-until = 모드 { $mode }, { $end }까지. 그다음은 { $then }
cli-mode-for-good = 모드 { $mode }, 계속 유지돼요. 끝내려면 `idlewatt resume`
cli-until-input = 다음 입력
cli-until-away = 아무도 이 PC를 쓰지 않을 때
cli-until = { $mode }, { $end }까지(그다음은 { $then })

cli-status-mode = 모드
cli-status-benchmark = 성능 측정
cli-status-works-for = 작업 대상
cli-status-trouble = 문제
cli-status-shares = 셰어
cli-status-credited = 적립
cli-status-limit = 제한
cli-status-update = 업데이트
cli-status-update-staged = { $version } 버전을 받아 두었고 PC를 쓰지 않을 때 설치해요. 지금 설치하려면 `idlewatt update`
cli-status-update-failed = { $version } 버전이 시작되지 않아 이전 버전으로 되돌렸어요. 다시 시도하려면 `idlewatt update --again`
cli-status-benchmark-of = { $of }개 중 { $number }번째: { $processor }에서 { $algorithm }
cli-status-embedded = 이 에이전트에 내장된 허브(연습용, 실제 돈 아님)
cli-status-hub = 허브 { $address }
cli-status-pool = 풀 { $address }
cli-status-counts = 승인 { $accepted }, 늦음 { $stale }, 거절 { $rejected }, 대기 { $pending }, 유실 { $lost }
cli-status-lost-at-hub = 승인된 셰어 중 { $count }개가 그 뒤 허브에서 유실되어 다시 청구할 수 없어요
cli-status-paused-from-afar = 계정 소유자가 일시정지했어요
cli-status-limited-from-afar = { $percent }%, 계정 소유자가 정했어요
cli-status-awaiting = { $count ->
   *[other] 셰어 { $count }개 확인됨{ $worth }, 1분 안에 적립돼요
}
cli-status-connected = 연결됨
cli-status-connecting = 연결 중

cli-column-processor = 프로세서
cli-column-works-on = 작업
cli-column-rate = 속도
cli-column-allowed = 허용
cli-column-achieved = 실제
cli-column-because = 이유
cli-column-state = 상태
cli-column-id = ID
cli-column-kind = 종류
cli-column-algorithms = 알고리즘
cli-column-algorithm = 알고리즘
cli-column-name = 이름
cli-column-measured-for = 측정 시간
cli-column-when = 시각
cli-column-mode = 모드
cli-column-what = 내용
cli-column-signal = 신호
cli-column-number = 번호
cli-column-found = 찾은 시각
cli-column-work = 작업량
cli-column-credit = 적립

cli-phase-idle = 대기
cli-phase-starting = 시작 중
cli-phase-preparing = 준비 중
cli-phase-running = 작업 중
cli-phase-paused = 멈춤
cli-phase-benchmarking = 측정 중
cli-phase-set-aside = 제외됨
cli-state-left = { $state }, 약 { $seconds }초 남음
cli-state-to-resume = { $state }, 다시 시작하는 데 약 { $seconds }초
cli-set-aside = { $processor }: { $algorithm } 제외됨: { $reason }
cli-set-aside-until = { $processor }: { $algorithm } 제외됨, { $end }까지: { $reason }

cli-weekday = { $weekday ->
    [1] 월
    [2] 화
    [3] 수
    [4] 목
    [5] 금
    [6] 토
   *[7] 일
}
cli-why-nothing = 지난 { $hours }시간 동안 결정된 것이 없어요

cli-earnings-this-device = 이 기기
cli-earnings-today = 그중 오늘
cli-earnings-other-devices = 다른 기기
cli-earnings-referrals = 추천
cli-earnings-total = 합계
cli-earnings-wallet = 지갑
cli-earnings-note = 참고: { $note }
cli-earnings-no-hub = 풀은 장부를 직접 관리해요. 풀의 페이지를 확인하세요
cli-earnings-not-yet = 이 기기는 아직 허브에 등록되지 않았어요

cli-receipts-none = 아직 영수증이 없어요
cli-receipts-agree = 에이전트와 허브가 일치해요: 셰어 { $compared }개 비교({ $credited }), 차이 { $differences }개, 아직 답이 없는 것 { $pending }개
cli-receipts-differ = 에이전트와 허브가 다릅니다: 셰어 { $compared }개 비교({ $credited }), 차이 { $differences }개, 아직 답이 없는 것 { $pending }개
cli-receipts-difference = { $digest }  { $kind }: 여기 { $here }, 허브 { $there }
cli-receipts-only-here = 여기에만 있음
cli-receipts-lost-at-hub = 허브에서 유실됨
cli-receipts-only-at-hub = 허브에만 있음
cli-receipts-different-credit = 적립액이 다름
cli-receipts-nothing = 없음
cli-closings-right = 허브의 마감이 맞아요: 지금 { $verified }개 검증, { $compared }개를 영수증과 비교{ $last }
cli-closings-wrong = 허브의 마감이 맞지 않아요: 지금 { $verified }개 검증, { $compared }개를 영수증과 비교{ $last }
cli-closings-last = . 마지막은 { $day }의 { $number }번, { $hash }
cli-closing-one = 마감 { $one }
cli-closing-many = 마감 { $first }부터 { $last }까지
cli-closing-now = 그때 { $number }번 자리에 { $hash }이(가) 있었어요
cli-closing-nothing = 그때 그 자리에 아무것도 없었어요
cli-closing-agrees = 지금 있는 것은 이 기기의 영수증과 일치해요
cli-closing-unverified = 지금 있는 것이 이 기기의 영수증과 일치하는지는 아직 확인되지 않았어요
cli-closing-changed = { $at } 확인: 허브에 { $which }이(가) 더는 없어요. 백업에서 복원했거나 기록을 다시 쓴 것이에요. { $now }. { $since }

cli-share-pending = 대기
cli-share-accepted = 승인
cli-share-rejected = 거절
cli-share-stale = 늦음
cli-share-lost = 유실
cli-share-unknown = 알 수 없음

cli-consent-recorded = 동의가 기록됐어요. 철회하려면 `idlewatt consent --withdraw`
cli-consent-withdrawn = 동의를 철회했어요. 아무것도 실행되지 않아요
cli-consent-question =
    Idlewatt는 사용하지 않는 동안 이 PC의 프로세서와 그래픽 카드가 채굴 허브나 풀을 위해 일하게 해요.
    그동안 전기 요금이 들고(일하는 동안 보통 50~300와트) PC가 더 뜨거워지며 팬 소리가 커져요.
    번 것은 적립되는 대로 여기에 표시돼요. 내장 허브에서 버는 것은 연습용 단위이고 절대 돈이 아니에요.
    언제든지 일시정지하거나 동의를 철회할 수 있어요. 허브에는 해시 결과와 프로세서별 속도, 온도, 일하거나 기다리는 이유(PC 앞에 누가 있는지 포함)만 보내고, 사용자나 프로그램, 파일에 관한 다른 정보는 보내지 않아요.
cli-consent-agreed = --yes로 동의했어요.
cli-consent-needed = 동의 없이는 아무것도 실행되지 않아요. --yes를 붙이거나 `idlewatt consent --accept`로 동의하세요
cli-consent-ask = 이 조건으로 이 PC가 일해도 될까요? [y/N]
cli-consent-yes = y yes 예 네
cli-consent-nothing-started = 아무것도 시작하지 않았어요.

cli-config-right = { $file }에 문제가 없어요
cli-config-none = 설정 파일이 없어 기본값을 써요
cli-config-default = 기본값
cli-config-line = { $file } { $line }행

cli-update-no-key = 이 빌드에는 업데이트를 확인할 키가 없어 스스로 업데이트하지 않아요
cli-update-no-address = 이 빌드는 업데이트가 어디 있는지 몰라요. update.url에 쓸 수 있는 값: https://HOST/FOLDER
cli-update-up-to-date = { $running } 버전이 실행 중이고 더 새로운 버전은 없어요
cli-update-available = { $version } 버전이 나왔어요. 지금은 { $running } 버전이에요. `idlewatt update`로 설치해요
cli-update-elsewhere = { $version } 버전이 나왔어요. 지금은 { $running } 버전이에요. 이 시스템에서는 프로그램을 설치한 도구로 업데이트해요.
cli-update-fetching = { $version } 받는 중
cli-update-applying = { $version } 버전을 설치하고 있어요. 에이전트가 끝났다가 새 버전으로 다시 시작돼요. 시작되지 않으면 { $running } 버전으로 되돌려요.
cli-processors-memory = { $name }, { $memory }
cli-processors-emulated = { $name }(CPU로 흉내 낸 것)
cli-processors-threads = { $name }, 스레드 { $count }개
cli-processors-not-running = 에이전트가 실행 중이 아니라 제외된 것이 없어요

cli-bench-running = 에이전트가 실행 중이라 수치에 영향을 줘요. 먼저 `idlewatt stop`을 실행하세요
cli-bench-memory = RandomX에 쓸 메모리가 부족해요. `--algorithm sha256d`에는 필요 없어요
cli-bench-left-out = { $processor }의 { $algorithm }은 메모리가 부족해 제외했어요
cli-bench-progress = { $of }개 중 { $number }번째: { $processor }에서 { $algorithm }, { $step }
cli-bench-step = { $of }개 중 { $number }번째: { $step }
cli-bench-interrupted = 중단됨
cli-view-benchmark = 성능 측정 { $number }/{ $of }: { $processor }에서 { $algorithm }, { $step }
cli-view-ended = 종료: { $line }
cli-view-set-aside = { $processor } 제외됨
cli-view-accepted = 셰어 { $count }개 승인
cli-view-accepted-and-refused = 셰어 { $count }개 승인, { $refused }개 거절
cli-view-credited = 적립 { $amount }
cli-step-preparing = 준비
cli-step-measuring = 측정

cli-stop-stopped = 종료했어요
cli-stop-not-in-time = { $limit } 안에 종료되지 않았어요

cli-open-opened = 브라우저에서 대시보드를 열었어요
cli-open-no-browser = 열 수 있는 브라우저가 없어요. 이 주소를 여세요. 잠시 동안 한 번만 쓸 수 있어요: { $url }
cli-autostart-on = 로그인할 때 에이전트가 시작돼요({ $place })
cli-autostart-off = 에이전트가 저절로 시작되지 않아요

cli-yes = 예
cli-no = 아니요
cli-unknown = 알 수 없음
cli-column-system-says = 시스템의 답
cli-signals-input = 마지막 입력
cli-signals-gamepad = 게임 컨트롤러
cli-signals-locked = 잠김
cli-signals-remote = 원격에서 사용 중
cli-signals-sessions = 사용 중인 다른 세션
cli-signals-kept-awake = 화면을 켜 두는 앱
cli-signals-fullscreen = 전체 화면을 쓰는 앱
cli-signals-power = 전원
cli-signals-cpu-load = 다른 프로그램의 CPU 사용
cli-signals-cpu-heat = CPU 온도
cli-signals-gpu = 그래픽 카드
cli-signals-gpus = 그래픽 카드
cli-signals-gpu-state = { $name }: 다른 프로그램이 { $load } 사용, { $heat }
cli-signals-ago = { $seconds }초 전
cli-signals-gamepad-input = 마지막 입력 { $ago }
cli-signals-none = 없음
cli-signals-nobody = 없음
cli-signals-an-application = 이름을 알 수 없는 앱
cli-signals-battery = 배터리
cli-signals-mains = 전원 연결
cli-signals-charged = { $percent }% 충전됨
cli-signals-saving = 절전 중
cli-signals-saving-unknown = 절전 여부는 알 수 없음
cli-help-about = 이 PC의 남는 시간을 숨김없이 수익으로 바꿔요
cli-help-autostart-about = 로그인할 때 에이전트를 시작해요
cli-help-data_dir = 에이전트가 파일을 두는 폴더
cli-help-help = 도움말 보기
cli-help-json = docs/json.md에 설명된 JSON으로 답하기
cli-help-language = 표시 언어: en 또는 ko [기본값: 설정 또는 시스템의 언어]
cli-help-autostart-off-about = 더는 저절로 시작하지 않아요
cli-help-autostart-on-about = 로그인할 때 에이전트를 시작해요
cli-help-autostart-status-about = 저절로 시작하는지
cli-help-bench-about = 프로세서마다 얼마나 벌 수 있는지 측정해요
cli-help-bench-algorithm = 이 알고리즘만
cli-help-allow_software_gpu = CPU로 흉내 낸 그래픽 카드도 쓰기
cli-help-config = 설정 파일 [기본값: 데이터 폴더에 config.toml이 있으면 그 파일]
cli-help-control_port = 127.0.0.1에서 쓸 제어 API의 포트
cli-help-hub = 이 주소의 허브를 위해 일하기
cli-help-bench-impact = 대신 에이전트가 이 PC에 주는 부담을 측정하기: 정한 몫을 얼마나 정확히 지키는지, 얼마나 빨리 비켜 주는지, 다른 프로그램이 무엇을 느끼는지, 멈춰 있을 때 얼마나 쓰는지. 4분쯤 걸리며 그동안 PC를 쓰지 않는 것이 좋아요
cli-help-mode = 시작할 때의 모드: smart, 5~100(퍼센트) 또는 pause
cli-help-pool = 채굴 풀을 위해 일하기. stratum+tcp://HOST:PORT. 다시 적으면 앞의 풀에 닿지 않는 동안 쓸 풀
cli-help-pool_algorithm = 풀이 일감을 주는 알고리즘
cli-help-pool_pass = 풀의 비밀번호
cli-help-pool_user = 풀에서 쓰는 사용자 이름
cli-help-bench-processor = `idlewatt processors`에 나오는 이 프로세서만
cli-help-bench-seconds = 측정마다 걸리는 시간
cli-help-config-about = 설정을 봐요
cli-help-config-check-about = 설정에 문제가 없는지. 있으면 종료 코드 2
cli-help-config-show-about = 지금 쓰이는 모든 설정과 그 출처
cli-help-config-template-about = 모든 기본값과 설명이 담긴 설정 파일
cli-help-consent-about = 없으면 아무것도 실행되지 않는 동의를 하거나 철회해요
cli-help-consent-accept = 예: 이 PC가 일해도 돼요
cli-help-consent-withdraw = 더는 안 돼요: 실행 중인 것을 모두 끝내요
cli-help-daemon-about = 화면 없이 실행해요(서비스용)
cli-help-enrol = 이 등록 코드나 기기 묶음 토큰의 계정에 참여하기
cli-help-doctor-about = 이 PC가 일하지 못하게 하는 것을 찾고, 할 수 있는 일을 알려 줍니다
cli-help-pool-about = 채굴 풀을 살펴봐요
cli-help-pool-check-about = 풀에서 일할 수 있는지 첫 작업까지 한 단계씩 살펴봐요. 계산은 하지 않아요
cli-help-pool-check-url = 풀, stratum+tcp://HOST:PORT 또는 stratum+ssl://HOST:PORT [기본값: 설정의 풀]
cli-help-pool-check-user = 풀이 사용자를 부르는 이름 [기본값: 설정의 것]
cli-help-pool-check-password = 풀의 비밀번호 [기본값: 설정의 것]
cli-help-pool-check-algorithm = 풀에 작업이 있는 알고리즘 [기본값: 설정의 것]
cli-help-pool-check-fingerprint = 믿을 인증서의 SHA-256 지문
cli-help-earnings-about = 적립된 수익을 보여 줘요
cli-help-help-about = 이 도움말이나 명령의 도움말을 보여 줘요
cli-help-kernel-about = 알고리즘 자체를 시험해요
cli-help-kernel-hash-about = 입력 하나의 해시를 출력해요
cli-help-kernel-hash-algorithm = sha256d, randomx, kawpow 또는 progpowz
cli-help-kernel-hash-allow_software_gpu = --on에 CPU로 흉내 낸 그래픽 카드도 허용하기
cli-help-kernel-hash-full_dag = 그래픽 카드의 kawpow, progpowz: 이 해시 하나에 필요한 것만이 아니라 채굴할 때처럼 데이터 전체를 만들기
cli-help-kernel-hash-header = sha256d: 블록 헤더 80바이트(16진수). kawpow, progpowz: 헤더 해시 32바이트
cli-help-kernel-hash-height = kawpow, progpowz: 블록 높이
cli-help-kernel-hash-input = randomx: 해시할 내용(16진수)
cli-help-kernel-hash-key = randomx: 키(16진수)
cli-help-kernel-hash-nonce = kawpow, progpowz: 논스. 최대 8바이트의 16진수, 큰 자리부터
cli-help-kernel-hash-on = cpu 또는 `idlewatt processors`에 나오는 그래픽 카드의 ID
cli-help-mode-about = PC가 얼마나 열심히 일할지 골라요
cli-help-duration = 이만큼만. 예: 3h, 1h30m
cli-help-mode-mode = smart(눈치채지 못할 만큼만), 5~100(프로세서별 시간의 퍼센트) 또는 pause
cli-help-until = 이때까지만: 18:00(오늘이나 내일) 또는 2026-11-23T08:00
cli-help-until_away = 아무도 이 PC를 쓰지 않을 때까지만
cli-help-until_input = 누군가 이 PC를 다시 쓸 때까지만
cli-help-open-about = 브라우저에서 대시보드를 열어요
cli-help-open-print = 대신 주소를 출력하기. 대시보드를 한 번만, 잠시 동안만 열 수 있어요
cli-help-pause-about = 다시 시작할 때까지, 또는 잠시 동안 멈춰요
cli-help-processors-about = 이 PC의 프로세서를 보여 줘요
cli-help-processors-retry = 제외된 프로세서(전체 또는 일부 알고리즘)에 다시 기회 주기(`idlewatt status`에 이유가 나와요)
cli-help-receipts-about = 셰어의 영수증을 봐요
cli-help-receipts-check-about = 영수증을 허브의 장부와 셰어 하나하나 비교해요. 다르면 종료 코드 1
cli-help-receipts-list-about = 최근 영수증
cli-help-receipts-list-before = 이 번호보다 앞의 것만
cli-help-receipts-list-limit = 몇 개
cli-help-record-about = 이 PC의 신호를 파일에 기록해요. 파일은 이 PC에만 있어요
cli-help-record-file = 쓸 파일. 아직 없는 파일이어야 해요
cli-help-record-limit = 얼마 동안. 예: 8h [기본값: Ctrl-C를 누를 때까지]
cli-help-resume-about = 일시정지를 끝내요
cli-help-run-about = 필요하면 동의를 묻고, 이 터미널에서 실행하며 상황을 보여 줘요
cli-help-run-yes = 동의를 묻는 질문에 예로 답하기
cli-help-signals-about = 시스템이 이 PC와 사용자에 관해 알려 주는 것을 보여 줘요
cli-help-simulate-about = 기록했거나 직접 쓴 하루를 설정에 맞춰 시험해요
cli-help-simulate-changes = 프로세서가 향하는 값이 바뀔 때마다 보여 주기
cli-help-simulate-mode = 직접 고른 모드 [기본값: 설정의 모드]
cli-help-simulate-trace = docs/traces.md에 설명된 PC 신호의 기록
cli-help-status-about = 에이전트가 무엇을 왜 하는지 보여 줘요
cli-help-stop-about = 실행 중인 에이전트를 끝내요
cli-help-tune-about = 그래픽 카드마다 커널을 어떻게 배치하면 가장 좋은지 측정해요
cli-help-tune-algorithm = 이 알고리즘만
cli-help-tune-processor = `idlewatt processors`에 나오는 이 그래픽 카드만
cli-help-tune-show = 새로 측정하는 대신, 커널이 어떻게 왜 배치됐는지 측정한 모든 것과 함께 보여 주기
cli-help-version = 버전 보기
cli-help-update-about = 새 버전이 있는지 보고 설치해요
cli-help-update-again = 시작되지 않아 되돌린 버전을 한 번 더 시도하기
cli-help-update-check = 새 버전이 있는지만 보기
cli-help-why-about = 지난 24시간 동안 무엇이 왜 결정됐는지 보여 줘요
cli-help-why-hours = 몇 시간 전까지 볼지, 1~24
cli-help-setup-about = 처음 시작에 필요한 것을 미리 적어 둬요(설치 프로그램과 기기 묶음용)
cli-help-setup-consent = 이 PC의 주인으로서 동의: 일해도 돼요
cli-help-setup-hub = 일을 받을 허브
cli-help-setup-mode = 처음 시작할 때의 모드: smart, 5~100(퍼센트) 또는 pause
cli-help-daemon-background = 데스크톱 프로그램으로: 로그는 데이터 폴더의 agent.log에 남고, 이미 에이전트가 실행 중이면 아무것도 하지 않아요
cli-help-daemon-open = 시작되면 대시보드 열기
cli-pool-none = 풀을 적지 않았고 설정에도 없어요. 이렇게 적어 주세요: idlewatt pool check stratum+ssl://HOST:PORT --user USER
cli-pool-no-user = 사용자를 적지 않았고 설정에도 없어요. 풀이 아는 이름을 적어 주세요: --user USER
