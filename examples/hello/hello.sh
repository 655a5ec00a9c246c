#!/bin/sh
cat /hello/greeting /hello/platform
printf 'It runs on a %s machine now.\n' "$(uname -m)"
