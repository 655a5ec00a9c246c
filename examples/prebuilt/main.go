package main

import (
	"fmt"
	"runtime"
)

func main() {
	fmt.Printf("Hello world from %s\n", runtime.GOARCH)
}
