# The whole root filesystem, after apk did what it does.
apk info -v | sort; apk update; apk list -I; apk policy musl; apk del alpine-keys; apk add alpine-keys; apk add --no-cache --force-overwrite scanelf; apk fix musl-utils; apk audit; apk verify /nosuch
apk search musl; apk info -L busybox; apk add nosuch; apk del scanelf musl-utils; apk add musl-utils; apk fetch -o /root musl; apk stats; apk dot; apk manifest musl; cat /etc/apk/world
apk fix --reinstall busybox
