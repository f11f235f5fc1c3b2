module assay.dev/examples/gotest

go 1.26
