### 여러 화면에서 함께 쓰는 말.

common-skip = 본문으로 건너뛰기
common-pages = 페이지
common-sign-out = 로그아웃
common-language = 언어
common-footer = '수익'은 실제로 적립된 금액입니다. 예상치는 예상치라고 표시합니다.
common-practice = 연습
common-days = { $count }일
common-hours = { $count }시간
common-minutes = { $count }분
common-seconds = { $count }초
common-chart-table = 표로 보기
common-save = 저장
common-cancel = 취소
