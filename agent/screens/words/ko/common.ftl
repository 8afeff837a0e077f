### 여러 화면에서 함께 쓰는 말.

common-name = Idlewatt
common-save = 저장
common-cancel = 취소
