### 명령줄.

cli-nothing-yet = 아직 없음
cli-not-money = (실제 돈 아님)
