module github.com/pmks-go/pmks

go 1.26.0

require (
	github.com/cenkalti/backoff/v4 v4.3.0
	go.uber.org/goleak v1.3.0
	go.uber.org/mock v0.6.0
)
