FROM busybox
COPY --link a /
RUN x
COPY --link --from=alpine:3.20 /b /c
