#!/bin/sh
# Compiles the program for each platform into rel/, named as the Dockerfile asks for it. Takes another folder as $1.
set -eu
source=$(dirname "$0")/main.go
rel=${1:-$(dirname "$0")/rel}
mkdir -p "$rel"
export CGO_ENABLED=0 GOOS=linux
GOARCH=amd64 go build -o "$rel/myapp-amd64" "$source"
GOARCH=arm64 go build -o "$rel/myapp-arm64" "$source"
GOARCH=arm GOARM=7 go build -o "$rel/myapp-armv7" "$source"
